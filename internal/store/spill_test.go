package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Databases with the same settings, which work at the same time, spill apart: the
// engine names its files alike in all of them.
func TestDatabasesSpillApart(t *testing.T) {
	settings := Settings{Threads: 1, MemoryLimit: "60MB", TemporaryFolder: filepath.Join(t.TempDir(), "temporary")}
	const rows = 2_000_000
	var wait sync.WaitGroup
	for number := range 3 {
		wait.Go(func() {
			db, err := Open(context.Background(), settings)
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close()
			query := fmt.Sprintf("create table sorted as select i, 'database %d, row ' || i as text from range(%d) as r(i) order by hash(i)", number, rows)
			if err := db.Run(context.Background(), query); err != nil {
				t.Error(err)
				return
			}
			own, err := Scalar[int64](context.Background(), db, fmt.Sprintf("select count(*) from sorted where text = 'database %d, row ' || i", number))
			if err != nil || own != rows {
				t.Errorf("database %d: %d of %d rows are its own, error %v", number, own, rows, err)
			}
		})
	}
	wait.Wait()
}

// A database that has spilled opens further connections.
func TestConnectionAfterSpilling(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, Settings{Threads: 1, MemoryLimit: "60MB", TemporaryFolder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Run(ctx, "create table sorted as select 'row ' || i as text from range(2000000) as r(i) order by hash(i)"); err != nil {
		t.Fatal(err)
	}
	spilled, err := Scalar[int64](ctx, db, "select count(*) from duckdb_temporary_files()")
	if err != nil || spilled == 0 {
		t.Fatalf("%d files were spilled, expected some; error %v", spilled, err)
	}
	for range 3 {
		connection, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
	}
}

// A database without a folder spills nowhere, not below where the process runs.
func TestNowhereToSpill(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx := context.Background()
	db, err := Open(ctx, Settings{Threads: 1, MemoryLimit: "60MB"})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Run(ctx, "create table sorted as select 'row ' || i as text from range(2000000) as r(i) order by hash(i)")
	if lack := (*shortageError)(nil); !errors.As(err, &lack) {
		t.Errorf("got %v, expected a shortage", err)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("%v stands where the process runs, error %v", left, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
