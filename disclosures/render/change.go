package render

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/disclosures"
)

// Change is what a block's figures changed by between the two dates: displayed
// less displayed, so that a reader who subtracts finds the same. A row or column
// that stood at one date only counts as nil at the other, where nothing was in it; a
// measure that only one date has was not delivered at the other, and has no change.
type Change struct {
	Columns []Column    `json:"columns"`
	Rows    []ChangeRow `json:"rows"`
}

// ChangeRow is a row of changes.
type ChangeRow struct {
	ID      string   `json:"id"`
	Label   string   `json:"label"`
	Depth   int      `json:"depth"`
	Amount  []int64  `json:"amount"`
	Percent []string `json:"percent"` // of the earlier figure; "n/m" where that means nothing, "points" of a share
}

// change compares the sheets of two dates, or gives nil where there is one or where a row
// stands for something else at each; columns whose units differ are left out. Of periods
// that are not of one length a change in percent means nothing (DOMAIN: comparatives).
func change(head disclosures.Head, block Block, packet Packet) *Change {
	now, before := block.dates(packet)
	if now == nil || before == nil {
		return nil
	}
	for _, row := range before.Rows {
		if same := now.row(row.ID); same != nil && same.Label != row.Label {
			return nil // the largest of one date are not those of the other
		}
	}
	columns := merged(now.Columns, before.Columns, func(c Column) string { return c.ID }, func(Column) int { return 0 })
	c := &Change{Columns: slices.DeleteFunc(columns, func(column Column) bool {
		if a, b := now.unit(column.ID), before.unit(column.ID); a != b && a != "" && b != "" {
			return true // dollars less millions are nothing
		}
		return (now.column(column.ID) < 0 && !now.measures(before.measure(column.ID))) || (before.column(column.ID) < 0 && !before.measures(now.measure(column.ID)))
	})}
	if len(c.Columns) == 0 {
		return nil
	}
	for _, row := range merged(now.Rows, before.Rows, func(r Row) string { return r.ID }, func(r Row) int { return r.Depth }) {
		line := ChangeRow{ID: row.ID, Label: row.Label, Depth: row.Depth}
		for _, column := range c.Columns {
			from, to := before.displayed(row.ID, column.ID), now.displayed(row.ID, column.ID)
			share := percent(from, to)
			if from != to && !sameLength(head.Flows, *now, *before, row.ID, column.ID) {
				share = "n/m"
			}
			if from != to && cmp.Or(now.unit(column.ID), before.unit(column.ID)) == disclosures.PercentUnit {
				share = "points" // a percent of a percent says nothing
			}
			line.Amount, line.Percent = append(line.Amount, to-from), append(line.Percent, share)
		}
		c.Rows = append(c.Rows, line)
	}
	return c
}

// merged are the lines of both dates in the order of the tables: one that only the
// earlier date has follows the one that it follows there, with that one's parts.
func merged[T any](now, before []T, id func(T) string, depth func(T) int) []T {
	lines, after := slices.Clone(now), 0
	for _, line := range before {
		at := slices.IndexFunc(lines, func(l T) bool { return id(l) == id(line) })
		if at < 0 {
			for at = after; at > 0 && at < len(lines) && depth(lines[at]) > depth(line); {
				at++
			}
			lines = slices.Insert(lines, at, line)
		}
		after = at + 1
	}
	return lines
}

// dates are the sheets of the two dates, nil where there is none.
func (b Block) dates(packet Packet) (now, before *Sheet) {
	for i := range b.Sheets {
		if b.Sheets[i].Date == packet.AsOf {
			now = &b.Sheets[i]
		} else {
			before = &b.Sheets[i]
		}
	}
	return now, before
}

// SameLength tells whether a figure of a block is of periods of one length at the two
// dates, as balances always are.
func (p Packet) SameLength(t Table, b Block, row, column string) bool {
	now, before := b.dates(p)
	return now == nil || before == nil || sameLength(t.Flows, *now, *before, row, column)
}

