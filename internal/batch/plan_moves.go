package batch

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/store"
)

// planner finds what moves from cell to cell. It works in the database of a comparer:
// b, m and a stand for the release that stands, what would come at the rates of that
// one, and what would come.
//
// All facts that have the same values in the columns that predicates name stand in
// the same cells. So both releases' facts get the number of their group, and for each
// table groups that are alike in the columns that it names are one part: its predicates
// are evaluated once for each part, and positions are added up by their part before and
// after. The few positions that are several facts, which evidence cut, are gone through
// one by one.
type planner struct {
	comparer
	how   PlanOptions
	moves map[moveKey]*Move
	other map[blockCell]map[string]decimal.Decimal // changes of amount, by cause
	// summed are the cells that are added up here: no sums of others, and of a measure
	// that is a column on both sides.
	summed  map[blockCell]bool
	columns []string // of plan_groups, beside the number
}

// blockKey is a block of a table with one of its measures.
type blockKey struct{ table, block, measure string }

type moveKey struct {
	blockKey
	from, to Cell
}

type blockCell struct {
	blockKey
	Cell
}

// leaf is a cell that is no sum of others, with its predicate.
type leaf struct {
	Cell
	predicate string
}

// none is where a position is that one of both sides does not have.
var none = Cell{Row: "(none)"}

// positionKey is what names a fact f over all of its slices, as SQL, and moved reads it.
func positionKey(relation string) string {
	if relation == "realized_facts" {
		return "f.event_id"
	}
	return "concat(f.source_system, chr(31), f.position_id, chr(31), f.adjustment_id)"
}

func moved(key string, amount decimal.Decimal) MovedPosition {
	parts := strings.Split(key, "\x1f")
	if len(parts) == 1 {
		return MovedPosition{Event: key, Amount: amount}
	}
	return MovedPosition{SourceSystem: parts[0], Position: parts[1], Adjustment: parts[2], Amount: amount}
}

// plan gives the moves and the cells that change.
func (p *planner) plan(ctx context.Context) ([]Move, []PlannedCell, error) {
	p.moves, p.other, p.summed = map[moveKey]*Move{}, map[blockCell]map[string]decimal.Decimal{}, map[blockCell]bool{}
	for _, c := range compared {
		if err := p.relation(ctx, c.relation); err != nil {
			return nil, nil, fmt.Errorf("moves of %s: %w", c.relation, err)
		}
	}
	cells, err := p.plannedCells(ctx)
	if err != nil {
		return nil, nil, err
	}
	order, err := p.blockOrder(ctx)
	if err != nil {
		return nil, nil, err
	}
	moves := []Move{}
	for _, move := range p.moves {
		if move.Positions == 0 && move.Amount.IsZero() {
			continue
		}
		p.keep(move)
		moves = append(moves, *move)
	}
	slices.SortFunc(moves, func(a, b Move) int {
		place := func(m Move) int { return order[blockKey{m.Table, m.Block, ""}] }
		return cmp.Or(place(a)-place(b), strings.Compare(a.Measure, b.Measure), b.Amount.Abs().Cmp(a.Amount.Abs()),
			compareCells(a.From, b.From), compareCells(a.To, b.To))
	})
	return moves, cells, nil
}

func compareCells(a, b Cell) int {
	return cmp.Or(strings.Compare(a.Row, b.Row), strings.Compare(a.Column, b.Column))
}

// blockOrder is the place of every block in the tables.
func (p *planner) blockOrder(ctx context.Context) (map[blockKey]int, error) {
	table, err := store.Query(ctx, p.db, `
select table_id, block_id from (select * from after_cells union all by name select * from before_cells)
group by table_id, block_id order by min(table_number), min(block_number), table_id, block_id`)
	if err != nil {
		return nil, err
	}
	order := map[blockKey]int{}
	for i, row := range table.Rows {
		order[blockKey{row[0].(string), row[1].(string), ""}] = i
	}
	return order, nil
}

