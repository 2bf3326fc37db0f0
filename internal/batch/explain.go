package batch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/ingest"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
	"comment11/transform"
)

// Explanation says why a position, or a record of a file, is what it is in a
// release.
type Explanation struct {
	Release           string `json:"release"`
	AsOfDate          string `json:"as_of_date"`
	Status            string `json:"status"` // published or held
	ReportingCurrency string `json:"reporting_currency"`
	// Notes say what of the rules, maps and program at hand is not what the release
	// was made with.
	Notes    []string           `json:"notes"`
	Record   *ExplainedRecord   `json:"record,omitempty"`
	Position *ExplainedPosition `json:"position,omitempty"`
}

// ExplainedPosition is a position with what decided each of its attributes.
type ExplainedPosition struct {
	SourceSystem string               `json:"source_system"`
	PositionID   string               `json:"position_id"`
	Attributes   []ExplainedAttribute `json:"attributes"`
	Scopes       map[string]string    `json:"scopes"` // external, internal or out_of_scope, by scope
	Money        []ExplainedMoney     `json:"money"`
	Slices       []ExplainedSlice     `json:"slices"`
	Evidence     []EvidenceLine       `json:"evidence"`
	// Offsets is the position that this one says it lays off, NamedBy the first of
	// those that say it of this one.
	Offsets   string             `json:"offsets_position_id,omitempty"`
	NamedBy   []string           `json:"named_by,omitempty"`
	Identical []IdenticalLine    `json:"identical_underlyings"`
	Findings  []ExplainedFinding `json:"findings"`
	Cells     []ExplainedCell    `json:"cells"`
	// Untraced are relations that tables read and that have no rows of single positions.
	Untraced    []string              `json:"tables_of_other_relations"`
	Adjustments []ExplainedAdjustment `json:"adjustments"`
}

// ExplainedAttribute is an attribute as the release has it, and how it was decided.
type ExplainedAttribute struct {
	transform.Decision
	// RuleID is the rule that the release names; of a sliced position that of its
	// first slice.
	RuleID string `json:"rule_id"`
	// Unexplained says why the decision is told by the rule's id alone.
	Unexplained string `json:"unexplained,omitempty"`
}

// ExplainedMoney leads from an amount in the trade's currency to the reporting one.
type ExplainedMoney struct {
	Measure     string           `json:"measure"`
	Currency    string           `json:"currency"`
	Input       *decimal.Decimal `json:"input"`            // as the record has it
	Factor      *decimal.Decimal `json:"factor,omitempty"` // that made the current notional of it
	Local       *decimal.Decimal `json:"local"`            // current, in the trade's currency
	Numerator   int64            `json:"numerator"`        // numerator / denominator is the rate to the reporting currency
	Denominator int64            `json:"denominator"`
	RateDate    string           `json:"rate_date,omitempty"`
	Reporting   *decimal.Decimal `json:"reporting"`
}

// ExplainedSlice is a fact of the position: the whole of it, a slice that evidence
// cut, or an adjustment that names it.
type ExplainedSlice struct {
	Slice           int32            `json:"slice"`
	Adjustment      string           `json:"adjustment,omitempty"`
	Purpose         string           `json:"purpose"`
	PurposeRule     string           `json:"purpose_rule"`
	Detail          string           `json:"purpose_detail,omitempty"`
	Notional        *decimal.Decimal `json:"notional"`
	FairValue       *decimal.Decimal `json:"fair_value"`
	MaximumExposure *decimal.Decimal `json:"maximum_exposure"`
}

// EvidenceLine is a line of the evidence in which the position stands.
type EvidenceLine struct {
	Scope       string          `json:"scope"`
	Test        string          `json:"test"`
	Outcome     string          `json:"outcome"`
	Subject     string          `json:"subject"`
	MatchedWith string          `json:"matched_with,omitempty"`
	Positions   int64           `json:"positions"`
	Notional    decimal.Decimal `json:"notional"`
	Evidence    decimal.Decimal `json:"evidence"`
	Unsupported decimal.Decimal `json:"unsupported"`
	Moved       decimal.Decimal `json:"moved"`
}

// IdenticalLine is what was sold and bought on the position's underlying.
type IdenticalLine struct {
	Scope      string          `json:"scope"`
	Underlying string          `json:"underlying"`
	Sold       decimal.Decimal `json:"sold"`
	Bought     decimal.Decimal `json:"bought"`
	Covered    decimal.Decimal `json:"covered"`
}

