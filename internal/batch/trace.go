package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/disclosures/render"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
	"comment11/transform"
)

// TraceQuestion names a cell: of the newest release of a date, of a release, or of the
// newest date that is published.
type TraceQuestion struct {
	Table, Block, Row, Column string // Block may be empty where one block alone has the row and column
	AsOf, Release             string
	Largest                   int // how many facts to name
}

// Trace is where a cell comes from: what it counts, in SQL and in words, the facts that
// add to its exact value, the rounding, and the rules that decided.
type Trace struct {
	AsOf        string          `json:"as_of_date"`
	Release     string          `json:"release"`
	ReleaseHash string          `json:"release_hash"`
	Table       string          `json:"table"`
	TableTitle  string          `json:"table_title"`
	Block       string          `json:"block"`
	BlockTitle  string          `json:"block_title"`
	Row         string          `json:"row"`
	RowLabel    string          `json:"row_label"`
	Column      string          `json:"column"`
	ColumnLabel string          `json:"column_label"`
	Measure     string          `json:"measure"`
	Exact       decimal.Decimal `json:"exact"`
	Displayed   int64           `json:"displayed"`
	Shown       string          `json:"shown"`
	Unit        string          `json:"unit"`
	Rounded     int64           `json:"conventionally_rounded"`
	Moved       int64           `json:"moved"` // displayed less conventionally rounded, in units
	Marks       []string        `json:"marks,omitempty"`
	Share       *TracedShare    `json:"share,omitempty"`
	Relation    string          `json:"relation"` // whose rows are counted
	Predicate   string          `json:"predicate"`
	Words       string          `json:"words"`
	Query       string          `json:"query,omitempty"` // for comment11 query, "" where the catalog does not have the relation
	Facts       int64           `json:"facts"`
	Sum         decimal.Decimal `json:"sum"` // of the facts: the exact value, or what a share is a share of
	Rules       []TracedRule    `json:"rules"`
	Columns     []string        `json:"columns"` // of the largest
	Largest     [][]string      `json:"largest"`
	Behind      *TracedFacts    `json:"behind,omitempty"`

	from, amount string // of the facts: FROM item, and the expression of the amount
	columns      []string
}

// TracedShare is a share's division: the cells are in the share's own block.
type TracedShare struct {
	PartColumn string          `json:"part_column"`
	Part       decimal.Decimal `json:"part"`
	WholeRow   string          `json:"whole_row"`
	Whole      decimal.Decimal `json:"whole"`
}

// TracedRule is a rule that decided an attribute of the cell's facts which the
// predicate names.
type TracedRule struct {
	Attribute string          `json:"attribute"`
	Rule      string          `json:"rule"`
	Because   string          `json:"because,omitempty"` // "" where the rules have changed since
	Facts     int64           `json:"facts"`
	Sum       decimal.Decimal `json:"sum"`
}

// TracedFacts are the facts from which rows that were netted first were made. They do
// not add to the cell.
type TracedFacts struct {
	Meaning string     `json:"meaning"`
	Facts   int64      `json:"facts"`
	Columns []string   `json:"columns"`
	Largest [][]string `json:"largest"`
}

// MostTraced is how many facts a trace names unless it is asked for more or fewer.
const MostTraced = 50

// FindCell finds where a cell comes from.
func FindCell(ctx context.Context, config configs.Config, question TraceQuestion) (Trace, error) {
	db, done, err := reading(ctx, config)
	if err != nil {
		return Trace{}, err
	}
	defer done()
	tracer, err := newTracer(ctx, config, db, question)
	if err != nil {
		return Trace{}, err
	}
	return tracer.trace(ctx, question)
}

// WriteFacts hands all facts of a cell on, the largest first: they add to its exact value.
func WriteFacts(ctx context.Context, config configs.Config, question TraceQuestion, sink store.Sink) error {
	db, done, err := reading(ctx, config)
	if err != nil {
		return err
	}
	defer done()
	tracer, err := newTracer(ctx, config, db, question)
	if err != nil {
		return err
	}
	question.Largest = 0
	t, err := tracer.trace(ctx, question)
	if err != nil {
		return err
	}
	return store.Stream(ctx, db, t.factsQuery(0), sink)
}

