package transform

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/store"
)

// trade is a client's trade or an offset while they are paired: what is left of
// it, in its own currency and in the reporting one. The direction is the economic one.
type trade struct {
	system, id, currency, direction, names, underlying string
	traded, last                                       time.Time
	wholeLocal, whole                                  decimal.Decimal
	leftLocal, left                                    decimal.Decimal
}

// take uses up an amount in the trade's own currency, and what that is of the
// reporting one; the last amount takes what rounding left.
func (t *trade) take(local decimal.Decimal) decimal.Decimal {
	before := t.left
	t.leftLocal = t.leftLocal.Sub(local)
	t.left = proportion(t.whole, t.leftLocal, t.wholeLocal)
	return before.Sub(t.left)
}

// takeReporting is take for an amount in the reporting currency.
func (t *trade) takeReporting(amount decimal.Decimal) {
	t.left = t.left.Sub(amount)
	t.leftLocal = proportion(t.wholeLocal, t.left, t.whole)
}

// proportion is amount times part divided by whole, to the cent.
func proportion(amount, part, whole decimal.Decimal) decimal.Decimal {
	if whole.IsZero() {
		return decimal.Zero
	}
	return amount.Mul(part).DivRound(whole, 2)
}

// pair is how much of an offset is of a client's trade.
type pair struct {
	offset, client *trade
	how            string // linked or paired
	notional       decimal.Decimal
}

// pairOffsets pairs the offsets that no simple link decides with clients' trades,
// and makes the relation offset_pairs.
func pairOffsets(ctx context.Context, db *store.DB) error {
	offsets, err := readTrades(ctx, db, "select source_system, position_id, currency, cast(direction as varchar), coalesce(offsets_position_id, ''), coalesce(underlying, ''), trade_date, last_date, notional_local, notional, cast(0 as decimal(18, 2)) from offsets_to_pair")
	if err != nil {
		return err
	}
	var clients []*trade
	if len(offsets) > 0 {
		clients, err = readTrades(ctx, db, "select source_system, position_id, currency, cast(direction as varchar), '', coalesce(underlying, ''), trade_date, last_date, notional_local, notional, cast(used_local as decimal(18, 2)) from clients_to_pair")
		if err != nil {
			return err
		}
	}
	if err := db.Run(ctx, "create or replace table offset_pairs (source_system varchar, position_id varchar, client_system varchar, client_id varchar, how varchar, notional decimal(18, 2))"); err != nil {
		return err
	}
	var rows []string
	for _, p := range pairTrades(offsets, clients) {
		rows = append(rows, fmt.Sprintf("(%s, %s, %s, %s, '%s', %s)", store.Literal(p.offset.system), store.Literal(p.offset.id),
			store.Literal(p.client.system), store.Literal(p.client.id), p.how, p.notional))
	}
	return insertRows(ctx, db, "offset_pairs", rows)
}

func readTrades(ctx context.Context, db *store.DB, query string) ([]*trade, error) {
	table, err := store.Query(ctx, db, query+" order by position_id, source_system")
	if err != nil {
		return nil, err
	}
	list := make([]*trade, len(table.Rows))
	for i, row := range table.Rows {
		t := &trade{system: row[0].(string), id: row[1].(string), currency: fmt.Sprint(row[2]), direction: row[3].(string), names: row[4].(string), underlying: row[5].(string),
			wholeLocal: row[8].(decimal.Decimal), whole: row[9].(decimal.Decimal)}
		t.traded, _ = row[6].(time.Time) // zero where there is none
		t.last, _ = row[7].(time.Time)
		t.leftLocal, t.left = t.wholeLocal, t.whole
		if used := row[10].(decimal.Decimal); used.IsPositive() {
			t.take(used)
		}
		list[i] = t
	}
	return list, nil
}

// pairTrades pairs offsets with clients' trades, both in order of their identity.
// An offset that names a client's trade is of that one or of none; the others
// take what is left of trades on the same underlying in the opposite direction,
// those of the nearest maturity first, then of the nearest trade date. No amount
// is used twice.
func pairTrades(offsets, clients []*trade) []pair {
	var pairs []pair
	byID, byUnderlying := map[string][]*trade{}, map[string][]*trade{}
	for _, c := range clients {
		byID[c.id] = append(byID[c.id], c)
		byUnderlying[c.underlying] = append(byUnderlying[c.underlying], c)
	}
	for _, o := range offsets {
		if named := byID[o.names]; o.names != "" && len(named) == 1 && opposite(o, named[0]) {
			pairs = consume(pairs, o, named[0], "linked")
		}
	}
	for _, o := range offsets {
		if o.names != "" || o.underlying == "" {
			continue
		}
		candidates := slices.DeleteFunc(slices.Clone(byUnderlying[o.underlying]), func(c *trade) bool {
			return !opposite(o, c) || !c.left.IsPositive()
		})
		slices.SortStableFunc(candidates, func(a, b *trade) int {
			return cmp.Or(cmp.Compare(apart(o.last, a.last), apart(o.last, b.last)), cmp.Compare(apart(o.traded, a.traded), apart(o.traded, b.traded)),
				strings.Compare(a.id, b.id), strings.Compare(a.system, b.system))
		})
		for _, c := range candidates {
			if !o.left.IsPositive() {
				break
			}
			pairs = consume(pairs, o, c, "paired")
		}
	}
	return pairs
}

// consume pairs as much as is left of both: in their currency where they share
// it, so that rates and rounding play no part, else in the reporting one.
func consume(pairs []pair, o, c *trade, how string) []pair {
	var notional decimal.Decimal
	if o.currency == c.currency {
		local := decimal.Min(o.leftLocal, c.leftLocal)
		notional = o.take(local)
		c.take(local)
	} else {
		notional = decimal.Min(o.left, c.left)
		o.takeReporting(notional)
		c.takeReporting(notional)
	}
	if !notional.IsPositive() && !o.whole.IsZero() {
		return pairs
	}
	return append(pairs, pair{o, c, how, notional})
}

// opposite tells whether one trade can offset the other; contracts that pay
// either way can offset each other.
func opposite(a, b *trade) bool {
	switch a.direction {
	case "bought":
		return b.direction == "sold"
	case "sold":
		return b.direction == "bought"
	case "two_way":
		return b.direction == "two_way"
	default:
		return false
	}
}

// apart is how many days two dates are apart; a date that is not known is far
// from any other.
func apart(a, b time.Time) int {
	switch {
	case a.Equal(b):
		return 0
	case a.IsZero() || b.IsZero():
		return 1 << 40
	default:
		return max(int(a.Sub(b)/(24*time.Hour)), int(b.Sub(a)/(24*time.Hour)))
	}
}
