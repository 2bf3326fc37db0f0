#!/bin/sh
# Rolls a sampled book forward over 60 nights, by its events and by the chained
# releases, and compares both trade by trade and night by night. Takes minutes.
set -eu
cd "$(dirname "$0")/.."
LONG_TESTS=1 exec go test ./cmd/comment11 -run 'TestNightlyMovements$' -count 1 -timeout 60m -v -args -nights "${1:-60}"