// leaves are the cells of a relation's blocks that are no sums of others and stand
// in the footing, on one side.
func (p *planner) leaves(ctx context.Context, side, relation string) (map[blockKey][]leaf, error) {
	table, err := store.Query(ctx, p.db, fmt.Sprintf(`
select c.table_id, c.block_id, c.measure, c.row_id, c.column_id, c.predicate, coalesce(c.parent_row_id, ''), c.memo, c.total_column
from %[1]s_cells as c join %[1]s_tables as t on t.table_id = c.table_id
where t.relation = %[2]s order by c.table_number, c.block_number, c.row_number, c.column_number`, side, store.Literal(relation)))
	if err != nil {
		return nil, err
	}
	type row struct{ table, block, row string }
	parents, memo := map[row]string{}, map[row]bool{}
	isParent := map[row]bool{}
	for _, r := range table.Rows {
		at := row{r[0].(string), r[1].(string), r[3].(string)}
		parents[at], memo[at] = r[6].(string), r[7].(bool)
		isParent[row{at.table, at.block, parents[at]}] = true
	}
	outsideFooting := func(at row) bool {
		for at.row != "" {
			if memo[at] {
				return true
			}
			at.row = parents[at]
		}
		return false
	}
	leaves := map[blockKey][]leaf{}
	for _, r := range table.Rows {
		at := row{r[0].(string), r[1].(string), r[3].(string)}
		if isParent[at] || outsideFooting(at) || r[8].(bool) {
			continue
		}
		key := blockKey{at.table, at.block, r[2].(string)}
		leaves[key] = append(leaves[key], leaf{Cell{at.row, r[4].(string)}, r[5].(string)})
	}
	return leaves, nil
}

// relation finds the moves of the facts of one relation.
func (p *planner) relation(ctx context.Context, relation string) error {
	before, err := p.leaves(ctx, "before", relation)
	if err != nil {
		return err
	}
	after, err := p.leaves(ctx, "after", relation)
	if err != nil {
		return err
	}
	measures, err := p.measures(ctx, relation, before, after)
	if err != nil || len(measures) == 0 {
		return err
	}
	for _, side := range []map[blockKey][]leaf{before, after} {
		for key, list := range side {
			for _, l := range list {
				p.summed[blockCell{key, l.Cell}] = slices.Contains(measures, key.measure)
			}
		}
	}
	still := p.predicatesDiffer(before, after) // a fact that is as it was may stand elsewhere
	if err := p.group(ctx, relation, measures, still, before, after); err != nil {
		return err
	}
	if err := p.positions(ctx, relation, measures); err != nil {
		return err
	}
	tables := map[string]bool{}
	for _, side := range []map[blockKey][]leaf{before, after} {
		for key := range side {
			tables[key.table] = true
		}
	}
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		others := func(key blockKey, _ []leaf) bool { return key.table != table }
		ofBefore, ofAfter := maps.Clone(before), maps.Clone(after)
		maps.DeleteFunc(ofBefore, others)
		maps.DeleteFunc(ofAfter, others)
		if err := p.table(ctx, relation, measures, still, ofBefore, ofAfter); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	return nil
}

// table finds the moves from cell to cell of one table.
func (p *planner) table(ctx context.Context, relation string, measures []string, still bool, before, after map[blockKey][]leaf) error {
	measures = slices.DeleteFunc(slices.Clone(measures), func(m string) bool {
		of := func(side map[blockKey][]leaf) bool {
			for key := range side {
				if key.measure == m {
					return true
				}
			}
			return false
		}
		return !of(before) && !of(after)
	})
	if len(measures) == 0 {
		return nil
	}
	if err := p.divide(ctx, before, after); err != nil {
		return err
	}
	places, err := p.places(ctx, before, after)
	if err != nil {
		return err
	}
	if still {
		if err := p.unchanged(ctx, relation, measures, places); err != nil {
			return err
		}
	}
	if err := p.wholes(ctx, measures, places); err != nil {
		return err
	}
	return p.parts(ctx, measures, places)
}

