package disclosures

import (
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// sheetOf reads a grid from text: a line per row, indented by its depth, with
// exact values; a vertical line stands before the total column.
func sheetOf(t *testing.T, unit int64, text string) grid {
	t.Helper()
	g := grid{total: -1, unit: unit}
	var path []int
	for r, line := range strings.Split(strings.Trim(text, "\n"), "\n") {
		depth := (len(line) - len(strings.TrimLeft(line, " "))) / 2
		path = append(path[:depth], r)
		parent := -1
		if depth > 0 {
			parent = path[depth-1]
		}
		g.parent = append(g.parent, parent)
		var row []decimal.Decimal
		for _, field := range strings.Fields(line) {
			if field == "|" {
				g.total = len(row)
				continue
			}
			row = append(row, decimal.RequireFromString(field))
		}
		g.exact = append(g.exact, row)
	}
	return g
}

func displayedText(g grid, displayed [][]int64) string {
	var b strings.Builder
	for r, row := range displayed {
		depth := 0
		for p := g.parent[r]; p >= 0; p = g.parent[p] {
			depth++
		}
		b.WriteString(strings.Repeat("  ", depth))
		for c, value := range row {
			if c > 0 {
				b.WriteString(" ")
			}
			if c == g.total {
				b.WriteString("| ")
			}
			b.WriteString(strconv.FormatInt(value, 10))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestRounding(t *testing.T) {
	for _, test := range []struct {
		name  string
		unit  int64
		exact string
		want  string
	}{
		{"nothing to move", 1, "3\n  1\n  2", "3\n  1\n  2\n"},
		{"one way: the part nearest to the next unit moves", 1, "1.3\n  0.4\n  0.45\n  0.45", "1\n  0\n  1\n  0\n"},
		{"one way: the parts are rounded up too often", 1, "1.5\n  0.5\n  0.5\n  0.5", "2\n  0\n  1\n  1\n"},
		{"whole units never move", 1, "2.4\n  1\n  0.7\n  0.7", "2\n  1\n  0\n  1\n"},
		{"millions and cents", 1_000_000, "2500000.01\n  1250000.00\n  1250000.01", "3\n  1\n  2\n"},
		{"negative parts", 1, "0\n  -0.5\n  0.5", "0\n  -1\n  1\n"},
		{"nested", 1, "2\n  1.2\n    0.6\n    0.6\n  0.8\n    0.4\n    0.4", "2\n  1\n    0\n    1\n  1\n    1\n    0\n"},
		{"two-way", 1, "0.5 0.5 | 1\n  0.25 0.25 | 0.5\n  0.25 0.25 | 0.5", "0 1 | 1\n  0 1 | 1\n  0 0 | 0\n"},
		{"columns that stand alone", 1, "1.5 2.5\n  0.75 1.25\n  0.75 1.25", "2 3\n  1 2\n  1 1\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := sheetOf(t, test.unit, test.exact)
			displayed, dropped, err := g.roundDroppingPins()
			if err != nil || len(dropped) > 0 {
				t.Fatal(dropped, err)
			}
			checkRounding(t, g, displayed)
			if diff := cmp.Diff(test.want, displayedText(g, displayed)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPins(t *testing.T) {
	g := sheetOf(t, 1, "1.5\n  0.5\n  0.5\n  0.5")
	pin := func(values ...any) [][]*int64 {
		var pinned [][]*int64
		for _, v := range values {
			row := []*int64{nil}
			if n, ok := v.(int); ok {
				n64 := int64(n)
				row[0] = &n64
			}
			pinned = append(pinned, row)
		}
		return pinned
	}
	g.pinned = pin(nil, 1, nil, 1)
	displayed, dropped, err := g.roundDroppingPins()
	if err != nil || len(dropped) > 0 || !reflect.DeepEqual(displayed, [][]int64{{2}, {1}, {0}, {1}}) {
		t.Error(displayed, dropped, err)
	}
	g.pinned = pin(1, 1, nil, 1) // the pinned total leaves room for one part only
	displayed, dropped, err = g.roundDroppingPins()
	if err != nil || !slices.Equal(dropped, []cellIndex{{3, 0}}) || !reflect.DeepEqual(displayed, [][]int64{{1}, {1}, {0}, {0}}) {
		t.Error(displayed, dropped, err)
	}
	g.pinned = pin(nil, 7, nil, nil) // neither floor nor ceiling
	if _, dropped, err = g.roundDroppingPins(); err != nil || !slices.Equal(dropped, []cellIndex{{1, 0}}) {
		t.Error(dropped, err)
	}
}

func TestSumsThatAreNone(t *testing.T) {
	for _, text := range []string{"3\n  1\n  1", "1 1 | 3"} {
		if _, _, err := sheetOf(t, 1, text).roundDroppingPins(); err == nil {
			t.Errorf("%q was rounded", text)
		}
	}
}

type reporter interface{ Errorf(string, ...any) }

// checkRounding holds everything that a rounding without pins promises.
func checkRounding(t reporter, g grid, displayed [][]int64) {
	unit := decimal.NewFromInt(g.unit)
	for r, row := range g.exact {
		var across int64
		for c, exact := range row {
			shown := decimal.NewFromInt(displayed[r][c])
			if distance := exact.Div(unit).Sub(shown).Abs(); distance.GreaterThanOrEqual(decimal.NewFromInt(1)) {
				t.Errorf("row %d, column %d: %s shown as %s", r, c, exact, shown)
			}
			if c != g.total {
				across += displayed[r][c]
			}
			var parts int64
			has := false
			for child, parent := range g.parent {
				if parent == r {
					parts, has = parts+displayed[child][c], true
				}
			}
			if has && parts != displayed[r][c] {
				t.Errorf("row %d, column %d: total %d, parts %d", r, c, displayed[r][c], parts)
			}
			grand := g.parent[r] == -1 && (g.total == -1 || c == g.total)
			if grand && displayed[r][c] != conventional(exact, g.unit) {
				t.Errorf("grand total %s shown as %d", exact, displayed[r][c])
			}
		}
		if g.total >= 0 && across != displayed[r][g.total] {
			t.Errorf("row %d: total %d, columns %d", r, displayed[r][g.total], across)
		}
	}
}

// randomGrid draws a forest of rows with leaf values and makes the sums.
func randomGrid(t *rapid.T, rows, columns int) grid {
	g := grid{total: -1, unit: rapid.SampledFrom([]int64{1, 1000, 1_000_000}).Draw(t, "unit")}
	count := rapid.IntRange(1, rows).Draw(t, "rows")
	for r := range count {
		g.parent = append(g.parent, rapid.IntRange(-1, r-1).Draw(t, "parent"))
	}
	leaves := rapid.IntRange(1, columns).Draw(t, "columns")
	width := leaves
	if rapid.Bool().Draw(t, "with total") {
		g.total, width = leaves, leaves+1
	}
	half := new(big.Int).SetInt64(g.unit * 50)
	value := rapid.Custom(func(t *rapid.T) decimal.Decimal {
		cents := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(-3*g.unit*100, 3*g.unit*100), rapid.Just(half.Int64()), rapid.Just(-half.Int64()),
			rapid.Int64Range(-2, 2)).Draw(t, "cents")
		return decimal.New(cents, -2)
	})
	g.exact = make([][]decimal.Decimal, count)
	for r := count - 1; r >= 0; r-- {
		g.exact[r] = make([]decimal.Decimal, width)
		children := false
		for child := r + 1; child < count; child++ {
			if g.parent[child] == r {
				children = true
				for c := range leaves {
					g.exact[r][c] = g.exact[r][c].Add(g.exact[child][c])
				}
			}
		}
		for c := range leaves {
			if !children {
				g.exact[r][c] = value.Draw(t, "value")
			}
			if g.total >= 0 {
				g.exact[r][g.total] = g.exact[r][g.total].Add(g.exact[r][c])
			}
		}
	}
	return g
}

// TestRoundingAlwaysFoots draws random grids; go test -rapid.seed=N replays one.
func TestRoundingAlwaysFoots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := randomGrid(t, 12, 5)
		displayed, dropped, err := g.roundDroppingPins()
		if err != nil || len(dropped) > 0 {
			t.Fatal(dropped, err)
		}
		checkRounding(t, g, displayed)
		again, _, _ := g.roundDroppingPins()
		if !reflect.DeepEqual(displayed, again) {
			t.Errorf("rounded twice: %v, %v", displayed, again)
		}
		// What was shown once can be shown again.
		g.pinned = make([][]*int64, len(displayed))
		for r, row := range displayed {
			for c := range row {
				g.pinned[r] = append(g.pinned[r], &displayed[r][c])
			}
		}
		if pinned, dropped, err := g.roundDroppingPins(); err != nil || len(dropped) > 0 || !reflect.DeepEqual(displayed, pinned) {
			t.Errorf("pinned to %v: %v, dropped %v, %v", displayed, pinned, dropped, err)
		}
	})
}

// TestRoundingMovesTheLeast compares with all roundings of small grids.
func TestRoundingMovesTheLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := randomGrid(t, 4, 2)
		displayed, _, err := g.roundDroppingPins()
		if err != nil {
			t.Fatal(err)
		}
		if got, least := movedMoney(g, displayed), leastMoved(g); !got.Equal(least) {
			t.Errorf("moved %s, the least is %s: %v of %v", got, least, displayed, g.exact)
		}
	})
}

func movedMoney(g grid, displayed [][]int64) decimal.Decimal {
	sum := decimal.Zero
	for r, row := range g.exact {
		for c, exact := range row {
			sum = sum.Add(exact.Sub(decimal.NewFromInt(displayed[r][c]).Mul(decimal.NewFromInt(g.unit))).Abs())
		}
	}
	return sum
}

type silent struct{ failed bool }

func (s *silent) Errorf(string, ...any) { s.failed = true }

// leastMoved tries every choice of floors and ceilings of the leaves.
func leastMoved(g grid) decimal.Decimal {
	var free []cellIndex
	displayed := make([][]int64, len(g.exact))
	for r, row := range g.exact {
		displayed[r] = make([]int64, len(row))
		for c, exact := range row {
			w := splitValue(exact, g.unit)
			displayed[r][c] = w.floor
			if w.fraction && c != g.total && !slices.Contains(g.parent, r) {
				free = append(free, cellIndex{r, c})
			}
		}
	}
	least := decimal.NewFromInt(-1)
	for choice := range 1 << len(free) {
		for i, cell := range free {
			displayed[cell.row][cell.column] = splitValue(g.exact[cell.row][cell.column], g.unit).floor + int64(choice>>i&1)
		}
		for r := len(displayed) - 1; r >= 0; r-- {
			sumParts(g, displayed, r)
		}
		check := &silent{}
		checkRounding(check, g, displayed)
		if moved := movedMoney(g, displayed); !check.failed && (least.IsNegative() || moved.LessThan(least)) {
			least = moved
		}
	}
	return least
}

func sumParts(g grid, displayed [][]int64, r int) {
	for c := range displayed[r] {
		if c == g.total {
			continue
		}
		var sum int64
		has := false
		for child, parent := range g.parent {
			if parent == r {
				sum, has = sum+displayed[child][c], true
			}
		}
		if has {
			displayed[r][c] = sum
		}
	}
	if g.total >= 0 {
		displayed[r][g.total] = 0
		for c, value := range displayed[r] {
			if c != g.total {
				displayed[r][g.total] += value
			}
		}
	}
}

func BenchmarkRounding100x12(b *testing.B) {
	g := grid{total: 11, unit: 1_000_000, parent: []int{-1}}
	for range 9 {
		g.parent = append(g.parent, 0)
	}
	for r := 1; r < 10; r++ {
		for range 10 {
			g.parent = append(g.parent, r)
		}
	}
	g.exact = make([][]decimal.Decimal, len(g.parent))
	for r := len(g.parent) - 1; r >= 0; r-- {
		g.exact[r] = make([]decimal.Decimal, 12)
		for c := range 11 {
			if r >= 10 {
				g.exact[r][c] = decimal.New(int64(r*7919+c*104729)*997%1_000_000_000, -2)
			}
			for child := r + 1; child < len(g.parent); child++ {
				if g.parent[child] == r {
					g.exact[r][c] = g.exact[r][c].Add(g.exact[child][c])
				}
			}
			g.exact[r][11] = g.exact[r][11].Add(g.exact[r][c])
		}
	}
	for b.Loop() {
		if _, _, err := g.roundDroppingPins(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(g.parent)*12), "cells")
}
