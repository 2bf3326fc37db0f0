package render

import (
	"fmt"
	"strings"
	"testing"

	"comment11/disclosures"
)

func TestPercent(t *testing.T) {
	for _, test := range []struct {
		from, to int64
		want     string
	}{
		{0, 0, "—"}, {5, 5, "—"}, {0, 5, "n/m"}, {5, 0, "(100%)"}, {-5, 5, "n/m"}, {5, -5, "n/m"}, {-5, 0, "100%"}, {-10, -5, "50%"},
		{100, 250, "150%"}, {1000, 995, "(1%)"}, {1000, 1001, "—"}, {200, 201, "1%"}, {3, 2, "(33%)"},
	} {
		if got := percent(test.from, test.to); got != test.want {
			t.Errorf("from %d to %d: %s, expected %s", test.from, test.to, got, test.want)
		}
	}
}

// TestPercentOfPeriods holds that periods of unequal length show no change in percent,
// and balances and periods of one length do (DOMAIN: comparatives).
func TestPercentOfPeriods(t *testing.T) {
	for _, test := range []struct {
		flows              bool
		now, before, where string
		want               string
		openings           [2]string
	}{
		{false, "2007-09-30", "2006-12-31", "", "100%", [2]string{}},
		{true, "2007-09-30", "2006-12-31", "", "n/m", [2]string{}},
		{true, "2007-09-30", "2006-12-31", "(in_quarter)", "100%", [2]string{}},
		{true, "2007-09-30", "2007-08-31", "(in_quarter)", "n/m", [2]string{}},
		{true, "2007-09-30", "2006-09-30", "", "100%", [2]string{}},
		{true, "2006-09-30", "2007-12-31", "", "n/m", [2]string{}},
		{true, "2007-09-30", "2006-09-15", "", "n/m", [2]string{}},
		{true, "2008-02-29", "2007-02-28", "", "100%", [2]string{}},
		{true, "2007-09-30", "2006-09-30", "", "n/m", [2]string{"2007-06-30", "2005-12-31"}},
		{true, "2007-09-30", "2006-09-30", "", "100%", [2]string{"2007-06-30", "2006-06-30"}},
		{true, "2007-12-31", "2007-09-30", "", "100%", [2]string{"2007-09-30", "2007-06-30"}},
		{true, "2007-09-30", "2006-12-31", "", "n/m", [2]string{"2006-12-31", "2005-12-31"}},
	} {
		sheet := func(date, opening string, value int64) Sheet {
			return Sheet{Date: date, Opening: opening, Columns: []Column{{ID: "net"}}, Rows: []Row{{ID: "total", Cells: []Cell{{Displayed: value, Unit: "USD", Predicate: test.where}}}}}
		}
		block := Block{Sheets: []Sheet{sheet(test.now, test.openings[0], 20), sheet(test.before, test.openings[1], 10)}}
		c := change(disclosures.Head{Flows: test.flows}, block, Packet{AsOf: test.now, Compare: test.before})
		if got := c.Rows[0].Percent[0]; got != test.want || c.Rows[0].Amount[0] != 10 {
			t.Errorf("%+v: %s by %d", test, got, c.Rows[0].Amount[0])
		}
	}
}

// TestChangeOfWhatOneDateHas leaves out what was not delivered at one date, counts as nil
// what was empty there, and keeps rows among those that they stood with.
func TestChangeOfWhatOneDateHas(t *testing.T) {
	sheet := func(date string, columns, measures, rows []string) Sheet {
		s := Sheet{Date: date}
		for _, id := range columns {
			s.Columns = append(s.Columns, Column{ID: id})
		}
		for _, id := range rows {
			row := Row{ID: id, Depth: strings.Count(id, "/")}
			for _, measure := range measures {
				row.Cells = append(row.Cells, Cell{Displayed: 5, Unit: "USD", Measure: measure})
			}
			s.Rows = append(s.Rows, row)
		}
		return s
	}
	now := sheet("2007-09-30", []string{"gains", "total", "gains_year_before"}, []string{"realized", "realized", "realized_year_before"}, []string{"bought", "bought/premium", "bought/premium/index", "sold", "total"})
	before := sheet("2006-12-31", []string{"gains", "no_value", "total"}, []string{"realized", "realized", "realized"}, []string{"bought", "bought/premium", "bought/termination", "two_way", "total"})
	c := change(disclosures.Head{}, Block{Sheets: []Sheet{now, before}}, Packet{AsOf: now.Date, Compare: before.Date})
	var got []string
	for _, column := range c.Columns {
		got = append(got, column.ID)
	}
	for _, row := range c.Rows {
		got = append(got, fmt.Sprint(row.ID, row.Amount))
	}
	want := "gains no_value total bought[0 -5 0] bought/premium[0 -5 0] bought/premium/index[5 0 5] bought/termination[-5 -5 -5] two_way[-5 -5 -5] sold[5 0 5] total[0 -5 0]"
	if strings.Join(got, " ") != want {
		t.Errorf("the changes are %s, expected %s", strings.Join(got, " "), want)
	}
}

// TestChangeOfOtherUnits leaves out a column whose unit differs, and keeps the others.
func TestChangeOfOtherUnits(t *testing.T) {
	sheet := func(date, unit string, value int64) Sheet {
		return Sheet{Date: date, Columns: []Column{{ID: "contracts"}, {ID: "notional"}},
			Rows: []Row{{ID: "total", Cells: []Cell{{Displayed: value, Unit: unit}, {Displayed: 10 * value, Unit: "USD millions"}}}}}
	}
	block := Block{Sheets: []Sheet{sheet("2007-09-30", "contracts", 7), sheet("2006-12-31", "facts", 5)}}
	c := change(disclosures.Head{}, block, Packet{AsOf: "2007-09-30", Compare: "2006-12-31"})
	if c == nil || len(c.Columns) != 1 || c.Columns[0].ID != "notional" || c.Rows[0].Amount[0] != 20 {
		t.Errorf("%+v", c)
	}
}

// TestChangeOfShares shows shares in points, without a percent of a percent, below the
// labels of their columns.
func TestChangeOfShares(t *testing.T) {
	sheet := func(date string, value int64) Sheet {
		return Sheet{Date: date, Columns: []Column{{ID: "share", Label: "Share of protection sold"}},
			Rows: []Row{{ID: "banks", Label: "Banks", Cells: []Cell{{Displayed: value, Unit: "percent"}}}}}
	}
	block := Block{Sheets: []Sheet{sheet("2007-09-30", 26), sheet("2006-12-31", 20)}}
	var b strings.Builder
	shares := change(disclosures.Head{}, block, Packet{AsOf: "2007-09-30", Compare: "2006-12-31"})
	writeText(&b, "Shares, change", shares.Columns, shares.lines())
	want := `
                       Share of
Shares, change  protection sold
-------------------------------
Banks                 6  points
`
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
}
