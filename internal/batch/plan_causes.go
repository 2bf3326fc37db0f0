package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/transform"
)

// Causes are what can move money in a plan, in the order in which they are shown. A plan
// tells them by what differs about a trade, where diff computes the figures again.
var Causes = []string{"input", "reference_data", "rules", "fx", "adjustments", "binary", "unexplained"}

// comparer works in a database that has the relations of both releases, as
// before_<name> and after_<name>.
type comparer struct {
	db            *store.DB
	before, after store.Manifest
	stored        string // FROM item of the later release's facts as they are stored
}

// prepare makes of each relation, where b, m and a stand for the earlier release,
// the later one at the earlier one's rates, and the later one:
//
//	<relation>_b, _m, _a          the facts that differ
//	<relation>_all_b, _all_a      all of them
//	<relation>_still              those that are the same on both sides
//	<relation>_causes               why each that differs does, rates apart
func (d comparer) prepare(ctx context.Context) error {
	for _, name := range []string{"positions", "adjustments", "realized", "counterparties", "reference_entities", "books", "indices"} {
		for prefix, m := range map[string]store.Manifest{"before_": d.before, "after_": d.after} {
			if _, known := m.Relation(name + "_records"); !known {
				set, _ := position.Find(name)
				if err := d.db.Run(ctx, set.CreateTable(prefix+name)); err != nil {
					return err
				}
			}
		}
	}
	if err := d.changedReferences(ctx); err != nil {
		return err
	}
	for _, c := range compared {
		if err := d.changedFacts(ctx, c.relation, c.key, c.ignored); err != nil {
			return err
		}
	}
	return d.middles(ctx)
}

// middles makes the facts of the later release at the earlier one's rates. Where no rate
// differs they are the later release's own.
func (d comparer) middles(ctx context.Context) error {
	otherRates, err := store.Scalar[bool](ctx, d.db, `
select exists (select 1 from before_conversions as b full join after_conversions as a on a.currency = b.currency
where a.numerator is distinct from b.numerator or a.denominator is distinct from b.denominator)`)
	if err != nil {
		return err
	}
	if d.same("fx_rates") && !otherRates {
		for _, c := range compared {
			if err := d.db.CreateView(ctx, c.relation+"_m", "select * from "+c.relation+"_a"); err != nil {
				return err
			}
		}
		return nil
	}
	scopes := make([]transform.Scope, len(d.after.Scopes))
	for i, name := range d.after.Scopes {
		scopes[i].Name = name
	}
	key := compared[0].key
	moved := "(select * from " + d.stored + " where " + key + " in (select fact_key from facts_keys))"
	stored, err := columnsOf(ctx, d.db, d.stored)
	if err != nil {
		return err
	}
	query, err := transform.FactsQuery(scopes, "("+fmt.Sprintf(factsAtEarlierRates, moved)+")", stored)
	if err != nil {
		return err
	}
	if err := d.db.CreateTable(ctx, "facts_m", "select *, "+key+" as fact_key from ("+query+")"); err != nil {
		return err
	}
	return d.db.CreateTable(ctx, "realized_facts_m", fmt.Sprintf("select * from (select *, %s as fact_key from (%s)) where fact_key in (select fact_key from realized_facts_keys)",
		compared[1].key, realizedAtEarlierRates))
}

// same tells whether the records of a data set are the same in both releases.
func (d comparer) same(set string) bool { return sameRecords(d.before, d.after, set) }

// sameRecords tells whether two releases have the same records of a data set.
func sameRecords(a, b store.Manifest, set string) bool {
	ofA, _ := a.Relation(set + "_records")
	ofB, _ := b.Relation(set + "_records")
	return ofA.ContentHash == ofB.ContentHash && ofA.Rows == ofB.Rows
}

// factsAtEarlierRates are the stored facts of the later release, each amount
// converted again from that of the trade at the earlier release's rate. Where that
// had none, or the same, the later amount stays.
const factsAtEarlierRates = `
select s.* replace (
    case when n.currency is null or (n.numerator = ln.numerator and n.denominator = ln.denominator) then s.notional else convert_amount(s.notional_local, n.numerator, n.denominator) end as notional,
    case when f.currency is null or (f.numerator = lf.numerator and f.denominator = lf.denominator) then s.fair_value
      else convert_amount(case when s.origin = 'adjustment' then coalesce(j.fair_value, cast(0 as decimal(18, 2))) else p.fair_value end, f.numerator, f.denominator) end as fair_value,
    case when f.currency is null or s.origin = 'adjustment' or (f.numerator = lf.numerator and f.denominator = lf.denominator) then s.valuation_adjustment
      else convert_amount(p.valuation_adjustment, f.numerator, f.denominator) end as valuation_adjustment)
from %s as s
left join after_positions as p on s.origin = 'position' and p.position_id = s.position_id and p.source_system is not distinct from s.source_system
left join after_adjustments as j on s.origin = 'adjustment' and j.adjustment_id = s.adjustment_id
left join before_conversions as n on n.currency = s.currency
left join after_conversions as ln on ln.currency = s.currency
left join before_conversions as f on f.currency = coalesce(p.fair_value_currency, s.currency)
left join after_conversions as lf on lf.currency = coalesce(p.fair_value_currency, s.currency)`

