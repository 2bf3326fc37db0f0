package batch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/disclosures/render"
	"comment11/internal/store"
	"comment11/transform"
)

// mostOnPage is how many facts the page names of each cell; comment11 trace names the rest.
const mostOnPage = 3

// addTraces finds where every cell of the packet comes from.
func addTraces(ctx context.Context, config configs.Config, packet *render.Packet) error {
	packet.Letter.Traces = map[render.Place]render.Trace{}
	for _, release := range packet.Releases {
		traces, err := tracesOf(ctx, config, packet, release, nil)
		if err != nil {
			return fmt.Errorf("traces of %s: %w", release.AsOf, err)
		}
		maps.Copy(packet.Letter.Traces, traces)
	}
	shown := map[render.Place]bool{} // what is prepared may be of more tables
	packet.Each(func(at render.Place, _ render.Cell) { shown[at] = true })
	maps.DeleteFunc(packet.Letter.Traces, func(at render.Place, _ render.Trace) bool { return !shown[at] })
	return nil
}

// tracesOf are the traces of the cells of one release, which it may keep.
func tracesOf(ctx context.Context, config configs.Config, packet *render.Packet, release render.Release, keep keeper) (map[render.Place]render.Trace, error) {
	return prepared(config, release.Name, preparedTraces, nil, keep, func() (map[render.Place]render.Trace, error) {
		traces := map[render.Place]render.Trace{}
		return traces, findTraces(ctx, config, packet, release, traces)
	})
}

// findTraces groups each table's relation by the columns that its predicates name and the
// rules that decided, with the largest facts of each group; cells take theirs from these.
func findTraces(ctx context.Context, config configs.Config, packet *render.Packet, release render.Release, traces map[render.Place]render.Trace) error {
	db, done, err := reading(ctx, config)
	if err != nil {
		return err
	}
	defer done()
	t, err := newTracer(ctx, config, db, TraceQuestion{Release: release.Name})
	if err != nil {
		return err
	}
	words, err := predicateWords(ctx, db, packet)
	if err != nil {
		return err
	}
	relations, err := store.Query(ctx, db, "select table_id, relation from "+t.files("tables"))
	if err != nil {
		return err
	}
	var ofFacts []*tableTraces
	for _, row := range relations.Rows {
		i := slices.IndexFunc(packet.Tables, func(table render.Table) bool { return table.ID == row[0] })
		if i < 0 {
			continue
		}
		table, err := t.table(ctx, packet.Tables[i], row[1].(string), release.AsOf)
		switch {
		case err != nil || table == nil:
		case table.probe.from == "facts":
			ofFacts = append(ofFacts, table) // they are grouped together
		default:
			if err = t.group(ctx, table); err == nil {
				err = t.fill(ctx, table, words, traces)
			}
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", row[0], err)
		}
	}
	shared, err := t.shareFacts(ctx, ofFacts)
	if err != nil {
		return err
	}
	for i, table := range ofFacts {
		if err = shared.group(ctx, i, table); err == nil {
			err = t.fill(ctx, table, words, traces)
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", table.probe.Table, err)
		}
	}
	return nil
}

// predicateWords puts the predicates of all cells into words.
func predicateWords(ctx context.Context, db *store.DB, packet *render.Packet) (map[string]string, error) {
	var predicates []string
	seen := map[string]bool{}
	packet.Each(func(_ render.Place, c render.Cell) {
		if !seen[c.Predicate] {
			seen[c.Predicate] = true
			predicates = append(predicates, c.Predicate)
		}
	})
	texts, err := store.Words(ctx, db, predicates)
	words := map[string]string{}
	for i, text := range texts {
		words[predicates[i]] = text
	}
	return words, err
}

// placed is a cell of a table at the date in hand.
type placed struct {
	at      render.Place
	cell    render.Cell
	measure string // of a share, that of the column that it is a share of
}

