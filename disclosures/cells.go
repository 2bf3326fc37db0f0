package disclosures

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
)

// Cell is one number of one table: exact, as displayed, and the predicate on
// facts that gives the facts behind it.
type Cell struct {
	TableID, TableTitle, BlockID, BlockTitle string
	RowID, RowLabel, ColumnID, ColumnLabel   string
	TableNumber, BlockNumber                 int
	RowNumber, ColumnNumber, Depth           int
	Measure, Predicate                       string
	Exact                                    decimal.Decimal // in the reporting currency, or a count
	Displayed                                int64           // in whole units
	Unit                                     string          // for example USD millions
	Moved                                    int64           // displayed less conventionally rounded
	Memo                                     bool
	ParentRowID                              string // the row that it is a part of, "" at the top
	TotalColumn                              bool   // the sum of the other columns of its measure
}

// Result is what the tables of a release come to.
type Result struct {
	Cells    []Cell
	Controls []position.Control
	Touched  []Touched
}

// Compute computes every cell of the tables from the relations that they read,
// rounds them so that all displayed totals foot, and holds the controls of the
// tables. loaded are the data sets that are there; a table that needs another has
// no cells. noted names, by relation, one with those of its rows that something is
// noted of, in a column noted: Result tells which cells each line of it touches.
func Compute(ctx context.Context, db *store.DB, tables []Table, loaded, scopes []string, currency string, noted map[string]string) (Result, error) {
	p, err := compilePredicates(ctx, db, tables, scopes)
	if err != nil {
		return Result{}, err
	}
	result := Result{}
	sources := map[string]groups{}
	for _, relation := range sortedKeys(p.used) {
		if sources[relation], err = readGroups(ctx, db, relation, p, tables, ""); err != nil {
			return Result{}, err
		}
		controls, err := groupedAll(ctx, db, relation)
		if err != nil {
			return Result{}, err
		}
		result.Controls = append(result.Controls, controls...)
	}
	sheets, err := laySheets(tables, loaded, p, sources)
	if err != nil {
		return Result{}, err
	}
	// Memo rows stand outside of every footing, so they follow what the others show.
	shown := map[figure]int64{}
	for _, memo := range []bool{false, true} {
		for _, s := range sheets {
			if err := s.round(shown, memo); err != nil {
				return Result{}, fmt.Errorf("table %s, block %s: %w", s.head.TableID, s.head.BlockID, err)
			}
		}
	}
	for _, s := range sheets {
		result.Cells = append(result.Cells, s.cells(currency)...)
		result.Controls = append(result.Controls, s.controls()...)
	}
	result.Touched, err = touchedCells(ctx, db, tables, loaded, p, noted)
	return result, err
}

// laySheets lays every block of the tables over the groups.
func laySheets(tables []Table, loaded []string, p predicates, sources map[string]groups) ([]*sheet, error) {
	var sheets []*sheet
	for tableNumber, table := range tables {
		if len(table.Missing(loaded)) > 0 {
			continue
		}
		g := sources[table.Relation.Value]
		for blockNumber, block := range table.Blocks {
			rows, columns, err := layBlock(table, block, p, g)
			if err != nil {
				return nil, err
			}
			s := newSheet(table, rows, columns, g)
			s.head = Cell{TableID: table.ID.Value, TableTitle: table.Title.Value, BlockID: block.ID.Value, BlockTitle: block.Title.Value,
				TableNumber: tableNumber, BlockNumber: blockNumber}
			s.measures = measuresOf(block)
			sheets = append(sheets, s)
		}
	}
	return sheets, nil
}

// figure identifies a number wherever it is shown: the same measure over the
// same facts in the same unit.
type figure struct {
	relation, measure, unit string
	members                 [sha256.Size]byte
}

// sheet is a block with its values.
type sheet struct {
	head      Cell // what all its cells say alike
	groups    groups
	measures  []string
	unit      string
	rows      []line // without hidden ones
	columns   []line
	exact     [][]*big.Int // cents, or counts
	displayed [][]int64
	figures   [][]figure
	unlinked  []string // cells that could not show what they show elsewhere
	linked    int
}

func newSheet(table Table, rows, columns []line, g groups) *sheet {
	s := &sheet{unit: table.Unit.Value, groups: g}
	s.rows = visible(rows)
	s.columns = visible(columns)
	for _, row := range s.rows {
		var exact []*big.Int
		var figures []figure
		for _, column := range s.columns {
			sum := new(big.Int)
			members := make([]byte, g.count)
			for group := range g.count {
				if row.members[group] && column.members[group] {
					members[group] = 1
					sum.Add(sum, g.measures[column.measure][group])
				}
			}
			exact = append(exact, sum)
			figures = append(figures, figure{table.Relation.Value, column.measure, s.unit, sha256.Sum256(members)})
		}
		s.exact = append(s.exact, exact)
		s.figures = append(s.figures, figures)
		s.displayed = append(s.displayed, make([]int64, len(s.columns)))
	}
	return s
}

