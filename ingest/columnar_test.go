package ingest

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"comment11/internal/position"
	"comment11/internal/store"
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
		{"arrow/positions.arrow", arrowFileOf(t, batch)},
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

// TestColumnarRefusals holds what is refused of files whose columns have types, and
// what becomes of values that no column takes, to the words of refusals.txt.
func TestColumnarRefusals(t *testing.T) {
	text := arrow.BinaryTypes.String
	one := func(name string, data arrow.DataType, value string) arrow.RecordBatch {
		names := []string{"position_id", "product", "role", "currency", "notional", "maturity_date", "fair_value"}
		values := []string{"P1", "CDS", "buyer", "USD", "100.00", "2011-06-20", "1.00"}
		fields := make([]arrow.Field, len(names))
		for i := range names {
			fields[i] = arrow.Field{Name: names[i], Type: text, Nullable: true}
			if names[i] == name {
				fields[i].Type, values[i] = data, value
			}
		}
		return batchOf(t, arrow.NewSchema(fields, nil), [][]string{values})
	}
	without := func(columns ...arrow.Field) arrow.RecordBatch {
		return batchOf(t, arrow.NewSchema(columns, nil), [][]string{slices.Repeat([]string{""}, len(columns))})
	}
	sound := one("notional", &arrow.Decimal128Type{Precision: 18, Scale: 2}, "100.00")
	double := one("notional", arrow.PrimitiveTypes.Float64, "100.25")
	parquet, file, stream := parquetOf(t, sound), arrowFileOf(t, sound), arrowStreamOf(t, sound)
	var got bytes.Buffer
	for _, test := range []struct {
		name, format string
		text         []byte
		columns      []Mapping
	}{
		{name: "decimal", format: "parquet", text: parquet},
		{name: "decimal of nine decimals, the last seven zero", format: "parquet", text: parquetOf(t, one("notional", &arrow.Decimal128Type{Precision: 38, Scale: 9}, "1234.56"))},
		{name: "decimal of three decimals", format: "parquet", text: parquetOf(t, one("notional", &arrow.Decimal128Type{Precision: 38, Scale: 9}, "1234.567"))},
		{name: "date", format: "parquet", text: parquetOf(t, one("maturity_date", arrow.FixedWidthTypes.Date32, "2011-06-20"))},
		{name: "timestamp in the place of a date", format: "parquet", text: parquetOf(t, one("maturity_date", arrow.FixedWidthTypes.Timestamp_us, "2011-06-20T00:00:00Z"))},
		{name: "double", format: "parquet", text: parquetOf(t, double)},
		{name: "double", format: "arrow", text: arrowStreamOf(t, double)},
		{name: "double rounded by the mapping", format: "arrow", text: arrowFileOf(t, double), columns: []Mapping{{Column: "notional", Expression: Expression{Text: "round_double(notional, 2)"}}}},
		{name: "double as a name", format: "parquet", text: parquetOf(t, one("position_id", arrow.PrimitiveTypes.Float64, "7"))},
		{name: "whole number as an amount", format: "arrow", text: arrowFileOf(t, one("notional", arrow.PrimitiveTypes.Int64, "100"))},
		{name: "nested column", format: "parquet", text: parquetOf(t, without(arrow.Field{Name: "legs", Type: arrow.ListOf(text), Nullable: true}))},
		{name: "nested column", format: "arrow", text: arrowFileOf(t, without(arrow.Field{Name: "leg", Type: arrow.StructOf(arrow.Field{Name: "side", Type: text}), Nullable: true}))},
		{name: "bytes", format: "arrow", text: arrowFileOf(t, without(arrow.Field{Name: "notional", Type: arrow.BinaryTypes.Binary, Nullable: true}))},
		{name: "a name twice", format: "parquet", text: parquetOf(t, without(arrow.Field{Name: "notional", Type: text, Nullable: true}, arrow.Field{Name: "Notional", Type: text, Nullable: true}))},
		{name: "a name twice", format: "arrow", text: arrowFileOf(t, without(arrow.Field{Name: "notional", Type: text, Nullable: true}, arrow.Field{Name: "notional", Type: text, Nullable: true}))},
		{name: "required columns missing", format: "parquet", text: parquetOf(t, without(arrow.Field{Name: "notional", Type: text, Nullable: true}))},
		{name: "required columns missing", format: "arrow", text: arrowFileOf(t, without(arrow.Field{Name: "notional", Type: text, Nullable: true}))},
		{name: "truncated", format: "parquet", text: parquet[:len(parquet)-9]},
		{name: "truncated file", format: "arrow", text: file[:len(file)-9]},
		{name: "truncated stream", format: "arrow", text: stream[:len(stream)-9]},
		{name: "stream without its end", format: "arrow", text: stream[:len(stream)-8]},
		{name: "wrong magic", format: "parquet", text: file},
		{name: "wrong magic", format: "arrow", text: parquet},
	} {
		fmt.Fprintf(&got, "%s, %s: %s\n", test.format, test.name, outcomeOf(t, Source{Name: "positions", DataSet: "positions", Files: writeFile(t, "positions."+test.format, test.text),
			Format: test.format, SameNames: true, Columns: test.columns}))
	}
	testkit.Golden(t, "testdata/formats/columnar-refusals.txt", got.Bytes())
}

