package batch

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/internal/store"
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
	manifests, err := w.Manifests()
	if err != nil {
		return Explanation{}, err
	}
	m, err := askedRelease(manifests, q.AsOf, q.Release)
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
		case folder == "maps" || folder == "sql" || name == configName:
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
