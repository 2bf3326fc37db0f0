package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/ingest"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
	"comment11/transform"
)

// explainPosition explains the position that is asked for.
func (e *explainer) explainPosition(ctx context.Context) error {
	if err := e.readFacts(ctx); err != nil {
		return err
	}
	systems, err := store.Query(ctx, e.db, "select distinct coalesce(source_system, '') from explained_facts where origin = 'position' order by 1")
	if err != nil {
		return err
	}
	names := []string{}
	for _, row := range systems.Rows {
		names = append(names, row[0].(string))
	}
	system := e.question.SourceSystem
	switch {
	case len(names) == 0:
		return e.unknownPosition(ctx)
	case system == "" && len(names) == 1:
		system = names[0]
	case system == "":
		return fmt.Errorf("%w: %d source systems have a position %q: %s; name one with --source-system", ErrUsage, len(names), e.question.Position, strings.Join(names, ", "))
	case !slices.Contains(names, system):
		return fmt.Errorf("%w: no position %q is of source system %q; %s", ErrUsage, e.question.Position, system, strictyaml.Hint(system, names))
	}
	p := &ExplainedPosition{SourceSystem: system, PositionID: e.question.Position, Scopes: map[string]string{}, Attributes: []ExplainedAttribute{}, Money: []ExplainedMoney{},
		Slices: []ExplainedSlice{}, Evidence: []EvidenceLine{}, Identical: []IdenticalLine{}, Findings: []ExplainedFinding{},
		Cells: []ExplainedCell{}, Untraced: []string{}, Adjustments: []ExplainedAdjustment{}}
	e.answer.Position = p
	if err := e.db.Run(ctx, "delete from explained_facts where coalesce(source_system, '') <> "+store.Literal(system)); err != nil {
		return err
	}
	if err := e.readPosition(ctx, system); err != nil {
		return err
	}
	explained, err := e.decisions(ctx)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context, transform.Explained) error{
		e.money, e.slices, e.evidence, e.identical, e.findings, e.cells, e.adjustments,
	} {
		if err := step(ctx, explained); err != nil {
			return err
		}
	}
	return nil
}

// readFacts makes the relation explained_facts of all facts that name the position.
func (e *explainer) readFacts(ctx context.Context) error {
	var scopes []transform.Scope
	for _, name := range e.manifest.Scopes {
		scopes = append(scopes, transform.Scope{Name: name})
	}
	from, _ := e.files("facts")
	stored, _ := e.manifest.Relation("facts")
	query, err := transform.FactsQuery(scopes, "(select * from "+from+" where position_id = "+store.Literal(e.question.Position)+")", stored.ColumnNames())
	if err != nil {
		return err
	}
	return e.db.CreateTable(ctx, "explained_facts", query+" order by origin desc, slice, adjustment_id")
}

// recordRows selects the records of positions of the release on a condition, with
// what became of each, its file and its number in it.
func (e *explainer) recordRows(columns, condition string) string {
	set, _ := position.Find("positions")
	relation, _ := e.manifest.Relation("positions_records")
	records := store.ReadParquet(e.warehouse.Files(e.manifest, "positions_records"))
	conflicts, _ := e.files("conflicts")
	structural, _ := e.files("structural_rejects")
	return fmt.Sprintf(`
with r as (select * from (select %[1]s, record_status, source_file, %[2]s as file_row_number from %[3]s) where %[4]s)
select %[5]s r.source_file, coalesce(c.record_status, r.record_status) as record_status,
  r.file_row_number + 1 + (select count(*) from %[6]s as s where s.data_set = 'positions' and s.source_file = r.source_file and s.sound_before <= r.file_row_number) as record
from r left join %[7]s as c on c.data_set = 'positions' and c.source_file = r.source_file and c.file_row_number = r.file_row_number`,
		set.Select(relation.ColumnNames()), ingest.RowInFile, records, condition, columns, structural, conflicts)
}

