package transform

import (
	"context"
	"slices"
	"testing"
	"time"

	"comment11/internal/position"
	"comment11/internal/store"
)

// TestDerivedFieldsAreToldFromWhere holds that every column which rules may name, and
// which is no column of a position, says where it comes from.
func TestDerivedFieldsAreToldFromWhere(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, set := range position.DataSets {
		if err := db.Run(ctx, set.CreateTable(set.Name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Prepare(ctx, db, Input{AsOf: time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC), Scopes: []Scope{{Name: "group", All: true}}}); err != nil {
		t.Fatal(err)
	}
	positions, _ := position.Find("positions")
	table, err := store.Query(ctx, db, "describe joined_with_instrument")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range table.Rows {
		names = append(names, row[0].(string))
	}
	for _, name := range names {
		_, told := derivedFields[name]
		if _, own := positions.Column(name); !own && !told {
			t.Errorf("derivedFields does not say where %s comes from", name)
		}
	}
	for name, derived := range derivedFields {
		if !slices.Contains(names, name) {
			t.Errorf("derivedFields has %s, which is no column that rules may name", name)
		}
		for _, column := range derived.from {
			if _, own := positions.Column(column); !own {
				t.Errorf("%s is found by %s, which is no column of a position", name, column)
			}
		}
	}
}
