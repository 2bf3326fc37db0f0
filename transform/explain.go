package transform

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"comment11/internal/store"
)

// Decision is how the rules decided one attribute of one position, by its labels:
// evidence may give a purpose anew afterwards.
type Decision struct {
	Attribute string       `json:"attribute"`
	Value     string       `json:"value"`
	Rule      *MatchedRule `json:"rule"`      // that decided; null: none fits, which is unclassified
	Fields    []Field      `json:"fields"`    // that decided; where none fits all that the rules ask for
	Next      *MatchedRule `json:"next_rule"` // that would have decided without that one; null: none
}

// MatchedRule is a rule that fits a position.
type MatchedRule struct {
	ID      string `json:"id"`
	File    string `json:"file"`
	Line    int    `json:"line"` // of its condition
	When    string `json:"when"`
	Because string `json:"because"`
	Value   string `json:"value"` // that it gives
}

// Field is a column of the joined position, with its value.
type Field struct {
	Name  string  `json:"name"`
	Value *string `json:"value"`
	// Source says where it comes from, "" for a column of the position itself.
	Source string `json:"source,omitempty"`
}

// Explained is what the rules make of the one position of a database.
type Explained struct {
	Decisions []Decision
	Columns   map[string]*string // of the joined and classified position
	// Underlying is what the protection is on, as in the relation
	// identical_underlyings; "" where it takes no part in that.
	Underlying string
}

// Explain classifies the one position in the database and tells how each attribute
// was decided. It needs what Prepare needs.
func Explain(ctx context.Context, db *store.DB, in Input) (Explained, error) {
	explained := Explained{Columns: map[string]*string{}}
	compiled, err := Prepare(ctx, db, in)
	if err != nil {
		return explained, err
	}
	p := parameters{Input: in, compiled: compiled}
	if err := createTable(ctx, db, "explained", "classified", p); err != nil {
		return explained, err
	}
	if err := explained.readColumns(ctx, db); err != nil {
		return explained, err
	}
	for _, attribute := range Attributes {
		decision, err := explained.decide(ctx, db, compiled[attribute])
		if err != nil {
			return explained, fmt.Errorf("explaining %s: %w", attribute, err)
		}
		explained.Decisions = append(explained.Decisions, decision)
	}
	explained.Underlying, err = store.Scalar[string](ctx, db, fmt.Sprintf("select coalesce(case when %s then %s end, '') from explained",
		p.IsProtection(), p.Underlying()))
	return explained, err
}

// readColumns reads all columns as texts.
func (e *Explained) readColumns(ctx context.Context, db *store.DB) error {
	described, err := store.Query(ctx, db, "describe explained")
	if err != nil {
		return err
	}
	texts := make([]string, len(described.Rows))
	for i, row := range described.Rows {
		texts[i] = "cast(" + store.Identifier(row[0].(string)) + " as varchar)"
	}
	table, err := store.Query(ctx, db, "select "+strings.Join(texts, ", ")+" from explained")
	if err != nil {
		return err
	}
	if len(table.Rows) != 1 {
		return fmt.Errorf("%d positions to explain; expected one", len(table.Rows))
	}
	for i, row := range described.Rows {
		e.Columns[row[0].(string)] = nil
		if text, ok := table.Rows[0][i].(string); ok {
			e.Columns[row[0].(string)] = &text
		}
	}
	return nil
}

// decide asks every rule of an attribute whether it fits, and what it would give.
func (e *Explained) decide(ctx context.Context, db *store.DB, c compiledRules) (Decision, error) {
	decision := Decision{Attribute: c.attribute, Value: "unclassified", Fields: []Field{}}
	items := make([]string, 0, 2*len(c.rules))
	for i := range c.rules {
		items = append(items, "coalesce("+c.when[i]+", false)", "cast("+c.then[i].sql+" as varchar)")
	}
	if len(items) == 0 {
		return decision, nil
	}
	table, err := store.Query(ctx, db, "select "+strings.Join(items, ", ")+" from explained")
	if err != nil {
		return decision, err
	}
	for i, rule := range c.rules {
		if fits, _ := table.Rows[0][2*i].(bool); !fits {
			continue
		}
		value, _ := table.Rows[0][2*i+1].(string)
		matched := &MatchedRule{ID: rule.ID, File: rule.When.File, Line: rule.When.Line, When: rule.When.Value, Because: rule.Because, Value: value}
		if decision.Rule != nil {
			decision.Next = matched
			break
		}
		decision.Rule, decision.Value = matched, value
		decision.Fields = e.fields(c.when[i], c.then[i].sql)
	}
	if decision.Rule == nil {
		decision.Fields = e.fields(c.when...)
	}
	return decision, nil
}

