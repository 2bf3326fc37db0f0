package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/transform"
)

// Causes are what can move a figure between two releases of a date, in the order
// in which they are shown.
var Causes = []string{"input", "reference_data", "rules", "fx", "adjustments", "binary", "unexplained"}

// Bridge leads from the figures of one release to those of another.
type Bridge struct {
	Before  string       `json:"before"`
	After   string       `json:"after"`
	Changed []string     `json:"what_changed"` // inputs, definitions and program
	Cells   []CellChange `json:"cells"`
	Derived int          `json:"derived"` // cells that moved because others did: shares, ranks and what is netted first
}

// CellChange is a cell whose exact value moved, and why. The causes add up to the
// difference, and so do the trades.
type CellChange struct {
	Table      string                     `json:"table"`
	Block      string                     `json:"block"`
	Row        string                     `json:"row"`
	Column     string                     `json:"column"`
	Measure    string                     `json:"measure"`
	Before     decimal.Decimal            `json:"before"`
	After      decimal.Decimal            `json:"after"`
	Difference decimal.Decimal            `json:"difference"`
	Causes     map[string]decimal.Decimal `json:"causes"`
	Trades     []TradeChange              `json:"trades"`
}

// TradeChange is what one fact adds to the difference of a cell, for one cause.
type TradeChange struct {
	Fact       string          `json:"fact"` // position, adjustment or event
	Cause      string          `json:"cause"`
	Before     decimal.Decimal `json:"before"`
	After      decimal.Decimal `json:"after"`
	Difference decimal.Decimal `json:"difference"`
}

// Compared gives the two releases that diff is asked for: by their names, or the
// first reported and the standing one of a date.
func Compared(config configs.Config, asOf string, names []string) (before, after store.Manifest, err error) {
	w := Warehouse(config)
	manifests, err := w.Manifests()
	if err != nil {
		return before, after, err
	}
	if asOf == "" {
		find := func(name string) (store.Manifest, error) {
			i := slices.IndexFunc(manifests, func(m store.Manifest) bool { return m.Release == name && !m.Removed() })
			if i < 0 {
				return store.Manifest{}, fmt.Errorf("%w: there is no release %q; comment11 runs lists them", ErrUsage, name)
			}
			return manifests[i], nil
		}
		if before, err = find(names[0]); err != nil {
			return before, after, err
		}
		after, err = find(names[1])
		return before, after, err
	}
	list := slices.DeleteFunc(manifests, func(m store.Manifest) bool {
		return m.AsOfDate != asOf || m.Status != store.Published || m.Removed()
	})
	if len(list) == 0 {
		return before, after, fmt.Errorf("%w: no release of %s is published", ErrData, asOf)
	}
	slices.SortFunc(list, func(a, b store.Manifest) int { return a.Sequence - b.Sequence })
	return list[0], list[len(list)-1], nil
}

// Diff compares two releases cell by cell and says which trades moved each cell
// and why. A cause is found by taking one step after the other: the facts of the
// later release at the rates of the earlier one stand between both, what is left
// to the later release is the rates, and what comes before is the input where the
// trade's record changed, else the reference data or rules that changed.
func Diff(ctx context.Context, config configs.Config, before, after store.Manifest) (Bridge, error) {
	bridge := Bridge{Before: before.Release, After: after.Release, Changed: changes(before, after), Cells: []CellChange{}}
	db, done, err := reading(ctx, config)
	if err != nil {
		return bridge, err
	}
	defer done()
	w := Warehouse(config)
	if err := db.CreateMacros(ctx); err != nil {
		return bridge, err
	}
	for prefix, m := range map[string]store.Manifest{"before_": before, "after_": after} {
		if err := releaseViews(ctx, db, w, m, prefix); err != nil {
			return bridge, err
		}
	}
	d := differ{db: db, before: before, after: after, stored: releaseFiles(w, after, "facts")}
	if err := d.prepare(ctx); err != nil {
		return bridge, err
	}
	cells, err := d.changedCells(ctx)
	if err != nil {
		return bridge, err
	}
	for _, c := range cells {
		if c.derived() {
			bridge.Derived++
			continue
		}
		change, err := d.explain(ctx, c)
		if err != nil {
			return bridge, err
		}
		bridge.Cells = append(bridge.Cells, change)
	}
	return bridge, nil
}

