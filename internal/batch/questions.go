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

// Questions are what a reviewer would ask of a packet: figures that moved, came, went
// or turned between its dates, that rest on one trade or name, that have no evidence, or
// that look netted. What is below the materiality of balances is not
// asked, or below packet.materiality where none is configured.
func Questions(ctx context.Context, config configs.Config, packet render.Packet) ([]render.Question, error) {
	q, err := newQuestions(config, packet)
	if err != nil {
		return nil, err
	}
	q.moves()
	q.netted()
	for _, release := range packet.Releases {
		if release.AsOf != packet.AsOf {
			continue
		}
		concentrated, err := q.concentrationsOf(ctx, config, release, nil)
		if err == nil {
			q.list = append(q.list, concentrated...)
			err = inRelease(ctx, config, packet, release, func(db *store.DB, _ map[string][]placedCell) error { return q.evidence(ctx, db) })
		}
		if err != nil {
			return nil, fmt.Errorf("the reviewer's questions about release %s: %w", release.Name, err)
		}
	}
	order := map[string]int{}
	for i, kind := range render.QuestionKinds {
		order[kind.ID] = i
	}
	slices.SortStableFunc(q.list, func(a, b render.Question) int { return order[a.Kind] - order[b.Kind] })
	return q.list, nil
}

// questions are being collected.
type questions struct {
	packet             render.Packet
	materiality, share decimal.Decimal
	list               []render.Question
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
	q.list = append(q.list, render.Question{Kind: kind, Date: at.Date, Cell: address(at), Amount: amount.StringFixed(2), Text: fmt.Sprintf(format, arguments...)})
}

func address(at render.Place) string {
	return strings.Join([]string{at.Table, at.Block, at.Row, at.Column}, "/")
}

// once tells whether a question of the kind about the same facts is the first.
func (q *questions) once(kind string, cell render.Cell) bool {
	key := kind + " " + cell.Measure + " " + cell.Predicate
	first := !q.asked[key]
	q.asked[key] = true
	return first
}

// moves compares the figures of the two dates. A cell that is not there is nil.
func (q *questions) moves() {
	if q.packet.Compare == "" {
		return
	}
	type figure struct {
		at   render.Place
		cell render.Cell
	}
	before := map[string]figure{}
	var now, gone []figure
	labels := map[string]string{}
	for _, table := range q.packet.Tables {
		for _, block := range table.Blocks {
			if block.Change == nil { // its rows stand for something else at each date
				continue
			}
			for _, sheet := range block.Sheets {
				for _, row := range sheet.Rows {
					for i, cell := range row.Cells {
						at := render.Place{Date: sheet.Date, Table: table.ID, Block: block.ID, Row: row.ID, Column: sheet.Columns[i].ID}
						labels[address(at)] = table.Title + ", " + block.Title + ", " + row.Label + ", " + sheet.Columns[i].Label
						if !summed(cell.Measure) {
							continue
						}
						if sheet.Date == q.packet.AsOf {
							now = append(now, figure{at, cell})
						} else {
							before[address(at)] = figure{at, cell}
							gone = append(gone, figure{at, cell})
						}
					}
				}
			}
		}
	}
	there := map[string]bool{}
	for _, f := range now {
		there[address(f.at)] = true
		from, to := exactOf(before[address(f.at)].cell), exactOf(f.cell)
		q.move(f.at, f.cell, labels[address(f.at)], from, to)
	}
	for _, f := range gone {
		if !there[address(f.at)] {
			f.at.Date = q.packet.AsOf
			q.move(f.at, f.cell, labels[address(f.at)], exactOf(f.cell), decimal.Zero)
		}
	}
}

func exactOf(cell render.Cell) decimal.Decimal {
	amount, err := decimal.NewFromString(cell.Exact)
	if err != nil {
		return decimal.Zero // there is no such cell
	}
	return amount
}

func (q *questions) move(at render.Place, cell render.Cell, label string, from, to decimal.Decimal) {
	change := to.Sub(from)
	if change.Abs().LessThan(q.materiality) {
		return
	}
	kind, text := "move", "%s moved from %s to %s, by %s, and no cause is given"
	switch {
	case from.IsZero():
		kind, text = "appeared", "%s was %s and is %s, by %s: is it new, or was it elsewhere?"
	case to.IsZero():
		kind, text = "vanished", "%s was %s and is %s, by %s: where did it go?"
	case from.Sign() != to.Sign():
		kind, text = "sign_flip", "%s turned from %s to %s, by %s"
	}
	if q.once(kind, cell) {
		q.ask(kind, at, change, text, label, from.StringFixed(2), to.StringFixed(2), change.StringFixed(2))
	}
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
			table.Title, row.Label, cell.Measure, cell.Exact, other)
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
			q.ask(by.kind, c.at, amount, "%s %s is %s of %s, %s percent", by.words, names[i], amount.StringFixed(2), whole.StringFixed(2),
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
		for _, match := range quotedColumn.FindAllStringSubmatch(c.cell.Predicate, -1) {
			columns = append(columns, match[1]+match[2])
		}
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
			became = ", of which " + moved.StringFixed(2) + " became trading"
		}
		q.ask(kind, q.cellOf(purpose), amount, what+", in scope %v%s", row[2], row[3], row[6], amount.StringFixed(2), row[1], became)
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
