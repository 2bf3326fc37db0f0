package batch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"comment11/configs"
	"comment11/internal/store"
	"comment11/internal/testkit"
)

// TestMadeAgain holds that verify finds a row of a relation that its facts, records and
// maps do not give, and no fault where nothing was changed.
func TestMadeAgain(t *testing.T) {
	ctx := context.Background()
	folder := t.TempDir()
	testkit.CopyBook(t, folder, "../../testdata/cases/ledger")
	config, err := configs.Load(filepath.Join(folder, "comment11.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.RealDisk.Remove(config.Warehouse) })
	outcome, err := Run(ctx, config, Options{AsOf: time.Date(2014, 12, 31, 0, 0, 0, 0, time.UTC), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	m, w := outcome.Manifest, Warehouse(config)
	check := func(what, want string) {
		t.Helper()
		db, done, err := reading(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		defer done()
		if err := releaseViews(ctx, db, w, m, ""); err != nil {
			t.Fatal(err)
		}
		faults, err := madeAgain(ctx, db, config, m)
		if got := strings.Join(faults, "\n"); err != nil || got != want {
			t.Errorf("%s: %q %v, expected %q", what, got, err, want)
		}
	}
	check("nothing was changed", "")
	for name, change := range map[string]string{
		"balance_sheet_bridge":    "difference = difference + 1",
		"counterparty_ranks":      "name = 'Somebody Else'",
		"downgraded_netting_sets": "residual = coalesce(residual, 0) + 1",
	} {
		path := w.Files(m, name)[0]
		honest, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, open := range []string{filepath.Dir(path), path} {
			if err := os.Chmod(open, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		db, done, err := reading(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.CreateTable(ctx, "doctored", fmt.Sprintf("from read_parquet(%s, hive_partitioning = false)", store.Literal(path))); err != nil {
			t.Fatal(err)
		}
		if err := db.Run(ctx, "update doctored set "+change+" where rowid = (select max(rowid) from doctored)"); err != nil {
			t.Fatal(err)
		}
		if err := db.WriteParquet(ctx, "from doctored", path, nil); err != nil {
			t.Fatal(err)
		}
		done()
		check(name, "2 rows of relation "+name+", or rows that it lacks, are not what its facts, records and maps give")
		if err := os.WriteFile(path, honest, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check("all is as it was", "")
	other := m
	other.Configuration = slices.Clone(m.Configuration)
	i := slices.IndexFunc(other.Configuration, func(h store.FileHash) bool { return h.Name == "sql/balance_sheet_bridge.sql" })
	other.Configuration[i].SHA256 = "of another program"
	for of, want := range map[*store.Manifest]bool{&m: true, &other: false} {
		if same, err := sameQueries(config, *of); err != nil || same != want {
			t.Errorf("by the same queries: %v %v, expected %v", same, err, want)
		}
	}
}