// visible leaves out the lines that hide when nothing is in them, and keeps the
// parents of the others right.
func visible(lines []line) []line {
	var kept []line
	place := map[int]int{-1: -1}
	for i, l := range lines {
		parent, parentShown := place[l.parent]
		if !parentShown || (l.hide && !slices.Contains(l.members, true)) {
			continue
		}
		l.parent = parent
		place[i] = len(kept)
		kept = append(kept, l)
	}
	return kept
}

// columnsOf are the columns of one measure that foot together, and the index
// among them of their total, or -1.
func (s *sheet) columnsOf(measure string) (list []int, total int) {
	total = -1
	for i, c := range s.columns {
		if c.measure == measure {
			if c.total {
				total = len(list)
			}
			list = append(list, i)
		}
	}
	return list, total
}

// unitOf is how many currency units a displayed one is; a count is shown whole.
func (s *sheet) unitOf(measure string) int64 {
	if measure == countMeasure {
		return 1
	}
	return Units[s.unit]
}

// amount is the value of a cell in currency units, or a count.
func amount(measure string, value *big.Int) decimal.Decimal {
	if measure == countMeasure {
		return decimal.NewFromBigInt(value, 0)
	}
	return decimal.NewFromBigInt(value, -2)
}

// round rounds the sheet's memo rows, or all its others, measure by measure. A
// figure that is already shown in the same unit is shown with the same value
// wherever that is possible.
func (s *sheet) round(shown map[figure]int64, memo bool) error {
	var rows []int
	isMemo := make([]bool, len(s.rows))
	for r, row := range s.rows {
		if isMemo[r] = row.memo || (row.parent >= 0 && isMemo[row.parent]); isMemo[r] == memo {
			rows = append(rows, r)
		}
	}
	for _, measure := range s.measures {
		if err := s.roundMeasure(measure, rows, memo, shown); err != nil {
			return err
		}
	}
	return nil
}

func (s *sheet) roundMeasure(measure string, rows []int, memo bool, shown map[figure]int64) error {
	columns, total := s.columnsOf(measure)
	g := grid{total: total, unit: s.unitOf(measure), memo: memo}
	for _, r := range rows {
		var exact []decimal.Decimal
		var pinned []*int64
		for _, c := range columns {
			exact = append(exact, amount(measure, s.exact[r][c]))
			var pin *int64
			if value, known := shown[s.figures[r][c]]; known {
				pin = &value
				s.linked++
			}
			pinned = append(pinned, pin)
		}
		g.parent = append(g.parent, slices.Index(rows, s.rows[r].parent))
		g.exact = append(g.exact, exact)
		g.pinned = append(g.pinned, pinned)
	}
	displayed, dropped, err := g.roundDroppingPins()
	if err != nil {
		return err
	}
	for _, d := range dropped {
		s.unlinked = append(s.unlinked, s.rows[rows[d.row]].id+" / "+s.columns[columns[d.column]].id)
	}
	for i, r := range rows {
		for j, c := range columns {
			s.displayed[r][c] = displayed[i][j]
			if _, known := shown[s.figures[r][c]]; !known {
				shown[s.figures[r][c]] = displayed[i][j]
			}
		}
	}
	return nil
}

// cells gives the cells of the sheet in reading order: the rows, their total,
// then what stands outside of the footing.
func (s *sheet) cells(currency string) []Cell {
	order := make([]int, 0, len(s.rows))
	rank := func(r int) int {
		switch {
		case s.rows[r].memo:
			return 2
		case s.isTotal(r):
			return 1
		default:
			return 0
		}
	}
	for want := range 3 {
		for r := range s.rows {
			if rank(r) == want {
				order = append(order, r)
			}
		}
	}
	var cells []Cell
	for number, r := range order {
		row := s.rows[r]
		for c, column := range s.columns {
			cell := s.head
			cell.RowID, cell.RowLabel, cell.RowNumber, cell.Depth, cell.Memo = row.id, row.label, number, row.depth, row.memo
			cell.ColumnID, cell.ColumnLabel, cell.ColumnNumber = column.id, column.label, c
			cell.Measure, cell.Predicate, cell.TotalColumn = column.measure, row.predicate, column.total
			if row.parent >= 0 {
				cell.ParentRowID = s.rows[row.parent].id
			}
			if column.predicate != "" {
				cell.Predicate += " and " + column.predicate
			}
			cell.Exact = amount(column.measure, s.exact[r][c])
			cell.Displayed = s.displayed[r][c]
			cell.Moved = cell.Displayed - conventional(cell.Exact, s.unitOf(column.measure))
			cell.Unit = currency + " " + s.unit
			if column.measure == countMeasure {
				cell.Unit = "facts"
			}
			cells = append(cells, cell)
		}
	}
	return cells
}

// isTotal tells whether the row is the block's total: the one top row that the
// other rows are parts of, laid first.
func (s *sheet) isTotal(r int) bool {
	return r == 0 && slices.ContainsFunc(s.rows, func(l line) bool { return l.parent == 0 && l.depth == s.rows[0].depth })
}

