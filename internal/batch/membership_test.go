package batch

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"comment11/internal/store"
)

func TestConjuncts(t *testing.T) {
	for predicate, want := range map[string][]string{
		"true": {"true"},
		`scope_group = 'external' and (not "funded") and ("direction" = 'bought')`: {"scope_group = 'external'", `(not "funded")`, `("direction" = 'bought')`},
		"a = ' and ' and (b = 1 and c = 2) and d":                                  {"a = ' and '", "(b = 1 and c = 2)", "d"},
		"a = 'it''s and (' and b":                                                  {"a = 'it''s and ('", "b"},
		`"x and y" and z`:                                                          {`"x and y"`, "z"},
		"a and b or c":                                                             {"a and b or c"},
		"a and (b or c)":                                                           {"a", "(b or c)"},
		"a OR b and c":                                                             {"a OR b and c"},
		"a\nAND b and c":                                                           {"a", "b", "c"},
		"d between 1 and 2 and b":                                                  {"d between 1 and 2 and b"},
	} {
		if got := conjuncts(predicate); !slices.Equal(got, want) {
			t.Errorf("%s: %q, expected %q", predicate, got, want)
		}
	}
}

// TestMemberships holds what is put together of terms against the engine's own answer.
func TestMemberships(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.CreateTable(ctx, "r", "select i % 7 as a, case when i % 5 > 0 then i % 5 end as b, 'it''s and ' || (i % 3) as c from range(210) as t(i)"); err != nil {
		t.Fatal(err)
	}
	var predicates []string
	for i := range 120 {
		predicates = append(predicates, fmt.Sprintf("a > %d and (b = %d or c = 'it''s and %d') and not (a = 6)", i%6, i%5, i%4))
	}
	predicates = append(predicates, "a = 1 or b = 2 and c <> ''", "b is null", "true")
	members, err := memberships(ctx, db, "r", predicates)
	if err != nil || len(members) != 210 {
		t.Fatalf("%d rows, %v", len(members), err)
	}
	for i, p := range predicates {
		want, err := store.Scalar[int64](ctx, db, "select count(*) from r where "+p)
		if err != nil {
			t.Fatal(err)
		}
		got := int64(0)
		for _, m := range members {
			if slices.Contains(m, i) {
				got++
			}
		}
		if got != want {
			t.Errorf("%s: %d rows, expected %d", p, got, want)
		}
	}
}
