package disclosures

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
)

// relations are what tables may read: by name, the contract for the scopes of the config.
var relations = map[string]func(scopes []string) position.DataSet{
	"facts":          position.Facts,
	"movements":      position.Movements,
	"realized_facts": position.RealizedFacts,

	"counterparty_ranks":      position.CounterpartyRanks,
	"downgraded_netting_sets": position.DowngradedNettingSets,
	"matched_protection":      position.MatchedProtection,
	"balance_sheet_bridge":    position.BalanceSheetBridge,
	"credit_event_payouts":    position.CreditEventPayouts,
	"income_bridge":           position.IncomeBridge,
	"fair_value_moves":        position.FairValueMoves,
	"eight_quarters":          position.EightQuarters,
	"growth_drivers":          position.GrowthDrivers,
	"matched_growth":          position.MatchedGrowth,
	"reference_ranks":         position.ReferenceRanks,
}

// Measures are the names that a column over the relation may sum, and what it may count.
func Measures(relation string) []string {
	list := []string{countMeasure}
	for _, c := range relations[relation](nil).Columns {
		if c.Has(position.Measure) {
			list = append(list, c.Name)
		}
	}
	if relation == "facts" {
		list = append(list, contractsMeasure)
	}
	return list
}

// source names the groups that a table reads: groups of its relation that it shares with
// other tables, or groups of its own. One grouping for all tables, by every column that
// any of them names, would have nearly as many groups as there are facts.
func (p predicates) source(table Table) string { return p.sources[table.ID.Value] }

// relationOf is the relation that a source groups.
func relationOf(source string) string {
	relation, _, _ := strings.Cut(source, ":")
	return relation
}

// sharedDimensions are those of the groups of facts that tables share. A table takes
// the first that has all its dimensions, or has groups of its own.
var sharedDimensions = [][]string{
	{"instrument", "direction", "purpose", "counterparty_type", "rating_grade", "maturity_bucket", "designation", "funded", "obligation", "status", "attachment_bucket"},
	{"instrument", "direction", "rating_grade", "maturity_bucket", "funded", "capital_treatment", "fair_value_level", "sector", "underlying_kind"},
	{"direction", "purpose", "counterparty_type", "maturity_bucket", "funded", "underlying_kind"},
}

// groupsOf names the relation with one row per combination of the dimensions that
// the tables name, with the count and the sum of every measure.
func groupsOf(source string) string {
	return strings.NewReplacer(":", "_", "-", "_", ".", "_").Replace(source) + "_groups"
}

// dimensionsOf names the relation that has the columns that predicates may name,
// and no row.
func dimensionsOf(relation string) string { return relation + "_dimensions" }

// Validate compiles every predicate of the tables, over no data, and holds that the
// rows and columns of the user's tables divide their facts; those of the program's are
// tested.
func Validate(ctx context.Context, db *store.DB, tables []Table, scopes []string) error {
	p, err := compilePredicates(ctx, db, tables, scopes)
	if err == nil {
		own := slices.DeleteFunc(slices.Clone(tables), func(t Table) bool { return !t.own })
		err = checkPartitions(ctx, db, own, p, scopes)
	}
	return errors.Join(err, checkTies(tables))
}

// predicates are all predicates of the tables, compiled, each once.
type predicates struct {
	texts     []string                       // compiled SQL
	relations []string                       // that each is over
	index     map[place]int                  // by where the predicate stands
	used      map[string]map[string]struct{} // per source, dimension columns that they name
	sources   map[string]string              // by table
	together  map[string]string              // by source, the name that those have whose finest groups are the same
	tables    []string                       // by predicate
}

// at gives the number of a predicate.
func (p predicates) at(t strictyaml.Text) int { return p.index[placeOf(t)] }

type place struct{ text, at string }

func placeOf(t strictyaml.Text) place { return place{t.Value, t.Place.String()} }

