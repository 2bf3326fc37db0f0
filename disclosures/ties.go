package disclosures

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/strictyaml"
)

// checkTies finds ties to figures that no table has.
func checkTies(tables []Table) error {
	known := map[string]bool{}
	for _, table := range tables {
		for _, block := range table.Blocks {
			rows := rowPaths("", block.Rows)
			if block.Total != nil {
				rows = append(rows, block.Total.ID.Value)
			}
			for _, row := range rows {
				for _, column := range block.Columns {
					known[strings.Join([]string{table.ID.Value, block.ID.Value, row, column.ID.Value}, "/")] = true
				}
			}
		}
	}
	var faults strictyaml.Faults
	for _, table := range tables {
		for _, tie := range table.Ties {
			for at, path := range map[strictyaml.Text]string{tie.This: table.ID.Value + "/" + tie.This.Value, tie.Equals: tie.Equals.Value} {
				if !known[path] {
					faults = append(faults, strictyaml.Fault{Place: at.Place, Message: fmt.Sprintf(
						"ties: no table has the figure %q; expected block/row/column of this table, or table/block/row/column of another", at.Value)})
				}
			}
		}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

func rowPaths(path string, rows []Row) []string {
	var list []string
	for _, row := range rows {
		list = append(list, path+row.ID.Value)
		list = append(list, rowPaths(path+row.ID.Value+"/", row.Rows)...)
	}
	return list
}

// ties holds that what is the same is equal in every table that has it. A figure
// that hides because it is empty is 0; ties to a table without cells are not held.
func ties(tables []Table, sheets []*sheet) []position.Control {
	exact := placesOf(sheets, func(s *sheet, r, c int) decimal.Decimal { return amount(s.columns[c].measure, s.exact[r][c]) })
	present := map[string]bool{}
	for _, s := range sheets {
		present[s.head.TableID] = true
	}
	var controls []position.Control
	for _, table := range tables {
		for _, tie := range table.Ties {
			other, _, _ := strings.Cut(tie.Equals.Value, "/")
			if !present[table.ID.Value] || !present[other] {
				continue
			}
			this := table.ID.Value + "/" + tie.This.Value
			controls = append(controls, position.Integrity("tables_tie", this+" = "+tie.Equals.Value,
				"figure of this table", exact[this], "the other table's, because "+tie.Because.Value, exact[tie.Equals.Value]))
		}
	}
	return controls
}
