package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"comment11/configs"
	"comment11/ingest"
	"comment11/internal/batch"
	"comment11/internal/position"
	"comment11/internal/sample"
	"comment11/internal/store"
)

// columnarSets are the data sets that are delivered in each format.
var columnarSets = []string{"positions", "lifecycle", "realized"}

// deliveries are the ways in which one book is delivered.
var deliveries = []struct{ name, format string }{
	{"csv", "csv"}, {"tsv", "tsv"}, {"parquet", "parquet"}, {"json lines", "jsonl"}, {"arrow file", "arrow"}, {"arrow stream", "arrow"},
}

// TestSameBookInEveryFormat holds that one sampled book gives the same facts and
// cells in whatever format it is delivered.
func TestSameBookInEveryFormat(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := sample.Write(context.Background(), sample.Book{Folder: folder, Positions: 3000, Dates: []time.Time{dueDate}, Seed: 11}); err != nil {
		t.Fatal(err)
	}
	var first batch.Outcome
	for _, d := range deliveries {
		outcome := runDelivery(t, deliver(t, folder, d.name, d.format))
		if outcome.Status != store.Published {
			t.Fatalf("%s: %s: %v", d.name, outcome.Status, outcome.Broken())
		}
		if first.Status == "" {
			first = outcome
			continue
		}
		for _, relation := range first.Manifest.Relations {
			if got, _ := outcome.Manifest.Relation(relation.Name); relation.Name != "controls" && got.ContentHash != relation.ContentHash {
				t.Errorf("%s: relation %s has another content (%d rows, of CSV %d)", d.name, relation.Name, got.Rows, relation.Rows)
			}
		}
		if diff := cmp.Diff(first.Cells, outcome.Cells); diff != "" {
			t.Errorf("%s: other cells (- CSV, + %[1]s)\n%s", d.name, diff)
		}
		if len(first.Cells) == 0 {
			t.Error("no cells")
		}
	}
}

var dueDate = time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC)

// BenchmarkFormats runs one book in every format: 1,000,000 positions, of which
// COMMENT11_BENCHMARK asks for another number.
func BenchmarkFormats(b *testing.B) {
	size := benchmarkSize(b)
	folder := b.TempDir()
	if err := sample.Write(context.Background(), sample.Book{Folder: folder, Positions: size, Dates: []time.Time{dueDate}, Seed: 11}); err != nil {
		b.Fatal(err)
	}
	for _, d := range deliveries {
		b.Run(strings.ReplaceAll(d.name, " ", "-"), func(b *testing.B) {
			config := deliver(b, folder, d.name, d.format)
			var read, peaks []float64
			for b.Loop() {
				resetPeak(b)
				outcome := runDelivery(b, config)
				if outcome.Status != store.Published {
					b.Fatalf("%s: %v", outcome.Status, outcome.Broken())
				}
				read, peaks = append(read, outcome.Seconds["scan"]+outcome.Seconds["ingest"]), append(peaks, peak(b))
			}
			b.ReportMetric(median(read), "s-read")
			b.ReportMetric(median(peaks), "peak-MiB")
		})
	}
}