// realizedAtEarlierRates keeps the earlier release's amount where the event is the
// same in its own currency: only its rate can have moved it.
const realizedAtEarlierRates = `
select a.* replace (
    case when b.realized_local is not distinct from a.realized_local and b.event_id is not null then b.realized_gain_loss else a.realized_gain_loss end as realized_gain_loss,
    case when b.realized_local is not distinct from a.realized_local and b.event_id is not null then b.realized_year_before else a.realized_year_before end as realized_year_before,
    case when b.realized_local is not distinct from a.realized_local and b.event_id is not null then b.result else a.result end as result,
    case when b.cash_local is not distinct from a.cash_local and b.event_id is not null then b.cash else a.cash end as cash,
    case when b.cash_local is not distinct from a.cash_local and b.event_id is not null then b.cash_year_before else a.cash_year_before end as cash_year_before)
from after_realized_facts as a
left join before_realized_facts as b on b.event_id = a.event_id and b.currency = a.currency and b.event_date = a.event_date and b.fiscal_year = a.fiscal_year`

// changedFacts finds the facts that differ, and why. A row that is the same on both
// sides has the same hash there, so that the hashes tell, as plain numbers, which rows
// are on one side alone; only those are matched by their keys. Five million keys, which
// are texts, were matched before.
func (d comparer) changedFacts(ctx context.Context, relation, key, ignored string) error {
	shared, err := d.sharedColumns(ctx, relation, ignored)
	if err != nil {
		return err
	}
	if err := onOneSide(ctx, d.db, relation+"_rows", "before_"+relation, "after_"+relation, shared); err != nil {
		return err
	}
	for side, prefix := range map[string]string{"_b": "before_", "_a": "after_"} {
		if err := d.db.CreateView(ctx, relation+"_all"+side, "select *, "+key+" as fact_key from "+prefix+relation); err != nil {
			return err
		}
		if err := d.db.CreateTable(ctx, relation+side, fmt.Sprintf("select * from %[1]s_all%[2]s where hash(%[3]s) in (select row_hash from %[1]s_rows)", relation, side, shared)); err != nil {
			return err
		}
	}
	if err := d.db.CreateView(ctx, relation+"_still", fmt.Sprintf("select * from %[1]s_all_a where hash(%[2]s) not in (select row_hash from %[1]s_rows)", relation, shared)); err != nil {
		return err
	}
	if err := d.db.CreateTable(ctx, relation+"_keys", fmt.Sprintf("select fact_key from %[1]s_b union select fact_key from %[1]s_a", relation)); err != nil {
		return err
	}
	return d.causes(ctx, relation)
}

// onOneSide makes a relation of the hashes of rows that one side has and the other has not.
func onOneSide(ctx context.Context, db *store.DB, name, before, after, columns string) error {
	return db.CreateTable(ctx, name, fmt.Sprintf(`
select row_hash from (
  select hash(%[1]s) as row_hash, 1 as side from %[2]s union all select hash(%[1]s), -1 from %[3]s)
group by row_hash having sum(side) <> 0`, columns, before, after))
}

// causes says of each fact that differs what made it differ, rates apart.
func (d comparer) causes(ctx context.Context, relation string) error {
	record, keys, adjustment := "positions", "source_system, position_id", "origin = 'adjustment'"
	if relation == "realized_facts" {
		record, keys, adjustment = "realized", "event_id", "false"
	}
	if err := d.changedRecords(ctx, record, keys); err != nil {
		return err
	}
	remaining := d.definitionCause()
	if remaining == "" { // both reference data and rules: the trade's own references tell
		remaining = "case when " + touchedReference(relation) + " then 'reference_data' else 'rules' end"
	} else {
		remaining = store.Literal(remaining)
	}
	same := make([]string, 0, 2)
	for _, k := range strings.Split(keys, ", ") {
		same = append(same, fmt.Sprintf("r.%[1]s is not distinct from k.%[1]s", k))
	}
	return d.db.CreateTable(ctx, relation+"_causes", fmt.Sprintf(`
with k as (select * from %[1]s_a union all by name select * from %[1]s_b where fact_key not in (select fact_key from %[1]s_a))
select k.fact_key, case when %[2]s then 'adjustments' when r.differs then 'input' else %[3]s end as cause
from k left join %[4]s_changed_records as r on %[5]s`, relation, adjustment, remaining, record, strings.Join(same, " and ")))
}

// changedRecords lists the keys of records that differ.
func (d comparer) changedRecords(ctx context.Context, record, keys string) error {
	name := record + "_changed_records"
	if d.same(record) {
		return d.db.CreateTable(ctx, name, fmt.Sprintf("select %s, true as differs from before_%s where false", keys, record))
	}
	shared, err := d.sharedColumns(ctx, record, "release, as_of_date, source_file")
	if err != nil {
		return err
	}
	if err := onOneSide(ctx, d.db, record+"_record_rows", "before_"+record, "after_"+record, shared); err != nil {
		return err
	}
	side := fmt.Sprintf("select %s from %%s%s where hash(%s) in (select row_hash from %s_record_rows)", keys, record, shared, record)
	return d.db.CreateTable(ctx, name, fmt.Sprintf("select *, true as differs from (%s union %s)", fmt.Sprintf(side, "before_"), fmt.Sprintf(side, "after_")))
}

