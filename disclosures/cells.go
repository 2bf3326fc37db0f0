package disclosures

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

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
	Code                                     string // name of the figure in a regulator's form
	Marks                                    []Mark
}

// Result is what the tables of a release come to.
type Result struct {
	Cells    []Cell
	Controls []position.Control
	Derived  []string // relations that were made for tables
	Touched  []Touched
}

// Input is what tables are computed from, beside the relations.
type Input struct {
	Tables   []Table
	Loaded   []string // data sets that are there; a table that needs another has no cells
	Scopes   []string
	Members  map[string]string // by scope, SQL of legal_entity that tells whether it belongs to it
	Currency string
	AsOf     time.Time
	Ratings  map[string]string // notch of each rating, 1 for the best
	Ledger   string            // most by which book and ledger may differ, in the reporting currency; "none": any amount, with a warning
	Noted    map[string]Noted  // by relation
}

// Compute computes every cell of the tables from the relations that they read,
// rounds them so that all displayed totals foot, and holds the controls of the
// tables. Result tells which cells each line of what is noted touches.
func Compute(ctx context.Context, db *store.DB, in Input) (Result, error) {
	tables := make([]Table, len(in.Tables))
	for i, t := range in.Tables {
		tables[i] = t.Shown(in.Loaded)
	}
	p, err := compilePredicates(ctx, db, tables, in.Scopes)
	if err != nil {
		return Result{}, err
	}
	g, err := readAll(ctx, db, in, tables, p)
	if err != nil {
		return Result{}, err
	}
	var touched []Touched
	var touchedErr error
	var beside sync.WaitGroup // neither needs what the other finds
	beside.Go(func() { touched, touchedErr = touchedCells(tables, in.Loaded, p, g.noted) })
	result, err := computeCells(ctx, db, in, tables, p, g)
	beside.Wait()
	if err != nil { // touchedCells finds the same faults
		return Result{}, err
	}
	result.Touched = touched
	return result, touchedErr
}

// allGroups are the groups of all sources, with what was found as they were made.
type allGroups struct {
	sources, noted map[string]groups
	controls       map[string][]position.Control // by source
	relations      map[string]*grouped
	derived        []string
	made           map[string]bool
}

// readAll reads the groups of all sources of tables whose data sets are there. Relations
// of few rows, and groups of any, are read two at a time; large relations one after the
// other, because two statements at a time take the engine half as long again.
func readAll(ctx context.Context, db *store.DB, in Input, tables []Table, p predicates) (allGroups, error) {
	g := allGroups{sources: map[string]groups{}, noted: map[string]groups{}, controls: map[string][]position.Control{}, relations: map[string]*grouped{}, made: map[string]bool{}}
	shown := slices.DeleteFunc(slices.Sorted(maps.Keys(p.used)), func(source string) bool {
		return !slices.ContainsFunc(tables, func(t Table) bool { return p.source(t) == source && len(t.Missing(in.Loaded)) == 0 })
	})
	for _, source := range shown {
		relation := relationOf(source)
		if g.relations[relation] != nil {
			continue
		}
		derived, err := derive(ctx, db, relation, parameters{in.Scopes, in.Members, in.Ratings, in.Currency, in.AsOf, in.Loaded}, g.made)
		if err != nil {
			return g, fmt.Errorf("relation %s: %w", relation, err)
		}
		if derived {
			g.derived = append(g.derived, relation)
		}
		g.relations[relation] = &grouped{relation: relation, noted: in.Noted[relation]}
	}
	atOnce := 1
	if db.FilesInMemory {
		atOnce = 2
	}
	err := each(atOnce, slices.Sorted(maps.Keys(g.relations)), func(relation string) error {
		sources := slices.DeleteFunc(slices.Clone(shown), func(source string) bool { return relationOf(source) != relation })
		return g.relations[relation].open(ctx, db, in, tables, p, sources, g.made[relation])
	})
	if err != nil {
		return g, err
	}
	var adding sync.Mutex
	return g, each(2, shown, func(source string) error {
		of := g.relations[relationOf(source)]
		all, err := readGroups(ctx, db, source, p, tables, of, false)
		if err != nil {
			return err
		}
		own := slices.DeleteFunc(slices.Clone(tables), func(t Table) bool { return p.source(t) != source })
		controls, err := groupedAll(ctx, db, source, own, of.totals)
		if err != nil {
			return err
		}
		var noted groups
		if of.some { // reading hundreds of predicates costs as much for no row
			if noted, err = readGroups(ctx, db, source, p, tables, of, true); err != nil {
				return err
			}
		}
		adding.Lock()
		defer adding.Unlock()
		g.sources[source], g.noted[source], g.controls[source] = all, noted, controls
		return nil
	})
}