type tracer struct {
	Definitions // of the release
	db          *store.DB
	warehouse   store.Warehouse
	manifest    store.Manifest
	reasons     map[string]string // by rule id
}

func newTracer(ctx context.Context, config configs.Config, db *store.DB, question TraceQuestion) (*tracer, error) {
	t := &tracer{db: db, warehouse: Warehouse(config), reasons: map[string]string{}}
	manifests, err := t.warehouse.Manifests()
	if err != nil {
		return nil, err
	}
	if t.manifest, err = askedRelease(manifests, question.AsOf, question.Release); err != nil {
		return nil, err
	}
	if t.Definitions, err = definitionsOf(ctx, db, config, t.manifest); err != nil {
		return nil, err
	}
	for _, rules := range t.Rules {
		for _, rule := range rules {
			t.reasons[rule.ID] = rule.Because
		}
	}
	return t, nil
}

// definitionsOf are the definitions that a release keeps, or those of the config, where it
// is of a program that kept none.
func definitionsOf(ctx context.Context, db *store.DB, config configs.Config, m store.Manifest) (Definitions, error) {
	asOf, err := time.Parse(time.DateOnly, m.AsOfDate)
	if err != nil {
		return Definitions{}, err
	}
	texts, err := storedTexts(ctx, db, Warehouse(config), m)
	if errors.Is(err, errNoDefinitions) {
		return Define(config, asOf)
	}
	if err != nil {
		return Definitions{}, err
	}
	folder, err := os.MkdirTemp("", "comment11-")
	if err != nil {
		return Definitions{}, err
	}
	d, err := definedBy(config, texts, asOf, folder)
	return d, errors.Join(err, os.RemoveAll(folder))
}

// askedRelease finds the release by name, of the date where one is given too, or the
// newest published one of the date or of all.
func askedRelease(manifests []store.Manifest, asOf, name string) (store.Manifest, error) {
	if name != "" {
		return namedRelease(manifests, asOf, name)
	}
	published := slices.DeleteFunc(slices.Clone(manifests), func(m store.Manifest) bool {
		return m.Status != store.Published || m.Removed() || (asOf != "" && m.AsOfDate != asOf)
	})
	switch {
	case len(published) > 0:
		return slices.MaxFunc(published, compareAge), nil
	case asOf != "":
		return store.Manifest{}, notPublished(manifests, asOf)
	}
	return store.Manifest{}, fmt.Errorf("%w in this warehouse yet; run a date first: comment11 run --as-of DATE", ErrData)
}

// namedRelease finds a release by its name and, unless that is "", its date. Of one that
// retention removed nothing can be told.
func namedRelease(manifests []store.Manifest, asOf, name string) (store.Manifest, error) {
	i := slices.IndexFunc(manifests, func(m store.Manifest) bool { return m.Release == name && (asOf == "" || m.AsOfDate == asOf) })
	switch {
	case i < 0:
		return store.Manifest{}, fmt.Errorf("%w: there is no release %q; comment11 runs lists them", ErrUsage, name)
	case manifests[i].Removed():
		return store.Manifest{}, fmt.Errorf("%w: retention removed release %s", ErrData, name)
	}
	return manifests[i], nil
}

// compareAge orders releases by their dates, and those of one date as they were made.
func compareAge(a, b store.Manifest) int {
	return cmp.Or(strings.Compare(a.AsOfDate, b.AsOfDate), a.Sequence-b.Sequence)
}

// files is the FROM item of a relation of the release.
func (t *tracer) files(name string) string { return releaseFiles(t.warehouse, t.manifest, name) }

