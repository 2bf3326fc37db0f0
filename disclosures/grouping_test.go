package disclosures

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"comment11/internal/store"
)

// TestFinestGroups holds that the groups of each source are the same rows, whether they
// are made of the finest groups or of the relation itself.
func TestFinestGroups(t *testing.T) {
	ctx := context.Background()
	db := emptyDatabase(t)
	scopes := []string{"group", "bank"}
	tables, err := ReadTables(Defaults{Unit: "millions", TwoWay: "sold"}, scopes, Embedded())
	if err != nil {
		t.Fatal(err)
	}
	p, err := compilePredicates(ctx, db, tables, scopes)
	if err != nil {
		t.Fatal(err)
	}
	seed := fromEnvironment(t, "COMMENT11_SEED", 1)
	drawGroups(ctx, t, db, p, tables, rand.New(rand.NewPCG(uint64(seed), 11)))
	made := 0
	for _, relation := range []string{"facts", "movements", "realized_facts"} {
		noted := relation + "_noted"
		if err := db.CreateTable(ctx, noted, "select r.*, case when random() < 0.5 then 'one: of two' else 'other' end as noted from "+relation+" as r"); err != nil {
			t.Fatal(err)
		}
		for _, direct := range []grouped{{relation: relation, from: relation}, {relation: relation, from: noted, noted: true}} {
			coded := direct
			if err := coded.addFinest(ctx, db, p, tables, scopes); err != nil {
				t.Fatal(err)
			}
			for _, source := range sortedKeys(p.used) {
				if relationOf(source) != relation {
					continue
				}
				dimensions := sortedKeys(p.used[source])
				measures := measuresUsed(relation, slices.DeleteFunc(slices.Clone(tables), func(t Table) bool { return p.source(t) != source }))
				for name, query := range map[string]string{"direct": direct.groups(dimensions, measures), "coded": coded.groups(dimensions, measures)} {
					if err := db.CreateTable(ctx, name, query); err != nil {
						t.Fatalf("%s, %s: %v", source, name, err)
					}
				}
				columns := append(slices.Concat(dimensions, measures), "identity") // EXCEPT goes by place
				for _, m := range marksOf(relation) {
					columns = append(columns, "mark_"+m.id)
				}
				if direct.noted {
					columns = append(columns, notedColumn)
				}
				rows, err := store.Query(ctx, db, fmt.Sprintf("select (select count(*) from direct), (select count(*) from (select %[1]s from direct except all select %[1]s from coded)), (select count(*) from (select %[1]s from coded except all select %[1]s from direct))",
					`"`+strings.Join(columns, `", "`)+`"`))
				if err != nil {
					t.Fatal(err)
				}
				if got := fmt.Sprint(rows.Rows[0][1:]); rows.Rows[0][0].(int64) == 0 || got != "[0 0]" {
					t.Errorf("%s, noted %v: %v rows, of one and not of the other %s", source, direct.noted, rows.Rows[0][0], got)
				}
				made++
			}
		}
	}
	if made < 8 {
		t.Errorf("%d sources compared, expected at least 8", made)
	}
}