// definitionCause is what changed beside inputs of trades and rates: one of
// reference data, rules and program, "" where reference data and rules both did.
func (d comparer) definitionCause() string {
	inputs, reference, rules, program := false, false, false, d.before.Program.DuckDB != d.after.Program.DuckDB
	for _, what := range changes(d.before, d.after) {
		name, isSet := strings.CutPrefix(what, "data set ")
		switch {
		case isSet:
			reference = reference || slices.Contains([]string{"counterparties", "reference_entities", "books", "indices"}, name)
			inputs = inputs || slices.Contains([]string{"positions", "holdings"}, name)
		case strings.HasPrefix(what, "sql/"), strings.HasPrefix(what, "program "):
			program = true
		case !strings.HasPrefix(what, "DuckDB "):
			rules = true
		}
	}
	program = program || d.before.Program.Executable != d.after.Program.Executable
	switch {
	case reference && rules:
		return ""
	case reference:
		return "reference_data"
	case rules:
		return "rules"
	case program:
		return "binary"
	case inputs: // evidence: another trade or a holding decides what this one is for
		return "input"
	}
	return "unexplained"
}

// references are the reference data that a position leads to, by which columns.
var references = map[string]string{
	"counterparties": "counterparty_id", "reference_entities": "reference_entity_id", "books": "book",
	"indices": "concat_ws('/', index_name, cast(index_series as varchar), cast(coalesce(index_version, 0) as varchar))",
}

// changedReferences lists the keys of reference data whose rows differ.
func (d comparer) changedReferences(ctx context.Context) error {
	for name, key := range references {
		if d.same(name) {
			if err := d.db.CreateTable(ctx, name+"_changed", "select '' as reference where false"); err != nil {
				return err
			}
			continue
		}
		shared, err := d.sharedColumns(ctx, name, "release, as_of_date, source_file")
		if err != nil {
			return err
		}
		if err := d.db.CreateTable(ctx, name+"_changed", fmt.Sprintf(`
with b as (select %[2]s as reference, sum(hash(%[3]s)) as content from before_%[1]s group by 1),
a as (select %[2]s as reference, sum(hash(%[3]s)) as content from after_%[1]s group by 1)
select reference from b full join a using (reference) where a.content is distinct from b.content`, name, key, shared)); err != nil {
			return err
		}
	}
	return nil
}

// touchedReference tells whether reference data that the fact k leads to differ.
func touchedReference(relation string) string {
	source := "k.position_id = p.position_id and k.source_system is not distinct from p.source_system"
	if relation == "realized_facts" {
		source = "k.position_id = p.position_id"
	}
	var any []string
	for name, key := range references {
		any = append(any, fmt.Sprintf("%s in (select reference from %s_changed)", key, name))
	}
	slices.Sort(any)
	return fmt.Sprintf("exists (select 1 from after_positions as p where %s and (%s))", source, strings.Join(any, " or "))
}

// sharedColumns lists the columns that a relation has in both releases.
func (d comparer) sharedColumns(ctx context.Context, relation, ignored string) (string, error) {
	columns := map[string]int{}
	var names []string
	for _, prefix := range []string{"before_", "after_"} {
		all, err := columnsOf(ctx, d.db, prefix+relation)
		if err != nil {
			return "", err
		}
		for _, name := range all {
			if columns[name]++; columns[name] == 2 && !slices.Contains(strings.Split(ignored, ", "), name) {
				names = append(names, store.Identifier(name))
			}
		}
	}
	return strings.Join(names, ", "), nil
}

// changedCells are the cells whose exact values differ, in the order of the tables; one
// that a release does not have is 0 there.
func (d comparer) changedCells(ctx context.Context) ([]PlannedCell, error) {
	table, err := store.Query(ctx, d.db, `
select table_id, block_id, row_id, column_id, coalesce(a.measure, b.measure) as measure, coalesce(b.exact, 0) as exact_before, coalesce(a.exact, 0) as exact_after
from before_cells as b full join after_cells as a using (table_id, block_id, row_id, column_id)
where coalesce(b.exact, 0) <> coalesce(a.exact, 0)
order by coalesce(a.table_number, b.table_number), coalesce(a.block_number, b.block_number), coalesce(a.row_number, b.row_number),
  coalesce(a.column_number, b.column_number), table_id, block_id, row_id, column_id`)
	if err != nil {
		return nil, err
	}
	cells := []PlannedCell{}
	for _, row := range table.Rows {
		text := func(i int) string { return row[i].(string) }
		before, after := row[5].(decimal.Decimal), row[6].(decimal.Decimal)
		cells = append(cells, PlannedCell{Table: text(0), Block: text(1), Row: text(2), Column: text(3), Measure: text(4),
			Before: before, After: after, Difference: after.Sub(before), Other: map[string]decimal.Decimal{}})
	}
	return cells, nil
}
