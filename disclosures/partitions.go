package disclosures

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
)

// part is one of the rows, or columns, that divide a population among them.
type part struct { // of a partition
	id    strictyaml.Text
	where strictyaml.Text
}

// checkPartitions holds, over no data, that rows and columns divide their facts: it
// tries every combination of the values that the columns named by the predicates can
// have. A combination that none takes is a gap, one that two take an overlap.
func checkPartitions(ctx context.Context, db *store.DB, tables []Table, p predicates, scopes []string) error {
	var faults strictyaml.Faults
	asked := map[string]bool{}
	check := func(table Table, what string, parts []part, within []strictyaml.Text) error {
		found, err := partitionFault(ctx, db, relations[table.Relation.Value](scopes), what, parts, within, p, asked)
		if found != nil {
			faults = append(faults, *found)
		}
		return err
	}
	for _, table := range tables {
		for _, block := range table.Blocks {
			within := []strictyaml.Text{table.Where, block.Where}
			for _, measure := range measuresOf(block) {
				var parts []part
				for _, c := range block.Columns {
					if c.Measure.Value == measure && !c.Total && c.ShareOf.Value == "" {
						parts = append(parts, part{c.ID, c.Where})
					}
				}
				if err := check(table, "columns", parts, within); err != nil {
					return err
				}
			}
			var down func(rows []Row, within []strictyaml.Text) error
			down = func(rows []Row, within []strictyaml.Text) error {
				var parts []part
				for _, row := range rows {
					if !row.Memo {
						parts = append(parts, part{row.ID, row.Where})
					}
				}
				if err := check(table, "rows", parts, within); err != nil {
					return err
				}
				for _, row := range rows {
					if len(row.Rows) > 0 {
						if err := down(row.Rows, append(slices.Clone(within), row.Where)); err != nil {
							return err
						}
					}
				}
				return nil
			}
			if err := down(block.Rows, within); err != nil {
				return err
			}
		}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// mostCombinations is how many combinations of values are tried for one set of rows.
const mostCombinations = 5_000_000

// partitionFault looks for the first combination that not exactly one part takes.
func partitionFault(ctx context.Context, db *store.DB, contract position.DataSet, what string, parts []part, within []strictyaml.Text, p predicates, asked map[string]bool) (*strictyaml.Fault, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	var conditions, takes []string
	for _, w := range within {
		if w.Value != "" {
			conditions = append(conditions, "coalesce("+p.texts[p.at(w)]+", false)")
		}
	}
	for _, each := range parts {
		if each.where.Value == "" {
			takes = append(takes, "true")
			continue
		}
		takes = append(takes, "coalesce("+p.texts[p.at(each.where)]+", false)")
	}
	text := strings.Join(append(slices.Clone(takes), conditions...), " ")
	from, shown, combinations := combinationsOf(contract, text)
	switch {
	case len(shown) == 0:
		return nil, nil // nothing is divided
	case combinations > mostCombinations:
		return &strictyaml.Fault{Place: parts[0].id.Place, Message: fmt.Sprintf(
			"%s %q and those beside it name columns with %d combinations of values, more than the %d that can be tried; decide some of it by a rule, or nest the rows",
			what, parts[0].id.Value, combinations, mostCombinations)}, nil
	}
	conditions = append(conditions, "cast("+strings.Join(takes, " as integer) + cast(")+" as integer) <> 1")
	query := "select [" + strings.Join(takes, ", ") + "], concat_ws(', ', " + strings.Join(shown, ", ") + ") as example from " + from +
		" where " + strings.Join(conditions, " and ") + " order by example limit 1"
	if asked[query] {
		return nil, nil
	}
	asked[query] = true
	table, err := store.Query(ctx, db, query)
	if err != nil || len(table.Rows) == 0 {
		return nil, err
	}
	var taking []part
	for i, takes := range table.Rows[0][0].([]any) {
		if takes == true {
			taking = append(taking, parts[i])
		}
	}
	if len(taking) == 0 {
		return &strictyaml.Fault{Place: parts[0].id.Place, Message: fmt.Sprintf(
			"no one of the %s %q and those beside it takes facts with %s; add one that does, hide_empty if it should rarely show", what, parts[0].id.Value, table.Rows[0][1])}, nil
	}
	return &strictyaml.Fault{Place: taking[1].id.Place, Message: fmt.Sprintf(
		"%s %q and %q both take facts with %s, so that they would count twice; make their where exclude each other", what, taking[0].id.Value, taking[1].id.Value, table.Rows[0][1])}, nil
}

var quotedText = regexp.MustCompile(`'((?:[^']|'')*)'`)

// combinationsOf is the FROM item with every combination of values of the columns
// that a text names. Of a column without a closed list the constants that the text
// has stand for themselves, and another value for all others.
func combinationsOf(contract position.DataSet, text string) (from string, shown []string, combinations int) {
	combinations = 1
	var items []string
	for _, column := range contract.Columns {
		if !column.Has(position.Dimension) || !strings.Contains(text, `"`+column.Name+`"`) {
			continue
		}
		var values []string
		switch {
		case column.Type == position.Flag:
			values = []string{"true", "false"}
		case len(column.Values) > 0:
			for _, value := range column.Values {
				values = append(values, store.Literal(value))
			}
		default:
			for _, match := range quotedText.FindAllStringSubmatch(text, -1) {
				values = append(values, "'"+match[1]+"'")
			}
			values = append(values, "'another value'")
		}
		slices.Sort(values)
		values = slices.Compact(values)
		if column.MayBeEmpty() {
			values = append(values, "null")
		}
		for i := range values {
			values[i] = "(cast(" + values[i] + " as " + column.Type.SQL() + "))"
		}
		name := store.Identifier(column.Name)
		items = append(items, "(values "+strings.Join(values, ", ")+") as "+store.Identifier("v_"+column.Name)+"("+name+")")
		shown = append(shown, "'"+column.Name+" ' || coalesce(cast("+name+" as varchar), 'empty')")
		combinations *= len(values)
	}
	return strings.Join(items, " cross join "), shown, combinations
}
