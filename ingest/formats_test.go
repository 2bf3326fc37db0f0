package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"comment11/configs"
	"comment11/internal/store"
	"comment11/internal/testkit"
)

// TestFormats holds every format to what all of them promise. A new one is picked
// up by its name: it needs the folder testdata/formats/<name> with one small file
// <data set>.<extension>, and -update writes want.txt beside it.
func TestFormats(t *testing.T) {
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			samples, err := filepath.Glob(filepath.Join("testdata/formats", f.name, "*.*"))
			samples = slices.DeleteFunc(samples, func(path string) bool { return filepath.Base(path) == "want.txt" })
			if err != nil || len(samples) != 1 {
				t.Fatalf("testdata/formats/%s: %q; expected one sample, named by its data set (%v)", f.name, samples, err)
			}
			sample := mustAbs(t, samples[0])
			dataSet, _, _ := strings.Cut(filepath.Base(sample), ".")
			source := Source{Name: "sample", DataSet: dataSet, Files: sample, Format: f.name, SameNames: true, Quote: '"', Delimiter: ',', Parties: []string{"Alder Bank"}}
			if f.name == "tsv" {
				source.Delimiter = '\t'
			}
			text, err := os.ReadFile(sample)
			if err != nil {
				t.Fatal(err)
			}
			scannedOnce(t, f, source, sample, text)
			refusesWhatIsBroken(t, f, source, text)
			configured(t, f, dataSet)

			db, files := readSource(t, source)
			got := showRecords(t, db, dataSet, "* exclude (source_file)")
			testkit.Golden(t, filepath.Join("testdata/formats", f.name, "want.txt"), got)
			for _, ending := range []string{".gz", ".zst"} {
				source.Files = writeFile(t, filepath.Base(sample)+ending, compressed(t, ending, text))
				db, again := readSource(t, source)
				compressedRecords := strings.ReplaceAll(string(showRecords(t, db, dataSet, "* exclude (source_file)")), ending+" |", " |")
				if diff := cmp.Diff(string(got), compressedRecords); diff != "" {
					t.Errorf("as %s, the file has other records (-plain +compressed)\n%s", ending, diff)
				}
				if files[0].Records != again[0].Records {
					t.Errorf("%d records, as %s %d", files[0].Records, ending, again[0].Records)
				}
			}
		})
	}
}

// scannedOnce: the scan tells hash, size and header truly, and the relation has
// the header's columns, all of them text.
func scannedOnce(t *testing.T, f format, source Source, path string, text []byte) {
	t.Helper()
	found, err := f.scan(Input{}, source, path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	if found.sha256 != hex.EncodeToString(sum[:]) || found.bytes != int64(len(text)) || found.records == 0 {
		t.Errorf("scanned %+v, of a file of %d bytes with SHA-256 %x", found, len(text), sum)
	}
	header, err := f.header(source, path)
	if err != nil || !slices.Equal(header, found.header) {
		t.Errorf("header %q, scanned %q (%v)", header, found.header, err)
	}
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	day := time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC)
	in := Input{Sources: []Source{source}, AsOf: day, Scratch: t.TempDir(), Output: t.TempDir()}
	file := File{Source: source.Name, DataSet: source.DataSet, Name: filepath.Base(path), path: path, header: found.header,
		unsound: found.unsound, head: found.head, body: found.body, textBytes: found.textBytes, compressed: isCompressed(path)}
	if f.prepare != nil {
		if err := f.prepare(ctx, db, in, source, []*File{&file}); err != nil {
			t.Fatal(err)
		}
	}
	from, end, err := f.relation(in, source, part{file: &file, number: 1, records: found.records - int64(len(found.faults)), from: file.body, to: file.textBytes, whole: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	}()
	table, err := store.Query(ctx, db, "select * from "+from)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(table.Columns, found.header) {
		t.Errorf("columns %q, expected the header %q", table.Columns, found.header)
	}
	if i := slices.IndexFunc(table.Types, func(name string) bool { return name != "VARCHAR" }); i >= 0 {
		t.Errorf("column %s is %s, expected text", table.Columns[i], table.Types[i])
	}
	if got, want := int64(len(table.Rows)), found.records+file.Records-int64(len(found.faults)); got != want {
		t.Errorf("%d rows, %d sound records scanned", got, want)
	}
}

// refusesWhatIsBroken: an empty file and one that breaks off are refused as a whole.
func refusesWhatIsBroken(t *testing.T, f format, source Source, text []byte) {
	t.Helper()
	var refused *refusal
	if _, err := f.scan(Input{}, source, writeFile(t, "empty", nil)); !errors.As(err, &refused) || refused.reason != emptyFile {
		t.Errorf("an empty file: %v; expected it to be refused as %s", err, emptyFile)
	}
	for _, ending := range []string{".gz", ".zst"} {
		whole := compressed(t, ending, text)
		if _, err := f.scan(Input{}, source, writeFile(t, "damaged"+ending, whole[:len(whole)/2])); !errors.As(err, &refused) {
			t.Errorf("a file compressed as %s that breaks off: %v; expected it to be refused", ending, err)
		}
	}
	if _, err := f.scan(Input{}, source, filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// configured: a config can name the format.
func configured(t *testing.T, f format, dataSet string) {
	t.Helper()
	text := fmt.Sprintf("sources:\n  - {name: sample, data_set: %s, files: sample, format: %s}\n", dataSet, f.name)
	if dataSet != "positions" {
		text += "  - {name: positions, data_set: positions, files: positions.csv}\n"
	}
	_, err := configs.Load(writeFile(t, "comment11.yaml", []byte(text)), nil)
	if err != nil && !strings.Contains(err.Error(), "needs parties") {
		t.Errorf("a config with the format: %v; does the list in configs/lists.go have it?", err)
	}
}

func writeFile(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func compressed(t testing.TB, ending string, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if ending == ".zst" {
		var err error
		if w, err = zstd.NewWriter(&b); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.Write(text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
