package ingest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
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
		{"jsonl/positions.jsonl", jsonLinesOf(t, batch)},
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

// jsonLinesOf writes a batch as JSON lines: numbers and flags as such, dates as text.
func jsonLinesOf(t testing.TB, batch arrow.RecordBatch) []byte {
	t.Helper()
	var b bytes.Buffer
	for row := range int(batch.NumRows()) {
		for i, column := range batch.Columns() {
			b.WriteString(map[bool]string{true: "{", false: ", "}[i == 0])
			value := column.ValueStr(row)
			switch column.DataType().(type) {
			case arrow.DecimalType, *arrow.Int32Type, *arrow.BooleanType:
			default:
				quoted, err := json.Marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				value = string(quoted)
			}
			if column.IsNull(row) {
				value = "null"
			}
			fmt.Fprintf(&b, "%q: %s", batch.ColumnName(i), value)
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}

// FuzzJSONLines holds that a line is a record exactly where encoding/json reads an
// object of one level, and that the texts are the same.
func FuzzJSONLines(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `{"a":"\u00e9\n","b":null}`, `{"a":1.50e3, "b":true}`, `{"a":[1]}`, `{"a":{}} `, `{"a":1,"a":2}`, `[1]`, `{"a":01}`, `{}`, `{"a":"\ud800"}`, `{"a":"\u0000"}`, `{"a":"x`, `{"a":1,}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var object jsonObject
		reason, _ := object.parse(line)
		want := map[string]any{}
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		valid := json.Valid(line) && decoder.Decode(&want) == nil
		if reason == "" && !valid && !bytes.ContainsAny(line, "\n") {
			t.Fatalf("%q was read, encoding/json refuses it", line)
		}
		if reason == invalidJSON && valid && !bytes.Contains(line, []byte(`\u`)) && !bytes.ContainsAny(line, "\n") {
			t.Fatalf("%q is sound, but refused", line)
		}
		if reason != "" {
			return
		}
		if len(object.keys) != len(want) {
			t.Fatalf("%q: keys %q, encoding/json has %d", line, object.keys, len(want))
		}
		for i, key := range object.keys {
			got := object.values[i]
			switch value := want[key].(type) {
			case nil:
				if got != nil {
					t.Fatalf("%q: %s is %q, expected null", line, key, got)
				}
			default:
				if string(got) != fmt.Sprint(value) {
					t.Fatalf("%q: %s is %q, expected %q", line, key, got, fmt.Sprint(value))
				}
			}
		}
	})
}