func (t *tracer) trace(ctx context.Context, question TraceQuestion) (Trace, error) {
	result, err := t.cell(ctx, question)
	if err != nil {
		return result, err
	}
	measure, predicate := result.Measure, result.Predicate
	expected := result.Exact
	if base, isShare := strings.CutPrefix(measure, disclosures.ShareMeasure); isShare {
		if result.Share, measure, err = t.share(ctx, result, base); err != nil {
			return result, err
		}
		expected = result.Share.Part
	}
	if err := t.relation(ctx, &result, measure); err != nil {
		return result, err
	}
	words, err := store.Words(ctx, t.db, []string{predicate})
	if err != nil {
		return result, err
	}
	result.Words = words[0]
	if store.InCatalog(result.Relation, CatalogViews()) {
		result.Query = fmt.Sprintf("select count(*), sum(%s) from %s_all_releases where release = %s and %s", measureSQL(measure), result.Relation, store.Literal(t.manifest.Release), predicate)
	}
	if err := t.sum(ctx, &result); err != nil {
		return result, err
	}
	if !result.Sum.Equal(expected) {
		return result, fmt.Errorf("%w: the facts of cell %s/%s/%s/%s come to %s, and the cell says %s; comment11 verify says which is damaged",
			ErrData, result.Table, result.Block, result.Row, result.Column, result.Sum, expected)
	}
	if question.Largest > 0 {
		if result.Largest, err = t.largest(ctx, result, question.Largest); err != nil {
			return result, err
		}
		if result.Relation == "downgraded_netting_sets" {
			result.Behind, err = t.netted(ctx, result, question.Largest)
		}
	}
	return result, err
}

// cell reads the cell of the question.
func (t *tracer) cell(ctx context.Context, q TraceQuestion) (Trace, error) {
	table, err := store.Query(ctx, t.db, fmt.Sprintf(`
select c.block_id, t.title, c.block_title, c.row_label, c.column_label, c.measure, c.predicate, c.exact, c.displayed, c.unit, c.moved, t.relation, t.scope
from %s as c join %s as t on t.table_id = c.table_id
where c.table_id = ? and c.row_id = ? and c.column_id = ? and (? = '' or c.block_id = ?) order by c.block_number`, t.files("cells"), t.files("tables")),
		q.Table, q.Row, q.Column, q.Block, q.Block)
	if err != nil {
		return Trace{}, err
	}
	switch {
	case len(table.Rows) == 0:
		return Trace{}, t.noCell(ctx, q)
	case len(table.Rows) > 1:
		var blocks []string
		for _, row := range table.Rows {
			blocks = append(blocks, row[0].(string))
		}
		return Trace{}, fmt.Errorf("%w: %s has the row and column in several blocks; name one with --block: %s", ErrUsage, q.Table, strings.Join(blocks, ", "))
	}
	row := table.Rows[0]
	text := func(i int) string { return row[i].(string) }
	result := Trace{AsOf: t.manifest.AsOfDate, Release: t.manifest.Release, ReleaseHash: t.manifest.ReleaseHash,
		Table: q.Table, TableTitle: text(1), Block: text(0), BlockTitle: text(2), Row: q.Row, RowLabel: text(3), Column: q.Column, ColumnLabel: text(4),
		Measure: text(5), Predicate: text(6), Exact: row[7].(decimal.Decimal), Displayed: row[8].(int64), Shown: render.Figure(row[8].(int64)),
		Unit: text(9), Moved: row[10].(int64), Rounded: row[8].(int64) - row[10].(int64), Relation: text(11), Rules: []TracedRule{}, Largest: [][]string{}}
	marks, err := store.Query(ctx, t.db, fmt.Sprintf("select mark, facts, amount from %s where table_id = ? and block_id = ? and row_id = ? and column_id = ? order by mark",
		t.files("cell_marks")), q.Table, result.Block, q.Row, q.Column)
	for _, m := range marks.Rows {
		result.Marks = append(result.Marks, fmt.Sprintf("%s: %d facts, %s", m[0], m[1], m[2]))
	}
	return result, err
}