// divide makes plan_parts, with a number for each combination of the columns that the
// predicates of a table name, and plan_part_of with that of each group. The number is made
// as that of a group is.
func (p *planner) divide(ctx context.Context, sides ...map[blockKey][]leaf) error {
	named := namedColumns(sides...)
	names := slices.DeleteFunc(slices.Clone(p.columns), func(name string) bool { return !named[name] })
	columns := make([]string, len(names))
	for i, name := range names {
		columns[i] = store.Identifier(name)
	}
	part := combination(columns) + " as part"
	if err := p.db.CreateTable(ctx, "plan_part_of", "select group_number, "+part+" from plan_groups"); err != nil {
		return err
	}
	return p.db.CreateTable(ctx, "plan_parts", "select distinct "+strings.Join(append([]string{part}, columns...), ", ")+" from plan_groups")
}

// combination is SQL of a number for each combination of values.
func combination(values []string) string {
	if len(values) == 0 {
		return "cast(0 as bigint)"
	}
	return "cast(hash(" + strings.Join(values, ", ") + ") >> 1 as bigint)"
}

// namedColumns are those that predicates name.
func namedColumns(sides ...map[blockKey][]leaf) map[string]bool {
	named := map[string]bool{}
	for _, side := range sides {
		for _, list := range side {
			for _, l := range list {
				for _, column := range columnsNamed(l.predicate) {
					named[column] = true
				}
			}
		}
	}
	return named
}

