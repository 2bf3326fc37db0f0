#!/usr/bin/env bash
# Readers while releases are published, and old and new clients: with Python's
# duckdb, which is not ours, installed below $READERS_HOME. docs/RUNBOOK.md has
# what was seen.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

: "${READERS_HOME:=/tmp/comment11-readers}" "${READERS_VERSIONS:=1.0.0 1.1.3 newest}" "${READERS_RELEASES:=100}"
mkdir -p "$READERS_HOME"
go build -o "$READERS_HOME/comment11" ./cmd/comment11

# client VERSION prints the Python that has the version of duckdb.
client() {
	local home=$READERS_HOME/duckdb-$1 package=duckdb
	[[ $1 == newest ]] || package=duckdb==$1
	if [[ ! -x $home/bin/python ]]; then
		python3 -m venv "$home"
		"$home/bin/pip" install --quiet --disable-pip-version-check "$package"
	fi
	printf '%s\n' "$home/bin/python"
}

book=$READERS_HOME/book
if [[ -d $book ]]; then
	chmod -R u+w "$book"
	rm -rf "$book"
fi
cp -r testdata/book "$book"
rm -rf "$book/warehouse"
"$READERS_HOME/comment11" run --quiet --config "$book/comment11.yaml" --as-of 2006-12-31
"$READERS_HOME/comment11" run --quiet --config "$book/comment11.yaml" --as-of 2007-09-30
for version in $READERS_VERSIONS; do
	"$(client "$version")" scripts/readers/client.py "$book/warehouse"
done
"$(client newest)" scripts/readers/readers.py "$READERS_HOME/comment11" "$book" "$READERS_RELEASES"
