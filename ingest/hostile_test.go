package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"comment11/internal/store"
	"comment11/internal/testkit"
)

// bookWith is a record batch of sound positions in which one column is as given.
func bookWith(t testing.TB, name string, values arrow.Array) arrow.RecordBatch {
	t.Helper()
	rows := values.Len()
	names := []string{"position_id", "product", "role", "currency", "notional", "maturity_date", "fair_value"}
	fields := make([]arrow.Field, len(names))
	records := make([][]string, rows)
	for i := range names {
		fields[i] = arrow.Field{Name: names[i], Type: arrow.BinaryTypes.String, Nullable: true}
	}
	for row := range records {
		records[row] = []string{fmt.Sprintf("P%d", row+1), "CDS", "buyer", "USD", "100.00", "2011-06-20", "1.00"}
	}
	sound := batchOf(t, arrow.NewSchema(fields, nil), records)
	columns := sound.Columns()
	for i := range names {
		if names[i] == name {
			fields[i].Type, columns[i] = values.DataType(), values
		}
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, int64(rows))
}

// arrayOf makes an array of numbers that no text could ask for.
func arrayOf[T any, B interface {
	AppendValues(values []T, valid []bool)
	NewArray() arrow.Array
}](builder B, values ...T) arrow.Array {
	builder.AppendValues(values, nil)
	return builder.NewArray()
}

// TestHostileColumns holds what becomes of values that a file's types allow and no
// record may have to the words of hostile-columns.txt.
func TestHostileColumns(t *testing.T) {
	pool := memory.DefaultAllocator
	texts := func(values ...string) arrow.Array { return arrayOf(array.NewStringBuilder(pool), values...) }
	decimals := func(data arrow.DataType, values ...string) arrow.Array {
		builder := array.NewBuilder(pool, data)
		for _, value := range values {
			if err := builder.AppendValueFromString(value); err != nil {
				t.Fatal(err)
			}
		}
		return builder.NewArray()
	}
	days := func(values ...arrow.Date32) arrow.Array { return arrayOf(array.NewDate32Builder(pool), values...) }
	times := func(unit arrow.TimeUnit, values ...arrow.Timestamp) arrow.Array {
		return arrayOf(array.NewTimestampBuilder(pool, &arrow.TimestampType{Unit: unit}), values...)
	}
	dictionary := func(words arrow.Array, indices ...int32) arrow.Array {
		return array.NewDictionaryArray(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: words.DataType()}, arrayOf(array.NewInt32Builder(pool), indices...), words)
	}
	lists := array.NewListBuilder(pool, arrow.BinaryTypes.String)
	lists.AppendNull()
	maps := array.NewMapBuilder(pool, arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32, false)
	maps.AppendNull()
	round := []Mapping{{Column: "notional", Expression: Expression{Text: "round_double(notional, 2)"}}}
	var got bytes.Buffer
	for _, test := range []struct {
		name, column string
		values       arrow.Array
		columns      []Mapping
		arrowOnly    bool
	}{
		{name: "text that is not UTF-8", column: "position_id", values: texts("P1", "\xE9", "P3")},
		{name: "a character cut between two texts", column: "position_id", values: texts("P1\xC3", "\xA9P2")},
		{name: "NUL in a text", column: "position_id", values: texts("P\x001")},
		{name: "separators of faults in a text", column: "position_id", values: texts("P\x1e1\x1f2")},
		{name: "a list", column: "notional", values: lists.NewArray()},
		{name: "a map", column: "notional", values: maps.NewArray()},
		{name: "decimal without decimals", column: "notional", values: decimals(&arrow.Decimal128Type{Precision: 18, Scale: 0}, "100", "-5")},
		{name: "decimal of 20 decimals", column: "notional", values: decimals(&arrow.Decimal128Type{Precision: 38, Scale: 20}, "100.25000000000000000000", "0.00500000000000000000")},
		{name: "decimal of 30 digits", column: "notional", values: decimals(&arrow.Decimal128Type{Precision: 38, Scale: 2}, "99999999999999.99", "100000000000000.00", "1234567890123456789012345678.00")},
		{name: "decimal of 76 digits", column: "notional", values: decimals(&arrow.Decimal256Type{Precision: 76, Scale: 2}, "100.00")},
		{name: "decimal of negative scale", column: "notional", values: decimals(&arrow.Decimal128Type{Precision: 18, Scale: -2}, "100"), arrowOnly: true},
		{name: "days out of range", column: "maturity_date", values: days(15145, math.MaxInt32, math.MinInt32, -719529, -800000, 2932897)},
		{name: "a day and a half", column: "maturity_date", values: arrayOf(array.NewDate64Builder(pool), arrow.Date64(15145*86_400_000), arrow.Date64(15145*86_400_000+43_200_000), arrow.Date64(math.MaxInt64), arrow.Date64(math.MinInt64)), arrowOnly: true},
		{name: "instants out of range, microseconds", column: "maturity_date", values: times(arrow.Microsecond, math.MaxInt64, math.MinInt64, math.MinInt64+1)},
		{name: "instants out of range, nanoseconds", column: "maturity_date", values: times(arrow.Nanosecond, math.MaxInt64, math.MinInt64, math.MinInt64+1)},
		{name: "instants out of range, seconds", column: "maturity_date", values: times(arrow.Second, math.MaxInt64, math.MinInt64, 253_402_300_800), arrowOnly: true},
		{name: "doubles that are no numbers", column: "notional", values: arrayOf(array.NewFloat64Builder(pool), math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64)},
		{name: "doubles that are no numbers, rounded", column: "notional", values: arrayOf(array.NewFloat64Builder(pool), math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64), columns: round},
		{name: "floats that are no numbers, rounded", column: "notional", values: arrayOf(array.NewFloat32Builder(pool), float32(math.NaN()), math.MaxFloat32, 100.25), columns: round},
		{name: "whole numbers of 64 bits without sign", column: "notional", values: arrayOf(array.NewUint64Builder(pool), 100, math.MaxUint64)},
		{name: "dictionary", column: "role", values: dictionary(texts("buyer", "seller"), 1, 0)},
		{name: "dictionary of texts that are not UTF-8", column: "role", values: dictionary(texts("buyer", "\xE9"), 0, 1)},
		{name: "dictionary index too large", column: "role", values: dictionary(texts("buyer"), 0, 7), arrowOnly: true},
		{name: "negative dictionary index", column: "role", values: dictionary(texts("buyer"), 0, -1), arrowOnly: true},
	} {
		batch := bookWith(t, test.column, test.values)
		formats := map[string][]byte{"arrow": arrowStreamOf(t, batch)}
		if !test.arrowOnly {
			formats["parquet"] = parquetOf(t, batch)
		}
		for _, format := range []string{"parquet", "arrow"} {
			if text := formats[format]; text != nil {
				source := Source{Name: "positions", DataSet: "positions", Files: writeFile(t, "positions."+format, text), Format: format, SameNames: true, Columns: test.columns}
				fmt.Fprintf(&got, "%s, %s:\n%s", format, test.name, recordsOf(t, source, test.column))
			}
		}
	}
	testkit.Golden(t, "testdata/formats/hostile-columns.txt", got.Bytes())
}

