package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures/render"
	"comment11/internal/store"
)

// Questions adds to a packet what a reviewer would ask of it: figures that moved, came, went
// or turned between its dates without a cause that the packet shows, that rest on one trade
// or name, that have no evidence, or that look netted. What is below the materiality of
// balances is not asked, or below packet.materiality where none is configured.
func Questions(ctx context.Context, config configs.Config, packet *render.Packet) error {
	q, err := newQuestions(config, *packet)
	if err != nil {
		return err
	}
	q.netted()
	for _, release := range packet.Releases {
		if release.AsOf != packet.AsOf {
			continue
		}
		concentrated, err := q.concentrationsOf(ctx, config, release, nil)
		if err == nil {
			q.list = append(q.list, concentrated...)
			err = inRelease(ctx, config, *packet, release, func(db *store.DB, cells map[string][]placedCell) error {
				return errors.Join(q.moves(ctx, db, config, release, cells["facts"]), q.evidence(ctx, db))
			})
		}
		if err != nil {
			return fmt.Errorf("the reviewer's questions about release %s: %w", release.Name, err)
		}
	}
	order := map[string]int{}
	for i, kind := range render.QuestionKinds {
		order[kind.ID] = i
	}
	slices.SortStableFunc(q.list, func(a, b render.Question) int { return order[a.Kind] - order[b.Kind] })
	packet.Questions, packet.ExplainedMoves = q.list, q.explained
	return nil
}

// questions are being collected.
type questions struct {
	packet             render.Packet
	materiality, share decimal.Decimal
	list               []render.Question
	explained          int             // moves that the roll-forward gives the causes of
	asked              map[string]bool // the same facts stand in several tables, and are asked about once
}

func newQuestions(config configs.Config, packet render.Packet) (questions, error) {
	threshold := config.Packet.Materiality
	if config.Materiality != nil {
		threshold = config.Materiality.Balance
	}
	q := questions{packet: packet, asked: map[string]bool{}}
	var err, err2 error // checked when the config was read
	q.materiality, err = decimal.NewFromString(threshold)
	q.share, err2 = decimal.NewFromString(config.Packet.Concentration)
	return q, errors.Join(err, err2)
}

func (q *questions) ask(kind string, at render.Place, amount decimal.Decimal, format string, arguments ...any) {
	q.list = append(q.list, render.Question{Kind: kind, Date: at.Date, Cell: at.Address(), Amount: amount.StringFixed(2), Text: fmt.Sprintf(format, arguments...)})
}

// once tells whether a question of the kind about the same facts is the first.
func (q *questions) once(kind string, cell render.Cell) bool {
	key := kind + " " + cell.Measure + " " + cell.Predicate
	first := !q.asked[key]
	q.asked[key] = true
	return first
}

// figureMoved is a figure that is another at the period end, or nil at either date.
type figureMoved struct {
	at       render.Place
	block    int // its place in the packet
	cell     render.Cell
	label    string
	from, to decimal.Decimal
}

func (m figureMoved) change() decimal.Decimal { return m.to.Sub(m.from) }

// moves asks of the figures that moved why they did: of a block the largest first.
func (q *questions) moves(ctx context.Context, db *store.DB, config configs.Config, release render.Release, facts []placedCell) error {
	moves := q.moved()
	unexplained, err := q.rolledForward(ctx, db, config, release, facts, moves)
	if err != nil {
		return err
	}
	slices.SortStableFunc(moves, func(a, b figureMoved) int {
		if a.block != b.block {
			return a.block - b.block
		}
		return b.change().Abs().Cmp(a.change().Abs())
	})
	for _, m := range moves {
		kind, text := "move", "%s moved from %s to %s, by %s, and no cause is given"
		switch {
		case m.from.IsZero():
			kind, text = "appeared", "%s was %s and is %s, by %s: is it new, or was it elsewhere?"
		case m.to.IsZero():
			kind, text = "vanished", "%s was %s and is %s, by %s: where did it go?"
		case m.from.Sign() != m.to.Sign():
			kind, text = "sign_flip", "%s turned from %s to %s, by %s"
		}
		if !q.once(kind, m.cell) {
			continue
		}
		asked := render.Question{Kind: kind, Date: m.at.Date, Cell: m.at.Address(), Amount: m.change().StringFixed(2), From: m.from.StringFixed(2), To: m.to.StringFixed(2)}
		if left, rolled := unexplained[m.cell.Predicate]; rolled && m.cell.Measure == "notional" {
			if left.Abs().LessThan(q.materiality) {
				q.explained++
				continue
			}
			asked.Unexplained = left.StringFixed(2)
			text += ": events leave " + inThrees(left) + " unexplained"
		}
		asked.Text = fmt.Sprintf(text, m.label, inThrees(m.from), inThrees(m.to), inThrees(m.change()))
		q.list = append(q.list, asked)
	}
	return nil
}