// changes names what differs in the manifests.
func changes(before, after store.Manifest) []string {
	list := []string{}
	add := func(differs bool, text string) {
		if differs {
			list = append(list, text)
		}
	}
	for _, r := range after.Relations {
		if old, known := before.Relation(r.Name); strings.HasSuffix(r.Name, "_records") {
			add(!known || old.ContentHash != r.ContentHash, "data set "+strings.TrimSuffix(r.Name, "_records"))
		}
	}
	for _, c := range after.Configuration {
		i := slices.IndexFunc(before.Configuration, func(o store.FileHash) bool { return o.Name == c.Name })
		add(i < 0 || before.Configuration[i].SHA256 != c.SHA256, c.Name)
	}
	add(before.Program.Version != after.Program.Version || before.Program.Revision != after.Program.Revision,
		fmt.Sprintf("program %s %s, was %s %s", after.Program.Version, after.Program.Revision, before.Program.Version, before.Program.Revision))
	add(before.Program.DuckDB != after.Program.DuckDB, "DuckDB "+after.Program.DuckDB)
	return list
}

// differ works in a database that has the relations of both releases, as
// before_<name> and after_<name>.
type differ struct {
	db            *store.DB
	before, after store.Manifest
	stored        string // FROM item of the later release's facts as they are stored
}

type comparedRelation struct{ relation, key, ignored string }

// compared are the relations whose facts tables add up: how a fact is named, and what of it
// may differ without any figure moving.
var compared = []comparedRelation{
	{"facts", `concat_ws('/', coalesce(source_system, ''), coalesce(position_id, ''), cast(slice as varchar), coalesce(adjustment_id, ''))`, "release, as_of_date, findings"},
	{"realized_facts", "event_id", "release, as_of_date"},
}

// prepare makes of each relation, where b, m and a stand for the earlier release,
// the later one at the earlier one's rates, and the later one:
//
//	<relation>_b, _m, _a            the facts that differ
//	<relation>_all_b, _all_m, _all_a  all of them
//	<relation>_causes               why each that differs does, rates apart
func (d differ) prepare(ctx context.Context) error {
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
	scopes := make([]transform.Scope, len(d.after.Scopes))
	for i, name := range d.after.Scopes {
		scopes[i].Name = name
	}
	middle, err := transform.FactsQuery(scopes, "("+fmt.Sprintf(factsAtEarlierRates, d.stored)+")")
	if err != nil {
		return err
	}
	if err := d.middle(ctx, "facts", compared[0].key, middle); err != nil {
		return err
	}
	return d.middle(ctx, "realized_facts", compared[1].key, realizedAtEarlierRates)
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
    case when b.realized_local is not distinct from a.realized_local and b.currency = a.currency then b.realized_gain_loss else a.realized_gain_loss end as realized_gain_loss,
    case when b.realized_local is not distinct from a.realized_local and b.currency = a.currency then b.result else a.result end as result)
from after_realized_facts as a left join before_realized_facts as b on b.event_id = a.event_id`

// changedFacts finds the facts that differ, and why.
func (d differ) changedFacts(ctx context.Context, relation, key, ignored string) error {
	shared, err := d.sharedColumns(ctx, relation, ignored)
	if err != nil {
		return err
	}
	for side, prefix := range map[string]string{"_b": "before_", "_a": "after_"} {
		if err := d.db.CreateView(ctx, relation+"_all"+side, "select *, "+key+" as fact_key from "+prefix+relation); err != nil {
			return err
		}
	}
	if err := d.db.CreateTable(ctx, relation+"_keys", fmt.Sprintf(`
