package ingest

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"comment11/internal/store"
)

// The fuzz tests of the formats: whatever the bytes of a file, it is refused, or
// read with as many records as the scan counted; nothing panics and nothing takes
// for ever. What a format promises beside that stands in its own test.

// fuzzDatabase is what the fuzz test reads with.
func fuzzDatabase(f *testing.F) *store.DB {
	f.Helper()
	db, err := store.Open(context.Background(), store.Settings{Threads: 1, MemoryLimit: "500MB"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := db.Close(); err != nil {
			f.Error(err)
		}
	})
	return db
}

// readAsScanned scans a file and reads it, with all its values, and gives what was
// scanned; the error is a refusal, or what the engine has against the file.
func readAsScanned(t *testing.T, db *store.DB, source Source, text []byte) (path string, found scanned, err error) {
	t.Helper()
	begin := time.Now()
	defer func() {
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("%d bytes took %s", len(text), took)
		}
	}()
	path = writeFile(t, "a", text)
	format := source.format()
	if found, err = format.scan(Input{}, source, path); err != nil {
		return path, found, err
	}
	if header, err := format.header(source, path); err != nil || strings.Join(header, "\x00") != strings.Join(found.header, "\x00") {
		t.Fatalf("header %q, scanned %q (%v)", header, found.header, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	in := Input{Sources: []Source{source}, Scratch: t.TempDir()}
	file := File{Source: source.Name, DataSet: source.DataSet, Name: "a", path: path, header: found.header,
		unsound: found.unsound, head: found.head, body: found.body, textBytes: found.textBytes}
	if format.prepare != nil {
		if err := format.prepare(ctx, db, in, source, []*File{&file}); err != nil {
			return path, found, err
		}
	}
	from, end, err := format.relation(in, source, part{file: &file, number: 1, records: found.records - int64(len(found.faults)), from: file.body, to: file.textBytes, whole: true})
	if err != nil {
		return path, found, err
	}
	read, err := store.Query(ctx, db, "select count(*), max(length(concat("+strings.Join(identifiers(found.header), ", ")+"))) from "+from)
	if unread := end(); err == nil && unread != nil {
		t.Fatal(unread)
	}
	if err != nil {
		return path, found, fmt.Errorf("%w: %w", errEngine, err)
	}
	if got, want := read.Rows[0][0].(int64), found.records-int64(len(found.faults)); got != want {
		t.Fatalf("%d records scanned, of which %d sound, %d read", found.records, want, got)
	}
	return path, found, nil
}

// errEngine marks what the engine has against a file that was scanned.
var errEngine = errors.New("reading")

// refusedOnly holds that an error is a refusal.
func refusedOnly(t *testing.T, err error) {
	t.Helper()
	refused, inFile := (*refusal)(nil), (*FileError)(nil)
	if err != nil && !errors.As(err, &refused) && !errors.As(err, &inFile) {
		t.Fatalf("%v; expected a refusal", err)
	}
}

// FuzzDelimited holds moreover that what the scanner calls sound is sound, and
// that it counts as encoding/csv does where that reads the file.
func FuzzDelimited(f *testing.F) {
	dialects := []dialect{comma, {delimiter: '\t'}, {delimiter: ';', quote: '\''}, {delimiter: ','}}
	for _, seed := range []string{"a,b\n1,2\n", "a,b\r\n\"1\r\n\",2\r\n", "a\n\n1\n", "a,b\n1\n\"x\"y,2\n1,\xFF\n", "a,b\n\"1", "\uFEFFa,b\n,\n", "a,b\n\"\"\"\",\"\"\n"} {
		for i, d := range dialects {
			f.Add([]byte(strings.NewReplacer(",", string(d.delimiter), `"`, string(max(d.quote, '"'))).Replace(seed)), byte(i))
		}
	}
	db := fuzzDatabase(f)
	f.Fuzz(func(t *testing.T, text []byte, which byte) {
		d := dialects[int(which)%len(dialects)]
		source := Source{Name: "a", DataSet: "positions", Format: "csv", Delimiter: d.delimiter, Quote: d.quote}
		path, got, err := readAsScanned(t, db, source, text)
		refusedOnly(t, err)
		if err != nil {
			return
		}
		sound := soundPart(t, path, got)
		again, err := scanText(t, d, sound)
		if err != nil || len(again.faults) > 0 || again.records != got.records-int64(len(got.faults)) {
			t.Fatalf("%q: sound part %q: %+v, %v", text, sound, again, err)
		}
		reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(sound, "\uFEFF")))
		reader.Comma = rune(d.delimiter)
		if d.quote == '"' || !strings.Contains(sound, `"`) && !strings.Contains(sound, `'`) {
			if records, err := reader.ReadAll(); err == nil && int64(len(records))-1 != again.records {
				t.Fatalf("%q: %d records, encoding/csv reads %d", sound, again.records, len(records)-1)
			}
		}
	})
}

