#!/usr/bin/env bash
# The tests that take minutes: a packet extracted, verified, doctored (100 changes of each
# kind of file, $PACKET_CHANGES), read in a browser and by axe-core, calculated by
# LibreOffice, signed and voided; the roll-forward of several books, and night by night.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
LONG_TESTS=1 go test ./cmd/comment11 -run 'TestPacket|TestMovements|TestNightlyMovements' -count=1 -timeout 240m -v -packet.changes="${PACKET_CHANGES:-100}"
