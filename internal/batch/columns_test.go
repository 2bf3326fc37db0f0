package batch

import (
	"path/filepath"
	"testing"

	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/transform"
)

// TestFactsOfEarlierRelease holds that facts are read of a file that was written before
// they had all their columns, as diff and plan read those of both releases.
func TestFactsOfEarlierRelease(t *testing.T) {
	ctx := t.Context()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	contract := position.Facts([]string{"group"})
	file := filepath.Join(t.TempDir(), "facts.parquet")
	if err := db.Run(ctx, contract.CreateTable("facts_of_today"), "insert into facts_of_today (position_id, slice, origin, fair_value) values ('P', 0, 'position', 5.00)",
		"copy (select *, cast(0 as decimal(18, 2)) as notional_before from (select * exclude (fair_value_before, last_date, book) from facts_of_today)) to "+store.Literal(file)+" (format parquet)"); err != nil {
		t.Fatal(err)
	}
	stored, err := columnsOf(ctx, db, store.PlainParquet(file))
	if err != nil {
		t.Fatal(err)
	}
	query, err := transform.FactsQuery([]transform.Scope{{Name: "group"}}, "(select *, null as as_of_date, null as release from "+store.PlainParquet(file)+")", stored)
	if err != nil {
		t.Fatal(err)
	}
	found, err := store.Query(ctx, db, "select fair_value_receivable = 5, is_contract, book is null from ("+query+")")
	if err != nil || len(found.Rows) != 1 || found.Rows[0][0] != true || found.Rows[0][1] != true || found.Rows[0][2] != true {
		t.Errorf("facts of an earlier release: %v %v", found.Rows, err)
	}
}