// FuzzJSONLines holds moreover that a line is a record exactly where encoding/json
// reads an object of one level, and that the texts are the same.
func FuzzJSONLines(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `{"a":"\u00e9\n","b":null}`, `{"a":1.50e3, "b":true}`, `{"a":[1]}`, `{"a":{}} `, `{"a":1,"a":2}`, `[1]`, `{"a":01}`, `{}`,
		`{"a":"\ud800"}`, `{"a":"\u0000"}`, `{"a":"x`, `{"a":1,}`, "{\"a\":1,\"b\":2}\n{\"b\":3,\"a\":4}\r\n\n{\"a\":5}\n{\"a\":6,\"b\":7,\"c\":8}", "\uFEFF{\"a\":1}\n7"} {
		f.Add([]byte(seed))
	}
	db := fuzzDatabase(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, line := range bytes.Split(text, []byte("\n")) {
			sameObject(t, line)
		}
		_, _, err := readAsScanned(t, db, Source{Name: "a", DataSet: "positions", Format: "jsonl"}, text)
		refusedOnly(t, err)
	})
}

// sameObject compares what a line is read as with encoding/json.
func sameObject(t *testing.T, line []byte) {
	t.Helper()
	var object jsonObject
	reason, _ := object.parse(line)
	want := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	valid := json.Valid(line) && decoder.Decode(&want) == nil
	if reason == "" && !valid {
		t.Fatalf("%q was read, encoding/json refuses it", line)
	}
	if reason == invalidJSON && valid && !bytes.Contains(line, []byte(`\u`)) {
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
}

// fuzzBatches are what the seeds of the typed formats are made of: every type that
// values are delivered in, twice.
func fuzzBatches(f *testing.F) (batches []arrow.RecordBatch) {
	f.Helper()
	var fields []arrow.Field
	for i, data := range []arrow.DataType{arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32, &arrow.Decimal128Type{Precision: 18, Scale: 2}, arrow.FixedWidthTypes.Date32,
		arrow.FixedWidthTypes.Timestamp_us, arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Float64} {
		fields = append(fields, arrow.Field{Name: string(rune('a' + i)), Type: data, Nullable: true})
	}
	for range 2 {
		batches = append(batches, batchOf(f, arrow.NewSchema(fields, nil), [][]string{{"x", "1", "2.50", "2011-06-20", "2011-06-20T00:00:00Z", "true", "0.5"}, {"", "", "", "", "", "", ""}, {"x", "2", "", "", "", "", ""}}))
	}
	return batches
}

// FuzzParquet: the engine may still refuse pages that the footer speaks well of.
func FuzzParquet(f *testing.F) {
	f.Add(parquetOf(f, fuzzBatches(f)...))
	f.Add(parquetOf(f, batchOf(f, arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}}, nil), [][]string{{"x"}, {"y"}})))
	db := fuzzDatabase(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		_, found, err := readAsScanned(t, db, Source{Name: "a", DataSet: "positions", Format: "parquet"}, text)
		if !errors.Is(err, errEngine) {
			refusedOnly(t, err)
		}
		if err == nil && (len(found.header) == 0 || found.records < 0) {
			t.Fatalf("%d records under %q", found.records, found.header)
		}
	})
}

// FuzzArrow takes files and streams.
func FuzzArrow(f *testing.F) {
	batches := fuzzBatches(f)
	f.Add(arrowFileOf(f, batches...))
	f.Add(arrowStreamOf(f, batches...))
	db := fuzzDatabase(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _, err := readAsScanned(t, db, Source{Name: "a", DataSet: "positions", Format: "arrow"}, text)
		refusedOnly(t, err)
	})
}