// noCell says what the release has in the place of a cell that it does not have.
func (t *tracer) noCell(ctx context.Context, q TraceQuestion) error {
	given := []struct{ what, column, value string }{{"table", "table_id", q.Table}, {"block", "block_id", q.Block}, {"row", "row_id", q.Row}, {"column", "column_id", q.Column}}
	where := "true"
	for _, g := range given {
		if g.value == "" {
			continue
		}
		table, err := store.Query(ctx, t.db, fmt.Sprintf("select distinct %s from %s where %s order by 1", g.column, t.files("cells"), where))
		if err != nil {
			return err
		}
		var known []string
		for _, row := range table.Rows {
			known = append(known, row[0].(string))
		}
		if !slices.Contains(known, g.value) {
			return fmt.Errorf("%w: release %s has no %s %q there; %s", ErrUsage, t.manifest.Release, g.what, g.value, strictyaml.Hint(g.value, known))
		}
		where += " and " + g.column + " = " + store.Literal(g.value)
	}
	return fmt.Errorf("%w: release %s has no cell %s %s %s", ErrUsage, t.manifest.Release, q.Table, q.Row, q.Column)
}

// share finds what the share is a share of, and the measure that it divides.
func (t *tracer) share(ctx context.Context, result Trace, base string) (*TracedShare, string, error) {
	table, err := store.Query(ctx, t.db, fmt.Sprintf(`
select row_id, exact, measure, row_id = ? as is_part from %s
where table_id = ? and block_id = ? and column_id = ? and (row_id = ? or (parent_row_id = '' and not memo)) order by row_number`, t.files("cells")),
		result.Row, result.Table, result.Block, base, result.Row)
	if err != nil {
		return nil, "", err
	}
	s, measure := &TracedShare{PartColumn: base}, ""
	for _, row := range table.Rows {
		if row[3].(bool) {
			s.Part, measure = row[1].(decimal.Decimal), row[2].(string)
		}
		if s.WholeRow == "" && (!row[3].(bool) || len(table.Rows) == 1) {
			s.WholeRow, s.Whole = row[0].(string), row[1].(decimal.Decimal)
		}
	}
	if measure == "" || s.WholeRow == "" {
		return nil, "", fmt.Errorf("cell %s/%s/%s/%s is a share, and its block does not have the column %s", result.Table, result.Block, result.Row, result.Column, base)
	}
	return s, measure, nil
}

// shownColumns are the columns of facts that a trace shows, where the relation has them.
var shownColumns = []string{"source_system", "position_id", "slice", "adjustment_id", "event_id", "kind", "event_date", "booking_date",
	"instrument", "direction", "purpose", "counterparty_id", "reference_entity_id", "currency", "notional_local", "realized_local"}

// relation makes the rows that the cell counts a relation of the database.
func (t *tracer) relation(ctx context.Context, result *Trace, measure string) error {
	scope, err := store.Scalar[string](ctx, t.db, "select scope from "+t.files("tables")+" where table_id = ?", result.Table)
	if err != nil {
		return err
	}
	result.from = result.Relation
	places, query, err := disclosures.FactByFact(result.Relation, scope)
	if err != nil {
		return err
	}
	if query != "" {
		if err := t.factByFact(ctx, result.Relation, places, query); err != nil {
			return err
		}
		result.from = "traced"
	} else if err := t.view(ctx, result.Relation); err != nil {
		return err
	}
	described, err := store.Query(ctx, t.db, "describe "+result.from)
	if err != nil {
		return err
	}
	has := map[string]bool{}
	var others []string // than amounts
	for _, row := range described.Rows {
		has[row[0].(string)] = true
		if !strings.HasPrefix(row[1].(string), "DECIMAL") {
			others = append(others, row[0].(string))
		}
	}
	result.columns = slices.DeleteFunc(slices.Clone(shownColumns), func(c string) bool { return !has[c] })
	if set, known := position.Find(result.Relation); known && query == "" {
		for _, key := range set.Keys() {
			if has[key] && !slices.Contains(result.columns, key) {
				result.columns = append(result.columns, key)
			}
		}
	}
	if len(result.columns) == 0 {
		result.columns = others
	}
	result.amount = measureSQL(measure)
	result.Columns = append(slices.Clone(result.columns), "amount")
	for _, attribute := range transform.Attributes {
		if has[attribute+"_rule"] && strings.Contains(result.Predicate, store.Identifier(attribute)) {
			result.Rules = append(result.Rules, TracedRule{Attribute: attribute})
		}
	}
	return nil
}

