package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"comment11/internal/store"
)

// TestParts draws books with faults of every kind; read whole or in parts they
// must give the same records, numbers and reasons.
func TestParts(t *testing.T) {
	books := rapid.Custom(drawBook)
	for seed := range 20 {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "positions.csv"), []byte(books.Example(seed)), 0o600); err != nil {
			t.Fatal(err)
		}
		whole, parts := readBook(t, folder, 1, 0), readBook(t, folder, 2+seed%3, int64(1+seed%6))
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Fatalf("book of seed %d: in parts it is another (- whole, + in parts):\n%s", seed, diff)
		}
	}
}

func drawBook(t *rapid.T) string {
	var b strings.Builder
	b.WriteString("position_id,product,role,currency,notional,maturity_date,fair_value\n")
	line := rapid.SampledFrom([]string{
		"P%d,SNCDS,buyer,USD,100.00,2010-12-20,1.00\n", "P%d,SNCDS,seller,EUR,5.00,2010-12-20,\n", "P%d,\"a,\"\"b\nc\",buyer,USD,1.00,2010-12-20,1.00\n",
		"P%d,SNCDS,buyer,USD\n", "P%d,SNCDS,buyer,USD,1.00,2010-12-20,1.00,,\n", "P%d,\xFF,buyer,USD,1.00,2010-12-20,1.00\n", "P%d,\"x\"y,buyer,USD,1.00,2010-12-20,1.00\n",
		"P%d,SNCDS,nobody,USD,1.00,2010-12-20,1.00\n", "P%d,SNCDS,buyer,USD,1.005,2010-12-20,1.00\n", "P%d,SNCDS,buyer,USD,1.00,2001-12-20,1.00\n", "\n", "P0,SNCDS,buyer,USD,7.00,2010-12-20,1.00\n",
	})
	for i := range rapid.IntRange(1, 40).Draw(t, "lines") {
		text := line.Draw(t, "line")
		if strings.Contains(text, "%d") {
			text = fmt.Sprintf(text, i)
		}
		b.WriteString(text)
	}
	return b.String()
}

// readBook reads the book and gives its relations as texts.
func readBook(t *testing.T, folder string, readers int, smallestPart int64) map[string][][]any {
	ctx := context.Background()
	output := t.TempDir()
	settings := store.Settings{Threads: 1, MemoryLimit: "500MB"}
	db, err := store.Open(ctx, settings)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	in := Input{AsOf: time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC), Release: "r", Root: folder, Output: output, Scratch: output,
		Sources: []Source{{Name: "positions", DataSet: "positions", Files: "positions.csv", Format: "csv", Delimiter: ',', Quote: '"', SameNames: true, AllowEmpty: true}},
		Readers: readers, SmallestPart: smallestPart, OpenReader: func(ctx context.Context) (*store.DB, error) { return store.Open(ctx, settings) }}
	files, err := Scan(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := Read(ctx, db, in, files); err != nil {
		t.Fatal(err)
	}
	relations := map[string][][]any{"counts": {{files[0].Records, files[0].Taken, files[0].Excluded, files[0].Rejected}}}
	for _, name := range []string{"positions_records", "rejects", "exclusions", "conflicts", "unreadable_values"} {
		table, err := store.Query(ctx, db, "select columns(*)::varchar from "+name+" order by all")
		if err != nil {
			t.Fatal(err)
		}
		relations[name] = table.Rows
	}
	return relations
}

// TestChangedWhileRead holds that a file that grows after it was scanned is refused,
// and so is one that is gone.
func TestChangedWhileRead(t *testing.T) {
	ctx := context.Background()
	const book = "position_id,product,role,currency,notional,maturity_date\nP1,SNCDS,buyer,USD,100.00,2010-12-20\n"
	for name, change := range map[string]func(path string) error{
		"changed while it was read: 94 bytes": func(path string) error { return os.WriteFile(path, []byte(book+"P2,SNCDS"), 0o600) },
		"no such file":                        os.Remove,
	} {
		folder := t.TempDir()
		path := filepath.Join(folder, "positions.csv")
		if err := os.WriteFile(path, []byte(book), 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := store.Open(ctx, store.Settings{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		in := Input{AsOf: time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC), Release: "r", Root: folder, Output: t.TempDir(), Scratch: t.TempDir(), Readers: 1,
			Sources: []Source{{Name: "positions", DataSet: "positions", Files: "positions.csv", Format: "csv", Delimiter: ',', Quote: '"', SameNames: true}}}
		files, err := Scan(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		err = Read(ctx, db, in, files)
		var refused *FileError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), name) {
			t.Errorf("%v; expected %q", err, name)
		}
	}
}

// TestFeed holds that a part is fed to its end, and that a reader who stops early
// or never comes leaves no writer behind.
func TestFeed(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "book.csv")
	text := "a,b\n" + strings.Repeat("1,2\n", 1_000_000)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file := &File{path: path, body: 4, textBytes: int64(len(text)), unsound: []span{{8, 4}, {int64(len(text)) - 4, 4}}}
	for name, read := range map[string]func(string) (int, error){
		"to its end": func(pipe string) (int, error) {
			got, err := os.ReadFile(pipe)
			return len(got), err
		},
		"some of it": func(pipe string) (int, error) {
			in, err := os.Open(pipe)
			if err != nil {
				return 0, err
			}
			defer in.Close()
			return in.Read(make([]byte, 100))
		},
		"not at all": func(string) (int, error) { return 0, nil },
	} {
		pipe, end, err := part{file: file, number: 1, from: 4, to: int64(len(text))}.feed(folder)
		if err != nil {
			t.Fatal(err)
		}
		n, err := read(pipe)
		if err != nil {
			t.Fatal(name, err)
		}
		err = end()
		if whole := n == len(text)-8; whole != (name == "to its end") || whole != (err == nil) || (err != nil && !errors.Is(err, syscall.EPIPE)) {
			t.Errorf("%s: %d bytes of %d, %v", name, n, len(text)-8, err)
		}
		if _, err := os.Stat(pipe); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the pipe is left behind: %v", name, err)
		}
	}
}