// controls holds the identities of the block: every fact of its population is
// in exactly one cell, and every displayed total is the sum of its parts.
func (s *sheet) controls() []position.Control {
	subject := s.head.TableID + "/" + s.head.BlockID
	var list []position.Control
	for _, measure := range s.measures {
		columns, _ := s.columnsOf(measure)
		population, placed := new(big.Int), new(big.Int)
		for group := range s.groups.count {
			if s.inPopulation(group) {
				population.Add(population, s.groups.measures[measure][group])
			}
		}
		for r, row := range s.rows {
			leaf := !slices.ContainsFunc(s.rows, func(l line) bool { return l.parent == r })
			if !leaf || row.memo || strings.HasSuffix(row.id, notPlaced) {
				continue
			}
			for _, c := range columns {
				if !s.columns[c].total && !strings.HasSuffix(s.columns[c].id, notPlaced) {
					placed.Add(placed, s.exact[r][c])
				}
			}
		}
		list = append(list, position.Integrity("facts_equal_cells", subject+"/"+measure,
			measure+" of the facts that the block speaks for", amount(measure, population), "sum of its cells", amount(measure, placed)))
	}
	totals, footing := s.footing()
	list = append(list, position.Integrity("displayed_totals_foot", subject,
		"displayed totals", decimal.NewFromInt(totals), "of which the sum of their displayed parts", decimal.NewFromInt(footing)))
	list = append(list, position.Control{ID: "same_figure_same_display", Subject: subject, Class: "integrity", Severity: "warn",
		LeftMeaning: "figures shown in an earlier table too", Left: decimal.NewFromInt(int64(s.linked)),
		RightMeaning: "of which with the same displayed value", Right: decimal.NewFromInt(int64(s.linked - len(s.unlinked)))})
	return list
}

// inPopulation tells whether a group is in any top row that foots.
func (s *sheet) inPopulation(group int) bool {
	return slices.ContainsFunc(s.rows, func(l line) bool { return l.parent == -1 && !l.memo && l.members[group] })
}

// footing counts the displayed totals, and those that are the sum of their parts.
func (s *sheet) footing() (totals, footing int64) {
	tally := func(total, parts int64) {
		totals++
		if total == parts {
			footing++
		}
	}
	for r := range s.rows {
		hasParts := slices.ContainsFunc(s.rows, func(l line) bool { return l.parent == r })
		for c, column := range s.columns {
			if hasParts {
				var sum int64
				for part, l := range s.rows {
					if l.parent == r {
						sum += s.displayed[part][c]
					}
				}
				tally(s.displayed[r][c], sum)
			}
			if column.total {
				var sum int64
				others, _ := s.columnsOf(column.measure)
				for _, other := range others {
					if !s.columns[other].total {
						sum += s.displayed[r][other]
					}
				}
				tally(s.displayed[r][c], sum)
			}
		}
	}
	return totals, footing
}

// groupedAll holds that the groups, which all tables are made of, lost nothing
// of the relation, in every measure.
func groupedAll(ctx context.Context, db *store.DB, relation string) ([]position.Control, error) {
	var sums []string
	measures := Measures(relation)
	for _, m := range measures[1:] {
		sums = append(sums, fmt.Sprintf("coalesce(sum(%s), 0)", m))
	}
	list := strings.Join(sums, ", ")
	table, err := store.Query(ctx, db, fmt.Sprintf(
		"select 1 as side, cast(count(*) as decimal(38, 2)), %[1]s from %[4]s union all select 2, coalesce(cast(sum(%[2]s) as decimal(38, 2)), 0), %[1]s from %[3]s order by side",
		list, store.Identifier(countMeasure), groupsOf(relation), relation))
	if err != nil {
		return nil, err
	}
	var controls []position.Control
	for i, measure := range measures {
		controls = append(controls, position.Integrity("facts_equal_groups", relation+" "+measure,
			measure+" of all "+relation, table.Rows[0][i+1].(decimal.Decimal), "of the groups that the tables are made of", table.Rows[1][i+1].(decimal.Decimal)))
	}
	return controls, nil
}

// Head is what a table says beside its numbers.
type Head struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Clauses []string `json:"clauses,omitempty"`
	Scope   string   `json:"scope"`
	Unit    string   `json:"unit"`
	Notes   []string `json:"notes,omitempty"`
	Missing []string `json:"missing,omitempty"` // data sets without which it has no cells
}

// Head gives the head of the table, with amounts in the given currency.
func (t Table) Head(currency string) Head {
	head := Head{ID: t.ID.Value, Title: t.Title.Value, Scope: t.Scope.Value, Unit: currency + " " + t.Unit.Value}
	for _, c := range t.Clauses {
		head.Clauses = append(head.Clauses, c.Value)
	}
	for _, n := range t.Notes {
		head.Notes = append(head.Notes, n.Value)
	}
	return head
}