// moved are the figures that differ between the two dates by the materiality or more.
func (q *questions) moved() (moves []figureMoved) {
	figures := map[string]*figureMoved{}
	var order []*figureMoved
	blocks := map[*render.Block]int{}
	for c := range q.packet.All() {
		if c.Block.Change == nil || !summed(c.Cell.Measure) { // without a change its rows stand for something else at each date
			continue
		}
		if _, there := blocks[c.Block]; !there {
			blocks[c.Block] = len(blocks)
		}
		at := c.Place
		at.Date = q.packet.AsOf
		m, there := figures[at.Address()]
		if !there {
			m = &figureMoved{at: at, block: blocks[c.Block], cell: c.Cell, label: strings.Join([]string{c.Table.Title, c.Block.Title, c.Row.Label, c.Column.Label}, ", ")}
			figures[at.Address()], order = m, append(order, m)
		}
		if c.Date == q.packet.AsOf {
			m.to, m.cell = exactOf(c.Cell), c.Cell
		} else {
			m.from = exactOf(c.Cell)
		}
	}
	for _, m := range order {
		if m.change().Abs().GreaterThanOrEqual(q.materiality) {
			moves = append(moves, *m)
		}
	}
	return moves
}

// rolledForward are the predicates of moved notionals that the roll-forward leads from what
// the packet shows of the date compared with to what it shows of the period end, by events
// or night by night, with what that leaves unexplained. Two dates alone give no causes.
func (q *questions) rolledForward(ctx context.Context, db *store.DB, config configs.Config, release render.Release, facts []placedCell, moves []figureMoved) (map[string]decimal.Decimal, error) {
	m, err := manifestOf(Warehouse(config), release.Name)
	if err != nil || m.RollForward == nil || m.RollForward.Path == "two_point" || m.OpeningDate() != q.packet.Compare {
		return nil, err
	}
	ofFacts := map[string]bool{}
	for _, c := range facts {
		ofFacts[c.at.Table] = true
	}
	table, err := store.Query(ctx, db, "select column_name from information_schema.columns where table_name = 'movements'")
	if err != nil {
		return nil, err
	}
	columns := map[string]bool{}
	for _, row := range table.Rows {
		columns[row[0].(string)] = true
	}
	var led []figureMoved
	var cells []placedCell
	for _, m := range moves {
		if m.cell.Measure == "notional" && ofFacts[m.at.Table] && !slices.ContainsFunc(columnsNamed(m.cell.Predicate), func(c string) bool { return !columns[c] }) {
			led, cells = append(led, m), append(cells, placedCell{m.at, m.cell})
		}
	}
	if len(cells) == 0 {
		return nil, nil
	}
	opening, closing, unexplained := make([]int64, len(cells)), make([]int64, len(cells)), make([]int64, len(cells))
	err = byKey(ctx, db, "movements", "cause", cells, func(k keyed) {
		for i, amount := range k.amounts {
			closing[i] += amount
			switch k.key {
			case "opening", "restated_opening":
				opening[i] += amount
			case "unexplained":
				unexplained[i] += amount
			}
		}
	})
	explained := map[string]decimal.Decimal{}
	for i, m := range led {
		if decimal.New(opening[i], -2).Equal(m.from) && decimal.New(closing[i], -2).Equal(m.to) {
			explained[m.cell.Predicate] = decimal.New(unexplained[i], -2)
		}
	}
	return explained, err
}

func exactOf(cell render.Cell) decimal.Decimal {
	amount, err := decimal.NewFromString(cell.Exact)
	if err != nil {
		return decimal.Zero // there is no such cell
	}
	return amount
}

// inThrees is an amount to the cent with its digits in threes.
func inThrees(amount decimal.Decimal) string {
	whole, cents, _ := strings.Cut(amount.Abs().StringFixed(2), ".")
	if amount.IsNegative() {
		return "-" + render.InThrees(whole) + "." + cents
	}
	return render.InThrees(whole) + "." + cents
}

// netted finds gross pairs of which one side is nil though the other is material: where
// many facts stand behind a figure, both sides are to be expected.
func (q *questions) netted() {
	pairs := map[string]string{"fair_value_receivable": "fair_value_payable", "fair_value_payable": "fair_value_receivable"}
	for _, table := range q.packet.Tables {
		for _, block := range table.Blocks {
			for _, sheet := range block.Sheets {
				if sheet.Date != q.packet.AsOf {
					continue
				}
				for _, row := range sheet.Rows {
					q.nettedRow(table, block, sheet, row, pairs)
				}
			}
		}
	}
}

