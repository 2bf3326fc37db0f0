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
	if err := createTable(ctx, db, "internal_pairs", "internal_pairs", parameters{Input: in}); err != nil {
		return nil, err
	}
	controls, err := readControls(ctx, db, "controls", parameters{Input: in})
	if err != nil {
		return nil, err
	}
	conversions, err := conversionControls(ctx, db, in)
	return append(controls, conversions...), err
}

// readControls reads the controls, all of which can hold a release, that the query of a
// file gives: id, class, subject, and both sides with their meanings and the tolerance.
func readControls(ctx context.Context, db *store.DB, file string, p any) ([]position.Control, error) {
	table, err := ask(ctx, db, file, p)
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
	return controls, nil
}

// halfCent is the most by which rounding moves one converted amount.
var halfCent = decimal.New(5, -3)

// conversionControls compares, per currency, the facts' sum of converted cents
// with the converted sum; they differ by at most half a cent per fact.
func conversionControls(ctx context.Context, db *store.DB, in Input) ([]position.Control, error) {
	table, err := ask(ctx, db, "conversion_checks", parameters{Input: in})
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
	Money     decimal.NullDecimal `json:"money"`              // in the reporting currency
	Material  *bool               `json:"material,omitempty"` // nil: no materiality is configured
	Example   string              `json:"example"`            // the first of them
	Message   string              `json:"message"`
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
		{"unknown_rating", p.IsUnknownRating("reference_rating"), "reference_rating"},
		{"unknown_rating", "unknown_ratings_of_reference is not null and " + p.IsOnName(), "unknown_ratings_of_reference"},
		{"unknown_rating", "unknown_ratings_of_counterparty is not null", "unknown_ratings_of_counterparty"},
		{"unknown_credit_events", p.HasUnknownCreditEvents(), "credit_events"},
		{"stale_valuation", "coalesce(valuation_date < " + p.BusinessDay() + ", false)", "cast(valuation_date as varchar)"},
		{"expiry_of_no_option", "option_expiry_date is not null and not coalesce(" + store.IsOneOf("role", position.OptionRoles) + ", false)", "'option_expiry_date'"},
		{"losses_missing", "coalesce(notional_basis = 'original', false) and attachment_point is not null and losses_to_date is null", "'losses_to_date'"},
		{"index_factor_missing", "notional_factor is null and attachment_point is null", "'index_factor'"},
		{"notional_basis_missing", "notional_basis is null and (" + is("instrument", "cds_index") + " or " + is("instrument", "cds_index_tranche") + " or " + is("instrument", "cds_bespoke_tranche") + ")", "instrument"},
		{"original_not_reduced", "coalesce(notional_basis = 'original', false) and index_name is null and attachment_point is null", "instrument"},
		{"unclassified_instrument", unclassified("instrument"), "'instrument'"},
		{"unclassified_direction", unclassified("direction"), "instrument"},
		{"unclassified_direction_economic", unclassified("direction_economic") + " and " + classified, "instrument"},
		{"unclassified_obligation", unclassified("obligation") + " and " + classified, "instrument"},
		{"unclassified_purpose", unclassified("purpose"), "'purpose'"},
		{"unclassified_rating_grade", unclassified("rating_grade"), "'rating_grade'"},
		{"unclassified_maturity_bucket", unclassified("maturity_bucket"), "'maturity_bucket'"},
		{"unclassified_counterparty_type", "type_decided = " + term("counterparty_type", "'unclassified'"), "'counterparty_type'"},
		{"product_disagrees", "product_disagrees", "instrument"},
		{"no_value", "fair_value is null", "'fair_value'"},
		{"notional_floor", "coalesce(notional_is_floor, false)", "'notional'"},
		{"no_fixed_maximum", is("obligation", "no_fixed_maximum"), "instrument"},
	}
	findings = append(findings, p.termFindings()...)
	if p.ListsEntities() {
		findings = append(findings, PositionFinding{"position_without_entity", "legal_entity is null", "'legal_entity'"})
	}
	if !slices.ContainsFunc(p.Scopes, func(s Scope) bool { return s.All }) {
		findings = append(findings, PositionFinding{"position_of_no_scope", "legal_entity is not null and not " + p.InAnyScope("legal_entity"), "legal_entity"})
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

// termFindings are of terms that did not exist at the as-of date, and of those that
// are newer than the trade where no protocol brings them in. A term of the one kind
// can be none of the other.
func (p parameters) termFindings() (findings []PositionFinding) {
	loans := "instrument in (" + term("instrument", "'cds_loan'") + ", " + term("instrument", "'cds_asset_backed'") + ")"
	for _, column := range slices.Sorted(maps.Keys(laterTerms)) {
		later := laterTerms[column]
		has := store.IsOneOf(column, []string{later.term})
		finding := PositionFinding{"term_after_as_of", "coalesce(" + has + ", false)", "'" + column + "'"}
		if !p.Input.AsOf.Before(later.since) {
			finding.Code = "term_by_protocol"
			finding.When = fmt.Sprintf("coalesce(%s and trade_date < %s and %s, false)", has, dateLiteral(later.since), loans)
		}
		findings = append(findings, finding)
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

// Findings reads what a person should look at, with the severity of its code
// (position.FindingCodes). by tells, by relation, what is noted of its rows.
func Findings(ctx context.Context, db *store.DB, in Input) (findings []Finding, by map[string]Noted, err error) {
	table, err := ask(ctx, db, "findings", parameters{Input: in})
	if err != nil {
		return nil, nil, err
	}
	found := map[[2]string]*Finding{}
	for _, row := range table.Rows {
		f := &Finding{Code: row[0].(string), Subject: row[1].(string), Positions: row[2].(int64), Example: row[4].(string)}
		if money, ok := row[3].(decimal.Decimal); ok {
			f.Money = decimal.NewNullDecimal(money)
		}
		found[[2]string{f.Code, f.Subject}] = f
	}
	for _, f := range in.Noticed {
		found[[2]string{f.Code, f.Subject}] = &f
	}
	if err := positionFindings(ctx, db, found); err != nil {
		return nil, nil, err
	}
	if by, err = noted(ctx, db, parameters{Input: in}, len(found)); err != nil {
		return nil, nil, err
	}
	for _, f := range found {
		code, known := position.FindFinding(f.Code)
		if !known {
			return nil, nil, fmt.Errorf("finding %s %s has no entry in position.FindingCodes", f.Code, f.Subject)
		}
		f.Severity, f.Message = code.Severity, code.Message()
		findings = append(findings, *f)
	}
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Code, b.Code), strings.Compare(a.Subject, b.Subject))
	})
	return findings, by, nil
}

