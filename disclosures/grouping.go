package disclosures

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"comment11/internal/position"
	"comment11/internal/store"
)

// grouped is a relation that groups are made of: the relation itself, or that of those of
// its rows that something is noted of.
type grouped struct {
	relation string // whose contract it has
	from     string
	noted    bool    // it says in its column noted what apart from the dimensions divides it
	finest   *finest // nil where it is small, or where no source can be made of them
}

// finest are the rows of a large relation added up by all columns of closed lists that
// tables name, so that it is read once for all tables: five million facts make some
// 900,000, of which the groups of each source take next to nothing.
type finest struct {
	name    string
	codes   store.Codes
	numbers []string // its columns that tell the groups apart, beside the marks
	columns []string
}

// marksColumn has a bit for each mark.
const marksColumn = "marks"

// addFinest makes the finest groups for all sources whose dimensions have closed lists;
// another column could have nearly as many words as there are rows.
func (g *grouped) addFinest(ctx context.Context, db *store.DB, p predicates, tables []Table, scopes []string) error {
	contract := relations[g.relation](scopes)
	closed := contract.Words()
	columns := map[string]bool{}
	for _, source := range sortedKeys(p.used) {
		dimensions := sortedKeys(p.used[source])
		isOpen := func(name string) bool {
			column, _ := contract.Column(name)
			return column.Type != position.Flag && len(closed[name]) == 0
		}
		if relationOf(source) != g.relation || slices.ContainsFunc(dimensions, isOpen) {
			continue
		}
		for _, d := range dimensions {
			columns[d] = true
		}
	}
	if len(columns) == 0 {
		return nil
	}
	f := &finest{name: g.from + "_finest", columns: sortedKeys(columns)}
	var err error
	if f.codes, err = store.NewCodes(ctx, db, g.from, f.columns, closed); err != nil {
		return err
	}
	numbers, named := f.codes.Numbered()
	f.numbers = numbers
	marks := "cast(0 as bigint)"
	for i, m := range marksOf(g.relation) {
		marks += fmt.Sprintf(" | case when %s then %d else 0 end", m.when, 1<<i)
	}
	by := append(slices.Clone(f.codes.Of), marks)
	named = append(named, marks+" as "+marksColumn)
	if g.noted {
		by, named = append(by, notedColumn), append(named, notedColumn)
	}
	of := slices.DeleteFunc(slices.Clone(tables), func(t Table) bool { return t.Relation.Value != g.relation })
	if err := db.CreateTable(ctx, f.name, fmt.Sprintf("select %s, %s%s from %s group by %s", strings.Join(named, ", "),
		g.counted(columns), sums(measuresUsed(g.relation, of)), g.from, strings.Join(by, ", "))); err != nil {
		return err
	}
	g.finest = f
	return nil
}

// counted is how many rows a group has, and which they are.
func (g *grouped) counted(dimensions map[string]bool) string {
	identity := "cast(0 as decimal(38, 0))" // what is noted is not shown, so that nothing must be shown alike
	if !g.noted {
		var keys []string
		for _, key := range relations[g.relation](nil).Keys() {
			keys = append(keys, store.Identifier(key))
		}
		if g.relation != "facts" { // their rows are of one scope each
			for _, column := range sortedKeys(dimensions) {
				if strings.HasPrefix(column, position.ScopeColumn("")) {
					keys = append(keys, store.Identifier(column))
				}
			}
			slices.Sort(keys)
		}
		identity = store.SetIdentity(keys)
	}
	return "count(*) as " + store.Identifier(countMeasure) + ", " + identity + " as identity"
}

// sums add the measures up, but for the count.
func sums(measures []string) string {
	var b strings.Builder
	for _, m := range measures[1:] {
		fmt.Fprintf(&b, ", coalesce(sum(%[1]s), 0) as %[1]s", m)
	}
	return b.String()
}

// groups is the SELECT of the groups by the dimensions, and by what is marked and noted,
// with their count, identity and measures.
func (g *grouped) groups(dimensions, measures []string) string {
	if g.finest != nil && !slices.ContainsFunc(dimensions, func(d string) bool { return !slices.Contains(g.finest.columns, d) }) {
		return g.finest.groups(g, dimensions, measures)
	}
	used := map[string]bool{}
	var by, named []string // marks are grouped by what they say, not by the columns that they ask
	for _, d := range dimensions {
		used[d] = true
		by = append(by, store.Identifier(d))
	}
	if g.noted {
		by = append(by, notedColumn)
	}
	named = slices.Clone(by)
	for _, m := range marksOf(g.relation) {
		when := "coalesce(" + m.when + ", false)"
		by, named = append(by, when), append(named, when+" as "+markColumn(m))
	}
	return fmt.Sprintf("select %s, %s%s from %s group by %s", strings.Join(named, ", "), g.counted(used), sums(measures), g.from, strings.Join(by, ", "))
}

func (f *finest) groups(g *grouped, dimensions, measures []string) string {
	by, inner := append(f.codes.Only(f.numbers, dimensions), marksColumn), []string{marksColumn}
	for i, number := range f.numbers {
		inner = append(inner, by[i]+" as "+number)
	}
	named := f.codes.Words(f.numbers, dimensions)
	for i, m := range marksOf(g.relation) {
		named = append(named, fmt.Sprintf("%s & %d <> 0 as %s", marksColumn, 1<<i, markColumn(m)))
	}
	if g.noted {
		by, inner, named = append(by, notedColumn), append(inner, notedColumn), append(named, notedColumn)
	}
	count := store.Identifier(countMeasure)
	return fmt.Sprintf("select %s, %s from (select %s, cast(sum(%s) as bigint) as %[4]s, cast(sum(identity) as decimal(38, 0)) as identity%[5]s from %[6]s group by %[7]s)",
		strings.Join(named, ", "), strings.Join(append([]string{count, "identity"}, measures[1:]...), ", "),
		strings.Join(inner, ", "), count, sums(measures), f.name, strings.Join(by, ", "))
}

// markColumn names the column of groups that tells whether they have the mark.
func markColumn(m mark) string { return store.Identifier("mark_" + m.id) }
