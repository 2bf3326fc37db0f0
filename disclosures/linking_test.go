package disclosures

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"comment11/internal/strictyaml"
)

// TestTiedFiguresAreShownAlike ties the halves of a total to those of another relation
// crosswise: of 1.5 and 1.5 one is shown as 1 and the other as 2, and each as what it is
// tied to. A tie of what is not equal links nothing.
func TestTiedFiguresAreShownAlike(t *testing.T) {
	text := func(value string) strictyaml.Text { return strictyaml.Text{Value: value} }
	build := func(table, relation string, cents ...int64) *sheet { // the total first, then its parts
		s := &sheet{relation: relation, unit: "millions", measures: []string{"notional"}, columns: []line{{id: "amount", measure: "notional", parent: -1}}}
		s.head = Cell{TableID: table, BlockID: "block"}
		for i, amount := range cents {
			s.rows = append(s.rows, line{id: []string{"total", "a", "b"}[i], parent: min(i, 1) - 1, depth: min(i, 1)})
			s.exact = append(s.exact, []*big.Int{big.NewInt(amount)})
			s.displayed = append(s.displayed, []int64{0})
			s.figures = append(s.figures, []figure{{relation, "notional", "millions", table + s.rows[i].id}})
		}
		return s
	}
	facts, moved := build("facts", "facts", 3_00000000, 1_50000000, 1_50000000), build("moved", "movements", 3_00000000, 1_50000000, 1_50000000)
	other := build("other", "movements", 3_00000000, 1_40000000, 1_60000000)
	tables := []Table{
		{ID: text("moved"), Ties: []Tie{{This: text("block/a/amount"), Equals: text("facts/block/b/amount")}, {This: text("block/b/amount"), Equals: text("facts/block/a/amount")}}},
		{ID: text("other"), Ties: []Tie{{This: text("block/a/amount"), Equals: text("facts/block/a/amount")}, {This: text("block/none/amount"), Equals: text("facts/block/a/amount")}}},
	}
	sheets := []*sheet{facts, moved, other}
	linkTied(tables, sheets)
	if err := roundSheets(sheets, shownFirst(sheets)); err != nil {
		t.Fatal(err)
	}
	a, b := facts.displayed[1][0], facts.displayed[2][0]
	if a == b || moved.displayed[1][0] != b || moved.displayed[2][0] != a {
		t.Errorf("%d and %d are tied to %d and %d", moved.displayed[1][0], moved.displayed[2][0], b, a)
	}
	if other.figures[1][0] == facts.figures[1][0] || other.displayed[1][0] != 1 || other.displayed[2][0] != 2 {
		t.Errorf("1.4 and 1.6 are shown as %d and %d", other.displayed[1][0], other.displayed[2][0])
	}
}

// TestAddedColumnsAreWhatAReaderFinds rounds a table whose growth is the closing less the
// opening, divided by direction, and one whose net is the receivable less the payable: who
// subtracts what is displayed finds what is displayed, of growth wherever its parts allow it.
func TestAddedColumnsAreWhatAReaderFinds(t *testing.T) {
	build := func(columns []line, rows ...[]int64) *sheet { // the total first, then its parts
		s := &sheet{relation: "facts", unit: "millions", columns: columns}
		s.head = Cell{TableID: "table", BlockID: "block"}
		for _, column := range columns {
			if !slices.Contains(s.measures, column.measure) {
				s.measures = append(s.measures, column.measure)
			}
		}
		for i, amounts := range rows {
			s.rows = append(s.rows, line{id: string(rune('a' + i)), parent: min(i, 1) - 1, depth: min(i, 1)})
			var exact []*big.Int
			var figures []figure
			for c, amount := range amounts {
				exact = append(exact, big.NewInt(amount*1_000_000))
				figures = append(figures, figure{"facts", columns[c].measure, "millions", fmt.Sprint(i, c)})
			}
			s.exact, s.figures, s.displayed = append(s.exact, exact), append(s.figures, figures), append(s.displayed, make([]int64, len(columns)))
		}
		return s
	}
	growth := build([]line{{id: "opening", measure: "opening", parent: -1}, {id: "closing", measure: "closing", parent: -1}, {id: "bought", measure: "growth", parent: -1},
		{id: "sold", measure: "growth", parent: -1}, {id: "growth", measure: "growth", parent: -1, total: true, adds: []addend{{id: "closing", sign: 1}, {id: "opening", sign: -1}}}},
		[]int64{384, 1131, 437, 310, 747}, []int64{249, 551, 217, 85, 302}, []int64{135, 580, 220, 225, 445}) // hundredths: 3.84 to 11.31 is 7.47
	net := build([]line{{id: "receivable", measure: "fair_value_receivable", parent: -1}, {id: "payable", measure: "fair_value_payable", parent: -1},
		{id: "net", measure: "net_fair_value", parent: -1, adds: []addend{{id: "receivable", sign: 1}, {id: "payable", sign: -1}, {id: "hidden", sign: -1}}}},
		[]int64{749, 902, -153}, []int64{375, 451, -76}, []int64{374, 451, -77})
	sheets := []*sheet{growth, net}
	if err := roundSheets(sheets, shownFirst(sheets)); err != nil {
		t.Fatal(err)
	}
	for r, row := range growth.displayed {
		// Of the rows below, 3 to 5 is 2, a unit from 3.02: there the parts of growth come first.
		if row[4] != row[2]+row[3] || (r == 0 && row[4] != row[1]-row[0]) {
			t.Errorf("row %d grew from %d to %d by %d, of which %d and %d", r, row[0], row[1], row[4], row[2], row[3])
		}
	}
	for r, row := range net.displayed {
		if row[2] != row[0]-row[1] {
			t.Errorf("row %d is %d less %d, net %d", r, row[0], row[1], row[2])
		}
	}
	for _, s := range sheets {
		if totals, footing := s.footing(); totals != footing {
			t.Errorf("%d of %d totals foot", footing, totals)
		}
	}
}
