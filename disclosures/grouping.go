package disclosures

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
)

// Noted tells what is noted of the rows of a relation, in lines of code and subject, as
// transform's does.
type Noted struct {
	Note    string // SQL over the relation, NULL where nothing is noted of a row
	Further string // relation with its columns and noted of rows that more is noted of, or none
}

// grouped is a relation that groups are made of.
type grouped struct {
	relation string
	noted    Noted
	some     bool                       // of some of its rows something is noted
	totals   map[string]decimal.Decimal // by measure
	finest   map[string]*finest         // by source
}

// finest are the rows of a large relation added up by all columns of closed lists that
// the tables of some sources name, and by what is noted of them, so that it is read once
// for all of these: five million facts make some 200,000, of which the groups of each
// source take next to nothing.
type finest struct {
	name    string
	codes   store.Codes
	numbers []string // its columns that tell the groups apart, beside the marks
	rows    bool     // its identity is of their rows, and not of the groups
}

const (
	marksColumn   = "marks"   // has a bit for each mark
	furtherColumn = "further" // tells whether the rows are those that more is noted of
)

// addFinest makes the finest groups for those of the sources, all of the relation, whose
// dimensions have closed lists; another column could have nearly as many words as there
// are rows.
func (g *grouped) addFinest(ctx context.Context, db *store.DB, p predicates, sources []string, tables []Table, scopes []string) error {
	contract := relations[g.relation](scopes)
	closed := contract.Words()
	isOpen := func(name string) bool {
		column, _ := contract.Column(name)
		return column.Type != position.Flag && len(closed[name]) == 0
	}
	of := map[string][]string{} // sources by those that they share finest groups with
	alone := true
	for _, source := range sources {
		if slices.ContainsFunc(slices.Sorted(maps.Keys(p.used[source])), isOpen) {
			alone = false
		} else {
			of[p.together[source]] = append(of[p.together[source]], source)
		}
	}
	alone = alone && len(of) == 1
	g.finest = map[string]*finest{}
	for i, shared := range slices.Sorted(maps.Keys(of)) {
		columns := map[string]bool{}
		for _, source := range of[shared] {
			for column := range p.used[source] {
				columns[column] = true
			}
		}
		own := slices.DeleteFunc(slices.Clone(tables), func(t Table) bool { return !slices.Contains(of[shared], p.source(t)) })
		f := &finest{name: fmt.Sprintf("%s_finest_%d", g.relation, i), rows: !alone}
		var err error
		if f.codes, err = store.NewCodes(ctx, db, g.relation, slices.Sorted(maps.Keys(columns)), closed); err != nil {
			return err
		}
		var named []string
		f.numbers, named = f.codes.Numbered()
		marks := "cast(0 as bigint)"
		for i, m := range marksOf(g.relation) {
			marks += fmt.Sprintf(" | case when %s then %d else 0 end", m.when, 1<<i)
		}
		by := append(slices.Clone(f.codes.Of), marks)
		named = append(named, marks+" as "+marksColumn)
		sum := sums(measuresUsed(g.relation, own), summed)
		add := func(note, further, identity, from string) string {
			return fmt.Sprintf("select %s, %s as %s, %s as %s, %s%s from %s group by %s", strings.Join(named, ", "), note, notedColumn, further, furtherColumn,
				counted(identity), sum, from, strings.Join(append(slices.Clone(by), note), ", "))
		}
		identity := noIdentity
		if f.rows {
			identity = g.identity(columns)
		}
		query := add(g.note(), "false", identity, g.relation)
		if g.noted.Further != "" {
			query += " union all " + add(notedColumn, "true", noIdentity, g.noted.Further)
		}
		if err := db.CreateTable(ctx, f.name, query); err != nil {
			return err
		}
		for _, source := range of[shared] {
			g.finest[source] = f
		}
	}
	return nil
}

// someNoted tells whether something is noted of any row.
func (g *grouped) someNoted(ctx context.Context, db *store.DB) (bool, error) {
	if g.noted.Note == "" {
		return false, nil
	}
	query := fmt.Sprintf("select exists (select 1 from %s where %s is not null)", g.relation, g.note())
	if g.noted.Further != "" {
		query += " or exists (select 1 from " + g.noted.Further + ")"
	}
	return store.Scalar[bool](ctx, db, query)
}

// note is SQL of what is noted of a row of the relation.
func (g *grouped) note() string {
	if g.noted.Note == "" {
		return "cast(null as varchar)"
	}
	return g.noted.Note
}

