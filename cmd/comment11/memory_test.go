package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"comment11/internal/sample"
)

// readAlone names the environment variables by which a process of its own is asked
// to read one file, and nothing else.
const readAlonePath, readAloneFormat = "COMMENT11_TEST_PATH", "COMMENT11_TEST_FORMAT"

// TestReadAlone is what the processes of BenchmarkMemory do.
func TestReadAlone(t *testing.T) {
	path := os.Getenv(readAlonePath)
	if path == "" {
		t.Skip("a part of BenchmarkMemory")
	}
	if err := readDelivery(t, path, os.Getenv(readAloneFormat)); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkMemory shows the peak memory of a process that scans and reads one file
// of each format, and of one with ten times the records.
func BenchmarkMemory(b *testing.B) {
	for _, d := range deliveries {
		b.Run(strings.ReplaceAll(d.name, " ", "-"), func(b *testing.B) {
			peaksOf(b, d.format, 100_000, func(path string, records int) {
				folder := b.TempDir()
				if err := sample.Write(context.Background(), sample.Book{Folder: folder, Positions: records, Dates: []time.Time{dueDate}, Seed: 11}); err != nil {
					b.Fatal(err)
				}
				from := filepath.Join(folder, "positions_2007-09-30.csv")
				if d.format != "csv" {
					convert(b, "positions", from, path, d.name)
				} else if err := os.Rename(from, path); err != nil {
					b.Fatal(err)
				}
				if err := os.RemoveAll(folder); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
	for _, d := range []struct {
		format, sample, before string // what stands before the identifiers of trades or holdings
		documents              int
	}{
		{"fpml", "fpml/positions.xml", `trade">`, 5_000},
		{"nport", "nport/positions.xml", `"Internal Identifier" value="`, 1_000},
	} {
		b.Run(d.format, func(b *testing.B) {
			text, err := os.ReadFile(filepath.Join("../../ingest/testdata/formats", d.sample))
			if err != nil || !strings.Contains(string(text), d.before) {
				b.Fatalf("%s: no %q (%v)", d.sample, d.before, err)
			}
			peaksOf(b, d.format, d.documents, func(path string, documents int) {
				out, err := os.Create(path)
				if err != nil {
					b.Fatal(err)
				}
				defer out.Close()
				buffered := bufio.NewWriter(out)
				for i := range documents {
					fmt.Fprintln(buffered, strings.ReplaceAll(string(text), d.before, fmt.Sprintf("%s%d-", d.before, i)))
				}
				if err := buffered.Flush(); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// peaksOf reports the peaks of so many records, and of ten times as many.
func peaksOf(b *testing.B, format string, records int, write func(path string, records int)) {
	b.Helper()
	folder := b.TempDir()
	paths := []string{filepath.Join(folder, "few"), filepath.Join(folder, "many")}
	write(paths[0], records)
	write(paths[1], 10*records)
	var peaks [2][]float64
	for b.Loop() {
		for i, path := range paths {
			child := exec.Command(os.Args[0], "-test.run", "^TestReadAlone$", "-test.timeout", "30m")
			child.Env = append(os.Environ(), readAlonePath+"="+path, readAloneFormat+"="+format)
			if said, err := child.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, said)
			}
			peaks[i] = append(peaks[i], float64(child.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024)
		}
	}
	b.ReportMetric(median(peaks[0]), "MiB")
	b.ReportMetric(median(peaks[1]), "MiB-of-tenfold")
}
