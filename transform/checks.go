package transform

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/position"
	"comment11/internal/store"
)

// Controls holds the identities of the transformation: no position and no money
// is lost or counted twice between positions and facts, scopes divide the facts,
// internal legs pair, and converted sums are what the exact rates make of the
// sums in the trades' currencies.
func Controls(ctx context.Context, db *store.DB, in Input) ([]position.Control, error) {
	pairs, err := render("internal_pairs", parameters{Input: in})
	if err != nil {
		return nil, err
	}
	if err := db.CreateTable(ctx, "internal_pairs", pairs); err != nil {
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
	"hybrid_basket":                   {"warn", "a total return swap on a basket of credit and other assets was taken whole; split it at its source, or leave it out by the source's where"},
	"externalised":                    {"info", "external trades that lay off an internal hedge and have its purpose"},
	"index_factor_missing":            {"hold", "an original notional without a factor was taken whole; deliver index_factor or the data set indices"},
	"internal_break":                  {"warn", "internal trades that do not cancel, by mirror_id; limits.internal_breaks decides whether the release is held"},
	"macro_hedge":                     {"info", "hedges of a portfolio, by designation: held against no holding and never split"},
	"losses_missing":                  {"hold", "an original tranche notional without losses_to_date was taken whole; deliver the losses"},
	"no_fixed_maximum":                {"info", "protection sold whose maximum is not fixed: counted and named, in no sum of maximum exposure"},
	"no_value":                        {"warn", "no fair value: shown as no_value, never as zero; limits.no_value decides whether the release is held"},
	"notional_floor":                  {"warn", "the notional is capped or masked at its source: a floor"},
	"notional_basis_missing":          {"hold", "an index or tranche, by its product code alone, that does not say whether its notional is current or original; deliver notional_basis"},
	"orphan_hedge":                    {"warn", "hedges of a group of which nothing is held; purpose.over_hedge decides whether they become trading, the relation evidence has the groups"},
	"over_hedge":                      {"warn", "hedges that exceed the holdings of their group and the tolerance; purpose.over_hedge decides whether the excess becomes trading, the relation evidence has the groups"},
	"original_not_reduced":            {"hold", "an original notional was taken whole, as it is of no index and no tranche; deliver index_name or attachment_point, or the current notional"},
	"product_disagrees":               {"warn", "the trade's structure says another instrument than its product code; structure decided"},
	"realized_no_value":               {"warn", "an event without realized_gain_loss: counted, in no sum; deliver the amount"},
	"several_counterparties":          {"warn", "the holding names several counterparties; the first was taken"},
	"several_notionals":               {"warn", "the trade has amounts that differ; one counts, the other is told here"},
	"sold_hedge":                      {"warn", "protection sold that is claimed as a hedge; it stays where its label puts it: correct the label, or explain it"},
	"stale_valuation":                 {"warn", "valued before the due date's business day"},
	"term_by_protocol":                {"warn", "a swap on a loan or an asset-backed security has a term that is newer than the trade; protocols did not change such trades: correct the term"},
	"term_of_the_future":              {"warn", "the term did not exist at the as-of date; correct it, or the date of the delivery"},
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
	"unrealized_differs":              {"warn", "the holding's unrealized appreciation is not its value less upfronts paid and received; ask the filer"},
	"unmatched_offset":                {"warn", "client offsets of which no client's trade is found, or too little; purpose.offset decides whether they become trading, the relation evidence has them"},
	"untested_hedge":                  {"warn", "hedges that no holding can be held against: of no single name and not designated, or of no direction; deliver reference_entity_id or designation"},
	"unreadable_value":                {"warn", "the text could not be read and counts as no value; the record was taken because the column is not essential"},
	"value_side_not_stated":           {"warn", "the report does not say from whose side its value is (baseParty); it counts as no value"},
}

// PositionFinding is a finding that a position can have: when, and what it is about.
type PositionFinding struct{ Code, When, Subject string }

// PositionFindings are the findings that position_facts notes with each position.
// An id is unknown only where its data set was delivered.
func (p parameters) PositionFindings() []PositionFinding {
	is := func(column, value string) string { return column + " = " + term(column, "'"+value+"'") }
	unclassified := func(attribute string) string { return is(attribute, "unclassified") }
	classified := "not " + unclassified("direction")
	findings := []PositionFinding{
		{"unknown_product", "product is not null and product_instrument is null", "product"},
		{"unknown_purpose", "purpose_code is not null and purpose_of_code is null", "purpose_code"},
		{"unknown_rating", "reference_rating is not null and grade_of_trade is null", "reference_rating"},
		{"stale_valuation", "coalesce(valuation_date < " + p.BusinessDay() + ", false)", "cast(valuation_date as varchar)"},
		{"losses_missing", "coalesce(notional_basis = 'original', false) and attachment_point is not null and losses_to_date is null", "'losses_to_date'"},
		{"index_factor_missing", "notional_factor is null and attachment_point is null", "'index_factor'"},
		{"notional_basis_missing", "notional_basis is null and (" + is("instrument", "cds_index") + " or " + is("instrument", "cds_index_tranche") + " or " + is("instrument", "cds_bespoke_tranche") + ")", "instrument"},
		{"original_not_reduced", "coalesce(notional_basis = 'original', false) and index_name is null and attachment_point is null", "instrument"},
		{"unclassified_instrument", unclassified("instrument"), "'instrument'"},
		{"unclassified_direction", unclassified("direction"), "instrument"},
		{"unclassified_direction_economic", unclassified("direction_economic") + " and " + classified, "instrument"},
		{"unclassified_obligation", unclassified("obligation") + " and " + classified, "instrument"},
		{"unclassified_purpose", unclassified("purpose"), "'purpose'"},
		{"unclassified_counterparty_type", "type_decided = " + term("counterparty_type", "'unclassified'"), "'counterparty_type'"},
		{"product_disagrees", "product_disagrees", "instrument"},
		{"no_value", "fair_value is null", "'fair_value'"},
		{"notional_floor", "coalesce(notional_is_floor, false)", "'notional'"},
		{"no_fixed_maximum", is("obligation", "no_fixed_maximum"), "instrument"},
	}
	for _, column := range slices.Sorted(maps.Keys(laterTerms)) {
		later := laterTerms[column]
		has := "coalesce(" + store.IsOneOf(column, []string{later.term}) + ", false)"
		if p.Input.AsOf.Before(later.since) {
			findings = append(findings, PositionFinding{"term_of_the_future", has, column})
			continue
		}
		findings = append(findings, PositionFinding{"term_by_protocol",
			has + " and coalesce(trade_date < " + dateLiteral(later.since) + ", false) and (" + is("instrument", "cds_loan") + " or " + is("instrument", "cds_asset_backed") + ")", column})
	}
	for _, known := range []struct{ set, code, id, flag string }{
		{"counterparties", "unknown_counterparty", "counterparty_id", "counterparty_known"},
		{"reference_entities", "unknown_reference_entity", "reference_entity_id", "reference_entity_known"},
		{"books", "unknown_book", "book", "book_known"},
	} {
		if slices.Contains(p.Loaded, known.set) {
			findings = append(findings, PositionFinding{known.code, known.id + " is not null and not " + known.flag, known.id})
		}
	}
	return findings
}

// AnyFinding is the condition under which a position has any finding.
func (p parameters) AnyFinding() string {
	var conditions []string
	for _, f := range p.PositionFindings() {
		conditions = append(conditions, "("+f.When+")")
	}
	return strings.Join(conditions, " or ")
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
	found := map[[2]string]Finding{}
	for _, row := range table.Rows {
		f := Finding{Code: row[0].(string), Subject: row[1].(string), Positions: row[2].(int64), Example: row[4].(string)}
		if notional, ok := row[3].(decimal.Decimal); ok {
			f.Notional = decimal.NewNullDecimal(notional)
		}
		found[[2]string{f.Code, f.Subject}] = f
	}
	if err := positionFindings(ctx, db, found); err != nil {
		return nil, err
	}
	findings := slices.Collect(maps.Values(found))
	for i, f := range findings {
		text := findingTexts[f.Code]
		findings[i].Severity, findings[i].Message = text.severity, text.message
	}
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Code, b.Code), strings.Compare(a.Subject, b.Subject))
	})
	return findings, nil
}

// positionFindings adds up what is noted with the positions, by code and subject.
func positionFindings(ctx context.Context, db *store.DB, found map[[2]string]Finding) error {
	table, err := store.Query(ctx, db, `
select findings, count(*) filter (where slice <= 1), coalesce(sum(notional), 0), min(coalesce(position_id, adjustment_id))
from facts_stored where findings is not null group by findings order by findings`)
	if err != nil {
		return err
	}
	for _, row := range table.Rows {
		for _, line := range strings.Split(row[0].(string), "\n") {
			code, subject, _ := strings.Cut(line, ": ")
			f := found[[2]string{code, subject}]
			f.Code, f.Subject, f.Positions = code, subject, f.Positions+row[1].(int64)
			f.Notional = decimal.NewNullDecimal(f.Notional.Decimal.Add(row[2].(decimal.Decimal)))
			if example := row[3].(string); f.Example == "" || example < f.Example {
				f.Example = example
			}
			found[[2]string{code, subject}] = f
		}
	}
	return nil
}
