package disclosures

import (
	"context"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
)

// Relations are what tables may read, with their contracts: name is that of the
// relation, scopes those of the configuration.
var relations = map[string]func(scopes []string) position.DataSet{
	"facts":          position.Facts,
	"realized_facts": position.RealizedFacts,
}

// Measures are the names that a column over the relation may sum, and count.
func Measures(relation string) []string {
	list := []string{countMeasure}
	for _, c := range relations[relation](nil).Columns {
		if c.Has(position.Measure) {
			list = append(list, c.Name)
		}
	}
	return list
}

// groupsOf names the relation with one row per combination of the dimensions that
// the tables name, with the count and the sum of every measure.
func groupsOf(relation string) string { return relation + "_groups" }

// dimensionsOf names the relation that has the columns that predicates may name,
// and no row.
func dimensionsOf(relation string) string { return relation + "_dimensions" }

// Validate compiles every predicate of the tables, over no data.
func Validate(ctx context.Context, db *store.DB, tables []Table, scopes []string) error {
	_, err := compilePredicates(ctx, db, tables, scopes)
	return err
}

// predicates are all predicates of the tables, compiled, each once.
type predicates struct {
	texts     []string                       // compiled SQL
	relations []string                       // that each is over
	index     map[place]int                  // by where the predicate stands
	used      map[string]map[string]struct{} // per relation, dimension columns that they name
}

// at gives the number of a predicate.
func (p predicates) at(t strictyaml.Text) int { return p.index[placeOf(t)] }

type place struct{ text, at string }

func placeOf(t strictyaml.Text) place { return place{t.Value, t.Place.String()} }

