package disclosures

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/strictyaml"
)

// mostAttempts is how often sheets are rounded anew because figures differed.
const mostAttempts = 400

// roundSheets rounds all sheets of a release. Each is rounded exactly, as a flow,
// and keeps what the ones before it show; together they are an integer problem for
// which no such method is known. So where a sheet could not keep a figure, all are
// rounded anew: that sheet first, and those that show the figure lean to what it
// needed, the more the longer they disagree. Memo rows stand outside of every
// footing and follow at first. Figures of known stay as they are. Where nothing
// helps, the attempt with the fewest differences stays, and the control
// same_figure_same_display says which figures differ.
func roundSheets(sheets []*sheet, known map[figure]int64) error {
	for _, s := range sheets {
		if err := s.checkAdded(); err != nil {
			return err
		}
	}
	var order []*footed
	for _, memo := range []bool{false, true} {
		for _, s := range sheets {
			grids, err := s.grids(memo)
			if err != nil {
				return err
			}
			order = append(order, grids...)
		}
	}
	next := attempt{order: order, leans: leaning{}}
	best, fewest := next, -1
	for range mostAttempts {
		differing, err := next.round(sheets, known)
		if err != nil || len(differing) == 0 {
			return err
		}
		if fewest < 0 || len(differing) < fewest {
			best, fewest = next, len(differing)
		}
		next = next.after(differing)
	}
	_, err := best.round(sheets, known)
	return err
}

// leaning is by how many units a figure would rather be rounded up.
type leaning map[figure]int64

// difference is a figure that rows show otherwise than those before them, one unit
// higher or lower.
type difference struct {
	figure figure
	toward int64
	in     *footed
}

// attempt is a way to round all sheets: in which order, with which leanings. Which
// figures are to blame for a contradiction depends on which are kept first; so that
// each is blamed in its turn, attempts begin with another one.
type attempt struct {
	order []*footed
	leans leaning
	turn  int
}

// after is the attempt that follows one with differences.
func (a attempt) after(differing []difference) attempt {
	next := attempt{leans: maps.Clone(a.leans), turn: a.turn + 1}
	for _, d := range differing {
		next.leans[d.figure] += d.toward
		if !slices.Contains(next.order, d.in) {
			next.order = append(next.order, d.in)
		}
	}
	for _, f := range a.order {
		if !slices.Contains(next.order, f) {
			next.order = append(next.order, f)
		}
	}
	return next
}

// round rounds the sheets, and gives the figures that differ.
func (a attempt) round(sheets []*sheet, known map[figure]int64) ([]difference, error) {
	for _, s := range sheets {
		s.linked, s.unlinked = 0, nil
	}
	shown := map[figure]int64{}
	var differing []difference
	for _, added := range []bool{false, true} { // totals that add what others show come after it
		for _, f := range a.order {
			if f.adds() != added {
				continue
			}
			f.turn = a.turn
			found, err := f.round(known, shown, a.leans)
			if err != nil {
				return nil, fmt.Errorf("table %s, block %s: %w", f.sheet.head.TableID, f.sheet.head.BlockID, err)
			}
			differing = append(differing, found...)
		}
	}
	for _, s := range sheets {
		s.add(shown)
	}
	return differing, nil
}

// add shows columns that add others as the sum of what these show, so that a reader who
// adds, or subtracts, finds the same, and notes where another table shows it otherwise.
func (s *sheet) add(shown map[figure]int64) {
	for c, column := range s.columns {
		if len(column.adds) == 0 || column.total {
			continue
		}
		for r, row := range s.rows {
			_, s.displayed[r][c] = s.added(r, c)
			figure := s.figures[r][c]
			before, twice := shown[figure]
			if !twice {
				shown[figure] = s.displayed[r][c]
				continue
			}
			s.linked++
			if before != s.displayed[r][c] {
				s.unlinked = append(s.unlinked, row.id+" / "+column.id)
			}
		}
	}
}

