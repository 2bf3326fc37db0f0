#!/bin/sh
# Rounds all tables of 10,000 random books (COMMENT11_BOOKS) from seed 1 on
# (COMMENT11_SEED), each with the promises of TestRandomBooksFoot. Run it at the
# repository's root. A failure names the seed of its book: COMMENT11_SEED=n
# COMMENT11_BOOKS=1 repeats it.
set -eu
COMMENT11_BOOKS="${COMMENT11_BOOKS:-10000}" COMMENT11_SEED="${COMMENT11_SEED:-1}" \
  exec go test ./disclosures -run '^TestRandomBooksFoot$' -count=1 -v -timeout 4h
