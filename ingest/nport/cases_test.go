package nport

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"comment11/internal/document"
	"comment11/internal/testkit"
)

// TestCases decodes testdata/cases/<name>/input.xml and compares the rows, without
// what is empty, with want.txt. A newcomer adds a case by adding a folder, with
// -update.
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
			for _, row := range decoded(t, text) {
				for _, name := range Format.AllColumns() {
					if text := row[name]; text != "" {
						fmt.Fprintf(&b, "%s: %s\n", name, strings.NewReplacer(document.FieldSeparator, " ~ ", document.FaultSeparator, " ^ ").Replace(text))
					}
				}
				b.WriteString("\n")
			}
			testkit.Golden(t, filepath.Join(filepath.Dir(input), "want.txt"), []byte(b.String()))
		})
	}
}

// FuzzDecode: whatever the text, no crash, every record exactly once by both
// counts, exactly one outcome each, and the filing that follows is not touched.
func FuzzDecode(f *testing.F) {
	seeds, err := filepath.Glob("testdata/cases/*/input.xml")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seed in testdata/cases (%v)", err)
	}
	for _, seed := range seeds {
		text, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	next, err := os.ReadFile("testdata/cases/sides/input.xml")
	if err != nil {
		f.Fatal(err)
	}
	expected := withoutPaths(decoded(f, next))
	f.Fuzz(func(t *testing.T, text []byte) {
		alone := decoded(t, text)
		if len(text) > 1 && (text[0] == 0xFF || text[0] == 0xFE || text[0] == 0 || text[1] == 0) {
			return // UTF-16: a file has one encoding, so that nothing in UTF-8 can follow
		}
		followed := decoded(t, append(append([]byte{}, text...), next...))
		if len(followed) != len(alone)+len(expected) {
			t.Fatalf("%d rows alone, %d when a filing of %d follows", len(alone), len(followed), len(expected))
		}
		if len(alone) > 0 && !reflect.DeepEqual(alone, followed[:len(alone)]) {
			t.Errorf("alone:\n%v\nfollowed:\n%v", alone, followed[:len(alone)])
		}
		if last := withoutPaths(followed[len(alone):]); !reflect.DeepEqual(last, expected) {
			t.Errorf("the filing that follows:\n%v\nexpected:\n%v", last, expected)
		}
	})
}

// withoutPaths takes the paths off, which have the number of the document.
func withoutPaths(rows []map[string]string) []map[string]string {
	for _, row := range rows {
		delete(row, document.PathColumn)
	}
	return rows
}