// added is the sum of what the columns come to, and show, that a column adds; one that
// hides is nil.
func (s *sheet) added(r, c int) (exact *big.Int, displayed int64) {
	exact = new(big.Int)
	for _, a := range s.columns[c].adds {
		for other, column := range s.columns {
			if column.id == a.id {
				exact.Add(exact, new(big.Int).Mul(big.NewInt(a.sign), s.exact[r][other]))
				displayed += a.sign * s.displayed[r][other]
			}
		}
	}
	return exact, displayed
}

// checkAdded holds that columns which add others come to what these do.
func (s *sheet) checkAdded() error {
	for c, column := range s.columns {
		if len(column.adds) == 0 {
			continue
		}
		for r, row := range s.rows {
			if exact, _ := s.added(r, c); exact.Cmp(s.exact[r][c]) != 0 {
				return strictyaml.Faults{{Place: column.adds[0].Place, Message: fmt.Sprintf("adds: what column %q adds comes to %s in row %q, and its own measure to %s; add the columns that it is made of",
					column.id, amount(column.measure, exact), row.id, amount(column.measure, s.exact[r][c]))}}
			}
		}
	}
	return nil
}

// adds tells whether the total column is the sum of what other columns show.
func (f *footed) adds() bool {
	return f.total >= 0 && len(f.sheet.columns[f.columns[f.total]].adds) > 0
}

// shownFirst are the grand totals that are a part of no larger total of any table, each
// rounded conventionally: they stay, and all other figures follow what they are a part
// of. A row that has all facts of its total, as where no trade states a term, is the same
// figure as the total, and so no part of it.
func shownFirst(sheets []*sheet) map[figure]int64 {
	totals, parts := map[figure]int64{}, map[figure]bool{}
	for _, s := range sheets {
		for r, row := range s.rows {
			for c, column := range s.columns {
				this := s.figures[r][c]
				columns, total := s.columnsOf(column.measure)
				if row.parent == -1 && (total < 0 || column.total) && !row.memo && len(column.adds) == 0 {
					totals[this] = s.split(r, c).conventional()
				}
				if row.parent >= 0 && s.figures[row.parent][c] != this {
					parts[this] = true
				}
				if total >= 0 && s.figures[r][columns[total]] != this {
					parts[this] = true
				}
			}
		}
	}
	maps.DeleteFunc(totals, func(f figure, _ int64) bool { return parts[f] })
	return totals
}

// linkTied makes figures one that ties say are the same, over whatever relations, where
// they are equal and in one unit: so they are shown alike.
func linkTied(tables []Table, sheets []*sheet) {
	type place struct {
		*sheet
		row, column int
	}
	places := placesOf(sheets, func(s *sheet, r, c int) place { return place{s, r, c} })
	same := map[figure]figure{}
	first := func(f figure) figure {
		for {
			earlier, linked := same[f]
			if !linked {
				return f
			}
			f = earlier
		}
	}
	for _, table := range tables {
		for _, tie := range table.Ties {
			a, b := places[table.ID.Value+"/"+tie.This.Value], places[tie.Equals.Value]
			if a.sheet == nil || b.sheet == nil {
				continue
			}
			unit := func(p place) int64 {
				if p.columns[p.column].shared != "" {
					return 0
				}
				return p.unitOf(p.columns[p.column].measure)
			}
			if unit(a) == 0 || unit(a) != unit(b) || a.exact[a.row][a.column].Cmp(b.exact[b.row][b.column]) != 0 {
				continue
			}
			if this, other := first(a.figures[a.row][a.column]), first(b.figures[b.row][b.column]); this != other {
				same[this] = other
			}
		}
	}
	for _, s := range sheets {
		for _, figures := range s.figures {
			for c, f := range figures {
				figures[c] = first(f)
			}
		}
	}
}

// placesOf gives something of each cell, by the path that ties name it with.
func placesOf[T any](sheets []*sheet, of func(s *sheet, row, column int) T) map[string]T {
	places := map[string]T{}
	for _, s := range sheets {
		for r, row := range s.rows {
			for c, column := range s.columns {
				places[strings.Join([]string{s.head.TableID, s.head.BlockID, row.id, column.id}, "/")] = of(s, r, c)
			}
		}
	}
	return places
}

