package disclosures

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"comment11/internal/position"
	"comment11/internal/store"
)

// TestCodeOfWords reads the words of a fact, also where there is none, back from their
// code, of a few scopes and of more than one number has room for.
func TestCodeOfWords(t *testing.T) {
	ctx := context.Background()
	db := emptyDatabase(t)
	for _, scopes := range [][]string{{"group", "bank"}, strings.Fields("group bank a b c d e f g h i j k l m n o p q r s t u v w x y z")} {
		p := parameters{scopes: scopes}
		others := ""
		for _, scope := range scopes[2:] {
			others += ", 'internal' as scope_" + scope
		}
		read, err := store.Query(ctx, db, "select columns(['counterparty_type', 'direction', 'scope_group', 'scope_bank']) from (select "+p.Words("code", "counterparty_type", "direction")+" from (select "+p.Code("counterparty_type", "direction")+` as code
from (select *`+others+` from (values ('unclassified', 'two_way', 'external', 'out_of_scope'), ('bank', null, 'internal', null)) as v(counterparty_type, direction, scope_group, scope_bank)) group by code)) order by all`)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(read.Rows), "[[bank <nil> internal <nil>] [unclassified two_way external out_of_scope]]"; got != want {
			t.Errorf("%d scopes: the words are %s, want %s", len(scopes), got, want)
		}
	}
}

// TestFairValueOfChangedCurrency moves the opening fair value of a trade that became
// protection sold and is in another currency since, which is two rows of
// moved_positions, and tells what the rate made of it.
func TestFairValueOfChangedCurrency(t *testing.T) {
	ctx := context.Background()
	db := emptyDatabase(t)
	facts := position.Facts([]string{"group"})
	positions, _ := position.Find("positions")
	fact := "(source_system, position_id, slice, origin, direction, instrument, funded, scope_group, net_fair_value) values ('S', 'P', 0, 'position', '%s', 'cds_index', false, 'external', %s)"
	if err := db.Run(ctx, facts.CreateTable("facts"), facts.CreateTable("opening_facts"), positions.CreateTable("opening_positions"),
		"insert into facts "+fmt.Sprintf(fact, "sold", "30"), "insert into opening_facts "+fmt.Sprintf(fact, "bought", "20"),
		"insert into opening_positions (source_system, position_id, currency, fair_value) values ('S', 'P', 'EUR', 10)",
		"create table conversions as select 'EUR' as currency, cast(5 as bigint) as numerator, cast(2 as bigint) as denominator",
		`create table moved_positions as
select 'S' as source_system, 'P' as position_id, 'EUR' as currency, true as was_open, false as is_open, cast(20 as decimal(18, 2)) as opening_fair_value,
  'bought' as opening_direction, 'bought' as direction, 'cds_index' as opening_instrument, 'cds_index' as instrument,
  false as opening_funded, false as funded, 'external' as opening_scope_group, 'external' as scope_group
union all
select 'S', 'P', 'USD', false, true, 0, null, 'sold', null, 'cds_index', null, false, null, 'external'`); err != nil {
		t.Fatal(err)
	}
	if _, err := derive(ctx, db, "fair_value_moves", parameters{scopes: []string{"group"}, currency: "USD", loaded: []string{OpeningYearEnd}}, map[string]bool{}); err != nil {
		t.Fatal(err)
	}
	moves, err := store.Query(ctx, db, "select cause, direction, cast(amount as varchar) from fair_value_moves order by all")
	if err != nil {
		t.Fatal(err)
	}
	want := "[[fx sold 5.00] [market sold 5.00] [opening bought 20.00] [reclassified bought -20.00] [reclassified sold 20.00]]"
	if got := fmt.Sprint(moves.Rows); got != want {
		t.Errorf("the causes are %s, want %s", got, want)
	}
}

// TestCollateralCountsOnce gives two counterparties and two entities of ours one netting
// set: its collateral stands once in the tables and in the bridge, and a control says so.
func TestCollateralCountsOnce(t *testing.T) {
	ctx := context.Background()
	db := emptyDatabase(t)
	statements := []string{position.Facts([]string{"group"}).CreateTable("facts"),
		"create table counterparties_as_of (counterparty_id varchar, name varchar, notch integer, sp integer, moodys integer, fitch integer)",
		"create table conversions as select 'USD' as currency, cast(1 as bigint) as numerator, cast(1 as bigint) as denominator",
		`insert into facts (source_system, position_id, slice, direction, counterparty_type, funded, scope_group, legal_entity, counterparty_id, netting_set_id, notional, fair_value_receivable, fair_value_payable) values
('S', 'P1', 0, 'bought', 'bank', false, 'external', 'E1', 'A', 'N', 1000, 100, 0), ('S', 'P2', 0, 'bought', 'bank', false, 'external', 'E2', 'B', 'N', 1000, 40, 0)`}
	for _, name := range []string{"collateral", "ledger", "holdings", "reference_entities"} {
		set, _ := position.Find(name)
		statements = append(statements, set.CreateTable(name))
	}
	if err := db.Run(ctx, append(statements, "insert into collateral (netting_set_id, agreement, currency, held) values ('N', 'CSA', 'USD', 110)")...); err != nil {
		t.Fatal(err)
	}
	p, made := parameters{scopes: []string{"group"}, currency: "USD", loaded: []string{"collateral", "ledger"}, ratings: map[string]string{"AAA": "1"}}, map[string]bool{}
	for relation, query := range map[string]string{
		"downgraded_netting_sets": "select cast(counterparty_id as varchar), cast(collateral_held as varchar) from downgraded_netting_sets where notches = '0' order by 1",
		"balance_sheet_bridge":    "select legal_entity, cast(book as varchar) from balance_sheet_bridge where line = 'cash_collateral' order by 1",
	} {
		if _, err := derive(ctx, db, relation, p, made); err != nil {
			t.Fatal(err)
		}
		got, err := store.Query(ctx, db, query)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"downgraded_netting_sets": "[[A 110.00] [B 0.00]]", "balance_sheet_bridge": "[[E1 -100.00] [E2 -10.00]]"}[relation]
		if fmt.Sprint(got.Rows) != want {
			t.Errorf("%s: %v, expected %s", relation, got.Rows, want)
		}
	}
	controls, err := nettingControls(ctx, db, "group", "")
	if err != nil || len(controls) != 1 || controls[0].Holds() || !strings.HasSuffix(controls[0].LeftMeaning, "first N") {
		t.Errorf("%v %v", controls, err)
	}
}
