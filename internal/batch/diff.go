package batch

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
	"comment11/transform"
)

// Bridge leads from the figures of one release to those of another.
type Bridge struct {
	Before  string       `json:"before"`
	After   string       `json:"after"`
	Changed []string     `json:"what_changed"` // inputs, definitions and program
	Factors []string     `json:"factors"`      // in the order in which they were changed, one at a time
	Notes   []string     `json:"notes"`        // on what could not be told apart
	Rounded []string     `json:"rounded"`      // cells that are displayed otherwise and have the exact value that they had
	Cells   []CellChange `json:"cells"`
	// Derived are cells that moved because others did: shares, ranks, movements and what
	// is netted first. They have causes and no trades.
	Derived []CellChange `json:"derived_cells"`
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
	Causes     map[string]decimal.Decimal `json:"causes"` // by factor
	Trades     []TradeChange              `json:"trades"`
	Count      int64                      `json:"trade_count"` // of all trades, also those that are not named
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
		if before, err = namedRelease(manifests, "", names[0]); err != nil {
			return before, after, err
		}
		after, err = namedRelease(manifests, "", names[1])
		return before, after, err
	}
	published := slices.DeleteFunc(manifests, func(m store.Manifest) bool { return m.Status != store.Published || m.Removed() })
	after, known := newestOf(published, asOf)
	if !known {
		return before, after, fmt.Errorf("%w: no release of %s is published", ErrData, asOf)
	}
	return firstOf(published, asOf), after, nil
}

// HoldTable holds that a table is a known one, or one of some releases; "" stands for all.
func HoldTable(ctx context.Context, config configs.Config, table string, known []string, of ...store.Manifest) error {
	if table == "" {
		return nil
	}
	db, done, err := reading(ctx, config)
	if err != nil {
		return err
	}
	defer done()
	for _, m := range of {
		list, err := store.Query(ctx, db, "select table_id from "+releaseFiles(Warehouse(config), m, "tables"))
		if err != nil {
			return err
		}
		for _, row := range list.Rows {
			known = append(known, row[0].(string))
		}
	}
	if slices.Contains(known, table) {
		return nil
	}
	slices.Sort(known)
	return fmt.Errorf("%w: there is no table %q; %s", ErrUsage, table, strictyaml.Hint(table, slices.Compact(known)))
}

// DiffOptions are how much of a difference is told.
type DiffOptions struct {
	Trades int // named for each cell, the largest first; -1: all
}