// each does it for every name, some at a time, and gives the first error.
func each(atOnce int, names []string, do func(string) error) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, name := range names {
		group.Go(func() error { return do(name) })
	}
	return group.Wait()
}

// open makes what the sources of a relation share: the finest groups, unless the relation
// is a derived one of few rows, its totals, and whether something is noted of any row.
func (g *grouped) open(ctx context.Context, db *store.DB, in Input, tables []Table, p predicates, sources []string, derived bool) (err error) {
	if !derived {
		if err := g.addFinest(ctx, db, p, sources, tables, in.Scopes); err != nil {
			return err
		}
	}
	if g.totals, err = totalsOf(ctx, db, g.relation); err != nil {
		return err
	}
	g.some, err = g.someNoted(ctx, db)
	return err
}

// computeCells computes all but the cells touched.
func computeCells(ctx context.Context, db *store.DB, in Input, tables []Table, p predicates, g allGroups) (Result, error) {
	result := Result{Derived: g.derived}
	for _, source := range slices.Sorted(maps.Keys(g.controls)) {
		result.Controls = append(result.Controls, g.controls[source]...)
	}
	sheets, err := laySheets(tables, in.Loaded, p, g.sources)
	if err != nil {
		return Result{}, err
	}
	linkTied(tables, sheets)
	if err := roundSheets(sheets, shownFirst(sheets)); err != nil {
		return Result{}, err
	}
	result.Controls = append(result.Controls, ties(tables, sheets)...)
	for relation, hold := range map[string]func(context.Context, *store.DB, string, string) ([]position.Control, error){
		"balance_sheet_bridge": bookControls, "downgraded_netting_sets": nettingControls, "income_bridge": incomeControls, "fair_value_moves": attributionControls} {
		if !g.made[relation] {
			continue
		}
		controls, err := hold(ctx, db, in.Scopes[0], in.Ledger)
		if err != nil {
			return Result{}, err
		}
		result.Controls = append(result.Controls, controls...)
	}
	for _, s := range sheets {
		result.Cells = append(result.Cells, s.cells(in.Currency)...)
		result.Controls = append(result.Controls, s.controls()...)
	}
	return result, nil
}

// laySheets lays every block of the tables over the groups.
func laySheets(tables []Table, loaded []string, p predicates, sources map[string]groups) ([]*sheet, error) {
	var sheets []*sheet
	var laying errgroup.Group
	laying.SetLimit(runtime.GOMAXPROCS(0))
	for tableNumber, table := range tables {
		if len(table.Missing(loaded)) > 0 {
			continue
		}
		g := sources[p.source(table)]
		for blockNumber, block := range table.Blocks {
			s := &sheet{unit: table.Unit.Value, groups: g, measures: measuresOf(block), relation: table.Relation.Value}
			s.head = Cell{TableID: table.ID.Value, TableTitle: table.Title.Value, BlockID: block.ID.Value, BlockTitle: block.Title.Value,
				TableNumber: tableNumber, BlockNumber: blockNumber}
			for _, m := range table.Marks {
				s.marks = append(s.marks, m.Value)
			}
			sheets = append(sheets, s)
			laying.Go(func() error {
				rows, columns, err := layBlock(table, block, p, g)
				if err == nil {
					s.fill(rows, columns)
				}
				return err
			})
		}
	}
	return sheets, laying.Wait()
}

// figure identifies a number wherever it is shown: the same measure over the
// same facts in the same unit.
type figure struct {
	relation, measure, unit string
	facts                   string // identity of the set of facts
}

// sheet is a block with its values.
type sheet struct {
	head       Cell // what all its cells say alike
	groups     groups
	population []bool // [group] in any top row that foots
	relation   string
	marks      []string // that all figures are asked for
	measures   []string
	unit       string
	rows       []line // without hidden ones
	columns    []line
	exact      [][]*big.Int // cents, or counts
	displayed  [][]int64
	figures    [][]figure
	unlinked   []string // cells that could not show what they show elsewhere
	linked     int
}