func measureSQL(measure string) string {
	if measure == "count" {
		return "cast(1 as decimal(18, 2))"
	}
	return store.Identifier(measure)
}

// view makes a relation of the release a view, with the columns that readers know.
func (t *tracer) view(ctx context.Context, name string) error {
	for _, view := range CatalogViews() {
		_, stored := t.manifest.Relation(view.Relation)
		if view.Name != name || !stored {
			continue
		}
		query, err := view.Query(t.manifest, store.ReadParquet(t.warehouse.Files(t.manifest, view.Relation)))
		if err != nil {
			return err
		}
		return t.db.CreateView(ctx, name, strings.ReplaceAll(query, "conflicts_all_releases", t.files("conflicts")))
	}
	if _, stored := t.manifest.Relation(name); !stored {
		set, known := position.Find(name)
		if !known {
			return fmt.Errorf("%w: release %s does not have the relation %s", ErrData, t.manifest.Release, name)
		}
		return t.db.Run(ctx, "drop table if exists "+name, set.CreateTable(name)) // a data set that was not delivered; several tables may ask for it
	}
	return t.db.CreateView(ctx, name, "select * from "+t.files(name))
}

// factByFact makes the relation traced, which has a row per fact in the place of sums.
func (t *tracer) factByFact(ctx context.Context, relation, places, query string) error {
	for _, name := range []string{"facts", "counterparties", relation} {
		if err := t.view(ctx, name); err != nil {
			return err
		}
	}
	if err := transform.CounterpartiesAsOf(ctx, t.db, t.AsOf, t.Maps); err != nil {
		return err
	}
	if err := t.db.CreateTable(ctx, "ranked", places); err != nil {
		return err
	}
	return t.db.CreateView(ctx, "traced", query)
}

// sum counts and adds up the facts, by the rules that decided.
func (t *tracer) sum(ctx context.Context, result *Trace) error {
	var attributes []string
	for _, r := range result.Rules {
		attributes = append(attributes, r.Attribute)
	}
	result.Rules = []TracedRule{}
	var rulesOf []string
	for _, a := range attributes {
		rulesOf = append(rulesOf, a+"_rule")
	}
	query := fmt.Sprintf("count(*), cast(coalesce(sum(%s), 0) as decimal(38, 2)) from %s where %s", result.amount, result.from, result.Predicate)
	if by := strings.Join(rulesOf, ", "); by != "" {
		query = by + ", " + query + " group by " + by
	}
	table, err := store.Query(ctx, t.db, "select "+query)
	if err != nil {
		return err
	}
	rules := map[[2]string]TracedRule{}
	for _, row := range table.Rows {
		facts, sum := row[len(attributes)].(int64), row[len(attributes)+1].(decimal.Decimal)
		result.Facts, result.Sum = result.Facts+facts, result.Sum.Add(sum)
		for i, a := range attributes {
			rule, _ := row[i].(string)
			r := rules[[2]string{a, rule}]
			rules[[2]string{a, rule}] = TracedRule{Attribute: a, Rule: rule, Because: t.reasons[rule], Facts: r.Facts + facts, Sum: r.Sum.Add(sum)}
		}
	}
	for _, r := range rules {
		result.Rules = append(result.Rules, r)
	}
	slices.SortFunc(result.Rules, func(a, b TracedRule) int {
		return cmp.Or(slices.Index(attributes, a.Attribute)-slices.Index(attributes, b.Attribute), strings.Compare(a.Rule, b.Rule))
	})
	return nil
}