// compilePredicates reads all predicates in one go, so that all faults show at once.
func compilePredicates(ctx context.Context, db *store.DB, tables []Table, scopes []string) (predicates, error) {
	p := predicates{index: map[place]int{}, used: map[string]map[string]struct{}{}, sources: map[string]string{}, together: map[string]string{}}
	made, economic := map[string]bool{}, map[string]bool{}
	var expressions []store.Expression
	for _, table := range tables {
		relation := table.Relation.Value
		economic[table.ID.Value] = table.OptionView.Value == economicView
		if !made[relation] {
			made[relation] = true
			if err := createDimensions(ctx, db, relation, scopes); err != nil {
				return p, err
			}
		}
		add := func(text strictyaml.Text) {
			if _, known := p.index[placeOf(text)]; known || text.Value == "" {
				return
			}
			p.index[placeOf(text)] = len(expressions)
			p.relations = append(p.relations, relation)
			p.tables = append(p.tables, table.ID.Value)
			expressions = append(expressions, store.Expression{Text: text.Value, File: text.File, Line: text.Line, Column: text.Column,
				Relation: dimensionsOf(relation), Want: store.Boolean})
		}
		add(table.Where)
		for _, block := range table.Blocks {
			add(block.Where)
			for _, column := range block.Columns {
				add(column.Where)
			}
			addRows(block.Rows, add)
		}
	}
	var err error
	if p.texts, err = store.Compile(ctx, db, expressions, nil); err != nil {
		return p, err
	}
	for i, id := range p.tables {
		if economic[id] {
			p.texts[i] = strings.ReplaceAll(p.texts[i], `"direction"`, `"direction_economic"`)
		}
	}
	p.divide(tables, scopes)
	return p, nil
}

// divide gives each table its source, and each source the columns to group by.
func (p *predicates) divide(tables []Table, scopes []string) {
	for _, table := range tables {
		relation := table.Relation.Value
		contract := relations[relation](scopes)
		scope := position.ScopeColumn(table.Scope.Value)
		columns := map[string]struct{}{scope: {}}
		for i, text := range p.texts {
			if p.tables[i] != table.ID.Value {
				continue
			}
			for _, match := range quotedName.FindAllStringSubmatch(text, -1) {
				if column, ok := contract.Column(match[1]); ok && column.Has(position.Dimension) {
					columns[column.Name] = struct{}{}
				}
			}
		}
		for _, block := range table.Blocks {
			eachRow(block.Rows, func(row Row) {
				if row.LabelFrom.Value != "" {
					columns[row.LabelFrom.Value] = struct{}{}
				}
			})
		}
		source, together := relation, relation
		if relation == "facts" {
			source += ":" + table.ID.Value
			together = source // other columns would make its groups many more
			for i, shared := range sharedDimensions {
				outside := func(column string) bool { return column != scope && !slices.Contains(shared, column) }
				if !slices.ContainsFunc(slices.Sorted(maps.Keys(columns)), outside) {
					source, together = fmt.Sprintf("%s:%d", relation, i+1), relation
					break
				}
			}
		}
		p.sources[table.ID.Value], p.together[source] = source, together
		if p.used[source] == nil {
			p.used[source] = map[string]struct{}{}
		}
		for column := range columns {
			p.used[source][column] = struct{}{}
		}
	}
}

func createDimensions(ctx context.Context, db *store.DB, relation string, scopes []string) error {
	var columns []string
	for _, c := range relations[relation](scopes).Columns {
		if c.Has(position.Dimension) {
			columns = append(columns, store.Identifier(c.Name)+" "+c.Type.SQL())
		}
	}
	return db.Run(ctx, "create or replace table "+dimensionsOf(relation)+" ("+strings.Join(columns, ", ")+")")
}

var quotedName = regexp.MustCompile(`"([a-z0-9_]+)"`)

func addRows(rows []Row, add func(strictyaml.Text)) {
	eachRow(rows, func(row Row) { add(row.Where) })
}

func eachRow(rows []Row, do func(Row)) {
	for _, row := range rows {
		do(row)
		eachRow(row.Rows, do)
	}
}

// groups are the rows of a relation as the tables see them.
type groups struct {
	count    int
	noted    []string              // [group] of noted rows, what is noted of them
	satisfy  map[int][]bool        // by predicate: [group]
	scope    map[string][]bool     // by scope: [group], external to it
	measures map[string][]*big.Int // by measure: [group], cents, or a number of rows
	marked   map[string][]int      // by mark: groups that have it
	texts    map[string][]string   // by column that labels come from: [group]
	identity []*big.Int            // [group] a number that tells which facts are in it; it adds up
}