// TestColumnarParts holds that a file of several row groups, record batches or lines
// is the same read whole and in parts.
func TestColumnarParts(t *testing.T) {
	text := "position_id,product,role,currency,notional,maturity_date,fair_value\n"
	var batches []arrow.RecordBatch
	for i := range 7 {
		batches = append(batches, typedBatch(t, "positions", fmt.Appendf(nil, "%sA%d,CDS,buyer,USD,1.00,2011-06-20,\nB%[2]d,CDS,nobody,USD,2.00,2011-06-20,3.00\n", text, i)))
	}
	faulty := []byte("nothing\n")
	for i, batch := range batches {
		faulty = append(faulty, jsonLinesOf(t, batch)...)
		faulty = append(faulty, strings.Repeat("{}\n\n", i)...)
	}
	for _, test := range []struct {
		name, format string
		text         []byte
		rejected     int
	}{
		{"row groups", "parquet", parquetOf(t, batches...), 7},
		{"arrow file", "arrow", arrowFileOf(t, batches...), 7},
		{"arrow stream", "arrow", arrowStreamOf(t, batches...), 7},
		{"lines", "jsonl", jsonLinesOf(t, batches...), 7},
		{"lines with structural faults", "jsonl", faulty, 7 + 22},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := Source{Name: "positions", DataSet: "positions", Files: writeFile(t, "positions", test.text), Format: test.format, SameNames: true}
			whole, records := readInParts(t, source, 1)
			parts, same := readInParts(t, source, 3)
			if whole.Taken != 7 || whole.Rejected != int64(test.rejected) || parts.Taken != 7 || parts.Rejected != whole.Rejected || len(parts.outputs) < 2 {
				t.Errorf("whole %+v, in parts %+v; expected 7 taken and %d rejected, in several parts", whole, parts, test.rejected)
			}
			if diff := cmp.Diff(records, same); diff != "" {
				t.Errorf("(- whole, + in parts)\n%s", diff)
			}
		})
	}
}

// readInParts reads a source of one file, with so many readers, and gives its
// records and rejects.
func readInParts(t *testing.T, source Source, readers int) (File, [][]any) {
	t.Helper()
	ctx := context.Background()
	settings := store.Settings{Threads: 1}
	db, err := store.Open(ctx, settings)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	in := Input{Sources: []Source{source}, AsOf: time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC), Release: "R", Output: t.TempDir(), Scratch: t.TempDir(),
		Readers: readers, SmallestPart: 1, OpenReader: func(ctx context.Context) (*store.DB, error) { return store.Open(ctx, settings) }}
	files, err := Scan(in)
	if err == nil {
		err = Read(ctx, db, in, files)
	}
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(in.Scratch); err != nil || len(left) > 0 {
		t.Errorf("left in the scratch folder: %v (%v)", left, err)
	}
	var rows [][]any
	for _, query := range []string{"select columns(*)::varchar from positions_records order by all", "select columns(*)::varchar from rejects order by all"} {
		table, err := store.Query(ctx, db, query)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, table.Rows...)
	}
	return files[0], rows
}

// outcomeOf is what becomes of a source of one record.
func outcomeOf(t *testing.T, source Source) string {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	in := Input{Sources: []Source{source}, AsOf: time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC), Release: "R", Output: t.TempDir(), Scratch: t.TempDir()}
	files, err := Scan(in)
	if err == nil {
		err = Read(ctx, db, in, files)
	}
	if err != nil {
		return "refused: " + err.Error()
	}
	rejects, err := FirstRejects(ctx, db, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(rejects) > 0 {
		return "rejected: " + rejects[0].String()
	}
	text, err := store.Scalar[string](ctx, db, "select concat_ws(' ', position_id, notional, maturity_date) from positions")
	if err != nil {
		t.Fatal(err)
	}
	return "taken: " + text
}

// arrowFileOf and arrowStreamOf write batches as Arrow IPC.
func arrowFileOf(t testing.TB, batches ...arrow.RecordBatch) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := ipc.NewFileWriter(&b, ipc.WithSchema(batches[0].Schema()))
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

func arrowStreamOf(t testing.TB, batches ...arrow.RecordBatch) []byte {
	t.Helper()
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(batches[0].Schema()))
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

// jsonLinesOf writes batches as JSON lines: numbers and flags as such, dates as text.
func jsonLinesOf(t testing.TB, batches ...arrow.RecordBatch) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, batch := range batches {
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
	}
	return b.Bytes()
}

// TestDamagedArrow damages every byte of a stream: it is refused, or read with as
// many records as were counted. A schema damaged so once asked for more memory than
// there is.
func TestDamagedArrow(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "b", Type: arrow.PrimitiveTypes.Int32, Nullable: true}}, nil)
	stream := arrowStreamOf(t, batchOf(t, schema, [][]string{{"x", "1"}, {"", "2"}}))
	in := Input{Scratch: t.TempDir()}
	read := 0
	for i := range stream {
		damaged := bytes.Clone(stream)
		damaged[i] ^= 0x7F
		path := writeFile(t, "a", damaged)
		found, err := scanArrow(path, 1)
		if err == nil {
			_, _, err = decodedRelation(in, part{file: &File{Name: "a", path: path}, from: found.body, to: found.textBytes, records: found.records}, decodeArrow)
		}
		switch refused, inFile := (*refusal)(nil), (*FileError)(nil); {
		case err == nil:
			read++
		case !errors.As(err, &refused) && !errors.As(err, &inFile):
			t.Fatalf("byte %d: %v; expected a refusal", i, err)
		}
	}
	if read == 0 || read == len(stream) {
		t.Errorf("%d of %d damaged streams were read", read, len(stream))
	}
}
