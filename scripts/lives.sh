#!/bin/sh
# Rolls 1,000 random books forward and withholds some events of each: exactly their trades
# are unexplained. Names the seeds; takes minutes. Arguments: books, first seed.
set -eu
cd "$(dirname "$0")/.."
exec go test ./transform -run 'TestRandomLives$' -count 1 -timeout 4h -v -args -lives "${1:-1000}" -lives.seed "${2:-0}"