// fill adds up the groups in every cell.
func (s *sheet) fill(rows, columns []line) {
	s.rows = visible(rows)
	s.columns = visible(columns)
	for _, row := range s.rows {
		var within []int
		for group, member := range row.members {
			if member {
				within = append(within, group)
			}
		}
		var exact []*big.Int
		var figures []figure
		for c, column := range s.columns {
			measure := column.measure
			if column.shared != "" {
				measure = column.shared
			}
			sum, identity := new(big.Int), new(big.Int)
			for _, group := range within {
				if column.members[group] {
					identity.Add(identity, s.groups.identity[group])
					sum.Add(sum, s.groups.measures[measure][group])
				}
			}
			exact = append(exact, sum)
			key := figure{s.relation, column.measure, s.unit, identity.String()}
			if column.shared != "" { // a share is of what stands in the first row, the total
				of := identity.String()
				if len(s.figures) > 0 {
					of = s.figures[0][c].facts
				}
				key.measure, key.unit = fmt.Sprintf("share of %s %s", column.shared, of), ""
			}
			figures = append(figures, key)
		}
		s.exact = append(s.exact, exact)
		s.figures = append(s.figures, figures)
		s.displayed = append(s.displayed, make([]int64, len(s.columns)))
	}
	s.population = make([]bool, s.groups.count)
	for _, row := range s.rows {
		for group, member := range row.members {
			s.population[group] = s.population[group] || (member && row.parent == -1 && !row.memo)
		}
	}
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

// share is a cell's percent of the block's total in the same column.
type share struct {
	whole
	exact decimal.Decimal // to the hundredth of a percent
}

func (s *sheet) share(r, c int) share {
	total := s.exact[0][c]
	if total.Sign() <= 0 {
		return share{} // nothing to take a share of
	}
	const scale = 1_000_000_000 // of what lies between two percents, for the cost of moving
	floor, rest := new(big.Int).DivMod(new(big.Int).Mul(s.exact[r][c], big.NewInt(100)), total, new(big.Int))
	w := whole{floor: floor.Int64(), unit: scale, fraction: rest.Sign() > 0}
	twice := new(big.Int).Lsh(rest, 1).Cmp(total)
	w.toCeiling = twice > 0 || (twice == 0 && s.exact[r][c].Sign() > 0)
	w.rest = new(big.Int).Div(new(big.Int).Mul(rest, big.NewInt(scale)), total).Int64()
	return share{w, decimal.NewFromBigInt(s.exact[r][c], 2).DivRound(decimal.NewFromBigInt(total, 0), 2)}
}

// unitOf is how many currency units a displayed one is; a count is shown whole.
func (s *sheet) unitOf(measure string) int64 {
	if !IsMoney(measure) {
		return 1
	}
	return Units[s.unit]
}

// amount is the value of a cell in currency units, or a count.
func amount(measure string, value *big.Int) decimal.Decimal {
	if !IsMoney(measure) {
		return decimal.NewFromBigInt(value, 0)
	}
	return decimal.NewFromBigInt(value, -2)
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
			if rows := rowsOf(s.relation, column); rows != "" {
				cell.Predicate += " and " + rows
			}
			cell.Displayed = s.displayed[r][c]
			cell.Code, cell.Marks = row.codes[column.id], s.marksAt(r, c)
			switch {
			case column.shared != "":
				share := s.share(r, c)
				cell.Exact, cell.Moved, cell.Unit = share.exact, cell.Displayed-share.conventional(), PercentUnit
			case column.measure == countMeasure:
				cell.Exact, cell.Unit = amount(column.measure, s.exact[r][c]), "facts"
			case column.measure == contractsMeasure:
				cell.Measure = countMeasure
				cell.Exact, cell.Unit = amount(column.measure, s.exact[r][c]), "contracts"
			default:
				cell.Exact, cell.Unit = amount(column.measure, s.exact[r][c]), currency+" "+s.unit
				cell.Moved = cell.Displayed - conventional(cell.Exact, s.unitOf(column.measure))
			}
			cells = append(cells, cell)
		}
	}
	return cells
}

