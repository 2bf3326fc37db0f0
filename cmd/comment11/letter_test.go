package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"comment11/disclosures/render"
	"comment11/internal/testkit"
)

// TestLetter makes the letter of testdata/book at one date, holds every figure on the
// page against the cells, and compares the Markdown with testdata/letter/letter.md.
func TestLetter(t *testing.T) {
	if testing.Short() {
		t.Skip("one run after the other: go test without -short has it")
	}
	folder := t.TempDir()
	testkit.CopyBook(t, folder, "../../testdata/book")
	config := filepath.Join(folder, "comment11.yaml")
	shared := []string{"--config", config, "--as-of", "2007-09-30"}
	mustRun(t, append([]string{"run"}, shared...)...)
	mustRun(t, append([]string{"init", "--commentary"}, shared...)...)
	mustRun(t, append([]string{"extract", "--draft", "--out", filepath.Join(folder, "packet")}, shared...)...)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(folder, "packet", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	holdFigures(t, read("letter.html"), read("cells.csv"))
	for _, other := range []string{" src=", "<link", "url("} {
		if strings.Contains(read("letter.html"), other) {
			t.Errorf("the page asks for another file: %s", other)
		}
	}
	holdNumbers(t, config, filepath.Join(folder, "packet"))
	findsChanges(t, filepath.Join(folder, "packet"))
	looksAt(t, filepath.Join(folder, "packet", "letter.html"), "1,944", []string{"comment-11a/notional/bought/total at 2007-09-30", "1,944 USD millions", "1943974853.60", "--as-of 2007-09-30 --release 20070930-001 -o csv", "external to group; not funded; direction is bought",
		"direction: direction-buyer, 87 facts", "20070930-001"}, false)
	withoutHash := regexp.MustCompile(`hash [0-9a-f]{64}`).ReplaceAllString(read("letter.md"), "hash HASH")
	testkit.Golden(t, "../../testdata/letter/letter.md", []byte(withoutHash))
}

var figureButton = regexp.MustCompile(`<button type="button" data-cell="([0-9]+)">([^<]*)</button>`)

// holdFigures holds that each cell is a button once, shows the cell's displayed figure,
// and opens its exact one.
func holdFigures(t *testing.T, html, cells string) {
	t.Helper()
	_, data, found := strings.Cut(html, "\ntrace({")
	data, _, end := strings.Cut(data, ")</script>")
	if !found || !end {
		t.Fatal("the page has no traces")
	}
	var traces struct{ Cells [][]any }
	if err := json.Unmarshal([]byte("{"+data), &traces); err != nil {
		t.Fatal(err)
	}
	shown := map[string][2]string{}
	for _, m := range figureButton.FindAllStringSubmatch(html, -1) {
		number, err := strconv.Atoi(m[1])
		if err != nil || number >= len(traces.Cells) {
			t.Fatalf("button %q: %v", m[0], err)
		}
		cell := traces.Cells[number]
		where := cell[1].(string) + "/" + cell[0].(string)
		if _, twice := shown[where]; twice {
			t.Errorf("%s is shown twice", where)
		}
		figure, _, _ := strings.Cut(m[2], " ") // footnotes follow
		shown[where] = [2]string{figure, cell[3].(string)}
	}
	records, err := csv.NewReader(strings.NewReader(cells)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records[1:] {
		where := strings.Join(r[:5], "/")
		displayed, err := strconv.ParseInt(r[6], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if want := [2]string{render.Figure(displayed), r[5]}; shown[where] != want {
			t.Errorf("%s: the page shows %q, the cells %q", where, shown[where], want)
		}
	}
	if len(shown) != len(records)-1 || len(shown) == 0 {
		t.Errorf("the page shows %d cells of %d", len(shown), len(records)-1)
	}
}
