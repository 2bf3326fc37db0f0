package disclosures

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"comment11/internal/store"
)

// TestFinestGroups holds that the groups of each source are the same rows, whether they
// are made of the finest groups or of the relation itself.
func TestFinestGroups(t *testing.T) {
	ctx := context.Background()
	db := emptyDatabase(t)
	scopes := []string{"group", "bank"}
	own := fstest.MapFS{} // of columns that no other table names, and of names that are nearly alike
	for id, column := range map[string]string{"by-terms": "credit_event_set", "by_terms": "definitions"} {
		own[id+".yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, "id: %s\ntitle: Terms\nclauses: [\"11(d)\"]\nblocks:\n  - id: b\n    title: B\n    rows:\n      - {id: stated, label: Stated, where: \"%s not in ('not_stated', 'unclassified')\"}\n      - {id: not, label: Not, where: \"%[2]s in ('not_stated', 'unclassified')\"}\n    columns:\n      - {id: m, label: M, measure: notional}\n", id, column)}
	}
	tables, err := ReadTables(Defaults{Unit: "millions", TwoWay: "sold"}, scopes, Embedded(), own)
	if err != nil {
		t.Fatal(err)
	}
	p, err := compilePredicates(ctx, db, tables, scopes)
	if err != nil {
		t.Fatal(err)
	}
	seed := fromEnvironment(t, "COMMENT11_SEED", 1)
	drawGroups(ctx, t, db, p, tables, rand.New(rand.NewPCG(uint64(seed), 11)), rand.New(rand.NewPCG(uint64(seed), 12)))
	made := 0
	for _, relation := range []string{"facts", "movements", "realized_facts"} {
		if err := db.CreateTable(ctx, relation, "select *, case when random() < 0.3 then 'one: of two' when random() < 0.5 then 'other' end as note from "+relation); err != nil {
			t.Fatal(err)
		}
		if err := db.CreateTable(ctx, "further", "select * exclude (note), 'further' as noted from "+relation+" using sample 10 rows"); err != nil {
			t.Fatal(err)
		}
		direct := grouped{relation: relation, noted: Noted{Note: "note", Further: "further"}}
		coded := direct
		sources := slices.DeleteFunc(slices.Sorted(maps.Keys(p.used)), func(source string) bool { return relationOf(source) != relation })
		if err := coded.addFinest(ctx, db, p, sources, tables, scopes); err != nil {
			t.Fatal(err)
		}
		for _, source := range sources {
			for _, noted := range []bool{false, true} {
				dimensions := slices.Sorted(maps.Keys(p.used[source]))
				measures := measuresUsed(relation, slices.DeleteFunc(slices.Clone(tables), func(t Table) bool { return p.source(t) != source }))
				for name, query := range map[string]string{"direct": direct.groups(source, dimensions, measures, noted), "coded": coded.groups(source, dimensions, measures, noted)} {
					if err := db.CreateTable(ctx, name, query); err != nil {
						t.Fatalf("%s, %s: %v", source, name, err)
					}
				}
				columns := slices.Concat(dimensions, measures) // EXCEPT goes by place
				if coded.finest[source] == nil || coded.finest[source].rows {
					columns = append(columns, "identity")
				} else if same, err := store.Scalar[int64](ctx, db, "select count(*) - count(distinct identity) from coded"); err != nil || (same != 0 && !noted) {
					t.Errorf("%s: %d groups are told to be others: %v", source, same, err)
				}
				for _, m := range marksOf(relation) {
					columns = append(columns, "mark_"+m.id)
				}
				if noted {
					columns = append(columns, notedColumn)
				}
				rows, err := store.Query(ctx, db, fmt.Sprintf("select (select count(*) from direct), (select count(*) from (select %[1]s from direct except all select %[1]s from coded)), (select count(*) from (select %[1]s from coded except all select %[1]s from direct))",
					`"`+strings.Join(columns, `", "`)+`"`))
				if err != nil {
					t.Fatal(err)
				}
				if got := fmt.Sprint(rows.Rows[0][1:]); rows.Rows[0][0].(int64) == 0 || got != "[0 0]" {
					t.Errorf("%s, noted %v: %v rows, of one and not of the other %s", source, noted, rows.Rows[0][0], got)
				}
				made++
			}
		}
	}
	if made < 16 {
		t.Errorf("%d sources compared, expected at least 16", made)
	}
}