// BenchmarkRead scans and reads the positions of one book in every format in turn,
// and compares each with the CSV of the same turn: by time, and by the processor's
// time, which others on the machine disturb less. COMMENT11_BENCHMARK asks for
// another number of positions than 1,000,000.
func BenchmarkRead(b *testing.B) {
	folder := b.TempDir()
	if err := sample.Write(context.Background(), sample.Book{Folder: folder, Positions: benchmarkSize(b), Dates: []time.Time{dueDate}, Seed: 11}); err != nil {
		b.Fatal(err)
	}
	name := "positions_2007-09-30.csv"
	paths := make([]string, len(deliveries))
	for i, d := range deliveries {
		paths[i] = filepath.Join(b.TempDir(), name)
		if d.format == "csv" {
			paths[i] = filepath.Join(folder, name)
		} else {
			convert(b, "positions", filepath.Join(folder, name), paths[i], d.name)
		}
	}
	times, processor := make([][]float64, len(deliveries)), make([][]float64, len(deliveries))
	for b.Loop() {
		var first [2]float64
		for i, d := range deliveries {
			before := processorSeconds(b)
			one := [2]float64{seconds(b, func() error { return readDelivery(b, paths[i], d.format) })}
			one[1] = processorSeconds(b) - before
			if i == 0 {
				first = one
				b.ReportMetric(one[0], "s-csv")
				b.ReportMetric(one[1], "processor-s-csv")
			}
			times[i], processor[i] = append(times[i], one[0]/first[0]), append(processor[i], one[1]/first[1])
		}
	}
	for i, d := range deliveries[1:] {
		b.ReportMetric(median(times[i+1]), strings.ReplaceAll(d.name, " ", "-")+"-of-csv")
		b.ReportMetric(median(processor[i+1]), strings.ReplaceAll(d.name, " ", "-")+"-processor-of-csv")
	}
}

// readDelivery scans and reads one file of positions, as a run does.
func readDelivery(t testing.TB, path, format string) error {
	ctx := context.Background()
	settings, readers := store.Settings{MemoryLimit: "1500MB"}.Shared(runtime.GOMAXPROCS(0))
	db, err := store.Open(ctx, settings)
	if err != nil {
		return err
	}
	defer db.Close()
	source := ingest.Source{Name: "positions", DataSet: "positions", Files: path, Format: format, Delimiter: ',', Quote: '"', SameNames: true, Parties: []string{"7LTWFZYICNSX8D621K86"}}
	if format == "tsv" {
		source.Delimiter = '\t'
	}
	in := ingest.Input{Sources: []ingest.Source{source}, AsOf: dueDate, PreviousBusinessDay: dueDate, Release: "R", Output: t.TempDir(), Scratch: t.TempDir(),
		Readers: readers, OpenReader: func(ctx context.Context) (*store.DB, error) { return store.Open(ctx, settings) }}
	files, err := ingest.Scan(in)
	if err != nil {
		return err
	}
	if err := ingest.Read(ctx, db, in, files); err != nil {
		return err
	}
	if files[0].Taken == 0 {
		return fmt.Errorf("%s: nothing was taken", path)
	}
	return os.RemoveAll(in.Output)
}

func benchmarkSize(b *testing.B) int {
	b.Helper()
	size := 1_000_000
	if asked := os.Getenv("COMMENT11_BENCHMARK"); asked != "" {
		_ = os.Unsetenv("COMMENT11_BENCHMARK") // the config would know no such key
		if _, err := fmt.Sscan(asked, &size); err != nil {
			b.Fatal(err)
		}
	}
	return size
}

