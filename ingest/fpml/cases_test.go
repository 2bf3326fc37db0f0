package fpml

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"comment11/internal/document"
	"comment11/internal/testkit"
)

var oursComment = regexp.MustCompile(`<!-- ours: ([^\n]*?)( -->)?\n`)

// caseOptions are those that the comment at the head of a case says.
func caseOptions(text []byte) Options {
	o := Options{AsOf: "2007-09-30"}
	if match := oursComment.FindSubmatch(text); match != nil {
		o.Parties = strings.Split(string(match[1]), "; ")
	}
	return o
}

// TestCases decodes testdata/cases/<name>/input.xml, whose first comment says who
// we are, and compares the rows, without what is empty, with want.txt. The due
// date is 2007-09-30. A newcomer adds a case by adding a folder, with -update.
func TestCases(t *testing.T) {
	inputs, err := filepath.Glob("testdata/cases/*/input.xml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no case in testdata/cases (%v)", err)
	}
	for _, input := range inputs {
		t.Run(filepath.Base(filepath.Dir(input)), func(t *testing.T) {
			text, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			format := New(caseOptions(text))
			for _, row := range decoded(t, format, text) {
				describe(&b, format, row)
			}
			testkit.Golden(t, filepath.Join(filepath.Dir(input), "want.txt"), []byte(b.String()))
		})
	}
}

// describe writes what a row has, one line each.
func describe(b *strings.Builder, format document.Format, row map[string]string) {
	columns := format.AllColumns()
	slices.SortStableFunc(columns, func(x, y string) int { return order(x) - order(y) })
	for _, name := range columns {
		if text := row[name]; text != "" {
			text = strings.NewReplacer(document.FieldSeparator, " ~ ", document.FaultSeparator, " ^ ").Replace(text)
			fmt.Fprintf(b, "%s: %s\n", name, text)
		}
	}
	b.WriteString("\n")
}

// order puts what became of the row first.
func order(column string) int {
	if strings.HasPrefix(column, "record_") || column == document.PathColumn {
		return 0
	}
	return 1
}