// recordsOf is what becomes of each record of a source, one line each.
func recordsOf(t *testing.T, source Source, column string) string {
	t.Helper()
	db, files, err := readIn(t, source)
	if err != nil {
		return "  refused: " + strings.ReplaceAll(err.Error(), os.TempDir(), "") + "\n"
	}
	if f := files[0]; f.Records != f.Taken+f.Excluded+f.Rejected {
		t.Errorf("%s: %d records, but %d taken, %d excluded, %d rejected", f.Name, f.Records, f.Taken, f.Excluded, f.Rejected)
	}
	var b strings.Builder
	table, err := store.Query(context.Background(), db, "select concat('taken: ', "+column+") as line from positions order by position_id")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range table.Rows {
		fmt.Fprintf(&b, "  %s\n", row[0])
	}
	for _, relation := range []string{"exclusions", "rejects"} {
		table, err := store.Query(context.Background(), db, "select concat_ws(' ', record, reason) as line, raw from "+relation+" order by all")
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range table.Rows {
			fmt.Fprintf(&b, "  %s: %s %s\n", relation, row[0], row[1])
		}
	}
	return strings.ReplaceAll(b.String(), "\x00", "<NUL>")
}

// readIn scans and reads one source in an empty database.
func readIn(t *testing.T, source Source) (*store.DB, []File, error) {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // which damage may have closed already
	in := Input{Sources: []Source{source}, AsOf: time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC), Release: "R", Output: t.TempDir(), Scratch: t.TempDir()}
	files, err := Scan(in)
	if err == nil {
		err = Read(ctx, db, in, files)
	}
	return db, files, err
}