// ExplainedFinding is a finding that the position has.
type ExplainedFinding struct {
	Code     string `json:"code"`
	Subject  string `json:"subject"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
}

// ExplainedCell is a cell of a table that counts facts of the position.
type ExplainedCell struct {
	Table       string `json:"table"`
	Block       string `json:"block"`
	Row         string `json:"row"`
	Column      string `json:"column"`
	RowLabel    string `json:"row_label"`
	ColumnLabel string `json:"column_label"`
	Measure     string `json:"measure"`
	// Total: the sum of other cells of its block, so that the amount stands in one of
	// those too.
	Total  bool            `json:"total"`
	Memo   bool            `json:"memo"`
	Facts  int             `json:"facts"`
	Amount decimal.Decimal `json:"amount"` // of the position
	Exact  decimal.Decimal `json:"exact"`  // of the cell
}

// ExplainedAdjustment is an adjustment that names the position.
type ExplainedAdjustment struct {
	ID       string           `json:"adjustment_id"`
	Applied  bool             `json:"applied"`
	Currency string           `json:"currency"`
	Notional *decimal.Decimal `json:"notional"`
	Value    *decimal.Decimal `json:"fair_value"`
	Reason   string           `json:"reason"`
	Preparer string           `json:"preparer"`
	Approver string           `json:"approver"`
}

// Question is what is to be explained: a position, or a record of a file.
type Question struct {
	AsOf, Release string // the release; neither: the newest that is published
	Position      string
	SourceSystem  string // where several have a position of that name
	File          string
	Record        int64
}

// Explain answers a question from what a release stored. What cannot be found is
// ErrUsage where nothing has that name, and ErrData where what has it was not taken.
func Explain(ctx context.Context, config configs.Config, q Question) (Explanation, error) {
	w := Warehouse(config)
	m, err := chosenRelease(w, q)
	if err != nil {
		return Explanation{}, err
	}
	asOf, err := time.Parse(time.DateOnly, m.AsOfDate)
	if err != nil {
		return Explanation{}, err
	}
	definitions, err := Define(config, asOf)
	if err != nil {
		return Explanation{}, err
	}
	db, done, err := reading(ctx, config)
	if err != nil {
		return Explanation{}, err
	}
	defer done()
	if err := db.CreateMacros(ctx); err != nil {
		return Explanation{}, err
	}
	e := explainer{Definitions: definitions, db: db, warehouse: w, manifest: m, question: q, differs: differing(m, definitions)}
	e.answer = Explanation{Release: m.Release, AsOfDate: m.AsOfDate, Status: m.Status, ReportingCurrency: m.ReportingCurrency, Notes: e.notes()}
	if q.File != "" {
		err = e.explainRecord(ctx)
	} else {
		err = e.explainPosition(ctx)
	}
	return e.answer, err
}

// chosenRelease is the release that a question is about.
func chosenRelease(w store.Warehouse, q Question) (store.Manifest, error) {
	manifests, err := w.Manifests()
	if err != nil {
		return store.Manifest{}, err
	}
	if q.Release != "" {
		i := slices.IndexFunc(manifests, func(m store.Manifest) bool { return m.Release == q.Release && (q.AsOf == "" || m.AsOfDate == q.AsOf) })
		switch {
		case i < 0:
			return store.Manifest{}, fmt.Errorf("%w: there is no release %q; comment11 runs lists them", ErrUsage, q.Release)
		case manifests[i].Removed():
			return store.Manifest{}, fmt.Errorf("%w: retention removed release %s", ErrData, q.Release)
		}
		return manifests[i], nil
	}
	shown := slices.DeleteFunc(manifests, func(m store.Manifest) bool {
		return m.Status != store.Published || m.Removed() || (q.AsOf != "" && m.AsOfDate != q.AsOf)
	})
	if len(shown) == 0 && q.AsOf != "" {
		return store.Manifest{}, fmt.Errorf("%w: no release of %s is published; run it first: comment11 run --as-of %s", ErrData, q.AsOf, q.AsOf)
	}
	if len(shown) == 0 {
		return store.Manifest{}, fmt.Errorf("%w in this warehouse yet; run a date first: comment11 run --as-of DATE", ErrData)
	}
	return slices.MaxFunc(shown, func(a, b store.Manifest) int {
		if a.AsOfDate != b.AsOfDate {
			return strings.Compare(a.AsOfDate, b.AsOfDate)
		}
		return a.Sequence - b.Sequence
	}), nil
}

// differing names the definitions at hand that are not those of the release.
func differing(m store.Manifest, d Definitions) []string {
	var names []string
	for _, c := range d.Hashes {
		i := slices.IndexFunc(m.Configuration, func(o store.FileHash) bool { return o.Name == c.Name })
		if i < 0 || m.Configuration[i].SHA256 != c.SHA256 {
			names = append(names, c.Name)
		}
	}
	return names
}

// explainer answers one question.
type explainer struct {
	Definitions
	db        *store.DB
	warehouse store.Warehouse
	manifest  store.Manifest
	question  Question
	differs   []string // definitions that are not those of the release
	answer    Explanation
}

// notes say what of the definitions that classify is not the release's.
func (e *explainer) notes() []string {
	notes := []string{}
	for _, name := range e.differs {
		folder, _, _ := strings.Cut(name, "/")
		switch {
		case folder == "rules":
			notes = append(notes, name+" is not what the release was made with; what it decided is told by the rule's id alone")
		case folder == "maps" || folder == "sql" || name == "comment11.yaml":
			notes = append(notes, name+" is not what the release was made with; where that decides otherwise now, the rule's id alone is told")
		}
	}
	return notes
}

// files is the FROM item of a relation of the release, and whether it has it.
func (e *explainer) files(name string) (from string, known bool) {
	if _, known = e.manifest.Relation(name); !known {
		return "", false
	}
	return releaseFiles(e.warehouse, e.manifest, name), true
}

// rows reads rows of a relation of the release; none where it has no such relation.
func (e *explainer) rows(ctx context.Context, columns, relation, where string) ([][]any, error) {
	from, known := e.files(relation)
	if !known {
		return nil, nil
	}
	table, err := store.Query(ctx, e.db, "select "+columns+" from "+from+" where "+where)
	return table.Rows, err
}

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
	query, err := transform.FactsQuery(scopes, "(select * from "+from+" where position_id = "+store.Literal(e.question.Position)+")")
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

// evidence lists the lines of the evidence in which the position stands: by its own
// name, with its hedge group, or with the instrument, pool or book that lines of
// several positions are for.
func (e *explainer) evidence(ctx context.Context, x transform.Explained) error {
	column := func(names ...string) string { // the first that has a value
		for _, name := range names {
			if value := x.Columns[name]; value != nil {
				return *value
			}
		}
		return ""
	}
	id := store.Literal(e.question.Position)
	conditions := []string{"subject = " + id + " and outcome in ('sold_hedge', 'linked', 'paired', 'unmatched_offset')", "matched_with = " + id}
	purpose := ""
	for _, a := range e.answer.Position.Attributes {
		if a.Attribute == "purpose" {
			purpose = a.Value
		}
	}
	// What lays off an internal hedge is one too, whatever its label says.
	claimed := purpose == "credit_portfolio_hedge" || slices.ContainsFunc(e.answer.Position.Slices, func(s ExplainedSlice) bool {
		return slices.Contains([]string{"evidence-externalised", "evidence-over-hedge", "evidence-orphan-hedge"}, s.PurposeRule)
	})
	isPortfolio := column("index_name", "basket_id", "attachment_point", "nth_to_default") != ""
	group := column("hedge_group", "reference_entity_id")
	direction := e.direction()
	switch {
	case claimed && (direction == "bought" || direction == "sold") && !isPortfolio && group != "": // what is sold makes the excess of its group smaller
		conditions = append(conditions, "test = 'hedge' and subject = "+store.Literal(group)+" and outcome in ('covered_hedge', 'over_hedge', 'orphan_hedge')")
	case claimed && direction != "sold":
		designated := slices.Contains([]string{"management_hedge", "asc815_hedge"}, column("designation"))
		outcome := "untested_hedge"
		if designated && isPortfolio && direction == "bought" {
			outcome = "macro_hedge"
		}
		conditions = append(conditions, "outcome = '"+outcome+"' and subject = "+store.Literal(column("instrument")))
	}
	if claimed {
		conditions = append(conditions, "outcome = 'externalised' and subject = "+store.Literal(column("instrument"))+fmt.Sprintf(" and %t", purpose != "credit_portfolio_hedge"))
	}
	if purpose == "client_offset" && column("offset_pool") != "" && column("offsets_position_id") == "" {
		conditions = append(conditions, "outcome = 'pooled' and subject = "+store.Literal(column("offset_pool")))
	}
	if purpose == "client_offset" && column("offsets_position_id") != "" {
		// A simple link stands with all of its book in one line, unless it has one of its own.
		conditions = append(conditions, "outcome = 'linked' and matched_with = '' and subject = "+store.Literal(column("book")))
	}
	rows, err := e.rows(ctx, "scope, test, outcome, subject, coalesce(matched_with, ''), positions, notional, evidence, unsupported, moved", "evidence",
		"("+strings.Join(conditions, ") or (")+") order by scope, test, outcome, subject, matched_with")
	if err != nil {
		return err
	}
	e.answer.Position.Offsets = column("offsets_position_id")
	if e.answer.Position.NamedBy, err = e.namedBy(ctx); err != nil {
		return err
	}
	own := slices.ContainsFunc(rows, func(row []any) bool { return row[1] == "offset" && row[3] == e.question.Position })
	for _, row := range rows {
		line := EvidenceLine{Scope: row[0].(string), Test: row[1].(string), Outcome: row[2].(string), Subject: row[3].(string), MatchedWith: row[4].(string), Positions: row[5].(int64)}
		for i, amount := range []*decimal.Decimal{&line.Notional, &line.Evidence, &line.Unsupported, &line.Moved} {
			*amount, _ = row[6+i].(decimal.Decimal)
		}
		if own && line.Outcome == "linked" && line.Subject != e.question.Position && line.MatchedWith == "" {
			continue // of other offsets of the book
		}
		e.answer.Position.Evidence = append(e.answer.Position.Evidence, line)
	}
	return nil
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

func (e *explainer) direction() string {
	for _, a := range e.answer.Position.Attributes {
		if a.Attribute == "direction" {
			return a.Value
		}
	}
	return ""
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

// inputFiles are the files that the release was made of.
func inputFiles(m store.Manifest) ([]ingest.File, error) {
	var files []ingest.File
	err := json.Unmarshal(m.Inputs, &files)
	return files, err
}