// compilePredicates reads all predicates in one go, so that all faults show at once.
func compilePredicates(ctx context.Context, db *store.DB, tables []Table, scopes []string) (predicates, error) {
	p := predicates{index: map[place]int{}, used: map[string]map[string]struct{}{}}
	var expressions []store.Expression
	for _, table := range tables {
		relation := table.Relation.Value
		if p.used[relation] == nil {
			p.used[relation] = map[string]struct{}{}
			if err := createDimensions(ctx, db, relation, scopes); err != nil {
				return p, err
			}
		}
		p.used[relation][position.ScopeColumn(table.Scope.Value)] = struct{}{}
		add := func(text strictyaml.Text) {
			if _, known := p.index[placeOf(text)]; known || text.Value == "" {
				return
			}
			p.index[placeOf(text)] = len(expressions)
			p.relations = append(p.relations, relation)
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
	for i, text := range p.texts {
		contract := relations[p.relations[i]](scopes)
		for _, match := range quotedName.FindAllStringSubmatch(text, -1) {
			if column, ok := contract.Column(match[1]); ok && column.Has(position.Dimension) {
				p.used[p.relations[i]][column.Name] = struct{}{}
			}
		}
	}
	return p, nil
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
	for _, row := range rows {
		add(row.Where)
		addRows(row.Rows, add)
	}
}

// groups are the rows of a relation as the tables see them.
type groups struct {
	count    int
	noted    []string              // [group] of noted rows, what is noted of them
	satisfy  map[int][]bool        // by predicate: [group]
	scope    map[string][]bool     // by scope: [group], external to it
	measures map[string][]*big.Int // by measure: [group], cents, or a number of rows
}

// readGroups groups a relation by the dimensions in use and evaluates every
// predicate over it on the groups. With noted, the rows are those of that relation,
// which says in its column noted what apart from the dimensions divides them.
func readGroups(ctx context.Context, db *store.DB, relation string, p predicates, tables []Table, noted string) (groups, error) {
	dimensions := sortedKeys(p.used[relation])
	for i, d := range dimensions {
		dimensions[i] = store.Identifier(d)
	}
	from, target := relation, groupsOf(relation)
	if noted != "" {
		from, target, dimensions = noted, groupsOf(noted), append(dimensions, notedColumn)
	}
	list := strings.Join(dimensions, ", ")
	measures := Measures(relation)
	var sums []string
	for _, m := range measures[1:] {
		sums = append(sums, fmt.Sprintf("coalesce(sum(%[1]s), 0) as %[1]s", m))
	}
	if err := db.CreateTable(ctx, target, fmt.Sprintf("select %s, count(*) as %s, %s from %s group by %s",
		list, store.Identifier(countMeasure), strings.Join(sums, ", "), from, list)); err != nil {
		return groups{}, err
	}
	g := groups{scope: map[string][]bool{}, measures: map[string][]*big.Int{}, satisfy: map[int][]bool{}}
	var selected []string
	for _, m := range measures {
		selected = append(selected, store.Identifier(m))
	}
	for _, table := range tables {
		if table.Relation.Value == relation {
			g.scope[table.Scope.Value] = nil
		}
	}
	for _, scope := range sortedKeys(g.scope) {
		selected = append(selected, position.ScopeColumn(scope)+" = 'external'")
	}
	var numbers []int
	for i, text := range p.texts {
		if p.relations[i] == relation {
			numbers = append(numbers, i)
			selected = append(selected, "coalesce("+text+", false)")
		}
	}
	if noted != "" {
		selected = append(selected, notedColumn)
	}
	table, err := store.Query(ctx, db, "select "+strings.Join(selected, ", ")+" from "+target+" order by "+list)
	if err != nil {
		return groups{}, err
	}
	g.count = len(table.Rows)
	for _, i := range numbers {
		g.satisfy[i] = make([]bool, 0, g.count)
	}
	for _, row := range table.Rows {
		for _, m := range measures {
			g.measures[m] = append(g.measures[m], wholeCents(row[0]))
			row = row[1:]
		}
		for _, scope := range sortedKeys(g.scope) {
			g.scope[scope] = append(g.scope[scope], row[0].(bool))
			row = row[1:]
		}
		for n, i := range numbers {
			g.satisfy[i] = append(g.satisfy[i], row[n].(bool))
		}
		if noted != "" {
			g.noted = append(g.noted, row[len(numbers)].(string))
		}
	}
	return g, nil
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
	measure   string // columns only
	total     bool   // columns only
	order     int    // columns only: place in the definition
}

// layBlock lays the rows and columns of a block over the groups, adds a line for
// what stands nowhere, and refuses what stands in two places.
func layBlock(table Table, block Block, p predicates, g groups) (rows, columns []line, err error) {
	population := slices.Clone(g.scope[table.Scope.Value])
	base := position.ScopeColumn(table.Scope.Value) + " = 'external'"
	for _, where := range []strictyaml.Text{table.Where, block.Where} {
		if where.Value == "" {
			continue
		}
		base += " and " + p.texts[p.at(where)]
		for i := range population {
			population[i] = population[i] && g.satisfy[p.at(where)][i]
		}
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

func layRows(lines []line, rows []Row, parent int, path string, depth int, within []bool, base string, p predicates, g groups) ([]line, error) {
	placed := make([]*Row, g.count)
	for i := range rows {
		row := &rows[i]
		l := line{id: path + row.ID.Value, label: row.Label.Value, parent: parent, depth: depth, memo: row.Memo, hide: row.HideEmpty,
			members: make([]bool, g.count), predicate: base + " and " + p.texts[p.at(row.Where)]}
		if row.Memo {
			l.parent = -1
		}
		for group, satisfied := range g.satisfy[p.at(row.Where)] {
			l.members[group] = satisfied && within[group]
			if !l.members[group] || row.Memo {
				continue
			}
			if other := placed[group]; other != nil {
				return nil, strictyaml.Faults{{Place: row.ID.Place, Message: fmt.Sprintf(
					"rows %q and %q both take the same facts, so that they would count twice; make their where exclude each other",
					path+other.ID.Value, path+row.ID.Value)}}
			}
			placed[group] = row
		}
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
			l := line{id: column.ID.Value, label: column.Label.Value, members: within, measure: measure, hide: column.HideEmpty, parent: -1, order: i}
			if column.Where.Value != "" {
				l.members = g.satisfy[p.at(column.Where)]
				l.predicate = p.texts[p.at(column.Where)]
				fmt.Fprintf(&others, " and not coalesce(%s, false)", l.predicate)
			}
			for group, satisfied := range l.members {
				if !satisfied || !within[group] {
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
		known := len(members)
		members = appendNotPlaced(members, -1, measure+"_", 0, strings.TrimPrefix(others.String(), " and "), missed, "", g.count)
		for i := known; i < len(members); i++ {
			members[i].measure, members[i].order = measure, len(block.Columns)
		}
		lines = append(lines, members...)
		for i, column := range block.Columns {
			if column.Measure.Value == measure && column.Total {
				lines = append(lines, line{id: column.ID.Value, label: column.Label.Value, members: within, measure: measure, total: true, parent: -1, order: i})
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
