package disclosures

import (
	"math/big"
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