// rowsOf is the condition on the rows that a column's measure is of, or "".
func rowsOf(relation string, column line) string {
	measure := column.measure
	if column.shared != "" {
		measure = column.shared
	}
	if measure == contractsMeasure {
		return `"is_contract"`
	}
	c, _ := relations[relation](nil).Column(measure)
	return c.Rows
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
		if strings.HasPrefix(measure, ShareMeasure) {
			continue
		}
		columns, _ := s.columnsOf(measure)
		population, placed := new(big.Int), new(big.Int)
		for group := range s.groups.count {
			if s.population[group] {
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
	meaning := "figures shown in an earlier table too"
	if len(s.unlinked) > 0 {
		meaning += ", not alike: " + strings.Join(s.unlinked, "; ")
	}
	list = append(list, position.Control{ID: "same_figure_same_display", Subject: subject, Class: "integrity", Severity: "warn",
		LeftMeaning: meaning, Left: decimal.NewFromInt(int64(s.linked)),
		RightMeaning: "of which with the same displayed value", Right: decimal.NewFromInt(int64(s.linked - len(s.unlinked)))})
	return list
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

// groupedAll holds that the groups, which tables are made of, lost nothing of the
// relation, in every measure that the tables sum. totals are the relation's.
func groupedAll(ctx context.Context, db *store.DB, source string, tables []Table, totals map[string]decimal.Decimal) ([]position.Control, error) {
	relation := relationOf(source)
	measures := measuresUsed(relation, tables)
	sums := []string{"coalesce(cast(sum(" + store.Identifier(countMeasure) + ") as decimal(38, 2)), 0)"}
	for _, m := range measures[1:] {
		sums = append(sums, fmt.Sprintf("cast(coalesce(%s, 0) as decimal(38, 2))", summedAgain(m)))
	}
	table, err := store.Query(ctx, db, "select "+strings.Join(sums, ", ")+" from "+groupsOf(source))
	if err != nil {
		return nil, err
	}
	var controls []position.Control
	for i, measure := range measures {
		controls = append(controls, position.Integrity("facts_equal_groups", source+" "+measure,
			measure+" of all "+relation, totals[measure], "of the groups that the tables are made of", table.Rows[0][i].(decimal.Decimal)))
	}
	return controls, nil
}

// totalsOf adds up a relation, by measure.
func totalsOf(ctx context.Context, db *store.DB, relation string) (map[string]decimal.Decimal, error) {
	measures := Measures(relation)
	sums := []string{"cast(count(*) as decimal(38, 2))"}
	for _, m := range measures[1:] {
		sums = append(sums, fmt.Sprintf("cast(coalesce(%s, 0) as decimal(38, 2))", summed(m)))
	}
	table, err := store.Query(ctx, db, "select "+strings.Join(sums, ", ")+" from "+relation)
	if err != nil {
		return nil, err
	}
	totals := map[string]decimal.Decimal{}
	for i, m := range measures {
		totals[m] = table.Rows[0][i].(decimal.Decimal)
	}
	return totals, nil
}

// Head is what a table says beside its numbers.
type Head struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Clauses     []string `json:"clauses,omitempty"`
	Scope       string   `json:"scope"`
	Unit        string   `json:"unit"`
	Notes       []string `json:"notes,omitempty"`
	Missing     []string `json:"missing,omitempty"` // data sets without which it has no cells
	FromOpening bool     `json:"-"`                 // its flows lead from the opening of the roll-forward
	Flows       bool     `json:"flows,omitempty"`   // it tells what happened since an opening or in the year or quarter to date, not what is at a date
}

// flowRelations are those of what happens in a period, of the fiscal year to date but for
// rows that say in_quarter.
var flowRelations = []string{"movements", "realized_facts", "credit_event_payouts", "income_bridge", "fair_value_moves", "growth_drivers", "matched_growth"}

// openingRelations are those of them that lead from an opening.
var openingRelations = []string{"movements", "income_bridge", "fair_value_moves", "growth_drivers", "matched_growth"}

// IsFlow tells whether a table over the relation tells what happened in a period.
func IsFlow(relation string) bool { return slices.Contains(flowRelations, relation) }

// LeadsFromOpening tells whether its flows are those since the opening of the roll-forward.
func LeadsFromOpening(relation string) bool { return slices.Contains(openingRelations, relation) }

// Head gives the head of the table, with amounts in the given currency.
func (t Table) Head(currency string) Head {
	head := Head{ID: t.ID.Value, Title: t.Title.Value, Scope: t.Scope.Value, Unit: currency + " " + t.Unit.Value, Flows: IsFlow(t.Relation.Value), FromOpening: LeadsFromOpening(t.Relation.Value)}
	for _, c := range t.Clauses {
		head.Clauses = append(head.Clauses, c.Value)
	}
	for _, n := range t.Notes {
		head.Notes = append(head.Notes, n.Value)
	}
	return head
}
