package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnreadableIsNotEmpty holds that folders of a warehouse that cannot be read are
// errors. A link to itself cannot be read by root either.
func TestUnreadableIsNotEmpty(t *testing.T) {
	for _, folder := range []string{"releases", "releases/as_of_date=2007-09-30", "releases/as_of_date=2007-09-30/release=20070930-001", "runs", "packets"} {
		t.Run(folder, func(t *testing.T) {
			w := Warehouse{Root: t.TempDir(), Disk: RealDisk}
			path := filepath.Join(w.Root, folder)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(filepath.Base(path), path)); err != nil {
				t.Fatal(err)
			}
			_, manifests := w.Manifests()
			_, runs := w.Runs()
			_, packets := w.Packets()
			if err := errors.Join(manifests, runs, packets); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("what cannot be read passes for absent: %v", err)
			}
		})
	}
	w := Warehouse{Root: filepath.Join(t.TempDir(), "none")}
	manifests, err := w.Manifests()
	if _, packets := w.Packets(); err != nil || packets != nil || manifests != nil {
		t.Error(manifests, err, packets)
	}
}

// TestContentHash holds that the hash of a relation does not depend on the
// order of its rows nor on the release's name, and on everything else.
func TestContentHash(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, Settings{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	describe := func(queries ...string) Relation {
		t.Helper()
		folder := t.TempDir()
		var paths []string
		for i, query := range queries {
			paths = append(paths, filepath.Join(folder, string(rune('a'+i))+".parquet"))
			if err := db.WriteParquet(ctx, query, paths[i], nil); err != nil {
				t.Fatal(err)
			}
		}
		relation, err := db.DescribeRelation(ctx, "r", paths)
		if err != nil {
			t.Fatal(err)
		}
		return relation
	}
	const rows = "select 'p' || i as id, cast(i as decimal(18, 2)) as notional, cast(null as date) as day, 'r1' as release from range(1000) as t(i)"
	first := describe(rows)
	if first.Rows != 1000 {
		t.Error(first)
	}
	for name, same := range map[string][]string{
		"another order":   {rows + " order by i desc"},
		"another release": {"select * replace ('r2' as release) from (" + rows + ")"},
		"two files":       {rows + " limit 300", rows + " offset 300"},
	} {
		if got := describe(same...); got.ContentHash != first.ContentHash || got.Rows != first.Rows {
			t.Errorf("%s: %+v, first %+v", name, got, first)
		}
	}
	for name, other := range map[string]string{
		"a cent":           "select * replace (case when id = 'p7' then notional + 0.01 else notional end as notional) from (" + rows + ")",
		"two that swapped": "select * replace (case id when 'p7' then cast(8 as decimal(18, 2)) when 'p8' then cast(7 as decimal(18, 2)) else notional end as notional) from (" + rows + ")",
		"a null":           "select * replace (case when id = 'p7' then date '2007-09-30' end as day) from (" + rows + ")",
		"a row twice":      rows + " union all (" + rows + " limit 1)",
	} {
		if got := describe(other); got.ContentHash == first.ContentHash {
			t.Errorf("%s does not change the hash", name)
		}
	}
}