// sameLength tells whether the periods of a figure that end at the two dates are as long:
// openings lie as far apart as the dates do, quarters to date end on the same day of a
// quarter, years to date on the same day.
func sameLength(flows bool, now, before Sheet, row, column string) bool {
	apart, known := monthsApart(now.Date, before.Date)
	switch {
	case !flows:
		return true
	case now.Opening != "" && before.Opening != "":
		openings, alike := monthsApart(now.Opening, before.Opening)
		return known && alike && openings == apart
	case strings.Contains(now.predicate(row, column)+before.predicate(row, column), "in_quarter"):
		return known && apart%3 == 0
	}
	return known && apart%12 == 0
}

// monthsApart are the months between two dates; known is false where they are no whole ones.
func monthsApart(now, before string) (months int, known bool) {
	to, err := time.Parse(time.DateOnly, now)
	from, err2 := time.Parse(time.DateOnly, before)
	to, from = to.AddDate(0, 0, 1), from.AddDate(0, 0, 1) // so that the ends of months are alike
	return 12*(to.Year()-from.Year()) + int(to.Month()-from.Month()), errors.Join(err, err2) == nil && to.Day() == from.Day()
}

// measure is that of a column's figures, "" where it has none.
func (s Sheet) measure(column string) string {
	c := s.column(column)
	if c < 0 || len(s.Rows) == 0 {
		return ""
	}
	return s.Rows[0].Cells[c].Measure
}

// measures tells whether any column is of the measure.
func (s Sheet) measures(measure string) bool {
	return len(s.Rows) == 0 || slices.ContainsFunc(s.Rows[0].Cells, func(c Cell) bool { return c.Measure == measure })
}

// unit is that of a column's figures, "" where it has none.
func (s Sheet) unit(column string) string {
	c := s.column(column)
	if c < 0 || len(s.Rows) == 0 {
		return ""
	}
	return s.Rows[0].Cells[c].Unit
}

// predicate is that of a figure, "" where it is not there.
func (s Sheet) predicate(row, column string) string {
	r, c := s.row(row), s.column(column)
	if r == nil || c < 0 {
		return ""
	}
	return r.Cells[c].Predicate
}

func (s Sheet) column(id string) int {
	for i, column := range s.Columns {
		if column.ID == id {
			return i
		}
	}
	return -1
}

func (s Sheet) row(id string) *Row {
	for i := range s.Rows {
		if s.Rows[i].ID == id {
			return &s.Rows[i]
		}
	}
	return nil
}

func (s Sheet) displayed(row, column string) int64 {
	r, c := s.row(row), s.column(column)
	if r == nil || c < 0 {
		return 0
	}
	return r.Cells[c].Displayed
}

// percent is the change in percent of the earlier figure, half away from zero. It
// means nothing where that is nil or the sign turns.
func percent(from, to int64) string {
	if from == to {
		return "—"
	}
	if from == 0 || (from < 0) != (to < 0) && to != 0 {
		return "n/m"
	}
	value := decimal.NewFromInt(to-from).Mul(decimal.NewFromInt(100)).DivRound(decimal.NewFromInt(from).Abs(), 0).IntPart()
	switch {
	case value == 0:
		return "—"
	case value < 0:
		return "(" + strconv.FormatInt(-value, 10) + "%)"
	default:
		return strconv.FormatInt(value, 10) + "%"
	}
}

// Figure is the change and its percent as one text.
func (r ChangeRow) Figure(i int) string {
	if r.Amount[i] == 0 {
		return "—"
	}
	return Figure(r.Amount[i]) + "  " + r.Percent[i]
}

func (c Change) lines() []textLine {
	var lines []textLine
	for _, row := range c.Rows {
		line := textLine{oneLine(row.Label), row.Depth, nil}
		for i := range c.Columns {
			line.figures = append(line.figures, row.Figure(i))
		}
		lines = append(lines, line)
	}
	return lines
}
