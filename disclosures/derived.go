package disclosures

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
)

//go:embed sql/*.sql
var queries embed.FS

// SQL gives the text of all queries, for the manifest.
func SQL() fs.FS { return queries }

// parameters are what the SQL templates may ask for.
type parameters struct {
	scopes   []string
	members  map[string]string
	ratings  map[string]string
	currency string
	asOf     time.Time
	loaded   []string
}

// Scopes are the columns that say how a fact stands to each scope.
func (p parameters) Scopes() []string {
	var columns []string
	for _, scope := range p.scopes {
		columns = append(columns, position.ScopeColumn(scope))
	}
	return columns
}

// AsOf is the SQL of the as-of date.
func (p parameters) AsOf() string { return "date '" + p.asOf.Format(time.DateOnly) + "'" }

// Currency is the reporting currency.
func (p parameters) Currency() string { return p.currency }

// Has tells whether a data set is there.
func (p parameters) Has(set string) bool { return slices.Contains(p.loaded, set) }

// Names are the scopes.
func (p parameters) Names() []string { return p.scopes }

// IsMember tells whether legal_entity belongs to the scope, where it has no facts that say so.
func (p parameters) IsMember(scope string) string { return cmp.Or(p.members[scope], "false") }

// Notch is the notch of a rating, 1 for the best.
func (p parameters) Notch(rating string) string { return store.Lookup(rating, p.ratings, "integer") }

// LastNotch is the notch of the lowest rating of the scale.
func (p parameters) LastNotch() (int, error) {
	last := 0
	for rating, text := range p.ratings {
		notch, err := strconv.Atoi(text)
		if err != nil {
			return 0, fmt.Errorf("notch of rating %s: %w", rating, err)
		}
		last = max(last, notch)
	}
	return last, nil
}

// Code is the words of some columns of facts with closed lists, and how a fact stands to
// each scope, as one value: to group by it takes less than to group by the words.
func (p parameters) Code(columns ...string) string {
	numbers := p.codes(columns).Of
	if len(numbers) == 1 {
		return numbers[0]
	}
	return "[" + strings.Join(numbers, ", ") + "]" // of very many scopes
}

// Words are those columns again, of such a value.
func (p parameters) Words(code string, columns ...string) string {
	codes := p.codes(columns)
	numbers := []string{code}
	if len(codes.Of) > 1 {
		numbers = nil
		for i := range codes.Of {
			numbers = append(numbers, fmt.Sprintf("%s[%d]", code, i+1))
		}
	}
	return strings.Join(codes.Words(numbers, slices.Concat(columns, p.Scopes())), ", ")
}

func (p parameters) codes(columns []string) store.Codes {
	return store.ClosedCodes(slices.Concat(columns, p.Scopes()), position.Facts(p.scopes).Words())
}

// needs are relations that others are made of, so that facts are read once for them.
var needs = map[string][]string{
	"balance_sheet_bridge":    {"counterparty_balances"},
	"counterparty_ranks":      {"counterparty_balances"},
	"downgraded_netting_sets": {"counterparty_balances", "reference_balances"},
	"fair_value_moves":        {"period_balances"},
	"growth_drivers":          {"counterparty_balances", "period_balances", "reference_balances"},
	"income_bridge":           {"period_balances"},
	"matched_growth":          {"period_balances"},
	"matched_protection":      {"counterparty_balances"},
	"reference_ranks":         {"reference_balances"},
}

// Derive makes a relation that does not add up from facts by groups alone, and what it is
// made of, in the place of what has its name.
func Derive(ctx context.Context, db *store.DB, relation string, in Input) error {
	known, err := derive(ctx, db, relation, parameters{in.Scopes, in.Members, in.Ratings, in.Currency, in.AsOf, in.Loaded}, map[string]bool{})
	if err == nil && !known {
		err = fmt.Errorf("relation %s is not made by a query of its own", relation)
	}
	return err
}

// derive makes a relation that does not add up from facts by groups alone: ranks,
// and what is netted first. It tells whether sql has it. made are those that are there.
func derive(ctx context.Context, db *store.DB, relation string, p parameters, made map[string]bool) (bool, error) {
	if made[relation] {
		return true, nil
	}
	for _, need := range needs[relation] {
		if _, err := derive(ctx, db, need, p, made); err != nil {
			return false, err
		}
	}
	text, err := fs.ReadFile(queries, "sql/"+relation+".sql")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	parsed, err := template.New(relation).Parse(string(text))
	if err != nil {
		return false, err
	}
	var b strings.Builder
	if err := parsed.Execute(&b, p); err != nil {
		return false, err
	}
	made[relation] = true
	return true, db.CreateTable(ctx, relation, b.String())
}