// TestDictionaryChanges: of a stream whose dictionary changes on the way, each part
// has the words that held for it.
func TestDictionaryChanges(t *testing.T) {
	words := func(values ...string) arrow.Array {
		return arrayOf(array.NewStringBuilder(memory.DefaultAllocator), values...)
	}
	var batches []arrow.RecordBatch
	for i, list := range []arrow.Array{words("buyer", "seller"), words("seller", "buyer"), words("seller")} {
		indices := arrayOf(array.NewInt32Builder(memory.DefaultAllocator), int32(0))
		role := array.NewDictionaryArray(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}, indices, list)
		batch := bookWith(t, "role", role)
		columns := batch.Columns()
		columns[0] = words(fmt.Sprintf("P%d", i+1))
		batches = append(batches, array.NewRecordBatch(batch.Schema(), columns, 1))
	}
	source := Source{Name: "positions", DataSet: "positions", Files: writeFile(t, "positions.arrow", arrowStreamOf(t, batches...)), Format: "arrow", SameNames: true}
	for readers := range 3 {
		_, rows := readInParts(t, source, readers+1)
		var got []string
		for _, row := range rows {
			for _, value := range row {
				if value == "buyer" || value == "seller" {
					got = append(got, value.(string))
				}
			}
		}
		if strings.Join(got, " ") != "buyer seller seller" {
			t.Errorf("%d readers: %s", readers+1, got)
		}
	}
}

// TestDamagedPages damages bytes before the footer of a Parquet file that is
// sound in all else: it is refused by name, or all its records are accounted for.
func TestDamagedPages(t *testing.T) {
	text := parquetOf(t, bookWith(t, "product", arrayOf(array.NewStringBuilder(memory.DefaultAllocator), "CDS", "CDS", "CDS")))
	end := len(text) - 8 - int(binary.LittleEndian.Uint32(text[len(text)-8:]))
	refused := 0
	for i := 4; i < end; i += 9 {
		t.Run(fmt.Sprintf("byte %d", i), func(t *testing.T) { // each closes its database
			damaged := bytes.Clone(text)
			damaged[i] ^= 0x7F
			source := Source{Name: "positions", DataSet: "positions", Files: writeFile(t, "positions.parquet", damaged), Format: "parquet", SameNames: true}
			_, files, err := readIn(t, source)
			switch file := (*FileError)(nil); {
			case errors.As(err, &file):
				refused++
			case err != nil:
				t.Fatalf("%v; expected the file to be refused", err)
			case files[0].Records != files[0].Taken+files[0].Excluded+files[0].Rejected:
				t.Fatalf("%+v", files[0])
			}
		})
	}
	if refused == 0 {
		t.Error("no damaged file was refused")
	}
}

// TestAbsurdCounts: a file of a few bytes that speaks of more records than there
// can be is refused before anything is asked for them.
func TestAbsurdCounts(t *testing.T) {
	const rows = 77_777
	nulls := array.NewStringBuilder(memory.DefaultAllocator)
	nulls.AppendNulls(rows)
	schema := arrow.NewSchema([]arrow.Field{{Name: "position_id", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	text := parquetOf(t, array.NewRecordBatch(schema, []arrow.Array{nulls.NewArray()}, rows))
	for _, absurd := range []int64{1 << 40, math.MaxInt64, -1} {
		size := int(binary.LittleEndian.Uint32(text[len(text)-8:]))
		pages, footer := text[:len(text)-8-size], text[len(text)-8-size:len(text)-8]
		if n := bytes.Count(footer, binary.AppendVarint(nil, rows)); n != 4 { // of the file, its row group, its column and the column's nulls
			t.Fatalf("%d numbers of rows in the footer, expected 4", n)
		}
		footer = bytes.ReplaceAll(footer, binary.AppendVarint(nil, rows), binary.AppendVarint(nil, absurd))
		hostile := append(binary.LittleEndian.AppendUint32(append(bytes.Clone(pages), footer...), uint32(len(footer))), "PAR1"...)
		var refused *refusal
		if _, err := scanParquet(Input{}, writeFile(t, "a", hostile)); !errors.As(err, &refused) || refused.reason != "unreadable_file" {
			t.Errorf("Parquet of %d records: %v; expected it to be refused", absurd, err)
		}
	}
}
