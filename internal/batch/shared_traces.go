package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"comment11/internal/position"
	"comment11/internal/store"
)

// sharedTraces are the groups of all tables of facts. Facts are read twice for all of
// them: once to group them by all columns that any table names, with the largest amount
// of each group, from which every table's groups are made; and once for the few facts
// that may be among the largest, of which alone names are compared.
type sharedTraces struct {
	db       *store.DB
	codes    store.Codes
	numbers  []string // columns that tell the groups apart
	measures []string
}

// shareFacts makes the relations that the tables share: trace_counts_N, the groups of each
// table, and largest_facts.
func (t *tracer) shareFacts(ctx context.Context, tables []*tableTraces) (*sharedTraces, error) {
	s := &sharedTraces{db: t.db}
	if len(tables) == 0 {
		return s, nil
	}
	var columns []string
	for _, f := range tables {
		columns = append(columns, f.by...)
		s.measures = append(s.measures, f.measures...)
	}
	slices.Sort(columns)
	slices.Sort(s.measures)
	s.measures = slices.Compact(s.measures)
	var err error
	if s.codes, err = store.NewCodes(ctx, t.db, "facts", slices.Compact(columns), position.Facts(t.manifest.Scopes).Words()); err != nil {
		return nil, err
	}
	var named, best, wanted, amounts []string
	s.numbers, named = s.codes.Numbered()
	name := factName(tables[0].probe.columns)
	for i, m := range s.measures {
		if m == "count" { // all amounts are alike, so that the first by name stand for the largest
			best = append(best, fmt.Sprintf("min(%s) as best_%d", name, i))
			wanted = append(wanted, fmt.Sprintf("max(least_%[1]d) as least_%[1]d", i))
			continue
		}
		best = append(best, fmt.Sprintf("nullif(max(abs(%s)), 0) as best_%d", measureSQL(m), i))
		wanted = append(wanted, fmt.Sprintf("min(least_%[1]d) as least_%[1]d", i))
		amounts = append(amounts, measureSQL(m))
	}
	numbers := strings.Join(s.numbers, ", ")
	if err := t.db.CreateTable(ctx, "finest_groups", fmt.Sprintf("select %s, count(*) as facts, %s from facts group by %s",
		strings.Join(named, ", "), strings.Join(best, ", "), numbers)); err != nil {
		return nil, err
	}
	var reach []string
	for i, f := range tables {
		query, err := s.reach(ctx, i, f)
		if err != nil {
			return nil, err
		}
		reach = append(reach, query)
	}
	if err := t.db.CreateTable(ctx, "groups_of_largest", fmt.Sprintf("select %s, %s from (%s) group by %[1]s", numbers, strings.Join(wanted, ", "), strings.Join(reach, " union all "))); err != nil {
		return nil, err
	}
	var may []string
	for i, m := range s.measures {
		if m == "count" {
			may = append(may, fmt.Sprintf("fact <= least_%d", i))
		} else {
			may = append(may, fmt.Sprintf("(abs(%[1]s) >= least_%[2]d and %[1]s <> 0)", measureSQL(m), i))
		}
	}
	return s, t.db.CreateTable(ctx, "largest_facts", fmt.Sprintf("select f.* from (select %s from facts) as f join groups_of_largest using (%s) where %s",
		strings.Join(append(append(named, name+" as fact"), amounts...), ", "), numbers, strings.Join(may, " or ")))
}

// last is a text behind all names.
const last = "chr(1114111)"

// reach makes trace_counts_N of a table. It gives a SELECT of the finest groups in which
// a fact may be among the largest of one of the table's, with what it must come to: as
// the largest facts of three finest groups do, three facts do.
func (s *sharedTraces) reach(ctx context.Context, number int, f *tableTraces) (string, error) {
	counts := fmt.Sprintf("trace_counts_%d", number)
	only := s.codes.Only(s.numbers, f.by)
	selected, on, least, reached := make([]string, len(only)), make([]string, len(only)), make([]string, len(s.measures)), []string{}
	for i, part := range only {
		selected[i] = part + " as " + s.numbers[i]
		on[i] = fmt.Sprintf("%s = c.%s", strings.Replace(part, "(", "(f.", 1), s.numbers[i])
	}
	for i, m := range s.measures {
		switch {
		case !slices.Contains(f.measures, m):
			least[i] = fmt.Sprintf("null as least_%d", i)
		case m == "count":
			selected = append(selected, fmt.Sprintf("coalesce(min(best_%[1]d, %[2]d)[%[2]d], %[3]s) as least_%[1]d", i, mostOnPage, last))
			reached = append(reached, fmt.Sprintf("f.best_%[1]d <= c.least_%[1]d", i))
			least[i] = fmt.Sprintf("c.least_%d", i)
		default:
			selected = append(selected, fmt.Sprintf("coalesce(max(best_%[1]d, %[2]d)[%[2]d], 0) as least_%[1]d", i, mostOnPage))
			reached = append(reached, fmt.Sprintf("f.best_%[1]d >= c.least_%[1]d", i))
			least[i] = fmt.Sprintf("c.least_%d", i)
		}
	}
	if err := s.db.CreateTable(ctx, counts, fmt.Sprintf("select %s, cast(sum(facts) as bigint) as facts_in_group from finest_groups group by %s",
		strings.Join(selected, ", "), strings.Join(only, ", "))); err != nil {
		return "", err
	}
	return fmt.Sprintf("select f.%s, %s from finest_groups as f join %s as c on %s where %s", strings.Join(s.numbers, ", f."), strings.Join(least, ", "),
		counts, strings.Join(on, " and "), strings.Join(reached, " or ")), nil
}

// group makes the relation trace_groups of a table, as that of a tracer does.
func (s *sharedTraces) group(ctx context.Context, number int, f *tableTraces) error {
	only := s.codes.Only(s.numbers, f.by)
	selected := make([]string, len(only))
	for i, part := range only {
		selected[i] = part + " as " + s.numbers[i]
	}
	var tops []string
	for i, m := range f.measures {
		selected = append(selected, largestSQL("fact", measureSQL(m), i))
		tops = append(tops, fmt.Sprintf("top_%d", i))
	}
	return s.db.CreateTable(ctx, "trace_groups", fmt.Sprintf("select facts_in_group, %s from trace_counts_%d left join (select %s from largest_facts group by %s) using (%s)",
		strings.Join(append(s.codes.Words(s.numbers, f.by), tops...), ", "), number, strings.Join(selected, ", "), strings.Join(only, ", "), strings.Join(s.numbers, ", ")))
}