// Diff compares two releases cell by cell and says what moved each cell and by how
// much, factor by factor (see Factors), and which trades did. The figures between the
// releases are computed again from what both store; nothing is written in the warehouse.
func Diff(ctx context.Context, config configs.Config, options Options, before, after store.Manifest, how DiffOptions) (Bridge, error) {
	bridge := Bridge{Before: before.Release, After: after.Release, Changed: changes(before, after), Factors: []string{}, Notes: []string{}, Cells: []CellChange{}, Derived: []CellChange{}}
	folder, err := os.MkdirTemp("", "comment11-diff-")
	if err != nil {
		return bridge, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	db, done, err := reading(ctx, config)
	if err != nil {
		return bridge, err
	}
	defer done()
	w := options.warehouse(config)
	if err := db.CreateMacros(ctx); err != nil {
		return bridge, err
	}
	for prefix, m := range map[string]store.Manifest{"before_": before, "after_": after} {
		if err := releaseViews(ctx, db, w, m, prefix); err != nil {
			return bridge, err
		}
		if _, known := m.Relation("positions_records"); !known {
			set, _ := position.Find("positions")
			if err := db.Run(ctx, set.CreateTable(prefix+"positions")); err != nil {
				return bridge, err
			}
		}
	}
	if options.Program.DuckDB, err = db.Version(ctx); err != nil {
		return bridge, err
	}
	if options.Executable != nil {
		options.Program.Executable = options.Executable()
	}
	s := &stepper{config: config, options: options, before: before, after: after, folder: folder}
	states, notes, err := s.statesBetween(ctx, db)
	if err != nil {
		return bridge, err
	}
	bridge.Notes = append(bridge.Notes, notes...)
	if bridge.Rounded, err = roundedOtherwise(ctx, db); err != nil {
		return bridge, err
	}
	x := differ{db: db, states: states, how: how}
	bridge.Cells, bridge.Derived, err = x.cells(ctx)
	for _, factor := range Factors {
		moves := func(c CellChange) bool { return !c.Causes[factor].IsZero() }
		changed := slices.ContainsFunc(states[1:], func(st state) bool { return st.factor == factor })
		if (changed && factor != factorBinary) || slices.ContainsFunc(slices.Concat(bridge.Cells, bridge.Derived), moves) {
			bridge.Factors = append(bridge.Factors, factor)
		}
	}
	return bridge, err
}

// roundedOtherwise are the cells that others' changes move by a unit.
func roundedOtherwise(ctx context.Context, db *store.DB) ([]string, error) {
	table, err := store.Query(ctx, db, `
select concat_ws('/', table_id, block_id, row_id, column_id)
from before_cells as b join after_cells as a using (table_id, block_id, row_id, column_id)
where a.exact = b.exact and a.displayed <> b.displayed and a.unit = b.unit
order by a.table_number, a.block_number, a.row_number, a.column_number`)
	list := make([]string, len(table.Rows))
	for i, row := range table.Rows {
		list[i] = row[0].(string)
	}
	return list, err
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
	if before.AsOfDate == after.AsOfDate {
		was := before.EarlierReleases()
		for _, read := range after.EarlierReleases() {
			of := func(r store.ReadRelease) bool {
				return r.AsOfDate == read.AsOfDate && r.ContentHash == read.ContentHash
			}
			text := "the release of " + read.AsOfDate
			add(!slices.ContainsFunc(was, of) && !slices.Contains(list, text), text)
		}
	}
	add(before.Program.Version != after.Program.Version || before.Program.Revision != after.Program.Revision,
		fmt.Sprintf("program %s %s, was %s %s", after.Program.Version, after.Program.Revision, before.Program.Version, before.Program.Revision))
	add(before.Program.DuckDB != after.Program.DuckDB, "DuckDB "+after.Program.DuckDB)
	return list
}

// differ finds the trades behind what moved from state to state.
type differ struct {
	db     *store.DB
	states []state
	how    DiffOptions
}

type comparedRelation struct{ relation, key, ignored string }

// compared are the relations whose facts tables add up: how a fact is named, and what of it
// may differ without any figure moving.
var compared = []comparedRelation{
	{"facts", `concat_ws('/', coalesce(source_system, ''), coalesce(position_id, ''), cast(slice as varchar), coalesce(adjustment_id, ''))`, "release, as_of_date, findings"},
	{"realized_facts", "event_id", "release, as_of_date"},
}

// movedCell is a cell that differs at the ends.
type movedCell struct {
	name cellName
	CellChange
	derived bool
}

// cells gives the cells that moved, those that facts add up to apart from those that
// follow from others.
func (d differ) cells(ctx context.Context) (summed, derived []CellChange, err error) {
	moved := d.moved()
	for i := 1; i < len(d.states); i++ {
		for _, c := range compared {
			if err := d.trades(ctx, i, c, moved); err != nil {
				return nil, nil, fmt.Errorf("the trades of %s that %s moved: %w", c.relation, d.states[i].factor, err)
			}
		}
	}
	summed, derived = []CellChange{}, []CellChange{}
	for _, c := range moved {
		if c.derived {
			derived = append(derived, c.CellChange)
			continue
		}
		slices.SortStableFunc(c.Trades, func(a, b TradeChange) int {
			return cmp.Or(b.Difference.Abs().Cmp(a.Difference.Abs()), strings.Compare(a.Fact, b.Fact))
		})
		if d.how.Trades >= 0 && len(c.Trades) > d.how.Trades {
			c.Trades = c.Trades[:d.how.Trades]
		}
		summed = append(summed, c.CellChange)
	}
	return summed, derived, nil
}

// moved are the cells that differ at the ends, in the order of the tables, with what
// each step makes of them.
func (d differ) moved() []*movedCell {
	places := map[cellName][4]int{}
	for _, st := range []state{d.states[0], d.states[len(d.states)-1]} {
		for name, cell := range st.cells {
			places[name] = cell.place // of the later release, where it has the cell
		}
	}
	var list []*movedCell
	for name := range places {
		first, last := d.states[0].cells[name], d.states[len(d.states)-1].cells[name]
		if first.exact.Equal(last.exact) {
			continue
		}
		c := &movedCell{name: name, CellChange: CellChange{Table: name.table, Block: name.block, Row: name.row, Column: name.column,
			Measure: cmp.Or(last.measure, first.measure), Before: first.exact, After: last.exact, Difference: last.exact.Sub(first.exact),
			Causes: map[string]decimal.Decimal{}, Trades: []TradeChange{}}}
		for i := 1; i < len(d.states); i++ {
			if amount := d.step(i, name); !amount.IsZero() {
				factor := d.states[i].factor
				c.Causes[factor] = c.Causes[factor].Add(amount)
			}
		}
		relation := cmp.Or(last.relation, first.relation)
		c.derived = strings.HasPrefix(c.Measure, disclosures.ShareMeasure) ||
			!slices.ContainsFunc(compared, func(r comparedRelation) bool { return r.relation == relation })
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *movedCell) int {
		x, y := places[a.name], places[b.name]
		return cmp.Or(slices.Compare(x[:], y[:]), strings.Compare(a.Table, b.Table), strings.Compare(a.Block, b.Block),
			strings.Compare(a.Row, b.Row), strings.Compare(a.Column, b.Column))
	})
	return list
}

