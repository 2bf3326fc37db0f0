package fpml

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// corpus is the text of the public documents, or where they are absent of the
// cases, one after another, and how many documents it has.
func corpus(tb testing.TB) (text []byte, documents int) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(sharedData, "fpml", "*", "*.xml"))
	if err == nil && len(files) == 0 {
		files, err = filepath.Glob("testdata/cases/*/input.xml")
	}
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range files {
		one, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		text = append(append(text, one...), '\n')
	}
	return text, len(files)
}

// repeated reads a text several times over.
func repeated(text []byte, times int) io.Reader {
	readers := make([]io.Reader, times)
	for i := range readers {
		readers[i] = bytes.NewReader(text)
	}
	return io.MultiReader(readers...)
}

func BenchmarkDecode(b *testing.B) {
	text, documents := corpus(b)
	const times = 40
	format := New(Options{Parties: []string{"Party A", "XYZ Bank"}, AsOf: "2007-09-30"})
	b.SetBytes(int64(len(text) * times))
	for b.Loop() {
		if _, err := format.Decode(repeated(text, times), func(arrow.RecordBatch) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(documents*times*b.N)/b.Elapsed().Seconds(), "documents/s")
}

func BenchmarkCount(b *testing.B) {
	text, _ := corpus(b)
	format := New(Options{})
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, _, err := format.Count(bytes.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

// TestMemoryIsFlat: three times the documents take no more memory.
func TestMemoryIsFlat(t *testing.T) {
	// Little to read in each, as their number is looked at; the blanks make the fewer
	// ones more than is read at a time.
	text := []byte(`<?xml version="1.0"?>` + strings.Repeat(" ", 900) + `<dataDocument fpmlVersion="5-13"><trade><creditDefaultSwap><generalTerms><buyerPartyReference href="us"/></generalTerms>` +
		`</creditDefaultSwap></trade><party id="us"><partyId>7LTWFZYICNSX8D621K86</partyId></party></dataDocument>`)
	format := New(Options{Parties: []string{"7LTWFZYICNSX8D621K86"}, AsOf: "2007-09-30"})
	peak := func(documents int) uint64 {
		var most uint64
		if _, err := format.Decode(repeated(text, documents), func(arrow.RecordBatch) error {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return most
	}
	few, many := peak(17_000), peak(51_000) // more than one record batch each
	t.Logf("live memory at most %d kB with 17,000 documents, %d kB with 51,000", few>>10, many>>10)
	if many > few+few/2 {
		t.Errorf("live memory at most %d bytes with 17,000 documents, %d with 51,000", few, many)
	}
}