// measures are the columns that the relation's cells sum, on both sides, and count.
// What is no column, such as a share, follows from others.
func (p *planner) measures(ctx context.Context, relation string, sides ...map[blockKey][]leaf) ([]string, error) {
	known := map[string]int{}
	for _, side := range []string{"before_", "after_"} {
		columns, err := columnsOf(ctx, p.db, store.Identifier(side+relation))
		if err != nil {
			return nil, err
		}
		for _, name := range columns {
			known[name]++
		}
	}
	used := map[string]bool{}
	for _, side := range sides {
		for key := range side {
			if key.measure == "count" || known[key.measure] == 2 {
				used[key.measure] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(used)), nil
}

// predicatesDiffer tells whether a cell of both sides has another predicate, a table
// another definition, or a block is on one side only.
func (p *planner) predicatesDiffer(before, after map[blockKey][]leaf) bool {
	changed := changes(p.before, p.after)
	for key, list := range after {
		if before[key] == nil || slices.Contains(changed, "tables/"+key.table+".yaml") {
			return true
		}
		for _, l := range list {
			i := slices.IndexFunc(before[key], func(o leaf) bool { return o.Cell == l.Cell })
			if i >= 0 && before[key][i].predicate != l.predicate {
				return true
			}
		}
	}
	for key := range before {
		if after[key] == nil {
			return true
		}
	}
	return !slices.Equal(p.before.Scopes, p.after.Scopes)
}

// group makes the relation plan_groups with a number for each combination of the
// columns that predicates name, and plan_b and plan_a, the facts that differ with their
// group; and with still plan_still, the sums of those that do not differ by group. The
// number is made of the combination's hash: what two combinations of one number would
// mix up does not come to the differences of the cells, and the plan says so.
func (p *planner) group(ctx context.Context, relation string, measures []string, still bool, sides ...map[blockKey][]leaf) error {
	named := namedColumns(sides...)
	types := map[string]string{}
	present := map[string][]string{}
	for _, side := range []string{"b", "a"} {
		table, err := store.Query(ctx, p.db, "describe "+store.Identifier(relation+"_all_"+side))
		if err != nil {
			return err
		}
		for _, row := range table.Rows {
			if name := row[0].(string); named[name] {
				types[name] = row[1].(string)
				present[side] = append(present[side], name)
			}
		}
	}
	names := slices.Sorted(maps.Keys(types))
	p.columns = names
	grouped := func(side, from string) string { // all columns, and those of the group again with its number
		list, values := make([]string, len(names)), make([]string, len(names))
		for i, name := range names {
			values[i] = "f." + store.Identifier(name)
			if !slices.Contains(present[side], name) { // no predicate of that side names it
				values[i] = "cast(null as " + types[name] + ")"
			}
			list[i] = values[i] + " as " + store.Identifier("group_"+name)
		}
		return fmt.Sprintf("select f.*, %s from %s as f", strings.Join(append(list, combination(values)+" as group_number"), ", "), from)
	}
	var groups []string
	for _, side := range []string{"b", "a"} {
		if err := p.db.CreateTable(ctx, "plan_"+side, grouped(side, relation+"_"+side)); err != nil {
			return err
		}
		groups = append(groups, "plan_"+side)
	}
	columns := []string{"group_number"}
	for _, name := range names {
		columns = append(columns, store.Identifier("group_"+name))
	}
	if still {
		sums := []string{}
		for _, m := range measures {
			sums = append(sums, fmt.Sprintf("sum(%[1]s) as %[2]s, count(*) filter (where %[1]s <> 0) as %[3]s", planned("f", m), store.Identifier("b_"+m), store.Identifier("n_"+m)))
		}
		if err := p.db.CreateView(ctx, "plan_still_facts", grouped("a", relation+"_still")); err != nil {
			return err
		}
		if err := p.db.CreateTable(ctx, "plan_still", fmt.Sprintf("select %[1]s, %[2]s from plan_still_facts as f group by %[1]s",
			strings.Join(columns, ", "), strings.Join(sums, ", "))); err != nil {
			return err
		}
		groups = append(groups, "plan_still")
	}
	var all []string
	for _, group := range groups {
		all = append(all, "select "+strings.Join(columns, ", ")+" from "+group)
	}
	renamed := []string{"group_number"}
	for _, name := range names {
		renamed = append(renamed, store.Identifier("group_"+name)+" as "+store.Identifier(name))
	}
	return p.db.CreateTable(ctx, "plan_groups", fmt.Sprintf("select %s from (%s)", strings.Join(renamed, ", "), strings.Join(all, " union ")))
}

// planned is the amount of a measure of the fact that the alias stands for.
func planned(alias, measure string) string {
	if measure == "count" {
		return "cast(1 as decimal(38, 2))"
	}
	return "cast(coalesce(" + alias + "." + store.Identifier(measure) + ", 0) as decimal(38, 2))"
}

// unchanged finds what moves of the facts that are as they were, because a predicate of
// a table is another one. They are added up by part; only the largest are named.
func (p *planner) unchanged(ctx context.Context, relation string, measures []string, at places) error {
	var sums []string
	for _, m := range measures {
		sums = append(sums, fmt.Sprintf("sum(%s), cast(sum(%s) as bigint)", store.Identifier("b_"+m), store.Identifier("n_"+m)))
	}
	table, err := store.Query(ctx, p.db, "select part, "+strings.Join(sums, ", ")+" from plan_still join plan_part_of using (group_number) group by part order by part")
	if err != nil {
		return err
	}
	blocks := at.blocks()
	moving := map[string][]string{} // parts that move in some block, by measure
	for _, row := range table.Rows {
		for _, key := range blocks {
			i := slices.Index(measures, key.measure)
			if i < 0 {
				continue
			}
			from, to := cellIn(at.before[key], row[0]), cellIn(at.after[key], row[0])
			if from == to {
				continue
			}
			p.change(key, from, to, "rules", row[1+2*i].(decimal.Decimal), decimal.Zero, decimal.Zero, row[2+2*i].(int64))
			if list, number := moving[key.measure], fmt.Sprint(row[0]); len(list) == 0 || list[len(list)-1] != number { // rows of a part follow each other
				moving[key.measure] = append(list, number)
			}
		}
	}
	if p.how.Positions == 0 {
		return nil
	}
	for _, measure := range slices.Sorted(maps.Keys(moving)) {
		largest, err := store.Query(ctx, p.db, largestOf(p.how.Positions, "part, part as part_after", fmt.Sprintf(
			"(select g.part, %s as position, %s as amount from plan_still_facts as f join plan_part_of as g using (group_number) where g.part in (%s))",
			positionKey(relation), planned("f", measure), strings.Join(moving[measure], ", "))))
		if err != nil {
			return err
		}
		p.name(largest.Rows, measure, blocks, at)
	}
	return nil
}

// largestOf is SQL of the positions with the largest amounts of each combination of the
// columns by, which are two; of equal ones the first by name.
func largestOf(most int, by, from string) string {
	return fmt.Sprintf(`
select * exclude (largest), largest.name, largest.amount from (
  select * exclude (all_largest), unnest(all_largest) as largest from (
    select %[1]s, min(struct_pack(size := -abs(amount), name := position, amount := amount), %[2]d) as all_largest
    from %[3]s where amount <> 0 group by all))`, by, most, from)
}

// name adds positions, each with its part before and after, to those behind the moves of
// a measure.
func (p *planner) name(rows [][]any, measure string, blocks []blockKey, at places) {
	for _, key := range blocks {
		if key.measure != measure {
			continue
		}
		for _, row := range rows {
			if move := p.moves[moveKey{key, cellIn(at.before[key], row[0]), cellIn(at.after[key], row[1])}]; move != nil {
				p.behind(move, moved(row[2].(string), row[3].(decimal.Decimal)))
			}
		}
	}
}

// positions makes plan_facts, with one row per fact of either side: its position, its
// group, its cause, and the amounts; and plan_wholes, with one row per position that
// is one fact at most on either side.
func (p *planner) positions(ctx context.Context, relation string, measures []string) error {
	var before, after, columns []string
	for _, m := range measures {
		amount := func(alias string) string { return planned(alias, m) }
		before = append(before, amount("f")+" as "+store.Identifier("b_"+m))
		after = append(after, amount("m")+" as "+store.Identifier("m_"+m), amount("f")+" as "+store.Identifier("a_"+m))
		columns = append(columns, "b_"+m, "m_"+m, "a_"+m)
	}
	cause := "coalesce(c.cause, 'rules') as cause" // a fact that is as it was moves by the table alone
	if err := p.db.CreateTable(ctx, "plan_facts", fmt.Sprintf(`
select 'b' as side, %[1]s as position, f.fact_key, f.group_number, %[2]s, %[3]s
from plan_b as f left join %[4]s_causes as c on c.fact_key = f.fact_key
union all by name
select 'a' as side, %[1]s as position, f.fact_key, f.group_number, %[2]s, %[5]s
from plan_a as f join %[4]s_m as m on m.fact_key = f.fact_key left join %[4]s_causes as c on c.fact_key = f.fact_key`,
		positionKey(relation), cause, strings.Join(before, ", "), relation, strings.Join(after, ", "))); err != nil {
		return err
	}
	if err := p.db.CreateTable(ctx, "plan_several", "select distinct position from (select position from plan_facts group by side, position having count(*) > 1)"); err != nil {
		return err
	}
	var sums []string
	for _, column := range columns {
		sums = append(sums, fmt.Sprintf("coalesce(max(%[1]s), 0) as %[1]s", store.Identifier(column)))
	}
	return p.db.CreateTable(ctx, "plan_wholes", fmt.Sprintf(`
select position, max(group_number) filter (where side = 'b') as before_group, max(group_number) filter (where side = 'a') as after_group,
  coalesce(max(cause) filter (where side = 'a'), max(cause)) as cause, %s
from plan_facts where position not in (select position from plan_several) group by position`, strings.Join(sums, ", ")))
}

// places tell in which cell of each block a part stands, on either side.
type places struct {
	before, after map[blockKey]map[int64]Cell
}

func (p *planner) places(ctx context.Context, before, after map[blockKey][]leaf) (places, error) {
	var all places
	var err error
	if all.before, err = p.placed(ctx, before); err != nil {
		return all, err
	}
	all.after, err = p.placed(ctx, after)
	return all, err
}

// placed evaluates the predicates on the parts.
func (p *planner) placed(ctx context.Context, blocks map[blockKey][]leaf) (map[blockKey]map[int64]Cell, error) {
	placed := map[blockKey]map[int64]Cell{}
	keys := slices.SortedFunc(maps.Keys(blocks), func(a, b blockKey) int {
		return cmp.Or(strings.Compare(a.table, b.table), strings.Compare(a.block, b.block), strings.Compare(a.measure, b.measure))
	})
	if len(keys) == 0 {
		return placed, nil
	}
	var items []string
	for _, key := range keys {
		var b strings.Builder
		b.WriteString("case")
		for i, l := range blocks[key] {
			fmt.Fprintf(&b, " when %s then %d", l.predicate, i)
		}
		items = append(items, b.String()+" else -1 end")
		placed[key] = map[int64]Cell{}
	}
	table, err := store.Query(ctx, p.db, "select part, "+strings.Join(items, ", ")+" from plan_parts")
	if err != nil {
		return nil, err
	}
	for _, row := range table.Rows {
		for i, key := range keys {
			if number := row[i+1].(int32); number >= 0 {
				placed[key][row[0].(int64)] = blocks[key][number].Cell
			}
		}
	}
	return placed, nil
}

// blocks are the keys of both sides.
func (p places) blocks() []blockKey {
	all := maps.Clone(p.before)
	maps.Copy(all, p.after)
	return slices.Collect(maps.Keys(all))
}

// cellIn is where a part stands; a position that is not there is nowhere.
func cellIn(placed map[int64]Cell, part any) Cell {
	number, there := part.(int64)
	if !there {
		return none
	}
	if cell, inside := placed[number]; inside {
		return cell
	}
	return Outside
}

// plan_wholes with the parts before and after.
const wholesByPart = "(select b.part as part_before, a.part as part_after, w.* from plan_wholes as w" +
	" left join plan_part_of as b on b.group_number = w.before_group left join plan_part_of as a on a.group_number = w.after_group)"

// wholes adds up the positions that are one fact on either side, by their parts.
func (p *planner) wholes(ctx context.Context, measures []string, at places) error {
	var sums []string
	for _, m := range measures {
		b, mid, a := store.Identifier("b_"+m), store.Identifier("m_"+m), store.Identifier("a_"+m)
		sums = append(sums, fmt.Sprintf("sum(%[1]s), sum(%[2]s - %[1]s), sum(%[3]s - %[2]s), count(*) filter (where %[1]s <> 0)", b, mid, a))
	}
	table, err := store.Query(ctx, p.db, "select part_before, part_after, cause, "+strings.Join(sums, ", ")+" from "+wholesByPart+" group by part_before, part_after, cause order by part_before, part_after, cause")
	if err != nil {
		return err
	}
	blocks := at.blocks()
	moving := map[string][]string{} // parts that move in some block, by measure
	for _, row := range table.Rows {
		cause := row[2].(string)
		for _, key := range blocks {
			i := slices.Index(measures, key.measure)
			if i < 0 {
				continue
			}
			amounts := row[3+4*i:]
			from, to := cellIn(at.before[key], row[0]), cellIn(at.after[key], row[1])
			p.change(key, from, to, cause, amounts[0].(decimal.Decimal), amounts[1].(decimal.Decimal), amounts[2].(decimal.Decimal), amounts[3].(int64))
			if from != to && from != none && to != none {
				moving[key.measure] = append(moving[key.measure], fmt.Sprintf("(%v, %v)", row[0], row[1]))
			}
		}
	}
	return p.largest(ctx, moving, at)
}

// change notes that positions which stood in one cell stand in another: their amount
// moves, and what it changes by is a change of the cell where they stand.
func (p *planner) change(key blockKey, from, to Cell, cause string, before, changed, fx decimal.Decimal, positions int64) {
	switch {
	case from == none:
		p.differs(key, to, cause, changed)
	case to == none:
		p.differs(key, from, cause, changed)
	case from == to:
		p.differs(key, to, cause, changed)
	default:
		p.move(key, from, to, cause, before, positions)
		p.differs(key, to, cause, changed)
	}
	if to != none {
		p.differs(key, to, "fx", fx)
	} else {
		p.differs(key, from, cause, fx) // nothing is left whose rate could count
	}
}

func (p *planner) differs(key blockKey, cell Cell, cause string, amount decimal.Decimal) {
	if amount.IsZero() || cell == Outside || cell == none {
		return
	}
	at := blockCell{key, cell}
	if p.other[at] == nil {
		p.other[at] = map[string]decimal.Decimal{}
	}
	p.other[at][cause] = p.other[at][cause].Add(amount)
}

func (p *planner) move(key blockKey, from, to Cell, cause string, amount decimal.Decimal, positions int64) *Move {
	at := moveKey{key, from, to}
	m := p.moves[at]
	if m == nil {
		m = &Move{Table: key.table, Block: key.block, Measure: key.measure, From: from, To: to, Causes: map[string]decimal.Decimal{}, Behind: []MovedPosition{}}
		p.moves[at] = m
	}
	m.Amount, m.Positions, m.Causes[cause] = m.Amount.Add(amount), m.Positions+positions, m.Causes[cause].Add(amount)
	return m
}

// largest names the largest positions behind each move, of the parts that move.
func (p *planner) largest(ctx context.Context, moving map[string][]string, at places) error {
	if p.how.Positions == 0 {
		return nil
	}
	for _, measure := range slices.Sorted(maps.Keys(moving)) {
		slices.Sort(moving[measure])
		table, err := store.Query(ctx, p.db, largestOf(p.how.Positions, "part_before, part_after", fmt.Sprintf(
			"(select part_before, part_after, position, %s as amount from %s join (values %s) as m(part_before, part_after) using (part_before, part_after))",
			store.Identifier("b_"+measure), wholesByPart, strings.Join(slices.Compact(moving[measure]), ", "))))
		if err != nil {
			return err
		}
		p.name(table.Rows, measure, at.blocks(), at)
	}
	return nil
}

// behind adds a position to those behind a move, and drops the smaller ones from
// time to time.
func (p *planner) behind(move *Move, position MovedPosition) {
	if p.how.Positions == 0 {
		return
	}
	if move.Behind = append(move.Behind, position); len(move.Behind) > 20*p.how.Positions {
		p.keep(move)
	}
}

// keep keeps the largest positions behind a move.
func (p *planner) keep(move *Move) {
	slices.SortFunc(move.Behind, func(a, b MovedPosition) int {
		return cmp.Or(b.Amount.Abs().Cmp(a.Amount.Abs()), strings.Compare(a.Name(), b.Name()), strings.Compare(a.SourceSystem, b.SourceSystem))
	})
	move.Behind = move.Behind[:min(len(move.Behind), p.how.Positions)]
}

// part is one fact of a position that is several.
type part struct {
	before bool
	part   any
	cause  string
	// amounts of a measure: before; or at the earlier rates, and after
	b, m, a []decimal.Decimal
}

// parts goes through the positions that are several facts on one side or the other.
func (p *planner) parts(ctx context.Context, measures []string, at places) error {
	var columns []string
	for _, m := range measures {
		columns = append(columns, store.Identifier("b_"+m), store.Identifier("m_"+m), store.Identifier("a_"+m))
	}
	blocks := at.blocks()
	var position string
	var list []part
	tell := func() {
		for _, key := range blocks {
			if i := slices.Index(measures, key.measure); i >= 0 && len(list) > 0 {
				p.several(key, position, list, i, at)
			}
		}
	}
	err := store.Stream(ctx, p.db, "select position, side, part, cause, "+strings.Join(columns, ", ")+
		" from plan_facts join plan_part_of using (group_number) where position in (select position from plan_several) order by position, side, fact_key", eachRow(func(row []any) error {
		if row[0] != position {
			tell()
			position, list = row[0].(string), nil
		}
		one := part{before: row[1] == "b", part: row[2], cause: row[3].(string)}
		for i := range measures {
			amount := func(k int) decimal.Decimal { d, _ := row[4+3*i+k].(decimal.Decimal); return d }
			one.b, one.m, one.a = append(one.b, amount(0)), append(one.m, amount(1)), append(one.a, amount(2))
		}
		list = append(list, one)
		return nil
	}))
	tell()
	return err
}

// eachRow is a sink that takes rows one by one.
type eachRow func(row []any) error

func (eachRow) Begin([]store.Column) error { return nil }
func (e eachRow) Row(row []any) error      { return e(row) }
func (eachRow) End() error                 { return nil }

// several matches what a position leaves cells with against what it comes to others
// with: in the order of the cells, amounts of either sign apart.
func (p *planner) several(key blockKey, position string, list []part, measure int, at places) {
	difference := map[Cell]decimal.Decimal{} // at the earlier rates
	cause := "rules"
	for _, one := range list {
		if one.before {
			cell := cellIn(at.before[key], one.part)
			difference[cell] = difference[cell].Sub(one.b[measure])
			continue
		}
		cause = one.cause
		cell := cellIn(at.after[key], one.part)
		difference[cell] = difference[cell].Add(one.m[measure])
		p.differs(key, cell, "fx", one.a[measure].Sub(one.m[measure]))
	}
	if i := slices.IndexFunc(list, func(one part) bool { return !one.before }); i < 0 {
		cause = list[0].cause
	}
	negative := slices.ContainsFunc(list, func(one part) bool { return one.b[measure].IsNegative() || one.m[measure].IsNegative() })
	sign := func(d decimal.Decimal) decimal.Decimal {
		if negative {
			return d.Neg()
		}
		return d
	}
	var left, come []Cell
	for _, cell := range slices.SortedFunc(maps.Keys(difference), compareCells) {
		switch amount := sign(difference[cell]); {
		case amount.IsNegative():
			left = append(left, cell)
		case amount.IsPositive():
			come = append(come, cell)
		}
	}
	for len(left) > 0 && len(come) > 0 {
		from, to := left[0], come[0]
		amount := decimal.Min(sign(difference[from]).Neg(), sign(difference[to]))
		p.behind(p.move(key, from, to, cause, sign(amount), 1), moved(position, sign(amount)))
		difference[from], difference[to] = difference[from].Add(sign(amount)), difference[to].Sub(sign(amount))
		if difference[from].IsZero() {
			left = left[1:]
		}
		if difference[to].IsZero() {
			come = come[1:]
		}
	}
	for cell, rest := range difference {
		p.differs(key, cell, cause, rest)
	}
}

// plannedCells gives the cells that change, and holds that what moves and what
// changes for other reasons come to the difference, to the cent.
func (p *planner) plannedCells(ctx context.Context) ([]PlannedCell, error) {
	cells, err := p.changedCells(ctx)
	if err != nil {
		return nil, err
	}
	in, out := map[blockCell]decimal.Decimal{}, map[blockCell]decimal.Decimal{}
	touched := map[blockCell]bool{}
	for key, move := range p.moves {
		from, to := blockCell{key.blockKey, key.from}, blockCell{key.blockKey, key.to}
		out[from], in[to] = out[from].Add(move.Amount), in[to].Add(move.Amount)
		touched[from], touched[to] = true, true
	}
	for at := range p.other {
		touched[at] = true
	}
	for i := range cells {
		cell := &cells[i]
		at := blockCell{blockKey{cell.Table, cell.Block, cell.Measure}, Cell{cell.Row, cell.Column}}
		if cell.Total = !p.summed[at]; cell.Total {
			continue
		}
		cell.MovedIn, cell.MovedOut = in[at], out[at]
		maps.Copy(cell.Other, p.other[at])
		if err := holds(at, cell.Difference, in[at], out[at], p.other[at]); err != nil {
			return nil, err
		}
		delete(touched, at)
	}
	for at := range touched { // what comes and goes in a cell that shows the same in the end
		if at.Cell == Outside || at.Cell == none {
			continue
		}
		if err := holds(at, decimal.Zero, in[at], out[at], p.other[at]); err != nil {
			return nil, err
		}
	}
	return cells, nil
}

// holds that a cell's difference is what moves and what changes.
func holds(at blockCell, difference, in, out decimal.Decimal, other map[string]decimal.Decimal) error {
	sum := in.Sub(out)
	for _, amount := range other {
		sum = sum.Add(amount)
	}
	if !sum.Equal(difference) {
		return fmt.Errorf("cell %s/%s/%s/%s changes by %s, and what moves and changes in it comes to %s: the published release is damaged; comment11 verify says where",
			at.table, at.block, at.Row, at.Column, difference, sum)
	}
	return nil
}
