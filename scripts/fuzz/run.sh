#!/usr/bin/env bash
# Every fuzz test of the readers, one after the other, each for $FUZZ_TIME on
# $FUZZ_PARALLEL processors. What is found is left as a seed in testdata/fuzz of its
# package, and ends the script; docs/BENCHMARKS.md has what was reached.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

: "${FUZZ_TIME:=10m}" "${FUZZ_PARALLEL:=1}"

# fuzz PACKAGE TARGET runs a fuzz test and shows its last count.
fuzz() {
	local log
	log=$(mktemp)
	if ! nice -n 19 go test "$1" -run '^$' -fuzz "^$2\$" -fuzztime "$FUZZ_TIME" -parallel "$FUZZ_PARALLEL" >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		return 1
	fi
	printf '%s %s: %s\n' "$1" "$2" "$(grep '^fuzz: elapsed' "$log" | tail -n 1)"
	rm -f "$log"
}

fuzz ./ingest FuzzFunctions
fuzz ./ingest FuzzDelimited
fuzz ./ingest FuzzJSONLines
fuzz ./ingest FuzzParquet
fuzz ./ingest FuzzArrow
fuzz ./ingest/fpml FuzzDecode
fuzz ./ingest/nport FuzzDecode