func (q *questions) nettedRow(table render.Table, block render.Block, sheet render.Sheet, row render.Row, pairs map[string]string) {
	sums := map[string]decimal.Decimal{}
	for i, cell := range row.Cells {
		if !sheet.Columns[i].Total || len(row.Cells) == 1 {
			sums[cell.Measure] = sums[cell.Measure].Add(exactOf(cell))
		}
	}
	for i, cell := range row.Cells {
		other, gross := pairs[cell.Measure]
		opposite, shown := sums[other]
		if !gross || !shown || !opposite.IsZero() || exactOf(cell).LessThan(q.materiality) || !q.once("looks_netted", cell) {
			continue
		}
		at := render.Place{Date: sheet.Date, Table: table.ID, Block: block.ID, Row: row.ID, Column: sheet.Columns[i].ID}
		q.ask("looks_netted", at, exactOf(cell), "%s, %s: %s is %s and %s is nil in the whole row: were values netted before they were delivered?",
			table.Title, row.Label, strings.ReplaceAll(cell.Measure, "_", " "), inThrees(exactOf(cell)), strings.ReplaceAll(other, "_", " "))
	}
}

// concentrationsOf are the questions about concentrations in the figures of a release,
// which it may keep.
func (q *questions) concentrationsOf(ctx context.Context, config configs.Config, release render.Release, keep keeper) ([]render.Question, error) {
	by := []string{q.materiality.String(), q.share.String()}
	return prepared(config, release.Name, preparedConcentrations, by, keep, func() ([]render.Question, error) {
		of := questions{packet: q.packet, materiality: q.materiality, share: q.share, asked: map[string]bool{}}
		err := inRelease(ctx, config, q.packet, release, func(db *store.DB, cells map[string][]placedCell) error {
			return of.concentrations(ctx, db, cells["facts"])
		})
		return of.list, err
	})
}