// split is the exact value of a cell between two displayed ones.
func (s *sheet) split(r, c int) whole {
	if s.columns[c].shared != "" {
		return s.share(r, c).whole
	}
	measure := s.columns[c].measure
	return splitValue(amount(measure, s.exact[r][c]), s.unitOf(measure))
}

// footed are the rows and columns of a sheet that are rounded together: those of
// one measure that foot, or its memo rows.
type footed struct {
	grid
	sheet         *sheet
	rows, columns []int
}

// grids divides the memo rows of a sheet, or its other rows, into what is rounded together.
func (s *sheet) grids(memo bool) ([]*footed, error) {
	var list []*footed
	isMemo := make([]bool, len(s.rows))
	var rows []int
	for r, row := range s.rows {
		if isMemo[r] = row.memo || (row.parent >= 0 && isMemo[row.parent]); isMemo[r] == memo {
			rows = append(rows, r)
		}
	}
	for _, measure := range s.measures {
		columns, total := s.columnsOf(measure)
		if total < 0 {
			columns = slices.DeleteFunc(columns, func(c int) bool { return len(s.columns[c].adds) > 0 })
		}
		if len(columns) == 0 {
			continue
		}
		f := &footed{grid: grid{total: total, unit: s.unitOf(measure), free: true}, sheet: s, rows: rows, columns: columns}
		for _, r := range rows {
			var exact []decimal.Decimal
			for _, c := range columns {
				exact = append(exact, amount(measure, s.exact[r][c]))
			}
			f.parent = append(f.parent, slices.Index(rows, s.rows[r].parent))
			f.exact = append(f.exact, exact)
			f.pinned = append(f.pinned, make([]*int64, len(columns)))
			f.lean = append(f.lean, make([]int64, len(columns)))
		}
		if err := f.prepare(); err != nil {
			return nil, fmt.Errorf("table %s, block %s: %w", s.head.TableID, s.head.BlockID, err)
		}
		for i, r := range rows {
			for j, c := range columns {
				if s.columns[c].shared != "" {
					f.split[i][j] = s.share(r, c).whole
				}
			}
		}
		list = append(list, f)
	}
	return list, nil
}

// round rounds rows of a sheet. A figure that is already shown in the same unit is
// shown with the same value wherever that is possible; those that are not are given.
func (f *footed) round(known, shown map[figure]int64, leans leaning) ([]difference, error) {
	s := f.sheet
	for i, r := range f.rows {
		for j, c := range f.columns {
			f.pinned[i][j] = nil
			if value, fixed := known[s.figures[r][c]]; fixed {
				f.pinned[i][j] = &value
			}
			if len(s.columns[c].adds) > 0 {
				_, value := s.added(r, c)
				f.pinned[i][j] = &value
			}
			if value, linked := shown[s.figures[r][c]]; linked {
				f.pinned[i][j] = &value
				s.linked++
			}
			f.lean[i][j] = leans[s.figures[r][c]] * f.unit * 100
		}
	}
	displayed, dropped, err := f.roundDroppingPins()
	if err != nil {
		return nil, err
	}
	var differing []difference
	for _, d := range dropped {
		key, adds := s.figures[f.rows[d.row]][f.columns[d.column]], len(s.columns[f.columns[d.column]].adds) > 0
		if _, linked := shown[key]; adds && !linked { // it is nearer to its exact value than what it adds
			continue
		}
		differing = append(differing, difference{key, displayed[d.row][d.column] - *f.pinned[d.row][d.column], f})
		s.unlinked = append(s.unlinked, s.rows[f.rows[d.row]].id+" / "+s.columns[f.columns[d.column]].id)
	}
	for i, r := range f.rows {
		for j, c := range f.columns {
			s.displayed[r][c] = displayed[i][j]
			key := s.figures[r][c]
			if _, linked := shown[key]; linked && f.pinned[i][j] != nil {
				continue
			}
			if before, twice := shown[key]; twice && before != displayed[i][j] { // twice in these rows
				differing = append(differing, difference{key, before - displayed[i][j], f})
				s.unlinked = append(s.unlinked, s.rows[r].id+" / "+s.columns[c].id)
				s.linked++
				continue
			}
			shown[key] = displayed[i][j]
		}
	}
	return differing, nil
}
