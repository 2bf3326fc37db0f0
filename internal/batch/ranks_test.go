package batch

import (
	"context"
	"strings"
	"testing"

	"comment11/internal/position"
	"comment11/internal/store"
)

// TestRanksAgain holds that an amount, a place and a row of ranks that are not those of
// the facts are found, though all cells are sums of the ranks.
func TestRanksAgain(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Run(ctx, position.Facts([]string{"group"}).CreateTable("facts"),
		"insert into facts (position_id, direction, reference_entity_id, notional, net_notional, net_fair_value, funded, scope_group) select 'P' || i, if(i % 2 = 0, 'bought', 'sold'), if(i % 13 > 0, 'R' || i % 13, null), i, i, -i, false, 'external' from range(100) as r(i)",
		`create table honest as
with ranked as (select reference_entity_id, row_number() over (order by sum(notional) desc, reference_entity_id) as place from facts where reference_entity_id is not null group by 1)
select if(place <= 10, place::varchar, 'others') as place, if(place <= 10, reference_entity_id, null) as name, direction, sum(notional) as notional, sum(net_notional) as net_notional, sum(net_fair_value) as net_fair_value, 'external' as scope_group
from facts join ranked using (reference_entity_id) group by all`); err != nil {
		t.Fatal(err)
	}
	m := store.Manifest{Relations: []store.Relation{{Name: "facts"}, {Name: "reference_ranks", Columns: []string{"place VARCHAR", "scope_group VARCHAR"}}}}
	for name, test := range map[string]struct{ ranks, want string }{
		"as the facts are":       {"from honest", ""},
		"another amount":         {"select * replace (notional + case when place = '3' and direction = 'sold' then 1 else 0 end as notional) from honest", "place 3, sold, of reference_ranks in scope group has ["},
		"amounts change places":  {"select * replace (case place when '1' then '2' when '2' then '1' else place end as place) from honest", "place 1, bought, of reference_ranks"},
		"a row is left out":      {"from honest where place <> 'others' or direction <> 'bought'", "place others, bought, of reference_ranks in scope group has <nil>, its facts come to ["},
		"a row that no fact has": {"from honest union all select '11', 'X', 'sold', 1, 1, 1, 'external'", "place 11, sold, of reference_ranks in scope group has [1.00, 1.00, 1.00], its facts come to <nil>"},
	} {
		if err := db.CreateView(ctx, "reference_ranks", test.ranks); err != nil {
			t.Fatal(err)
		}
		faults, err := ranks(ctx, db, m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := strings.Join(faults, "\n"); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, expected %q", name, got, test.want)
		}
	}
}