// largeFact is a fact that may be among the largest of a cell.
type largeFact struct {
	name   string
	amount decimal.Decimal
}

// compare orders facts, the largest first, and of those as large the first by name.
func (f largeFact) compare(other largeFact) int {
	if byAmount := other.amount.Abs().Cmp(f.amount.Abs()); byAmount != 0 {
		return byAmount
	}
	if byName := strings.Compare(f.name, other.name); byName != 0 {
		return byName
	}
	return f.amount.Cmp(other.amount)
}

// tableTraces are the traces of the cells of a table while they are being found.
type tableTraces struct {
	probe                            Trace
	cells                            []placed
	attributes, predicates, measures []string
	by                               []string // columns that divide its facts: what predicates name, and rules
}

// table says what is to be found of a table, nil where it has no cell.
func (t *tracer) table(ctx context.Context, table render.Table, relation, date string) (*tableTraces, error) {
	f := &tableTraces{probe: Trace{Table: table.ID, Relation: relation}, cells: cellsAt(table, date)}
	if len(f.cells) == 0 {
		return nil, nil
	}
	for _, c := range f.cells { // the rules of all that any predicate names
		f.probe.Predicate += c.cell.Predicate
	}
	if err := t.relation(ctx, &f.probe, "count"); err != nil {
		return nil, err
	}
	for _, r := range f.probe.Rules {
		f.attributes = append(f.attributes, r.Attribute)
		f.by = append(f.by, r.Attribute+"_rule")
	}
	for _, c := range f.cells {
		if !slices.Contains(f.predicates, c.cell.Predicate) {
			f.predicates = append(f.predicates, c.cell.Predicate)
			f.by = append(f.by, columnsNamed(c.cell.Predicate)...)
		}
		if !slices.Contains(f.measures, c.measure) {
			f.measures = append(f.measures, c.measure)
		}
	}
	slices.Sort(f.by)
	f.by = slices.Compact(f.by)
	return f, nil
}

// fill takes the traces of the table's cells from its groups.
func (t *tracer) fill(ctx context.Context, f *tableTraces, words map[string]string, traces map[render.Place]render.Trace) error {
	groups, err := t.groups(ctx, f)
	if err != nil {
		return err
	}
	for _, c := range f.cells {
		traces[c.at] = t.traceOf(c, groups, f.attributes, slices.Index(f.predicates, c.cell.Predicate), slices.Index(f.measures, c.measure), words)
	}
	return nil
}

// cellsAt are the cells of a table at a date.
func cellsAt(table render.Table, date string) []placed {
	var list []placed
	for c := range table.All() {
		if c.Date != date {
			continue
		}
		measure := c.Cell.Measure
		if base, isShare := strings.CutPrefix(measure, disclosures.ShareMeasure); isShare {
			of := slices.IndexFunc(c.Sheet.Columns, func(column render.Column) bool { return column.ID == base })
			if of < 0 {
				continue // verify says that the release is damaged
			}
			measure = c.Row.Cells[of].Measure
		}
		list = append(list, placed{c.Place, c.Cell, measure})
	}
	return list
}

// group makes the relation trace_groups of a table: the columns that divide its facts,
// the number of facts, and for each measure names and amounts of the largest.
func (t *tracer) group(ctx context.Context, f *tableTraces) error {
	var by []string
	for _, column := range f.by {
		by = append(by, store.Identifier(column))
	}
	selected := slices.Clone(by)
	for i, m := range f.measures {
		selected = append(selected, largestSQL(factName(f.probe.columns), measureSQL(m), i))
	}
	return t.db.CreateTable(ctx, "trace_groups", fmt.Sprintf("select count(*) as facts_in_group, %s from %s group by %s", strings.Join(selected, ", "), f.probe.from, strings.Join(by, ", ")))
}

// largestSQL aggregates the largest facts by an amount, the first by name where amounts
// are alike.
func largestSQL(name, amount string, i int) string {
	return fmt.Sprintf("min(struct_pack(size := -abs(%[2]s), n := %[1]s, a := %[2]s), %[3]d) filter (where %[2]s <> 0) as top_%[4]d", name, amount, mostOnPage, i)
}

