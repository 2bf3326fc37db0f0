#!/bin/sh
# Plants causes between 200 random pairs of releases (COMMENT11_PAIRS) and holds that
# diff gives each planted amount to its cause, to the cent (TestDiffFindsPlantedCauses).
# COMMENT11_SEED=n repeats a run. Takes some 14 seconds of a processor for each pair.
set -eu
cd "$(dirname "$0")/.."
exec go test ./internal/batch -run '^TestDiffFindsPlantedCauses$' -count=1 -v -timeout 4h \
  -args -diff.pairs "${COMMENT11_PAIRS:-200}" -diff.seed "${COMMENT11_SEED:-0}"