// positionFindings adds up what is noted with the positions, by code and subject. What
// was found elsewhere keeps its count and money; money that is not known there is that of
// the facts. A note can stand with some slices of a position and not with others, so that
// sliced ones are counted by their identity.
func positionFindings(ctx context.Context, db *store.DB, found map[[2]string]*Finding) error {
	table, err := store.Query(ctx, db, `
select findings, case when slice = 0 then '' else concat_ws(' ', source_system, position_id) end as sliced,
  count(*), coalesce(sum(notional), 0), min(coalesce(position_id, adjustment_id))
from facts_stored where findings is not null group by 1, 2 order by 1, 2`)
	if err != nil {
		return err
	}
	priced := map[[2]string]bool{} // of what was found elsewhere, whether its money is known
	for key, f := range found {
		priced[key] = f.Money.Valid
	}
	counted := map[string]bool{}
	for _, row := range table.Rows {
		for _, line := range strings.Split(row[0].(string), "\n") {
			code, subject, _ := strings.Cut(line, ": ")
			key, sliced := [2]string{code, subject}, row[1].(string)
			f := found[key]
			if f == nil {
				f = &Finding{Code: key[0], Subject: key[1]}
				found[key] = f
			}
			isPriced, elsewhere := priced[key]
			if !elsewhere {
				if sliced == "" {
					f.Positions += row[2].(int64)
				} else if !counted[line+"\n"+sliced] {
					counted[line+"\n"+sliced] = true
					f.Positions++
				}
				if example := row[4].(string); f.Example == "" || example < f.Example {
					f.Example = example
				}
			}
			if !isPriced {
				f.Money = decimal.NewNullDecimal(f.Money.Decimal.Add(row[3].(decimal.Decimal)))
			}
		}
	}
	return nil
}

// Noted are the columns of facts that tables may ask of what findings are about.
func (p parameters) Noted() []string {
	var names []string
	for _, c := range position.Facts(p.scopeNames()).Columns {
		if c.Has(position.Dimension) || c.Has(position.Measure) {
			names = append(names, c.Name)
		}
	}
	return names
}

// subjectsMost is up to how many findings each is told apart in the cells that it
// touches. More are a delivery gone wrong, such as reference data of another day: what
// is of one code is told together then, without its subject.
const subjectsMost = 2000

// Noted tells what is noted of the rows of a relation, in lines of code and subject.
type Noted struct {
	Note    string // SQL over the relation, NULL where nothing is noted of a row
	Further string // relation with its columns and noted, of rows that more is noted of, or none
}

// noted tells what is noted of facts and realized facts. An internal trade that does not
// cancel is known only when all facts are written, so that the relation broken_pairs has
// those.
func noted(ctx context.Context, db *store.DB, p parameters, subjects int) (map[string]Noted, error) {
	if err := createTable(ctx, db, "broken_pairs", "broken_pairs", p); err != nil {
		return nil, err
	}
	facts := Noted{"findings", "broken_pairs"}
	if subjects > subjectsMost {
		facts.Note = store.WithoutPattern(facts.Note, ": [^\n]*")
	}
	return map[string]Noted{"facts": facts, "realized_facts": {Note: realizedNote}}, nil
}

// realizedNote is what is noted of a realized fact.
const realizedNote = `nullif(concat_ws(chr(10),
  case when classification = 'none' then 'unclassified_realized: ' || kind end,
  case when result = 'no_value' then 'realized_no_value: ' || kind end,
  case when amount_from not in ('sub_ledger', 'none') then 'realized_from_cash: ' || amount_from end), '')`