// concentrations finds figures of the comment's own tables of which one trade, one
// counterparty or one reference name is more than the share that the config allows.
// Other tables show the same money.
func (q *questions) concentrations(ctx context.Context, db *store.DB, cells []placedCell) error {
	var asked []placedCell
	for _, c := range cells {
		if strings.HasPrefix(c.at.Table, "comment-11") && summed(c.cell.Measure) && exactOf(c.cell).Abs().GreaterThanOrEqual(q.materiality) && q.once("concentration", c.cell) {
			asked = append(asked, c)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	keys := []struct {
		kind, key, words string
		possible         []placedCell
	}{{kind: "one_trade", key: "position_id", words: "trade"},
		{kind: "one_counterparty", key: "counterparty_id", words: "counterparty"},
		{kind: "one_reference", key: "reference_entity_id", words: "reference name"}}
	var somewhere []placedCell
	var columns []string
	for i := range keys {
		var err error
		columns = append(columns, keys[i].key)
		if keys[i].possible, err = q.concentrated(ctx, db, keys[i].key, asked); err != nil {
			return err
		}
		somewhere = append(somewhere, keys[i].possible...)
	}
	if len(somewhere) == 0 {
		return nil
	}
	if err := factsOf(ctx, db, somewhere, columns); err != nil {
		return err
	}
	for _, by := range keys {
		if len(by.possible) == 0 {
			continue
		}
		most, names := make([]int64, len(by.possible)), make([]string, len(by.possible))
		err := byKey(ctx, db, "asked_facts", by.key, by.possible, func(k keyed) {
			for i, amount := range k.amounts { // of several that are as large the first by name
				if max(amount, -amount) > max(most[i], -most[i]) {
					most[i], names[i] = amount, k.key
				}
			}
		})
		if err != nil {
			return err
		}
		for i, c := range by.possible {
			amount, whole := decimal.New(most[i], -2), exactOf(c.cell)
			if amount.Abs().LessThanOrEqual(whole.Abs().Mul(q.share)) {
				continue
			}
			q.ask(by.kind, c.at, amount, "%s %s is %s of %s, %s percent", by.words, names[i], inThrees(amount), inThrees(whole),
				amount.Abs().Shift(2).DivRound(whole.Abs(), 0))
		}
	}
	return nil
}

// concentrated are the figures of which one key can be more than the share: what the
// facts of a key come to in any of them is no more than what all its facts come to. So
// most figures are too large, and need not be looked at key by key.
func (q *questions) concentrated(ctx context.Context, db *store.DB, key string, asked []placedCell) ([]placedCell, error) {
	var measures, sums, largest []string
	for _, c := range asked {
		measures = append(measures, c.cell.Measure)
	}
	slices.Sort(measures)
	measures = slices.Compact(measures)
	most, grouped := "sum(abs(%s))", " group by "+key
	if key == "position_id" { // to add up each of millions costs more than to look at a few figures in vain
		most, grouped = "max(abs(%s)) * (select "+factsOfTrade+" from facts)", ""
	}
	for i, m := range measures {
		sums = append(sums, fmt.Sprintf(most+" as sum_%d", store.Identifier(m), i))
		largest = append(largest, fmt.Sprintf("cast(coalesce(max(sum_%d), 0) as decimal(38, 2))", i))
	}
	query := fmt.Sprintf("from (select %s from facts where %s is not null and %s%s)", strings.Join(sums, ", "), key, allAsk(asked), grouped)
	table, err := store.Query(ctx, db, "select "+strings.Join(largest, ", ")+" "+query)
	if err != nil {
		return nil, err
	}
	var possible []placedCell
	for _, c := range asked {
		if sum := table.Rows[0][slices.Index(measures, c.cell.Measure)].(decimal.Decimal); sum.GreaterThan(exactOf(c.cell).Abs().Mul(q.share)) {
			possible = append(possible, c)
		}
	}
	return possible, nil
}

// factsOfTrade is how many facts a trade has at most: a whole one or its slices, which
// count from 1, in each system that may use its id, and adjustments.
const factsOfTrade = "greatest(max(slice), 1) * count(distinct source_system) + count(adjustment_id)"

// allAsk is what the predicates of all cells ask for.
func allAsk(cells []placedCell) string {
	common := conjuncts(cells[0].cell.Predicate)
	for _, c := range cells[1:] {
		terms := conjuncts(c.cell.Predicate)
		common = slices.DeleteFunc(common, func(term string) bool { return !slices.Contains(terms, term) })
	}
	if len(common) == 0 {
		return "true"
	}
	return strings.Join(common, " and ")
}

// factsOf makes the relation asked_facts of the facts that any of the cells counts, with
// keys and what the cells name.
func factsOf(ctx context.Context, db *store.DB, cells []placedCell, keys []string) error {
	var columns, predicates []string
	for _, c := range cells {
		keys = append(keys, c.cell.Measure)
		columns = append(columns, columnsNamed(c.cell.Predicate)...)
		predicates = append(predicates, "("+c.cell.Predicate+")")
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	slices.Sort(predicates)
	predicates = slices.Compact(predicates)
	codes, err := store.NewCodes(ctx, db, "facts", columns, nil)
	if err != nil {
		return err
	}
	numbers, named := codes.Numbered()
	list := strings.Join(numbers, ", ")
	if err := db.CreateTable(ctx, "asked_groups", fmt.Sprintf("select %s, %s from (select distinct %s from facts where %s)",
		list, strings.Join(codes.Words(numbers, columns), ", "), strings.Join(named, ", "), allAsk(cells))); err != nil {
		return err
	}
	slices.Sort(keys)
	return db.CreateTable(ctx, "asked_facts", fmt.Sprintf("select %s, %s from facts where (%s) in (select (%s) from asked_groups where %s)",
		strings.Join(columns, ", "), strings.Join(slices.Compact(keys), ", "), strings.Join(codes.Of, ", "), list, strings.Join(predicates, " or ")))
}

// evidence asks about hedges and offsets for which nothing was found.
func (q *questions) evidence(ctx context.Context, db *store.DB) error {
	there, err := store.Query(ctx, db, "select 1 from information_schema.tables where table_name = 'evidence'")
	if err != nil || len(there.Rows) == 0 {
		return err
	}
	table, err := store.Query(ctx, db, `select outcome, scope, subject, positions, unsupported, moved, example from evidence
where outcome in ('orphan_hedge', 'unmatched_offset') order by outcome, scope, subject, matched_with`)
	if err != nil {
		return err
	}
	for _, row := range table.Rows {
		amount, _ := row[4].(decimal.Decimal)
		moved, _ := row[5].(decimal.Decimal)
		kind, purpose, what := "hedge_without_holding", "credit_portfolio_hedge", "hedge group %v: %v positions, for example %v, hedge %s of which nothing is held"
		if row[0] == "unmatched_offset" {
			kind, purpose, what = "offset_without_client", "client_offset", "%v: %v positions, for example %v, offset %s of no client's trade"
		}
		became := ", all of which keeps its purpose"
		if !moved.IsZero() {
			became = ", of which " + inThrees(moved) + " became trading"
		}
		q.ask(kind, q.cellOf(purpose), amount, what+", in scope %v%s", row[2], row[3], row[6], inThrees(amount), row[1], became)
	}
	return nil
}

// cellOf is the largest notional of a purpose that the packet shows.
func (q *questions) cellOf(purpose string) render.Place {
	found := render.Place{Date: q.packet.AsOf, Table: "comment-11a", Block: "notional", Row: "total", Column: purpose}
	var most decimal.Decimal
	q.packet.Each(func(at render.Place, cell render.Cell) {
		if at.Date == q.packet.AsOf && cell.Measure == "notional" && strings.Contains(cell.Predicate, store.Literal(purpose)) && exactOf(cell).GreaterThan(most) {
			found, most = at, exactOf(cell)
		}
	})
	return found
}