// readPosition makes the relations that classification reads, of the position alone
// and what it leads to.
func (e *explainer) readPosition(ctx context.Context, system string) error {
	set, _ := position.Find("positions")
	columns := "r." + strings.Join(set.Names(), ", r.") + ","
	query := fmt.Sprintf("select * from (%s) where record_status = 'taken'", e.recordRows(columns,
		"position_id = "+store.Literal(e.question.Position)+" and coalesce(source_system, '') = "+store.Literal(system)))
	if err := e.db.CreateTable(ctx, "positions", query); err != nil {
		return err
	}
	table, err := store.Query(ctx, e.db, "select source_file, record from positions")
	if err != nil {
		return err
	}
	if len(table.Rows) != 1 {
		return fmt.Errorf("position %q is a fact of release %s, and %d of its records are that position: the release is damaged; comment11 verify says where",
			e.question.Position, e.manifest.Release, len(table.Rows))
	}
	e.answer.Record = &ExplainedRecord{DataSet: "positions", File: table.Rows[0][0].(string), Record: table.Rows[0][1].(int64), Status: "taken"}
	for name, condition := range map[string]string{
		"counterparties":     "counterparty_id = (select counterparty_id from positions)",
		"reference_entities": "reference_entity_id = (select reference_entity_id from positions)",
		"books":              "book = (select book from positions)",
		"indices":            "index_name = (select index_name from positions)",
	} {
		if err := e.readReference(ctx, name, condition); err != nil {
			return err
		}
	}
	return nil
}

// readReference makes a table of the taken records of a data set on a condition.
func (e *explainer) readReference(ctx context.Context, name, condition string) error {
	set, _ := position.Find(name)
	if _, known := e.manifest.Relation(name + "_records"); !known {
		return e.db.Run(ctx, set.CreateTable(name))
	}
	query, err := takenRecords(set)(e.manifest, store.ReadParquet(e.warehouse.Files(e.manifest, name+"_records")))
	if err != nil {
		return err
	}
	conflicts, _ := e.files("conflicts")
	query = strings.ReplaceAll(query, "conflicts_all_releases", conflicts)
	return e.db.CreateTable(ctx, name, "select * from ("+query+") where "+condition)
}

// decisions fills in the attributes.
func (e *explainer) decisions(ctx context.Context) (transform.Explained, error) {
	p := e.answer.Position
	explained, err := transform.Explain(ctx, e.db, e.transformInput(e.manifest.Release, ""))
	if err != nil {
		return explained, err
	}
	columns := make([]string, 0, 2*len(explained.Decisions))
	for _, d := range explained.Decisions {
		columns = append(columns, d.Attribute, d.Attribute+"_rule")
	}
	for _, scope := range e.manifest.Scopes {
		columns = append(columns, position.ScopeColumn(scope))
	}
	stored, err := store.Query(ctx, e.db, "select "+strings.Join(columns, ", ")+" from explained_facts where origin = 'position' order by slice limit 1")
	if err != nil {
		return explained, err
	}
	text := func(i int) string { value, _ := stored.Rows[0][i].(string); return value }
	for i, d := range explained.Decisions {
		p.Attributes = append(p.Attributes, e.attribute(d, text(2*i), text(2*i+1)))
	}
	for i, scope := range e.manifest.Scopes {
		p.Scopes[scope] = text(2*len(explained.Decisions) + i)
	}
	return explained, nil
}

// attribute holds what the rules at hand decide against what the release has.
func (e *explainer) attribute(d transform.Decision, value, rule string) ExplainedAttribute {
	a := ExplainedAttribute{Decision: d, RuleID: rule}
	file := "rules/" + d.Attribute + ".yaml"
	decided := "none"
	if d.Rule != nil {
		decided = d.Rule.ID
	}
	byEvidence := d.Attribute == "purpose" && strings.HasPrefix(rule, "evidence-")
	switch {
	case slices.Contains(e.differs, file):
		a.Unexplained = file + " is not what the release was made with"
	case !byEvidence && (decided != rule || d.Value != value):
		a.Unexplained = fmt.Sprintf("rules and maps at hand decide otherwise now: %s, by rule %s", d.Value, decided)
	}
	if a.Unexplained != "" {
		a.Decision = transform.Decision{Attribute: d.Attribute, Value: value, Fields: []transform.Field{}}
	}
	return a
}