// readGroups groups a relation by the dimensions of a source and evaluates every predicate
// over it on the groups: of all rows, or of those that something is noted of.
func readGroups(ctx context.Context, db *store.DB, source string, p predicates, all []Table, of *grouped, noted bool) (groups, error) {
	relation := relationOf(source)
	tables := slices.DeleteFunc(slices.Clone(all), func(t Table) bool { return p.source(t) != source })
	dimensions, measures := slices.Sorted(maps.Keys(p.used[source])), measuresUsed(relation, tables)
	target := groupsOf(source)
	if noted {
		target += "_noted"
	}
	if err := db.CreateTable(ctx, target, of.groups(source, dimensions, measures, noted)); err != nil {
		return groups{}, err
	}
	g := groups{scope: map[string][]bool{}, measures: map[string][]*big.Int{}, satisfy: map[int][]bool{}, marked: map[string][]int{}, texts: map[string][]string{}}
	var selected []string
	for _, m := range measures {
		selected = append(selected, store.Identifier(m))
	}
	for _, table := range tables {
		if table.Relation.Value == relation {
			g.scope[table.Scope.Value] = nil
		}
	}
	scopes := slices.Sorted(maps.Keys(g.scope))
	for _, scope := range scopes {
		selected = append(selected, position.ScopeColumn(scope)+" = 'external'")
	}
	for _, m := range marksOf(relation) {
		selected = append(selected, markColumn(m))
	}
	labels := labelColumns(relation, tables)
	for _, column := range labels {
		selected = append(selected, "coalesce(cast("+store.Identifier(column)+" as varchar), '')")
	}
	var order []string
	for _, d := range dimensions {
		order = append(order, store.Identifier(d))
	}
	if noted {
		selected, order = append(selected, notedColumn), append(order, notedColumn)
	}
	texts := p.textsOf(source)
	selected = append(selected, packed(texts)...)
	table, err := store.Query(ctx, db, "select "+strings.Join(selected, ", ")+", identity from "+target+" order by "+strings.Join(order, ", ")+", identity")
	if err != nil {
		return groups{}, err
	}
	g.count = len(table.Rows)
	satisfy := make([][]bool, len(texts))
	for i := range satisfy {
		satisfy[i] = make([]bool, g.count)
	}
	for group, row := range table.Rows {
		for _, m := range measures {
			g.measures[m] = append(g.measures[m], wholeCents(row[0]))
			row = row[1:]
		}
		for _, scope := range scopes {
			g.scope[scope] = append(g.scope[scope], row[0].(bool))
			row = row[1:]
		}
		for _, m := range marksOf(relation) {
			if row[0].(bool) {
				g.marked[m.id] = append(g.marked[m.id], group)
			}
			row = row[1:]
		}
		for _, column := range labels {
			g.texts[column] = append(g.texts[column], row[0].(string))
			row = row[1:]
		}
		if noted {
			g.noted = append(g.noted, row[0].(string))
			row = row[1:]
		}
		for i := range texts {
			satisfy[i][group] = row[i/bitsOfNumber].(int64)>>(i%bitsOfNumber)&1 == 1
		}
		g.identity = append(g.identity, row[len(row)-1].(decimal.Decimal).BigInt())
	}
	for i, text := range p.texts {
		if p.sources[p.tables[i]] == source {
			g.satisfy[i] = satisfy[slices.Index(texts, text)]
		}
	}
	return g, nil
}

// textsOf are the different predicates over a source.
func (p predicates) textsOf(source string) []string {
	different := map[string]bool{}
	for i, text := range p.texts {
		if p.sources[p.tables[i]] == source {
			different[text] = true
		}
	}
	return slices.Sorted(maps.Keys(different))
}

// bitsOfNumber is how many predicates one number tells of.
const bitsOfNumber = 60

// packed tells of predicates in the bits of numbers: reading a value for each of
// hundreds of predicates and thousands of groups takes longer than all else.
func packed(texts []string) []string {
	var numbers []string
	for len(texts) > 0 {
		var bits []string
		for i, text := range texts[:min(bitsOfNumber, len(texts))] {
			bits = append(bits, fmt.Sprintf("case when %s then cast(%d as bigint) else cast(0 as bigint) end", text, int64(1)<<i))
		}
		numbers = append(numbers, "cast("+strings.Join(bits, " + ")+" as bigint)")
		texts = texts[len(bits):]
	}
	return numbers
}

