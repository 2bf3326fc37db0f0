package disclosures

import (
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Touched is a cell in which rows stand that something is noted of.
type Touched struct {
	Note                              string // a line of the column noted
	TableID, BlockID, RowID, ColumnID string
	Measure                           string
	Amount                            decimal.Decimal // what these rows come to in the cell
}

// notedColumn says what is noted of a row, in lines.
const notedColumn = "noted"

// touchedCells lays the noted rows over the tables as all rows are laid, and adds up
// what each note comes to in every cell.
func touchedCells(tables []Table, loaded []string, p predicates, noted map[string]groups) ([]Touched, error) {
	concerned := slices.DeleteFunc(slices.Clone(tables), func(t Table) bool { return noted[p.source(t)].count == 0 })
	sheets, err := laySheets(concerned, loaded, p, noted)
	if err != nil {
		return nil, err
	}
	var list []Touched
	for _, s := range sheets {
		list = append(list, s.touched()...)
	}
	return list, nil
}

// touched adds up each note in each cell of the sheet.
func (s *sheet) touched() (list []Touched) {
	lines := make([][]string, s.groups.count)
	for group, text := range s.groups.noted {
		lines[group] = strings.Split(text, "\n")
	}
	for _, row := range s.rows {
		for _, column := range s.columns {
			if column.shared != "" { // a share follows from amounts
				continue
			}
			sums := map[string]*big.Int{}
			for group := range s.groups.count {
				if !row.members[group] || !column.members[group] {
					continue
				}
				for _, line := range lines[group] {
					if sums[line] == nil {
						sums[line] = new(big.Int)
					}
					sums[line].Add(sums[line], s.groups.measures[column.measure][group])
				}
			}
			for _, line := range slices.Sorted(maps.Keys(sums)) {
				list = append(list, Touched{Note: line, TableID: s.head.TableID, BlockID: s.head.BlockID, RowID: row.id, ColumnID: column.id,
					Measure: column.measure, Amount: amount(column.measure, sums[line])})
			}
		}
	}
	return list
}
