package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"comment11/configs"
	"comment11/internal/batch"
	"comment11/internal/position"
	"comment11/internal/sample"
	"comment11/internal/store"
)

// BenchmarkRun measures the whole nightly run, from CSV to published release with
// all tables, of books of 1,000,000 and 5,000,000 positions, with no reject and
// with 1% rejects; COMMENT11_BENCHMARK=20000000 asks for other sizes. The metric
// ratio is its time divided by that of the engine's bare typed copy to Parquet of
// the same large files, positions and events, in the same process with the same
// settings, run in turn; ratio-positions divides by the copy of the positions
// alone. Of a file with faults, which the engine does not read, the sound one is
// copied.
// -benchtime=3x gives medians of three. docs/BENCHMARKS.md has results.
func BenchmarkRun(b *testing.B) {
	sizes := []int{1_000_000, 5_000_000}
	if asked := os.Getenv("COMMENT11_BENCHMARK"); asked != "" {
		_ = os.Unsetenv("COMMENT11_BENCHMARK") // the config would know no such key
		sizes = nil
		for _, text := range strings.Split(asked, ",") {
			size, err := strconv.Atoi(text)
			if err != nil {
				b.Fatalf("COMMENT11_BENCHMARK: %q: expected numbers of positions", text)
			}
			sizes = append(sizes, size)
		}
	}
	for _, size := range sizes {
		for _, faults := range []int{0, size / 100} {
			b.Run(fmt.Sprintf("%d-positions/%d-faults", size, faults), func(b *testing.B) { benchmarkRun(b, size, faults) })
		}
	}
}

func benchmarkRun(b *testing.B, positions, faults int) {
	asOf := time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC)
	folder := b.TempDir()
	ctx := context.Background()
	if err := sample.Write(ctx, sample.Book{Folder: folder, Positions: positions, Dates: []time.Time{asOf}, Seed: 11, Faults: faults}); err != nil {
		b.Fatal(err)
	}
	bare := folder
	if faults > 0 {
		bare = b.TempDir()
		if err := sample.Write(ctx, sample.Book{Folder: bare, Positions: positions, Dates: []time.Time{asOf}, Seed: 11}); err != nil {
			b.Fatal(err)
		}
	}
	var runs, copies, others, peaks []float64
	stages := map[string][]float64{}
	var facts int64
	for b.Loop() {
		copies = append(copies, seconds(b, func() error { return bareCopy(ctx, bare, "positions") }))
		others = append(others, seconds(b, func() error {
			return errors.Join(bareCopy(ctx, bare, "lifecycle"), bareCopy(ctx, bare, "realized"), bareCopy(ctx, bare, "holdings"))
		}))
		config, err := configs.Load(filepath.Join(folder, "comment11.yaml"), nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := store.RealDisk.Remove(config.Warehouse); err != nil {
			b.Fatal(err)
		}
		resetPeak(b)
		var outcome batch.Outcome
		runs = append(runs, seconds(b, func() (err error) {
			outcome, err = batch.Run(ctx, config, batch.Options{AsOf: asOf, Now: time.Now})
			return err
		}))
		peaks = append(peaks, peak(b))
		relation, _ := outcome.Manifest.Relation("facts")
		if outcome.Status != store.Published || relation.Rows < int64(positions-2*faults) {
			b.Fatalf("%s with %d facts: %v", outcome.Status, relation.Rows, outcome.Broken())
		}
		facts = relation.Rows
		for stage, took := range outcome.Seconds {
			stages[stage] = append(stages[stage], took)
		}
	}
	ratios, ratiosPositions := make([]float64, len(runs)), make([]float64, len(runs))
	for i := range runs {
		ratios[i], ratiosPositions[i] = runs[i]/(copies[i]+others[i]), runs[i]/copies[i]
	}
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(median(ratiosPositions), "ratio-positions")
	b.ReportMetric(median(runs), "s/run")
	b.ReportMetric(median(copies), "s/copy-positions")
	b.ReportMetric(float64(facts)/median(runs), "facts/s")
	b.ReportMetric(slices.Max(peaks), "peak-MiB")
	b.ReportMetric(0, "ns/op")
	for stage, took := range stages {
		b.ReportMetric(median(took), "s-"+stage)
	}
}