// money leads from the amounts of the record to those of the fact.
func (e *explainer) money(ctx context.Context, _ transform.Explained) error {
	conversions, _ := e.files("conversions")
	table, err := store.Query(ctx, e.db, fmt.Sprintf(`
with f as (
  select min(notional_factor) as notional_factor, sum(notional_local) as notional_local, sum(notional) as notional, sum(fair_value) as fair_value, sum(valuation_adjustment) as valuation_adjustment
  from explained_facts where origin = 'position'),
amounts as (
  select 1 as place, 'notional' as measure, p.currency, p.notional as input, case when p.notional_basis = 'original' then f.notional_factor end as factor, f.notional_local as local_amount, f.notional as reporting
  from positions as p cross join f
  union all
  select 2, 'fair_value', coalesce(p.fair_value_currency, p.currency), p.fair_value, null, p.fair_value, f.fair_value from positions as p cross join f
  union all
  select 3, 'valuation_adjustment', coalesce(p.fair_value_currency, p.currency), p.valuation_adjustment, null, p.valuation_adjustment, f.valuation_adjustment from positions as p cross join f)
select a.measure, a.currency, a.input, a.factor, a.local_amount, n.numerator, n.denominator, cast(n.rate_date as varchar), a.reporting
from amounts as a left join %s as n on n.currency = a.currency
where a.measure <> 'valuation_adjustment' or a.input is not null
order by a.place`, conversions))
	if err != nil {
		return err
	}
	for _, row := range table.Rows {
		m := ExplainedMoney{Measure: row[0].(string), Currency: row[1].(string), Input: amountOf(row[2]), Factor: amountOf(row[3]), Local: amountOf(row[4]), Reporting: amountOf(row[8])}
		m.Numerator, _ = row[5].(int64)
		m.Denominator, _ = row[6].(int64)
		m.RateDate, _ = row[7].(string)
		e.answer.Position.Money = append(e.answer.Position.Money, m)
	}
	return nil
}

// amountOf is an exact number, or none.
func amountOf(value any) *decimal.Decimal {
	if d, ok := value.(decimal.Decimal); ok {
		return &d
	}
	return nil
}

// slices lists the facts.
func (e *explainer) slices(ctx context.Context, _ transform.Explained) error {
	table, err := store.Query(ctx, e.db, `
select slice, coalesce(adjustment_id, ''), purpose, purpose_rule, coalesce(purpose_detail, ''), notional, fair_value, maximum_exposure
from explained_facts order by origin desc, slice, adjustment_id`)
	if err != nil {
		return err
	}
	for _, row := range table.Rows {
		e.answer.Position.Slices = append(e.answer.Position.Slices, ExplainedSlice{Slice: row[0].(int32), Adjustment: row[1].(string), Purpose: row[2].(string), PurposeRule: row[3].(string),
			Detail: row[4].(string), Notional: amountOf(row[5]), FairValue: amountOf(row[6]), MaximumExposure: amountOf(row[7])})
	}
	return nil
}

// column is the first of the columns of the classified position that has a value.
func column(x transform.Explained, names ...string) string {
	for _, name := range names {
		if value := x.Columns[name]; value != nil {
			return *value
		}
	}
	return ""
}