// traceGroups are the groups of a table. Their rows are: the number of facts, the rule of
// each attribute, then for each measure the names and amounts of its largest.
type traceGroups struct {
	rows [][]any
	of   [][]int // by predicate, the rows of which it is true
}

func (t *tracer) groups(ctx context.Context, f *tableTraces) (traceGroups, error) {
	g := traceGroups{of: make([][]int, len(f.predicates))}
	members, err := memberships(ctx, t.db, "trace_groups", f.predicates)
	if err != nil {
		return g, err
	}
	for row, predicates := range members {
		for _, p := range predicates {
			g.of[p] = append(g.of[p], row)
		}
	}
	columns := []string{"facts_in_group"}
	for _, a := range f.attributes {
		columns = append(columns, store.Identifier(a+"_rule"))
	}
	for i := range f.measures {
		for k := range mostOnPage {
			columns = append(columns, fmt.Sprintf("top_%[1]d[%[2]d].n, cast(top_%[1]d[%[2]d].a as decimal(38, 2))", i, k+1))
		}
	}
	table, err := store.Query(ctx, t.db, "select "+strings.Join(columns, ", ")+" from trace_groups")
	g.rows = table.Rows
	return g, err
}

// factName is what a fact is called on the page: its position or event, or its keys.
func factName(columns []string) string {
	for _, id := range []string{"event_id", "position_id"} {
		if slices.Contains(columns, id) && slices.Contains(columns, "adjustment_id") {
			return "coalesce(" + id + ", adjustment_id, '')"
		}
		if slices.Contains(columns, id) {
			return "coalesce(" + id + ", '')"
		}
	}
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = "cast(" + store.Identifier(c) + " as varchar)"
	}
	return "concat_ws(' ', " + strings.Join(quoted, ", ") + ")"
}

func (t *tracer) traceOf(c placed, groups traceGroups, attributes []string, predicate, measure int, words map[string]string) render.Trace {
	trace := render.Trace{Words: words[c.cell.Predicate]}
	rules := map[[2]string]int64{}
	var named []int // attributes that the predicate names
	for i, a := range attributes {
		if strings.Contains(c.cell.Predicate, store.Identifier(a)) {
			named = append(named, i)
		}
	}
	var largest []largeFact
	for _, n := range groups.of[predicate] {
		row := groups.rows[n]
		facts := row[0].(int64)
		trace.Facts += facts
		for _, i := range named {
			if rule, _ := row[1+i].(string); rule != "" {
				rules[[2]string{attributes[i], rule}] += facts
			}
		}
		tops := row[1+len(attributes)+2*mostOnPage*measure:]
		for k := range mostOnPage {
			amount, there := tops[2*k+1].(decimal.Decimal)
			if !there || amount.IsZero() {
				break
			}
			name, _ := tops[2*k].(string)
			fact := largeFact{name, amount}
			at, _ := slices.BinarySearchFunc(largest, fact, largeFact.compare)
			if at == mostOnPage {
				break // what follows in the group is smaller
			}
			largest = slices.Insert(largest, at, fact)
			largest = largest[:min(len(largest), mostOnPage)]
		}
	}
	for _, f := range largest {
		trace.Largest = append(trace.Largest, f.name+": "+f.amount.StringFixed(2))
	}
	for _, a := range transform.Attributes {
		for key, facts := range rules {
			if key[0] == a {
				text := fmt.Sprintf("%s: %s, %s", strings.ReplaceAll(a, "_", " "), key[1], disclosures.Counted(facts, "fact"))
				if because := t.reasons[key[1]]; because != "" {
					text += ": " + because
				}
				trace.Rules = append(trace.Rules, text)
			}
		}
	}
	slices.Sort(trace.Rules)
	return trace
}