// BenchmarkTables measures all tables of a release of 5,000,000 positions, with a
// packet that has a comparative date; COMMENT11_BENCHMARK asks for other sizes. The
// metric s/tables is the stage that computes the cells, s/prepare what a run of a period
// end does after it published, s/packet the packet of two dates in all its formats, read
// from the catalog and written, with the page's traces, the reviewer's questions and the
// proof, s/packet-unprepared the same where nothing was prepared.
func BenchmarkTables(b *testing.B) {
	positions := 5_000_000
	if asked := os.Getenv("COMMENT11_BENCHMARK"); asked != "" {
		_ = os.Unsetenv("COMMENT11_BENCHMARK") // the config would know no such key
		var err error
		if positions, err = strconv.Atoi(asked); err != nil {
			b.Fatalf("COMMENT11_BENCHMARK: %q: expected a number of positions", asked)
		}
	}
	before, asOf := time.Date(2006, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC)
	folder, ctx := b.TempDir(), context.Background()
	if err := sample.Write(ctx, sample.Book{Folder: folder, Positions: positions, Dates: []time.Time{before, asOf}, Seed: 11}); err != nil {
		b.Fatal(err)
	}
	config, err := configs.Load(filepath.Join(folder, "comment11.yaml"), nil)
	if err != nil {
		b.Fatal(err)
	}
	extract := func() error {
		packet, err := batch.Packet(ctx, config, asOf.Format(time.DateOnly), before.Format(time.DateOnly))
		err = errors.Join(err, batch.AddLetter(ctx, config, &packet, true, true)) // a draft: nobody has written its texts
		if err == nil {
			err = batch.Questions(ctx, config, &packet)
		}
		if err == nil {
			err = batch.WritePacket(ctx, config, packet, packet, filepath.Join(folder, "packet"), store.Program{}, func([]store.FileHash) error { return nil })
		}
		return err
	}
	var tables, prepares, packets, unprepared []float64
	for b.Loop() {
		for _, date := range []time.Time{before, asOf} {
			outcome, err := batch.Run(ctx, config, batch.Options{AsOf: date, Now: time.Now, Force: true})
			if err != nil || outcome.Status != store.Published {
				b.Fatal(outcome.Status, outcome.Broken(), err)
			}
			if date.Equal(asOf) {
				tables = append(tables, outcome.Seconds["disclosures"])
			}
		}
		unprepared = append(unprepared, seconds(b, extract))
		prepares = append(prepares, seconds(b, func() error {
			_, err := batch.Prepare(ctx, config, batch.Options{Now: time.Now}, []string{asOf.Format(time.DateOnly)})
			return err
		}))
		if _, err := batch.Prepare(ctx, config, batch.Options{Now: time.Now}, []string{before.Format(time.DateOnly)}); err != nil {
			b.Fatal(err)
		}
		packets = append(packets, seconds(b, extract))
	}
	b.ReportMetric(median(tables), "s/tables")
	b.ReportMetric(median(prepares), "s/prepare")
	b.ReportMetric(median(packets), "s/packet")
	b.ReportMetric(median(unprepared), "s/packet-unprepared")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkEvidence measures what evidence and identical underlyings add to the run of
// a book of 1,000,000 positions, of which 90,000 are clients' offsets and 50,000, or
// as many as sample makes, 100,000, are hedges: the metric added is the time of a run
// with them less that of one without, as a share of the latter, both in turn in one
// process. cpu-added is the same of processor time, which other work on the machine
// disturbs less.
func BenchmarkEvidence(b *testing.B) {
	b.Run("hedges-50000", func(b *testing.B) { benchmarkEvidence(b, true) })
	b.Run("hedges-100000", func(b *testing.B) { benchmarkEvidence(b, false) })
}

func benchmarkEvidence(b *testing.B, half bool) {
	asOf := time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC)
	folder := b.TempDir()
	ctx := context.Background()
	if err := sample.Write(ctx, sample.Book{Folder: folder, Positions: 1_000_000, Dates: []time.Time{asOf}, Seed: 11}); err != nil {
		b.Fatal(err)
	}
	if half {
		halveHedges(b, filepath.Join(folder, "positions_2007-09-30.csv"))
	}
	run := func(without bool) (took, processors float64) {
		config, err := configs.Load(filepath.Join(folder, "comment11.yaml"), nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := store.RealDisk.Remove(config.Warehouse); err != nil {
			b.Fatal(err)
		}
		var outcome batch.Outcome
		before := processorSeconds(b)
		took = seconds(b, func() (err error) {
			outcome, err = batch.Run(ctx, config, batch.Options{AsOf: asOf, Now: time.Now, WithoutEvidence: without})
			return err
		})
		processors = processorSeconds(b) - before
		tested, _ := outcome.Manifest.Relation("evidence")
		if outcome.Status != store.Published || (tested.Rows == 0) != without {
			b.Fatalf("%s with %d rows of evidence: %v", outcome.Status, tested.Rows, outcome.Broken())
		}
		return took, processors
	}
	var with, without, added, addedProcessors []float64
	for b.Loop() {
		tookWith, processorsWith := run(false)
		tookWithout, processorsWithout := run(true)
		with, without = append(with, tookWith), append(without, tookWithout)
		added, addedProcessors = append(added, tookWith/tookWithout-1), append(addedProcessors, processorsWith/processorsWithout-1)
	}
	b.ReportMetric(median(added), "added")
	b.ReportMetric(median(addedProcessors), "cpu-added")
	b.ReportMetric(median(with), "s/with")
	b.ReportMetric(median(without), "s/without")
	b.ReportMetric(0, "ns/op")
}

// halveHedges makes every other hedge of a sampled book the desk's own trade.
func halveHedges(b *testing.B, file string) {
	b.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	hedges, halved := 0, 0
	text = regexp.MustCompile(`,(management_hedge|asc815_hedge),CPM,`).ReplaceAllFunc(text, func(found []byte) []byte {
		if hedges++; hedges%2 == 1 {
			return found
		}
		halved++
		return []byte(",trading,PROP,")
	})
	if halved != 50_000 {
		b.Fatalf("%d of %d hedges were made trading; expected 50,000 of 100,000", halved, hedges)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.Fatal(err)
	}
}

// processorSeconds is what the process has used of all processors, 0 where that is
// not told.
func processorSeconds(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	if err := errors.Join(err, err2); err != nil {
		b.Fatal(err)
	}
	const ticksPerSecond = 100 // USER_HZ, the same on all of Linux's architectures but two old ones
	return (user + system) / ticksPerSecond
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func seconds(b *testing.B, do func() error) float64 {
	b.Helper()
	started := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(started).Seconds()
}

// bareCopy is what the engine needs alone: a typed read of the file, with the
// types of the contract, and a write.
func bareCopy(ctx context.Context, folder, dataSet string) (err error) {
	file := filepath.Join(folder, dataSet+"_2007-09-30.csv")
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	header := make([]byte, 4096)
	n, err := in.Read(header)
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(header[:n]), "\n")
	set, _ := position.Find(dataSet)
	var columns []string
	for _, name := range strings.Split(line, ",") {
		column, _ := set.Column(name)
		columns = append(columns, store.Literal(name)+": "+store.Literal(column.Type.SQL()))
	}
	db, err := store.Open(ctx, store.Settings{MemoryLimit: "1500MB", TemporaryFolder: folder})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.WriteParquet(ctx, fmt.Sprintf("select * from read_csv(%s, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', columns = {%s})",
		store.Literal(file), strings.Join(columns, ", ")), filepath.Join(folder, "bare.parquet"), nil)
}

// resetPeak and peak use the process's high-water mark, in MiB.
func resetPeak(b *testing.B) {
	b.Helper()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Logf("peak memory is since the start of the process: %v", err)
	}
}

var highWaterMark = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

func peak(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	match := highWaterMark.FindSubmatch(text)
	if err != nil || match == nil {
		b.Logf("peak memory is not known here: %v", err)
		return 0
	}
	kilobytes, err := strconv.ParseFloat(string(match[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kilobytes / 1024
}