// evidence lists the lines of the evidence in which the position stands: by its own
// name, with its hedge group, or with the instrument, pool or book that lines of
// several positions are for.
func (e *explainer) evidence(ctx context.Context, x transform.Explained) error {
	p := e.answer.Position
	id := store.Literal(p.PositionID)
	conditions := append(e.evidenceTogether(x), "matched_with = "+id,
		"subject = "+id+" and outcome in ('sold_hedge', 'linked', 'paired', 'unmatched_offset')")
	rows, err := e.rows(ctx, "scope, test, outcome, subject, coalesce(matched_with, ''), positions, notional, evidence, unsupported, moved", "evidence",
		"("+strings.Join(conditions, ") or (")+") order by scope, test, outcome, subject, matched_with")
	if err != nil {
		return err
	}
	p.Offsets = column(x, "offsets_position_id")
	if p.NamedBy, err = e.namedBy(ctx); err != nil {
		return err
	}
	own := slices.ContainsFunc(rows, func(row []any) bool { return row[1] == "offset" && row[3] == p.PositionID })
	for _, row := range rows {
		line := EvidenceLine{Scope: row[0].(string), Test: row[1].(string), Outcome: row[2].(string), Subject: row[3].(string), MatchedWith: row[4].(string), Positions: row[5].(int64)}
		for i, amount := range []*decimal.Decimal{&line.Notional, &line.Evidence, &line.Unsupported, &line.Moved} {
			*amount, _ = row[6+i].(decimal.Decimal)
		}
		if own && line.Outcome == "linked" && line.Subject != p.PositionID && line.MatchedWith == "" {
			continue // of other offsets of the book
		}
		p.Evidence = append(p.Evidence, line)
	}
	return nil
}

// evidenceTogether are the conditions of the lines in which the position stands
// together with others.
func (e *explainer) evidenceTogether(x transform.Explained) (conditions []string) {
	purpose, direction := e.attributeValue("purpose"), e.attributeValue("direction_economic") // as evidence reads it
	labelled := purpose == "credit_portfolio_hedge"
	// What lays off an internal hedge is one too, whatever its label says.
	externalised := !labelled && slices.ContainsFunc(e.answer.Position.Slices, func(s ExplainedSlice) bool {
		return slices.Contains([]string{"evidence-externalised", "evidence-over-hedge", "evidence-orphan-hedge"}, s.PurposeRule)
	})
	isPortfolio := column(x, "index_name", "basket_id", "attachment_point", "nth_to_default") != ""
	group := column(x, "hedge_group", "reference_entity_id")
	sides := direction == "bought" || direction == "sold" // what is sold makes the excess of its group smaller
	switch {
	case (labelled || externalised) && sides && !isPortfolio && group != "":
		conditions = append(conditions, "test = 'hedge' and subject = "+store.Literal(group)+" and outcome in ('covered_hedge', 'over_hedge', 'orphan_hedge')")
	case (labelled || externalised) && direction != "sold":
		outcome := "untested_hedge"
		if isPortfolio && direction == "bought" && slices.Contains([]string{"management_hedge", "asc815_hedge"}, column(x, "designation")) {
			outcome = "macro_hedge"
		}
		conditions = append(conditions, "outcome = '"+outcome+"' and subject = "+store.Literal(column(x, "instrument")))
	}
	if externalised {
		conditions = append(conditions, "outcome = 'externalised' and subject = "+store.Literal(column(x, "instrument")))
	}
	switch {
	case purpose != "client_offset":
	case column(x, "offsets_position_id") != "":
		// A simple link stands with all of its book in one line, unless it has one of its own.
		conditions = append(conditions, "outcome = 'linked' and matched_with = '' and subject = "+store.Literal(column(x, "book")))
	case column(x, "offset_pool") != "":
		conditions = append(conditions, "outcome = 'pooled' and subject = "+store.Literal(column(x, "offset_pool")))
	}
	return conditions
}

// attributeValue is what an attribute of the position was decided to be by its labels.
func (e *explainer) attributeValue(name string) string {
	for _, a := range e.answer.Position.Attributes {
		if a.Attribute == name {
			return a.Value
		}
	}
	return ""
}

// namedBy are the first positions that say that they lay this one off.
func (e *explainer) namedBy(ctx context.Context) ([]string, error) {
	const most = 20
	found, err := store.Query(ctx, e.db, "select distinct position_id from ("+e.recordRows("r.position_id,", "offsets_position_id = "+store.Literal(e.question.Position))+
		fmt.Sprintf(") where record_status = 'taken' order by position_id limit %d", most))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, row := range found.Rows {
		names = append(names, row[0].(string))
	}
	return names, nil
}

