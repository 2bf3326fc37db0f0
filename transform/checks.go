package transform

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
)

// Controls holds the identities of the transformation: no position and no money
// is lost or counted twice between positions and facts, scopes divide the facts,
// internal legs pair, and converted sums are what the exact rates make of the
// sums in the trades' currencies.
func Controls(ctx context.Context, db *store.DB, in Input) ([]position.Control, error) {
	if err := createView(ctx, db, "internal_pairs", parameters{Input: in}); err != nil {
		return nil, err
	}
	query, err := render("controls", parameters{Input: in})
	if err != nil {
		return nil, err
	}
	table, err := store.Query(ctx, db, query)
	if err != nil {
		return nil, err
	}
	var controls []position.Control
	for _, row := range table.Rows {
		controls = append(controls, position.Control{
			ID: row[0].(string), Class: row[1].(string), Subject: row[2].(string), Severity: "hold",
			LeftMeaning: row[3].(string), Left: row[4].(decimal.Decimal),
			RightMeaning: row[5].(string), Right: row[6].(decimal.Decimal), Tolerance: row[7].(decimal.Decimal),
		})
	}
	conversions, err := conversionControls(ctx, db, in)
	return append(controls, conversions...), err
}

// halfCent is the most by which rounding moves one converted amount.
var halfCent = decimal.New(5, -3)

// conversionControls compares, per currency, the facts' sum of converted cents
// with the converted sum; they differ by at most half a cent per fact.
func conversionControls(ctx context.Context, db *store.DB, in Input) ([]position.Control, error) {
	query, err := render("conversion_checks", parameters{Input: in})
	if err != nil {
		return nil, err
	}
	table, err := store.Query(ctx, db, query)
	if err != nil {
		return nil, err
	}
	var controls []position.Control
	for _, row := range table.Rows {
		measure, currency, records := row[0].(string), row[1].(string), row[2].(int64)
		local, converted := row[3].(decimal.Decimal), row[4].(decimal.Decimal)
		expected := local.Mul(decimal.NewFromInt(row[5].(int64))).DivRound(decimal.NewFromInt(row[6].(int64)), 2)
		control := position.Integrity("conversion_is_exact", currency+" "+measure,
			fmt.Sprintf("%s in %s times the exact rate", measure, currency), expected,
			"sum of the facts' converted cents", converted)
		control.Tolerance = halfCent.Mul(decimal.NewFromInt(records + 1))
		controls = append(controls, control)
	}
	return controls, nil
}

// Finding is what a person should look at.
type Finding struct {
	Code      string              `json:"code"`
	Subject   string              `json:"subject"` // the value, column or instrument that it is about
	Severity  string              `json:"severity"`
	Positions int64               `json:"positions"`
	Notional  decimal.NullDecimal `json:"notional"` // in the reporting currency
	Example   string              `json:"example"`  // the first of them
	Message   string              `json:"message"`
}

// severities and messages of the findings, by code; RUNBOOK tells more.
var findingTexts = map[string]struct{ severity, message string }{
	"adjustment_not_applied":          {"hold", "the adjustment stays out of the facts; have it approved by another person whom the config lists, or end it"},
	"adjustment_without_position":     {"hold", "the position that it adjusts is not in the book; give the adjustment a full classification, or end it"},
	"index_factor_missing":            {"hold", "an original notional without a factor was taken whole; deliver index_factor or the data set indices"},
	"internal_break":                  {"warn", "internal trades that do not cancel, by mirror_id; limits.internal_breaks decides whether the release is held"},
	"losses_missing":                  {"hold", "an original tranche notional without losses_to_date was taken whole; deliver the losses"},
	"no_fixed_maximum":                {"info", "protection sold whose maximum is not fixed: counted and named, in no sum of maximum exposure"},
	"no_value":                        {"warn", "no fair value: shown as no_value, never as zero; limits.no_value decides whether the release is held"},
	"notional_floor":                  {"warn", "the notional is capped or masked at its source: a floor"},
	"product_disagrees":               {"warn", "the trade's structure says another instrument than its product code; structure decided"},
	"realized_no_value":               {"warn", "an event without realized_gain_loss: counted, in no sum; deliver the amount"},
	"stale_valuation":                 {"warn", "valued before the due date's business day"},
	"unclassified_counterparty_type":  {"warn", "no rule decided the type of counterparty; add the word to the map counterparty_types or the counterparty to its data set"},
	"unclassified_direction":          {"warn", "the role does not belong to the instrument; correct the role at its source or the mapping"},
	"unclassified_direction_economic": {"warn", "an option without payer or receiver has no economic direction; deliver option_type"},
	"unclassified_instrument":         {"warn", "neither structure nor product code tell the instrument; add the code to the map products"},
	"unclassified_realized":           {"warn", "neither is the classification frozen at the event nor its position in the book; the money is that realized; deliver instrument and direction"},
	"unclassified_obligation":         {"warn", "an option written without payer or receiver has no known obligation; deliver option_type"},
	"unclassified_purpose":            {"warn", "neither designation, purpose code nor book tell the purpose; add the word to the map purposes or the book to its data set"},
	"unknown_book":                    {"warn", "the data set books does not have it at the as-of date"},
	"unknown_counterparty":            {"warn", "the data set counterparties does not have it at the as-of date"},
	"unknown_product":                 {"warn", "the map products does not have it"},
	"unknown_purpose":                 {"warn", "the map purposes does not have it"},
	"unknown_rating":                  {"warn", "the map ratings does not have it"},
	"unknown_reference_entity":        {"warn", "the data set reference_entities does not have it at the as-of date"},
	"unreadable_value":                {"warn", "the text could not be read and counts as no value; the record was taken because the column is not essential"},
}

// Findings reads what a person should look at; see findingTexts for the codes.
func Findings(ctx context.Context, db *store.DB, in Input) ([]Finding, error) {
	query, err := render("findings", parameters{Input: in})
	if err != nil {
		return nil, err
	}
	table, err := store.Query(ctx, db, query)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, row := range table.Rows {
		f := Finding{Code: row[0].(string), Subject: row[1].(string), Positions: row[2].(int64), Example: row[4].(string)}
		if notional, ok := row[3].(decimal.Decimal); ok {
			f.Notional = decimal.NewNullDecimal(notional)
		}
		text := findingTexts[f.Code]
		f.Severity, f.Message = text.severity, text.message
		findings = append(findings, f)
	}
	return findings, nil
}