// step is what the step to a state makes of a cell.
func (d differ) step(i int, name cellName) decimal.Decimal {
	return d.states[i].cells[name].exact.Sub(d.states[i-1].cells[name].exact)
}

// trades finds the facts of a relation that one step moved, and adds them to the cells.
// A fact's part in a cell is its amount where the cell's predicate takes it, after the
// step less before. Facts whose columns that count are alike on both sides are left out
// before they are matched; where a predicate itself changed, all facts are asked.
func (d differ) trades(ctx context.Context, i int, c comparedRelation, moved []*movedCell) error {
	var alike, other []*movedCell
	before, after := d.states[i-1], d.states[i]
	for _, m := range moved {
		was, hadIt := before.cells[m.name]
		is, hasIt := after.cells[m.name]
		switch {
		case m.derived || d.step(i, m.name).IsZero() || cmp.Or(is.relation, was.relation) != c.relation:
		case hadIt && hasIt && was.predicate == is.predicate && was.measure == is.measure:
			alike = append(alike, m)
		default:
			other = append(other, m)
		}
	}
	if len(alike)+len(other) == 0 {
		return nil
	}
	views := [2]string{"step_before", "step_after"}
	for side, st := range []state{before, after} {
		from := store.PlainParquet(st.files[c.relation]...)
		query := "select * from " + from
		if c.relation == "facts" {
			scopes := make([]transform.Scope, len(st.scopes))
			for k, name := range st.scopes {
				scopes[k].Name = name
			}
			stored, err := columnsOf(ctx, d.db, from)
			if err != nil {
				return err
			}
			if query, err = transform.FactsQuery(scopes, from, stored); err != nil {
				return err
			}
		}
		if err := d.db.CreateView(ctx, views[side], "select *, "+c.key+" as fact_key from ("+query+")"); err != nil {
			return err
		}
	}
	if err := d.tradesOfGroups(ctx, i, views, alike); err != nil {
		return err
	}
	for _, m := range other {
		amounts := func(view string, cell stateCell, column string) string {
			if cell.predicate == "" {
				return fmt.Sprintf("select fact_key, cast(0 as decimal(38, 2)) as was, cast(0 as decimal(38, 2)) as is_now from %s where false", view)
			}
			values := "cast(0 as decimal(38, 2)) as was, " + measured(cell.measure) + " as is_now"
			if column == "was" {
				values = measured(cell.measure) + " as was, cast(0 as decimal(38, 2)) as is_now"
			}
			return fmt.Sprintf("select fact_key, %s from %s where %s", values, view, cell.predicate)
		}
		parts := fmt.Sprintf("select fact_key, sum(was) as was, sum(is_now) as is_now from (%s union all %s) group by fact_key",
			amounts(views[0], before.cells[m.name], "was"), amounts(views[1], after.cells[m.name], "is_now"))
		if err := d.add(ctx, i, m, parts); err != nil {
			return err
		}
	}
	return nil
}

// columnsOf are the columns of a relation: facts of earlier releases lack some.
func columnsOf(ctx context.Context, db *store.DB, relation string) (names []string, err error) {
	table, err := store.Query(ctx, db, "describe select * from "+relation)
	for _, row := range table.Rows {
		names = append(names, row[0].(string))
	}
	return names, err
}

// measured is what a fact adds to a cell.
func measured(measure string) string {
	if measure == "count" {
		return "cast(1 as decimal(38, 2))"
	}
	return "cast(coalesce(" + store.Identifier(measure) + ", 0) as decimal(38, 2))"
}

