#!/usr/bin/env bash
# The long form of the crash tests: kills at random instants and at every step of
# publishing, every call of the disk failing, and a disk that fills up. It prints
# how often what was survived; docs/RUNBOOK.md has the counts. A plain client reads
# the catalog after each crash where CRASH_PYTHON names a Python with duckdb.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

: "${CRASH_KILLS:=300}" "${CRASH_STEPS:=1}" "${CRASH_FAILURES:=1}" "${CRASH_FILLS:=50}"
export CRASH_KILLS CRASH_STEPS CRASH_FAILURES CRASH_FILLS
go test ./internal/batch -run 'TestCrashes|TestFullDisk' -count=1 -timeout 240m -v
