#!/bin/sh
# Plants causes between 200 random pairs of releases (COMMENT11_PAIRS) and holds that
# diff gives each planted amount to its cause, to the cent (TestDiffFindsPlantedCauses).
# COMMENT11_SEED=n repeats a run. Takes some 14 seconds of a processor for each pair.
set -eu
cd "$(dirname "$0")/.."
pairs=${COMMENT11_PAIRS:-200} seed=${COMMENT11_SEED:-0}
unset COMMENT11_PAIRS COMMENT11_SEED # a config refuses settings that it does not know
exec go test ./internal/batch -run '^TestDiffFindsPlantedCauses$' -count=1 -v -timeout 4h \
  -args -diff.pairs "$pairs" -diff.seed "$seed"