// measuresUsed are count and the measures that the tables sum.
func measuresUsed(relation string, tables []Table) []string {
	used := map[string]bool{}
	for _, table := range tables {
		for _, block := range table.Blocks {
			for _, c := range block.Columns {
				used[c.Measure.Value], used[c.shared] = true, true
			}
		}
	}
	return slices.DeleteFunc(Measures(relation), func(m string) bool { return m != countMeasure && !used[m] })
}

// labelColumns are the columns of the relation that rows take their labels from.
func labelColumns(relation string, tables []Table) []string {
	columns := map[string]bool{}
	for _, table := range tables {
		if table.Relation.Value != relation {
			continue
		}
		for _, block := range table.Blocks {
			eachRow(block.Rows, func(row Row) {
				if row.LabelFrom.Value != "" {
					columns[row.LabelFrom.Value] = true
				}
			})
		}
	}
	return slices.Sorted(maps.Keys(columns))
}

// wholeCents gives an amount in cents, and a count as it is.
func wholeCents(value any) *big.Int {
	switch v := value.(type) {
	case decimal.Decimal:
		return v.Shift(2).BigInt()
	case int64:
		return big.NewInt(v)
	default:
		panic(fmt.Sprintf("a measure of type %T", value)) // the query above gives no other
	}
}

// line is one row or column of a block as it will stand: the groups in it.
type line struct {
	id, label string
	parent    int // line whose part it is, or -1
	depth     int
	members   []bool
	predicate string
	memo      bool
	hide      bool
	marks     []string
	codes     map[string]string // rows only: by column
	measure   string            // columns only
	shared    string            // columns only: measure that it is a share of, or ""
	total     bool              // columns only
	adds      []addend          // columns only: what it is shown as the sum of
	order     int               // columns only: place in the definition
}

// layBlock lays the rows and columns of a block over the groups, adds a line for
// what stands nowhere, and refuses what stands in two places.
func layBlock(table Table, block Block, p predicates, g groups) (rows, columns []line, err error) {
	population := g.scope[table.Scope.Value]
	base := position.ScopeColumn(table.Scope.Value) + " = 'external'"
	for _, where := range []strictyaml.Text{table.Where, block.Where} {
		if where.Value == "" {
			continue
		}
		base += " and " + p.texts[p.at(where)]
		population = both(population, g.satisfy[p.at(where)])
	}
	top := -1
	if block.Total != nil {
		rows = append(rows, line{id: block.Total.ID.Value, label: block.Total.Label.Value, parent: -1, members: population, predicate: base})
		top = 0
	}
	rows, err = layRows(rows, block.Rows, top, "", 0, population, base, p, g)
	if err != nil {
		return nil, nil, err
	}
	columns, err = layColumns(block, population, p, g)
	return rows, columns, err
}

// both are the groups that are in a and in b.
func both(a, b []bool) []bool {
	in := slices.Clone(a)
	for group := range in {
		in[group] = a[group] && b[group]
	}
	return in
}

func layRows(lines []line, rows []Row, parent int, path string, depth int, within []bool, base string, p predicates, g groups) ([]line, error) {
	placed := make([]*Row, g.count)
	for i := range rows {
		row := &rows[i]
		l := line{id: path + row.ID.Value, label: row.Label.Value, parent: parent, depth: depth, memo: row.Memo, hide: row.HideEmpty,
			members: both(g.satisfy[p.at(row.Where)], within), predicate: base + " and " + p.texts[p.at(row.Where)]}
		if row.Memo {
			l.parent = -1
		}
		for _, m := range row.Marks {
			l.marks = append(l.marks, m.Value)
		}
		for _, code := range row.Codes {
			if l.codes == nil {
				l.codes = map[string]string{}
			}
			l.codes[code.Key.Value] = code.Value.Value
		}
		for group, is := range l.members {
			if !is || row.Memo {
				continue
			}
			if other := placed[group]; other != nil {
				return nil, strictyaml.Faults{{Place: row.ID.Place, Message: fmt.Sprintf(
					"rows %q and %q both take the same facts, so that they would count twice; make their where exclude each other",
					path+other.ID.Value, path+row.ID.Value)}}
			}
			placed[group] = row
		}
		l.label = labelOf(l, row.LabelFrom.Value, g)
		lines = append(lines, l)
		var err error
		if len(row.Rows) > 0 {
			if lines, err = layRows(lines, row.Rows, len(lines)-1, l.id+"/", depth+1, l.members, l.predicate, p, g); err != nil {
				return nil, err
			}
		}
	}
	missed := func(group int) bool { return within[group] && placed[group] == nil }
	return appendNotPlaced(lines, parent, path, depth, base, missed, siblings(rows, p), g.count), nil
}