with b as (select fact_key, hash(%[2]s) as content from %[1]s_all_b), a as (select fact_key, hash(%[2]s) as content from %[1]s_all_a)
select fact_key from b full join a using (fact_key) where b.content is distinct from a.content`, relation, shared)); err != nil {
		return err
	}
	for _, side := range []string{"_b", "_a"} {
		if err := d.db.CreateTable(ctx, relation+side, fmt.Sprintf("select * from %[1]s_all%[2]s where fact_key in (select fact_key from %[1]s_keys)", relation, side)); err != nil {
			return err
		}
	}
	return d.causes(ctx, relation)
}

// causes says of each fact that differs what made it differ, rates apart.
func (d differ) causes(ctx context.Context, relation string) error {
	record, keys, adjustment := "positions", "source_system, position_id", "origin = 'adjustment'"
	if relation == "realized_facts" {
		record, keys, adjustment = "realized", "event_id", "false"
	}
	shared, err := d.sharedColumns(ctx, record, "release, as_of_date, source_file")
	if err != nil {
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
with b as (select %[2]s, hash(%[3]s) as content from before_%[1]s),
a as (select %[2]s, hash(%[3]s) as content from after_%[1]s),
records as (
  select coalesce(a.%[7]s, b.%[7]s) as %[7]s, %[8]s b.content is distinct from a.content as differs
  from b full join a on %[9]s),
k as (select * from %[4]s_a union all by name select * from %[4]s_b where fact_key not in (select fact_key from %[4]s_a))
select k.fact_key, case when %[5]s then 'adjustments' when coalesce(r.differs, false) then 'input' else %[6]s end as cause
from k left join records as r on %[10]s`, record, keys, shared, relation, adjustment, remaining,
		lastOf(keys), earlierKeys(keys), joined(keys), strings.Join(same, " and ")))
}

func lastOf(keys string) string { list := strings.Split(keys, ", "); return list[len(list)-1] }

func earlierKeys(keys string) string {
	text := ""
	list := strings.Split(keys, ", ")
	for _, k := range list[:len(list)-1] {
		text += fmt.Sprintf("coalesce(a.%[1]s, b.%[1]s) as %[1]s, ", k)
	}
	return text
}

func joined(keys string) string {
	var list []string
	for _, k := range strings.Split(keys, ", ") {
		list = append(list, fmt.Sprintf("a.%[1]s is not distinct from b.%[1]s", k))
	}
	return strings.Join(list, " and ")
}