func runDelivery(t testing.TB, path string) batch.Outcome {
	t.Helper()
	config, err := configs.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.RealDisk.Remove(config.Warehouse); err != nil {
		t.Fatal(err)
	}
	outcome, err := batch.Run(context.Background(), config, batch.Options{AsOf: dueDate, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// deliver copies the book into a folder of its own with some of its files in
// another format, but of the same names, because those are part of the facts.
func deliver(t testing.TB, book, name, format string) (config string) {
	t.Helper()
	folder := t.TempDir()
	text, err := os.ReadFile(filepath.Join(book, "comment11.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(book, "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		set, _, _ := strings.Cut(filepath.Base(path), "_2007")
		to := filepath.Join(folder, filepath.Base(path))
		converted := false
		for _, one := range columnarSets {
			converted = converted || one == set
		}
		if !converted || format == "csv" {
			if err := os.Link(path, to); err != nil {
				t.Fatal(err)
			}
			continue
		}
		convert(t, set, path, to, name)
		pattern := fmt.Sprintf("files: %q", set+"_{as_of}.csv")
		text = bytes.Replace(text, []byte(pattern), []byte(pattern+", format: "+format), 1)
	}
	config = filepath.Join(folder, "comment11.yaml")
	if err := os.WriteFile(config, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return config
}

// convert writes a CSV file in another way, in the types of the contract where
// the format has types.
func convert(t testing.TB, set, from, to, name string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	records := csv.NewReader(in)
	records.ReuseRecord = true
	header, err := records.Read()
	if err != nil {
		t.Fatal(err)
	}
	known, _ := position.Find(set)
	fields := make([]arrow.Field, len(header))
	for i, name := range header {
		column, found := known.Column(name)
		if !found {
			t.Fatalf("%s: no column %q", set, name)
		}
		fields[i] = arrow.Field{Name: strings.Clone(name), Type: column.Type.Arrow(), Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	write, end := delivery(t, name, schema, out)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for rows, more := 0, true; more; {
		record, err := records.Read()
		more = err == nil
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		for i, value := range record {
			if value == "" {
				builder.Field(i).AppendNull()
			} else if err := builder.Field(i).AppendValueFromString(value); err != nil {
				t.Fatal(err)
			}
		}
		if more {
			rows++
		}
		if rows == 1<<16 || !more && rows > 0 {
			batch := builder.NewRecordBatch()
			if err := write(batch); err != nil {
				t.Fatal(err)
			}
			batch.Release()
			rows = 0
		}
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

// delivery gives what writes record batches, and what ends the file.
func delivery(t testing.TB, name string, schema *arrow.Schema, out *os.File) (write func(arrow.RecordBatch) error, end func() error) {
	t.Helper()
	switch name {
	case "parquet":
		w, err := pqarrow.NewFileWriter(schema, out, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy)), pqarrow.DefaultWriterProps())
		if err != nil {
			t.Fatal(err)
		}
		return w.Write, w.Close
	case "arrow file":
		w, err := ipc.NewFileWriter(out, ipc.WithSchema(schema))
		if err != nil {
			t.Fatal(err)
		}
		return w.Write, w.Close
	case "arrow stream":
		w := ipc.NewWriter(out, ipc.WithSchema(schema))
		return w.Write, w.Close
	case "tsv":
		w := csv.NewWriter(out)
		w.Comma = '\t'
		names := make([]string, schema.NumFields())
		for i, field := range schema.Fields() {
			names[i] = field.Name
		}
		if err := w.Write(names); err != nil {
			t.Fatal(err)
		}
		return func(batch arrow.RecordBatch) error {
				return eachRecord(batch, func(values []any) error {
					texts := make([]string, len(values))
					for i, value := range values {
						if value != nil {
							texts[i] = fmt.Sprintf("%s", value)
						}
					}
					return w.Write(texts)
				})
			}, func() error {
				w.Flush()
				return w.Error()
			}
	default:
		return func(batch arrow.RecordBatch) error {
			return eachRecord(batch, func(values []any) error {
				object := map[string]any{}
				for i, value := range values {
					object[schema.Field(i).Name] = value
				}
				line, err := json.Marshal(object)
				if err != nil {
					return err
				}
				_, err = out.Write(append(line, '\n'))
				return err
			})
		}, func() error { return nil }
	}
}

// eachRecord gives the records of a batch as texts, numbers and flags, nil where
// there is no value.
func eachRecord(batch arrow.RecordBatch, take func(values []any) error) error {
	values := make([]any, batch.NumCols())
	for row := range int(batch.NumRows()) {
		for i, column := range batch.Columns() {
			switch text := column.ValueStr(row); {
			case column.IsNull(row):
				values[i] = nil
			case column.DataType().ID() == arrow.DECIMAL128 || column.DataType().ID() == arrow.INT32 || column.DataType().ID() == arrow.BOOL:
				values[i] = json.RawMessage(text)
			default:
				values[i] = text
			}
		}
		if err := take(values); err != nil {
			return err
		}
	}
	return nil
}