// labelOf is the text that all facts of a row have in the column that names it.
func labelOf(l line, column string, g groups) string {
	label := ""
	for group, member := range l.members {
		if !member || column == "" {
			continue
		}
		text := g.texts[column][group]
		if text == "" || (label != "" && text != label) {
			return l.label
		}
		label = text
	}
	if label == "" {
		return l.label
	}
	return label
}

// notPlaced is the id of the line for facts that no row or column takes.
const notPlaced = "not_placed"

func appendNotPlaced(lines []line, parent int, path string, depth int, base string, missed func(int) bool, others string, count int) []line {
	members := make([]bool, count)
	for group := range members {
		members[group] = missed(group)
	}
	if !slices.Contains(members, true) {
		return lines
	}
	return append(lines, line{id: path + notPlaced, label: "Not placed", parent: parent, depth: depth, members: members, predicate: base + others})
}

// siblings is the predicate of what no row takes.
func siblings(rows []Row, p predicates) string {
	var b strings.Builder
	for _, row := range rows {
		if !row.Memo {
			fmt.Fprintf(&b, " and not coalesce(%s, false)", p.texts[p.at(row.Where)])
		}
	}
	return b.String()
}

// layColumns lays the columns: those of one measure divide the facts among them.
func layColumns(block Block, within []bool, p predicates, g groups) ([]line, error) {
	var lines []line
	for _, measure := range measuresOf(block) {
		placed := make([]*Column, g.count)
		var members []line
		var others strings.Builder
		for i := range block.Columns {
			column := &block.Columns[i]
			if column.Measure.Value != measure || column.Total {
				continue
			}
			l := line{id: column.ID.Value, label: column.Label.Value, members: within, measure: measure, shared: column.shared, adds: column.addends(), hide: column.HideEmpty, parent: -1, order: i}
			if column.Where.Value != "" {
				l.members = both(g.satisfy[p.at(column.Where)], within)
				l.predicate = p.texts[p.at(column.Where)]
				fmt.Fprintf(&others, " and not coalesce(%s, false)", l.predicate)
			}
			for group, is := range l.members {
				if !is {
					continue
				}
				if other := placed[group]; other != nil {
					return nil, strictyaml.Faults{{Place: column.ID.Place, Message: fmt.Sprintf(
						"columns %q and %q both take the same facts, so that they would count twice; make their where exclude each other",
						other.ID.Value, column.ID.Value)}}
				}
				placed[group] = column
			}
			members = append(members, l)
		}
		missed := func(group int) bool { return within[group] && placed[group] == nil }
		if strings.HasPrefix(measure, ShareMeasure) { // others have the rest
			lines = append(lines, members...)
			continue
		}
		known := len(members)
		members = appendNotPlaced(members, -1, measure+"_", 0, strings.TrimPrefix(others.String(), " and "), missed, "", g.count)
		for i := known; i < len(members); i++ {
			members[i].measure, members[i].order = measure, len(block.Columns)
		}
		lines = append(lines, members...)
		for i, column := range block.Columns {
			if column.Measure.Value == measure && column.Total {
				lines = append(lines, line{id: column.ID.Value, label: column.Label.Value, members: within, measure: measure, total: true, adds: column.addends(), parent: -1, order: i})
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.order - b.order })
	return lines, nil
}

// measuresOf gives the measures of a block in the order of its columns.
func measuresOf(block Block) []string {
	var list []string
	for _, c := range block.Columns {
		if !slices.Contains(list, c.Measure.Value) {
			list = append(list, c.Measure.Value)
		}
	}
	return list
}