// definitionCause is what changed beside inputs of trades and rates: one of
// reference data, rules and program, "" where reference data and rules both did.
func (d differ) definitionCause() string {
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
func (d differ) changedReferences(ctx context.Context) error {
	for name, key := range references {
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
func (d differ) sharedColumns(ctx context.Context, relation, ignored string) (string, error) {
	columns := map[string]int{}
	var names []string
	for _, prefix := range []string{"before_", "after_"} {
		table, err := store.Query(ctx, d.db, "describe select * from "+prefix+relation)
		if err != nil {
			return "", err
		}
		for _, row := range table.Rows {
			name := row[0].(string)
			if columns[name]++; columns[name] == 2 && !slices.Contains(strings.Split(ignored, ", "), name) {
				names = append(names, store.Identifier(name))
			}
		}
	}
	return strings.Join(names, ", "), nil
}

// middle makes the facts of the later release at the earlier one's rates.
func (d differ) middle(ctx context.Context, relation, key, query string) error {
	if err := d.db.CreateView(ctx, relation+"_all_m", "select *, "+key+" as fact_key from ("+query+")"); err != nil {
		return err
	}
	return d.db.CreateTable(ctx, relation+"_m", fmt.Sprintf("select * from %[1]s_all_m where fact_key in (select fact_key from %[1]s_keys)", relation))
}

// cell is a cell that differs, with its predicate in both releases, "" where the
// release does not have it.
type cell struct {
	CellChange
	relation, predicateBefore, predicateAfter string
}

// derived tells whether the cell is no sum over facts, so that no trade has a part in it.
func (c cell) derived() bool {
	return strings.HasPrefix(c.Measure, disclosures.ShareMeasure) ||
		!slices.ContainsFunc(compared, func(r comparedRelation) bool { return r.relation == c.relation })
}

func (d differ) changedCells(ctx context.Context) ([]cell, error) {
	table, err := store.Query(ctx, d.db, `
with b as (select c.*, t.relation from before_cells as c join before_tables as t using (table_id)),
a as (select c.*, t.relation from after_cells as c join after_tables as t using (table_id))
select table_id, block_id, row_id, column_id, coalesce(a.measure, b.measure) as measure, coalesce(a.relation, b.relation) as relation,
  coalesce(b.predicate, '') as predicate_before, coalesce(a.predicate, '') as predicate_after,
  coalesce(b.exact, 0) as exact_before, coalesce(a.exact, 0) as exact_after
from b full join a using (table_id, block_id, row_id, column_id)
where coalesce(b.exact, 0) <> coalesce(a.exact, 0)
order by coalesce(a.table_number, b.table_number), coalesce(a.block_number, b.block_number), coalesce(a.row_number, b.row_number),
  coalesce(a.column_number, b.column_number), table_id, block_id, row_id, column_id`)
	if err != nil {
		return nil, err
	}
	var cells []cell
	for _, row := range table.Rows {
		text := func(i int) string { return row[i].(string) }
		before, after := row[8].(decimal.Decimal), row[9].(decimal.Decimal)
		cells = append(cells, cell{CellChange{Table: text(0), Block: text(1), Row: text(2), Column: text(3), Measure: text(4),
			Before: before, After: after, Difference: after.Sub(before), Causes: map[string]decimal.Decimal{}, Trades: []TradeChange{}}, text(5), text(6), text(7)})
	}
	return cells, nil
}

// explain finds the facts behind the difference of a cell. A fact that did not
// change but stands elsewhere was moved by the table's own predicate.
func (d differ) explain(ctx context.Context, c cell) (CellChange, error) {
	amount := "coalesce(" + store.Identifier(c.Measure) + ", 0)"
	if c.Measure == "count" {
		amount = "1"
	}
	all := ""
	if c.predicateBefore != c.predicateAfter {
		all = "_all"
	}
	side := func(side, predicate string) string {
		if predicate == "" {
			predicate = "false"
		}
		return fmt.Sprintf("select fact_key, cast(%s as decimal(38, 2)) as amount from %s where %s", amount, c.relation+all+side, predicate)
	}
	table, err := store.Query(ctx, d.db, fmt.Sprintf(`
with b as (%s), m as (%s), a as (%s),
facts as (
  select fact_key, coalesce(b.amount, 0) as before, coalesce(m.amount, 0) as middle, coalesce(a.amount, 0) as after
  from b full join m using (fact_key) full join a using (fact_key))
select fact_key, coalesce(c.cause, 'rules') as cause, before, middle, after
from facts left join %s as c using (fact_key)
where before <> middle or middle <> after order by abs(after - before) desc, fact_key`,
		side("_b", c.predicateBefore), side("_m", c.predicateAfter), side("_a", c.predicateAfter), c.relation+"_causes"))
	if err != nil {
		return c.CellChange, fmt.Errorf("cell %s/%s/%s/%s: %w", c.Table, c.Block, c.Row, c.Column, err)
	}
	total := decimal.Zero
	for _, row := range table.Rows {
		before, middle, after := row[2].(decimal.Decimal), row[3].(decimal.Decimal), row[4].(decimal.Decimal)
		for _, part := range []TradeChange{
			{Fact: row[0].(string), Cause: row[1].(string), Before: before, After: middle, Difference: middle.Sub(before)},
			{Fact: row[0].(string), Cause: "fx", Before: middle, After: after, Difference: after.Sub(middle)},
		} {
			if part.Difference.IsZero() {
				continue
			}
			c.Trades = append(c.Trades, part)
			c.Causes[part.Cause] = c.Causes[part.Cause].Add(part.Difference)
			total = total.Add(part.Difference)
		}
	}
	if !total.Equal(c.Difference) {
		return c.CellChange, fmt.Errorf("cell %s/%s/%s/%s moved by %s, the trades behind it by %s: one of the releases is damaged; comment11 verify says which",
			c.Table, c.Block, c.Row, c.Column, c.Difference, total)
	}
	return c.CellChange, nil
}