// identical lists what stands against the position's underlying.
func (e *explainer) identical(ctx context.Context, x transform.Explained) error {
	if x.Underlying == "" {
		return nil
	}
	rows, err := e.rows(ctx, "scope, underlying, sold, bought, covered", "identical_underlyings", "underlying = "+store.Literal(x.Underlying)+" order by scope")
	if err != nil {
		return err
	}
	for _, row := range rows {
		line := IdenticalLine{Scope: row[0].(string), Underlying: row[1].(string)}
		if e.answer.Position.Scopes[line.Scope] != "external" {
			continue // it is no part of what is compared there
		}
		for i, amount := range []*decimal.Decimal{&line.Sold, &line.Bought, &line.Covered} {
			*amount, _ = row[2+i].(decimal.Decimal)
		}
		e.answer.Position.Identical = append(e.answer.Position.Identical, line)
	}
	return nil
}

// findings lists what is noted with the position, and texts of its record that
// could not be read.
func (e *explainer) findings(ctx context.Context, _ transform.Explained) error {
	table, err := store.Query(ctx, e.db, "select distinct findings from explained_facts where findings is not null order by 1")
	if err != nil {
		return err
	}
	var found []ExplainedFinding
	for _, row := range table.Rows {
		for _, line := range strings.Split(row[0].(string), "\n") {
			code, subject, _ := strings.Cut(line, ": ")
			found = append(found, ExplainedFinding{Code: code, Subject: subject})
		}
	}
	unreadable, err := e.rows(ctx, "column_name, coalesce(value, ''), reason", "unreadable_values", fmt.Sprintf("data_set = 'positions' and file = %s and record = %d order by column_name",
		store.Literal(e.answer.Record.File), e.answer.Record.Record))
	if err != nil {
		return err
	}
	for _, row := range unreadable {
		found = append(found, ExplainedFinding{Code: row[2].(string), Subject: row[0].(string), Severity: "warn",
			Message: fmt.Sprintf("%q counts as no value: %s", row[1], ingest.Reasons[row[2].(string)])})
	}
	known, err := e.rows(ctx, "code, subject, severity, message", "findings", "true")
	if err != nil {
		return err
	}
	for _, f := range found {
		for _, row := range known {
			if f.Message == "" && row[0] == f.Code && row[1] == f.Subject {
				f.Severity, f.Message = row[2].(string), row[3].(string)
			}
		}
		if !slices.Contains(e.answer.Position.Findings, f) {
			e.answer.Position.Findings = append(e.answer.Position.Findings, f)
		}
	}
	return nil
}

// adjustments lists those that name the position, applied or not.
func (e *explainer) adjustments(ctx context.Context, _ transform.Explained) error {
	if err := e.readReference(ctx, "adjustments", "position_id = "+store.Literal(e.question.Position)); err != nil {
		return err
	}
	table, err := store.Query(ctx, e.db, `
select a.adjustment_id, f.adjustment_id is not null, a.currency, a.notional, a.fair_value, coalesce(a.reason_code || ': ', '') || coalesce(a.reason, ''),
  coalesce(a.preparer, ''), coalesce(a.approver, '')
from adjustments as a left join explained_facts as f on f.adjustment_id = a.adjustment_id order by a.adjustment_id`)
	if err != nil {
		return err
	}
	for _, row := range table.Rows {
		a := ExplainedAdjustment{ID: row[0].(string), Applied: row[1].(bool), Notional: amountOf(row[3]), Value: amountOf(row[4]),
			Reason: row[5].(string), Preparer: row[6].(string), Approver: row[7].(string)}
		a.Currency, _ = row[2].(string)
		e.answer.Position.Adjustments = append(e.answer.Position.Adjustments, a)
	}
	return nil
}
