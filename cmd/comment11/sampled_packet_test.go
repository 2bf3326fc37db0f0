package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPacketOfSample opens the packet of a sampled book in a browser: of 1,000 positions,
// and by scripts/long.sh of 20,000, whose figures are as long as a dealer's, also by
// axe-core and in LibreOffice.
func TestPacketOfSample(t *testing.T) {
	if testing.Short() {
		t.Skip("two runs and a browser: go test without -short has them")
	}
	t.Parallel()
	positions, long := "1000", os.Getenv("LONG_TESTS") != ""
	if long {
		positions = "20000"
	}
	folder := t.TempDir()
	mustRun(t, "sample", "--out", folder, "--positions", positions, "--seed", "11", "--as-of", "2006-12-31,2007-09-30")
	config, packet := filepath.Join(folder, "comment11.yaml"), filepath.Join(folder, "packet")
	for _, date := range []string{"2006-12-31", "2007-09-30"} {
		mustRun(t, "run", "--config", config, "--as-of", date)
	}
	extract := []string{"extract", "--config", config, "--as-of", "2007-09-30", "--compare", "2006-12-31", "--draft", "--out"}
	mustRun(t, append(extract, packet)...)
	again := filepath.Join(folder, "again")
	mustRun(t, append(extract, again)...)
	for name, content := range tree(t, packet) {
		if readFile(t, filepath.Join(again, name)) != content {
			t.Errorf("%s differs the second time", name)
		}
	}
	said(t, 0, "self-consistent only", "verify", packet)
	page := filepath.Join(packet, "letter.html")
	holdFigures(t, readFile(t, page), readFile(t, filepath.Join(packet, "cells.csv")))
	const most = 3_000_000
	if size := len(readFile(t, page)); size > most {
		t.Errorf("the page has %d bytes, expected no more than %d", size, most)
	}
	looksAt(t, page, firstFigure(t, page), []string{" at 2007-09-30", "facts", "20070930-001"}, long)
	if long {
		calculatedElsewhere(t, filepath.Join(packet, "tables.xlsx"))
	}
}

// firstFigure is the text of the first figure of a page that is not nil.
func firstFigure(t *testing.T, page string) string {
	t.Helper()
	for _, m := range figureButton.FindAllStringSubmatch(readFile(t, page), -1) {
		if m[2] >= "1" && m[2] < ":" {
			return m[2]
		}
	}
	t.Fatal("the page has no figure")
	return ""
}