// noIdentity stands where nothing must be shown alike, as of what is noted.
const noIdentity = "cast(0 as decimal(38, 0))"

// identity is an aggregate that tells which rows a group has.
func (g *grouped) identity(dimensions map[string]bool) string {
	var keys []string
	for _, key := range relations[g.relation](nil).Keys() {
		keys = append(keys, store.Identifier(key))
	}
	if g.relation != "facts" { // their rows are of one scope each
		for _, column := range slices.Sorted(maps.Keys(dimensions)) {
			if strings.HasPrefix(column, position.ScopeColumn("")) {
				keys = append(keys, store.Identifier(column))
			}
		}
		slices.Sort(keys)
	}
	return store.SetIdentity(keys)
}

// counted is how many rows a group has, and which they are.
func counted(identity string) string {
	return "count(*) as " + store.Identifier(countMeasure) + ", " + identity + " as identity"
}

// sums add the measures up, but for the count, each by an aggregate.
func sums(measures []string, aggregate func(measure string) string) string {
	var b strings.Builder
	for _, m := range measures[1:] {
		fmt.Fprintf(&b, ", coalesce(%s, 0) as %s", aggregate(m), m)
	}
	return b.String()
}

// summed is the sum of a measure over rows.
func summed(measure string) string {
	if measure == contractsMeasure {
		return `count(*) filter (where "is_contract")`
	}
	return "sum(" + measure + ")"
}

// summedAgain is the sum of a measure over groups.
func summedAgain(measure string) string {
	if measure == contractsMeasure {
		return "cast(sum(" + measure + ") as bigint)"
	}
	return "sum(" + measure + ")"
}

// groups is the SELECT of the groups of a source by the dimensions and by what is marked,
// with their count, identity and measures; or of the rows of which something is noted, by
// that too.
func (g *grouped) groups(source string, dimensions, measures []string, noted bool) string {
	if f := g.finest[source]; f != nil {
		return f.groups(g.relation, dimensions, measures, noted)
	}
	used := map[string]bool{}
	var by []string // marks are grouped by what they say, not by the columns that they ask
	for _, d := range dimensions {
		used[d] = true
		by = append(by, store.Identifier(d))
	}
	from, identity := g.relation, g.identity(used)
	if noted {
		from = fmt.Sprintf("(select *, %s as %s from %s where %[1]s is not null", g.note(), notedColumn, g.relation)
		if g.noted.Further != "" {
			from += " union all by name select * from " + g.noted.Further
		}
		from, identity, by = from+") as rows", noIdentity, append(by, notedColumn)
	}
	named := slices.Clone(by)
	for _, m := range marksOf(g.relation) {
		when := "coalesce(" + m.when + ", false)"
		by, named = append(by, when), append(named, when+" as "+markColumn(m))
	}
	return fmt.Sprintf("select %s, %s%s from %s group by %s", strings.Join(named, ", "), counted(identity), sums(measures, summed), from, strings.Join(by, ", "))
}

func (f *finest) groups(relation string, dimensions, measures []string, noted bool) string {
	by, inner := append(f.codes.Only(f.numbers, dimensions), marksColumn), []string{marksColumn}
	for i, number := range f.numbers {
		inner = append(inner, by[i]+" as "+number)
	}
	named := f.codes.Words(f.numbers, dimensions)
	for i, m := range marksOf(relation) {
		named = append(named, fmt.Sprintf("%s & %d <> 0 as %s", marksColumn, 1<<i, markColumn(m)))
	}
	which, identity := "not "+furtherColumn, "cast(sum(identity) as decimal(38, 0))"
	if !f.rows { // all tables are of these groups, which cost less to tell apart than their rows
		identity = store.SetIdentity(append(slices.Clone(f.numbers), marksColumn, notedColumn))
	}
	if noted {
		which, identity = notedColumn+" is not null", noIdentity
		by, inner, named = append(by, notedColumn), append(inner, notedColumn), append(named, notedColumn)
	}
	count := store.Identifier(countMeasure)
	return fmt.Sprintf("select %s, %s from (select %s, cast(sum(%s) as bigint) as %[4]s, %[5]s as identity%[6]s from %[7]s where %[8]s group by %[9]s)",
		strings.Join(named, ", "), strings.Join(append([]string{count, "identity"}, measures[1:]...), ", "),
		strings.Join(inner, ", "), count, identity, sums(measures, summedAgain), f.name, which, strings.Join(by, ", "))
}

// markColumn names the column of groups that tells whether they have the mark.
func markColumn(m mark) string { return store.Identifier("mark_" + m.id) }
