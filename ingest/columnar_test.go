package ingest

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"comment11/internal/position"
	"comment11/internal/testkit"
)

// TestColumnarSamples holds that the samples of the columnar formats are the CSV
// sample in the contract's types; -update writes them.
func TestColumnarSamples(t *testing.T) {
	text, err := os.ReadFile("testdata/formats/csv/positions.csv")
	if err != nil {
		t.Fatal(err)
	}
	batch := typedBatch(t, "positions", text)
	for _, sample := range []struct {
		path string
		text []byte
	}{
		{"parquet/positions.parquet", parquetOf(t, batch)},
	} {
		path := filepath.Join("testdata/formats", sample.path)
		if *testkit.Update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, sample.text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, sample.text) {
			t.Errorf("%s is not the CSV sample in types (%v); go test -run TestColumnarSamples -update writes it", path, err)
		}
	}
}

// typedBatch is a CSV file's records in the types of the data set.
func typedBatch(t testing.TB, dataSet string, text []byte) arrow.RecordBatch {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	set, _ := position.Find(dataSet)
	fields := make([]arrow.Field, len(records[0]))
	for i, name := range records[0] {
		fields[i] = arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
		if column, known := set.Column(name); known {
			fields[i].Type = column.Type.Arrow()
		}
	}
	return batchOf(t, arrow.NewSchema(fields, nil), records[1:])
}

// batchOf makes a record batch of texts; an empty one is null.
func batchOf(t testing.TB, schema *arrow.Schema, records [][]string) arrow.RecordBatch {
	t.Helper()
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for _, record := range records {
		for i, text := range record {
			if text == "" {
				builder.Field(i).AppendNull()
			} else if err := builder.Field(i).AppendValueFromString(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	return builder.NewRecordBatch()
}

// parquetOf writes batches as a Parquet file, each a row group of its own.
func parquetOf(t testing.TB, batches ...arrow.RecordBatch) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(batches[0].Schema(), &b, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range batches {
		if err := w.Write(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// columnarBatch is a batch of one record with columns of the given types.
func columnarBatch(t testing.TB, fields []arrow.Field, texts ...string) arrow.RecordBatch {
	t.Helper()
	return batchOf(t, arrow.NewSchema(slices.Clone(fields), nil), [][]string{texts})
}