var (
	textLiteral  = regexp.MustCompile(`'(?:[^']|'')*'`)
	quotedColumn = regexp.MustCompile(`"([a-z0-9_]+)"`)
)

// fields are the columns that compiled expressions name, in their order.
func (e *Explained) fields(expressions ...string) []Field {
	fields := []Field{}
	for _, match := range quotedColumn.FindAllStringSubmatch(textLiteral.ReplaceAllString(strings.Join(expressions, " "), ""), -1) {
		name := match[1]
		value, known := e.Columns[name]
		if known && !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			fields = append(fields, Field{Name: name, Value: value, Source: e.source(name)})
		}
	}
	return fields
}

// derivedFields are the columns of the relation joined that are no columns of a
// position: by what they are found, and in which columns of it.
var derivedFields = map[string]struct {
	by   string
	from []string
}{
	"agency_grade":                    {"data set reference_entities, map ratings", []string{"reference_entity_id"}},
	"book_known":                      {"data set books", []string{"book"}},
	"counterparty_known":              {"data set counterparties", []string{"counterparty_id"}},
	"detail_of_book":                  {"data set books", []string{"book"}},
	"detail_of_code":                  {"map purpose_details", []string{"purpose_code"}},
	"entity_of_counterparty":          {"data set counterparties", []string{"counterparty_id"}},
	"factor_of_index":                 {"data set indices", []string{"index_name", "index_series", "index_version"}},
	"five_years_on":                   {"the as-of date", nil},
	"grade_of_trade":                  {"map ratings", []string{"reference_rating"}},
	"hedge_group":                     {"data set reference_entities", []string{"reference_entity_id"}},
	"index_grade":                     {"data set indices", []string{"index_name", "index_series", "index_version"}},
	"instrument":                      {"the rules of instrument", nil},
	"internal_grade":                  {"data set reference_entities", []string{"reference_entity_id"}},
	"kind_of_reference":               {"data set reference_entities", []string{"reference_entity_id"}},
	"sector_of_reference":             {"data set reference_entities", []string{"reference_entity_id"}},
	"last_date":                       {"expiry of an option, else maturity", []string{"role", "option_expiry_date", "maturity_date"}},
	"one_year_on":                     {"the as-of date", nil},
	"product_instrument":              {"map products", []string{"product"}},
	"purpose_of_book":                 {"data set books, map purposes", []string{"book"}},
	"purpose_of_code":                 {"map purposes", []string{"purpose_code"}},
	"reference_entity_known":          {"data set reference_entities", []string{"reference_entity_id"}},
	"type_of_counterparty":            {"data set counterparties, map counterparty_types", []string{"counterparty_id"}},
	"unknown_ratings_of_counterparty": {"data set counterparties, map ratings", []string{"counterparty_id"}},
	"unknown_ratings_of_reference":    {"data set reference_entities, map ratings", []string{"reference_entity_id"}},
	"type_of_trade":                   {"map counterparty_types", []string{"counterparty_type"}},
}

// source says where a derived column comes from, with what it was found by.
func (e *Explained) source(name string) string {
	derived, ok := derivedFields[name]
	if !ok {
		return ""
	}
	parts := []string{derived.by}
	for _, column := range derived.from {
		if value := e.Columns[column]; value != nil {
			parts = append(parts, column+" "+*value)
		}
	}
	return strings.Join(parts, ", ")
}