// bookControls hold the book against the ledger, per legal entity and line that both
// have of their own, and the ledger's lines against its balance-sheet line.
func bookControls(ctx context.Context, db *store.DB, scope, limit string) ([]position.Control, error) {
	return ledgerControls(ctx, db, limit, fmt.Sprintf(`
select 'book_ties_to_ledger', legal_entity || ' ' || line, line || ' of the book', cast(book as decimal(38, 2)), 'of the ledger', cast(ledger as decimal(38, 2)), facts
from balance_sheet_bridge
where %[1]s = 'external' and in_ledger and line in ('gross_receivable', 'gross_payable', 'valuation_adjustment')
union all
select 'ledger_adds_up', legal_entity, 'receivable less payable and collateral, and adjustments, of the ledger',
  cast(sum(ledger) filter (where line in ('gross_receivable', 'gross_payable', 'cash_collateral', 'valuation_adjustment')) as decimal(38, 2)),
  'its balance-sheet line', cast(sum(ledger) filter (where line = 'balance_sheet') as decimal(38, 2)), cast(1 as bigint)
from balance_sheet_bridge
where %[1]s = 'external'
group by legal_entity
having count(*) filter (where line = 'balance_sheet' and in_ledger) > 0
order by 1, 2`, position.ScopeColumn(scope)))
}

// nettingControls hold that a netting set is of one counterparty, whose collateral it is.
func nettingControls(ctx context.Context, db *store.DB, scope, _ string) ([]position.Control, error) {
	table, err := store.Query(ctx, db, `
select cast(count(*) as decimal(38, 2)), min(netting_set_id)
from (select netting_set_id from counterparty_balances where netting_set_id is not null group by netting_set_id having count(distinct counterparty_id) > 1) as shared`)
	if err != nil {
		return nil, err
	}
	meaning := "netting sets that positions of several counterparties name"
	if first := table.Rows[0][1]; first != nil {
		meaning += fmt.Sprintf(", first %s", first)
	}
	return []position.Control{{ID: "netting_set_of_one_counterparty", Subject: scope, Class: "reconciliation", Severity: "warn",
		LeftMeaning: meaning, Left: table.Rows[0][0].(decimal.Decimal), RightMeaning: "none"}}, nil
}

// incomeControls hold realized and the change in unrealized against trading revenue of
// the ledger, per legal entity whose ledger has it (DOMAIN: flows).
func incomeControls(ctx context.Context, db *store.DB, scope, limit string) ([]position.Control, error) {
	return ledgerControls(ctx, db, limit, fmt.Sprintf(`
select 'realized_ties_to_income', legal_entity, 'realized and change in unrealized of the book, year to date', cast(book as decimal(38, 2)), 'trading revenue of the ledger', cast(ledger as decimal(38, 2)), facts
from income_bridge
where %[1]s = 'external' and in_ledger
union all
select 'income_in_reporting_currency', legal_entity, 'rows of trading revenue in other currencies, which are left out', cast(in_other_currencies as decimal(38, 2)), 'none', cast(0 as decimal(38, 2)), cast(null as bigint)
from income_bridge
where %[1]s = 'external' and in_other_currencies > 0
order by 1, 2`, position.ScopeColumn(scope)))
}

// ledgerControls reads controls of two sides with the number of facts that were rounded,
// or none where the sides are no amounts, which warn of any difference.
// The limit is the most by which they may differ; none: any amount, with a warning.
func ledgerControls(ctx context.Context, db *store.DB, limit, query string) ([]position.Control, error) {
	table, err := store.Query(ctx, db, query)
	if err != nil {
		return nil, err
	}
	severity, tolerance := "hold", decimal.Zero
	if limit == "none" {
		severity = "warn"
	} else if tolerance, err = decimal.NewFromString(limit); err != nil {
		return nil, err
	}
	var controls []position.Control
	for _, row := range table.Rows {
		c := position.Control{ID: row[0].(string), Subject: row[1].(string), Class: "reconciliation", Severity: "warn",
			LeftMeaning: row[2].(string), Left: row[3].(decimal.Decimal), RightMeaning: row[4].(string), Right: row[5].(decimal.Decimal)}
		if facts, amounts := row[6].(int64); amounts { // each fact was rounded, the ledger's sum once
			c.Severity, c.Tolerance = severity, tolerance.Add(decimal.New(5, -3).Mul(decimal.NewFromInt(facts+1)).Round(2))
		}
		controls = append(controls, c)
	}
	return controls, nil
}

// attributionControls hold that the causes of the fair value come to it, from the facts
// again. What pnl_explain leaves of the market's part is a line of the table.
func attributionControls(ctx context.Context, db *store.DB, scope, _ string) ([]position.Control, error) {
	column := position.ScopeColumn(scope)
	table, err := store.Query(ctx, db, fmt.Sprintf(`
select
  (select cast(coalesce(sum(net_fair_value), 0) as decimal(38, 2)) from facts where %[1]s = 'external' and not funded),
  cast(coalesce(sum(amount), 0) as decimal(38, 2))
from fair_value_moves where %[1]s = 'external' and not funded`, column))
	if err != nil {
		return nil, err
	}
	row := table.Rows[0]
	return []position.Control{position.Integrity("fair_value_attributed", scope, "fair value, receivable less payable", row[0].(decimal.Decimal), "opening and what moved it", row[1].(decimal.Decimal))}, nil
}
