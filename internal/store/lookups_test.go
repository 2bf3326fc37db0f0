package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// TestLookUps holds that a condition written as a look-up means what it means as
// it was written, for every value and for none.
func TestLookUps(t *testing.T) {
	ctx := context.Background()
	db := expressionDatabase(t)
	term := Enum([]string{"cds_index", "it's", "other"})
	if err := db.Run(ctx, "create table words as select word as role, cast(try_cast(word as "+term+") as "+term+") as instrument "+
		"from (values ('cds_index'), ('other'), ('it''s'), ('unheard'), (''), (null)) as v(word)"); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"role = 'other'", "role <> 'other'", "role in ('other', 'it''s', '')", "role not in ('other')", "not (role = 'none of them')",
		"instrument = 'it''s'", "instrument <> 'other'", "instrument in ('cds_index', 'other')", "instrument not in ('cds_index', 'other')",
		"role = instrument", "role in ('other', null)", "'other' = role", "role in ('other', instrument)",
	} {
		var compiled [2]string
		for i, lookUp := range []bool{false, true} {
			texts, err := Compile(ctx, db, []Expression{{Text: text, File: "rules.yaml", Line: 1, Column: 1, Relation: "words", Want: Boolean, LookUp: lookUp}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			compiled[i] = texts[0]
		}
		table, err := Query(ctx, db, fmt.Sprintf("select role from words where %s is distinct from %s", compiled[0], compiled[1]))
		if err != nil || len(table.Rows) > 0 {
			t.Errorf("%s: %s and %s differ for %v, %v", text, compiled[0], compiled[1], table.Rows, err)
		}
	}
	_, err := Compile(ctx, db, []Expression{{Text: "instrument in ('other', 'cds_indx')", File: "rules.yaml", Line: 3, Column: 9, Relation: "words", Want: Boolean, LookUp: true}}, nil)
	if want := `"cds_indx" is no value of instrument; did you mean "cds_index"?`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v; expected %s", err, want)
	}
}

// TestLookup holds that a vocabulary gives its terms, and nothing for other words.
func TestLookup(t *testing.T) {
	ctx := context.Background()
	db := expressionDatabase(t)
	for _, test := range []struct {
		words map[string]string
		want  string
	}{
		{map[string]string{"b": "1", "it's": "2"}, "1 2 - -"},
		{nil, "- - - -"},
	} {
		got, err := Scalar[string](ctx, db, "select string_agg(coalesce(cast(value as varchar), '-'), ' ' order by number) from (select number, "+
			Lookup("word", test.words, "integer")+" as value from (values (1, 'b'), (2, 'it''s'), (3, 'c'), (4, null)) as v(number, word))")
		if err != nil || got != test.want {
			t.Errorf("%v: %q, %v; expected %q", test.words, got, err, test.want)
		}
	}
}

func TestShared(t *testing.T) {
	for _, test := range []struct {
		limit            string
		threads, readers int
		each             string
	}{
		{"1500MB", 2, 2, "750000KB"}, {"1500MB", 32, 6, "250000KB"}, {"100MB", 4, 1, "100000KB"}, {"2GiB", 4, 4, "536870KB"}, {"", 4, 4, ""},
	} {
		each, readers := Settings{MemoryLimit: test.limit}.Shared(test.threads)
		if readers != test.readers || each.MemoryLimit != test.each || each.Threads != 1 {
			t.Errorf("%s over %d threads: %d databases of %s; expected %d of %s", test.limit, test.threads, readers, each.MemoryLimit, test.readers, test.each)
		}
	}
}
