package nport

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// filings is the text of ten filings, of the public one or where it is absent of
// the cases.
func filings(b *testing.B) []byte {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(sharedData, "*.xml"))
	if err == nil && len(files) == 0 {
		files, err = filepath.Glob("testdata/cases/*/input.xml")
	}
	if err != nil {
		b.Fatal(err)
	}
	var text []byte
	for range 10 {
		for _, file := range files {
			one, err := os.ReadFile(file)
			if err != nil {
				b.Fatal(err)
			}
			text = append(append(text, one...), '\n')
		}
	}
	return text
}

func BenchmarkDecode(b *testing.B) {
	text := filings(b)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Format.Decode(io.Reader(bytes.NewReader(text)), func(arrow.RecordBatch) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