// tradesOfGroups matches the facts that differ once for all cells. Facts with the same
// values in the columns that predicates name are a group, so that each predicate is asked
// of few rows.
func (d differ) tradesOfGroups(ctx context.Context, i int, views [2]string, moved []*movedCell) error {
	if len(moved) == 0 {
		return nil
	}
	named, measures := map[string]bool{}, map[string]bool{}
	for _, m := range moved {
		cell := d.states[i].cells[m.name]
		for _, column := range columnsNamed(cell.predicate) {
			named[store.Identifier(column)] = true
		}
		if cell.measure != "count" {
			measures[store.Identifier(cell.measure)] = true
		}
	}
	dimensions, sums := slices.Sorted(maps.Keys(named)), slices.Sorted(maps.Keys(measures))
	if len(dimensions) == 0 {
		dimensions = []string{"'' as all_facts"}
	}
	columns := strings.Join(dimensions, ", ")
	counted := strings.Join(append(slices.Clone(sums), columns, "fact_key"), ", ")
	hashed := strings.ReplaceAll(counted, " as all_facts", "")
	var slim [2][]string // of either side
	for side, prefix := range []string{"was_", "now_"} {
		for _, measure := range sums {
			slim[side] = append(slim[side], fmt.Sprintf("%s as %s", measure, store.Identifier(prefix+strings.Trim(measure, `"`))))
		}
		slim[side] = append(slim[side], fmt.Sprintf("hash(%s) as %sgroup", strings.ReplaceAll(columns, " as all_facts", ""), prefix))
	}
	if err := onOneSide(ctx, d.db, "step_rows", views[0], views[1], hashed); err != nil {
		return err
	}
	for side, view := range views {
		if err := d.db.CreateTable(ctx, view+"_moved", fmt.Sprintf("select fact_key, %s, %s from %s where hash(%s) in (select row_hash from step_rows)",
			columns, strings.Join(slim[side], ", "), view, hashed)); err != nil {
			return err
		}
	}
	plain := strings.ReplaceAll(columns, "'' as ", "")
	if err := d.db.CreateTable(ctx, "step_groups", fmt.Sprintf(`
select group_hash, %[1]s from (
  select was_group as group_hash, %[1]s from %[2]s_moved union select now_group, %[1]s from %[3]s_moved)`, plain, views[0], views[1])); err != nil {
		return err
	}
	if err := d.db.CreateTable(ctx, "step_facts", fmt.Sprintf("select fact_key, b.* exclude (fact_key, %[1]s), a.* exclude (fact_key, %[1]s) from %[2]s_moved as b full join %[3]s_moved as a using (fact_key)",
		plain, views[0], views[1])); err != nil {
		return err
	}
	for _, m := range moved {
		cell := d.states[i].cells[m.name]
		amount := func(prefix string) string {
			value := "cast(1 as decimal(38, 2))"
			if cell.measure != "count" {
				value = "cast(coalesce(" + store.Identifier(prefix+cell.measure) + ", 0) as decimal(38, 2))"
			}
			return fmt.Sprintf("case when %sgroup in (select group_hash from step_groups where %s) then %s else 0 end", prefix, cell.predicate, value)
		}
		if err := d.add(ctx, i, m, fmt.Sprintf("select fact_key, %s as was, %s as is_now from step_facts", amount("was_"), amount("now_"))); err != nil {
			return err
		}
	}
	return nil
}

// add takes the trades of a step into a cell, and holds that they come to what the step
// made of it.
func (d differ) add(ctx context.Context, i int, m *movedCell, parts string) error {
	if err := d.db.CreateTable(ctx, "step_parts", "select fact_key, was, is_now from ("+parts+") where was <> is_now"); err != nil {
		return err
	}
	total, err := store.Query(ctx, d.db, "select count(*), cast(coalesce(sum(is_now - was), 0) as decimal(38, 2)) from step_parts")
	if err != nil {
		return err
	}
	if sum := total.Rows[0][1].(decimal.Decimal); !sum.Equal(d.step(i, m.name)) {
		return fmt.Errorf("cell %s/%s/%s/%s moved by %s, the trades behind it by %s: one of the releases is damaged; comment11 verify says which",
			m.Table, m.Block, m.Row, m.Column, d.step(i, m.name), sum)
	}
	m.Count += total.Rows[0][0].(int64)
	query := "select fact_key, was, is_now from step_parts order by abs(is_now - was) desc, fact_key"
	if d.how.Trades >= 0 {
		query += fmt.Sprintf(" limit %d", d.how.Trades)
	}
	table, err := store.Query(ctx, d.db, query)
	if err != nil {
		return err
	}
	for _, row := range table.Rows {
		was, is := row[1].(decimal.Decimal), row[2].(decimal.Decimal)
		m.Trades = append(m.Trades, TradeChange{Fact: row[0].(string), Cause: d.states[i].factor, Before: was, After: is, Difference: is.Sub(was)})
	}
	return nil
}
