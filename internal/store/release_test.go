package store

import (
	"context"
	"path/filepath"
	"testing"
)

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