// factsQuery is the SELECT of the facts, the largest first; most 0 is all of them.
func (t Trace) factsQuery(most int) string {
	list := strings.Join(t.columns, ", ")
	query := fmt.Sprintf("select %s, cast(%s as decimal(38, 2)) as amount from %s where %s order by abs(amount) desc nulls last, %s", list, t.amount, t.from, t.Predicate, list)
	if most > 0 {
		query += fmt.Sprintf(" limit %d", most)
	}
	return query
}

// largest gives the largest facts. The least of their amounts is found first, so that
// the other columns are read of few facts.
func (t *tracer) largest(ctx context.Context, result Trace, most int) ([][]string, error) {
	if strings.HasPrefix(result.amount, "cast") { // a count: all are alike
		return t.rows(ctx, result.factsQuery(most))
	}
	table, err := store.Query(ctx, t.db, fmt.Sprintf("select cast(min(abs(amount)) as decimal(38, 2)), count(amount) from (select %s as amount from %s where %s order by abs(amount) desc nulls last limit %d)",
		result.amount, result.from, result.Predicate, most))
	if err != nil {
		return nil, err
	}
	if least, ok := table.Rows[0][0].(decimal.Decimal); ok && table.Rows[0][1].(int64) == int64(most) {
		result.Predicate += fmt.Sprintf(" and (%[1]s >= %[2]s or %[1]s <= -%[2]s)", result.amount, least.StringFixed(2))
	}
	return t.rows(ctx, result.factsQuery(most))
}

// rows gives a result as texts.
func (t *tracer) rows(ctx context.Context, query string) ([][]string, error) {
	table, err := store.Query(ctx, t.db, query)
	list := [][]string{}
	for _, row := range table.Rows {
		texts := make([]string, len(row))
		for i, value := range row {
			texts[i] = traceText(value)
		}
		list = append(list, texts)
	}
	return list, err
}

func traceText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case decimal.Decimal:
		return v.StringFixed(max(0, -v.Exponent()))
	case time.Time:
		return v.Format(time.DateOnly)
	}
	return fmt.Sprint(value)
}

// netted gives the facts of the netting sets that the cell counts, whatever type of
// counterparty they give.
func (t *tracer) netted(ctx context.Context, result Trace, most int) (*TracedFacts, error) {
	if err := t.view(ctx, "facts"); err != nil {
		return nil, err
	}
	scope, err := store.Scalar[string](ctx, t.db, "select scope from "+t.files("tables")+" where table_id = ?", result.Table)
	if err != nil {
		return nil, err
	}
	within := fmt.Sprintf(`
from facts as f join (select distinct netting_set_id, counterparty_id, counterparty_type from downgraded_netting_sets where %s) as s
  on f.netting_set_id is not distinct from s.netting_set_id and f.counterparty_id is not distinct from s.counterparty_id
  and (s.netting_set_id is not null or f.counterparty_type = s.counterparty_type)
where f.%s = 'external' and not f.funded`, result.Predicate, position.ScopeColumn(scope))
	behind := &TracedFacts{Meaning: "positions of these netting sets, with their fair values, which were netted first",
		Columns: []string{"netting_set_id", "source_system", "position_id", "instrument", "direction", "counterparty_id", "notional", "fair_value"}}
	if behind.Facts, err = store.Scalar[int64](ctx, t.db, "select count(*) "+within); err != nil {
		return nil, err
	}
	columns := "f." + strings.Join(behind.Columns, ", f.")
	behind.Largest, err = t.rows(ctx, fmt.Sprintf("select %s %s order by abs(f.fair_value) desc nulls last, f.source_system, f.position_id, f.slice, f.adjustment_id limit %d", columns, within, most))
	return behind, err
}
