package batch

import (
	"context"
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
	threshold := config.Packet.Materiality
	if config.Materiality != nil {
		threshold = config.Materiality.Balance
	}
	limit, err := decimal.NewFromString(threshold)
	if err != nil {
		return nil, err // checked when the config was read
	}
	share, err := decimal.NewFromString(config.Packet.Concentration)
	if err != nil {
		return nil, err
	}
	q := questions{packet: packet, materiality: limit, share: share, asked: map[string]bool{}}
	q.moves()
	q.netted()
	for _, release := range packet.Releases {
		if release.AsOf != packet.AsOf {
			continue
		}
		err := inRelease(ctx, config, packet, release, func(db *store.DB, cells map[string][]placedCell) error {
			if err := q.concentrations(ctx, db, cells["facts"]); err != nil {
				return err
			}
			return q.evidence(ctx, db)
		})
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
	for _, by := range []struct{ kind, key, words, condition string }{
		{"one_trade", "position_id", "trade", q.largeTrades(asked)},
		{"one_counterparty", "counterparty_id", "counterparty", "true"},
		{"one_reference", "reference_entity_id", "reference name", "true"},
	} {
		most, names := make([]int64, len(asked)), make([]string, len(asked))
		err := byKey(ctx, db, "facts", by.key, by.condition, asked, func(k keyed) {
			for i, amount := range k.amounts { // of several that are as large the first by name
				if amount = max(amount, -amount); amount > most[i] {
					most[i], names[i] = amount, k.key
				}
			}
		})
		if err != nil {
			return err
		}
		for i, c := range asked {
			amount, whole := decimal.New(most[i], -2), exactOf(c.cell).Abs()
			if amount.LessThanOrEqual(whole.Mul(q.share)) {
				continue
			}
			q.ask(by.kind, c.at, amount, "%s %s is %s of %s, %s percent", by.words, names[i], amount.StringFixed(2), whole.StringFixed(2),
				amount.Shift(2).DivRound(whole, 0))
		}
	}
	return nil
}

// largeTrades is true of facts of trades that can be so large a part of a cell that it
// is asked about. A trade is cut into a few slices; that one of them has a hundredth of
// what the question is about is certain up to a hundred.
func (q *questions) largeTrades(asked []placedCell) string {
	const mostSlices = 100
	var terms []string
	for _, c := range asked {
		terms = append(terms, fmt.Sprintf("abs(%s) > %s", store.Identifier(c.cell.Measure), q.materiality.Mul(q.share).DivRound(decimal.NewFromInt(mostSlices), 2)))
	}
	slices.Sort(terms)
	return "position_id in (select position_id from facts where " + strings.Join(slices.Compact(terms), " or ") + ")"
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
