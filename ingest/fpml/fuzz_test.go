package fpml

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"comment11/internal/document"
)

// FuzzDecode: whatever the text, no crash, every record exactly once by both
// counts, exactly one outcome each, and the document that follows is not touched.
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
	next, err := os.ReadFile("testdata/cases/single-name-bought/input.xml")
	if err != nil {
		f.Fatal(err)
	}
	format := New(Options{Parties: []string{"7LTWFZYICNSX8D621K86", "Cypress Securities"}, AsOf: "2007-09-30"})
	expected := decoded(f, format, next)
	f.Fuzz(func(t *testing.T, text []byte) {
		alone := decoded(t, format, text)
		if len(text) > 1 && (text[0] == 0xFF || text[0] == 0xFE || text[0] == 0 || text[1] == 0) {
			return // UTF-16: a file has one encoding, so that nothing in UTF-8 can follow
		}
		followed := decoded(t, format, append(append([]byte{}, text...), next...))
		if len(followed) != len(alone)+len(expected) {
			t.Fatalf("%d rows alone, %d when a document of %d follows", len(alone), len(followed), len(expected))
		}
		if !reflect.DeepEqual(alone, followed[:len(alone)]) && len(alone) > 0 {
			t.Errorf("alone:\n%v\nfollowed:\n%v", alone, followed[:len(alone)])
		}
		last := followed[len(alone)]
		delete(last, document.PathColumn)
		want := map[string]string{}
		for k, v := range expected[0] {
			if k != document.PathColumn {
				want[k] = v
			}
		}
		if !reflect.DeepEqual(last, want) {
			t.Errorf("the document that follows:\n%v\nexpected:\n%v", last, want)
		}
	})
}
