package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/ingest"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
)

// ExplainedRecord is a record of a file, and what became of it.
type ExplainedRecord struct {
	DataSet string `json:"data_set"`
	File    string `json:"file"`
	Record  int64  `json:"record"`
	Status  string `json:"status"` // taken, excluded or rejected
	// Reasons are why it was not taken, each with what to do.
	Reasons  []RecordReason   `json:"reasons,omitempty"`
	Currency string           `json:"currency,omitempty"`
	Notional *decimal.Decimal `json:"notional,omitempty"` // as far as it could be read
	Value    *decimal.Decimal `json:"fair_value,omitempty"`
	Raw      string           `json:"raw,omitempty"` // of a record that was not taken
}

// RecordReason is one reason why a record was not taken.
type RecordReason struct {
	Reason  string `json:"reason"`
	Column  string `json:"column,omitempty"`
	Value   string `json:"value,omitempty"`
	Message string `json:"message"`
}

// exclusionMeanings say what each reason to leave a record out means, and what to
// do where that was not meant.
var exclusionMeanings = map[string]string{
	"where":          "the source's where leaves it out; change that in the config if it belongs to the book",
	"expired":        "it had matured, or its option had expired, before the as-of date; a status of triggered_unsettled would keep it",
	"not_yet_traded": "its trade date, or the day of the event or value that it tells, is after the as-of date; the run of that date takes it",
	"superseded":     "another record of the same key has a higher version, and that one counts",
	"not_credit":     "it is no credit derivative",
	"no_trade":       "the document has no trade, or only asks, answers or alleges something of one",
	"event":          "the message changes another record, which has it",
	"repeated":       "it is the same message again",
	"cancelled":      "a message cancelled the trade",
	"terminated":     "a message terminated the trade, or its option was exercised or lapsed",
	"novated":        "a message moved the trade to others",
}

// explainRecord explains the record that is asked for; one that was taken as a
// position is explained as that.
func (e *explainer) explainRecord(ctx context.Context) error {
	files, err := inputFiles(e.manifest)
	if err != nil {
		return err
	}
	var names []string
	var sets []string
	for _, f := range files {
		names = append(names, f.Name)
		if f.Name != e.question.File {
			continue
		}
		if e.question.Record < 1 || e.question.Record > f.Records {
			return fmt.Errorf("%w: %s has %d records in release %s; there is no record %d, the first after the header is 1",
				ErrUsage, f.Name, f.Records, e.manifest.Release, e.question.Record)
		}
		sets = append(sets, f.DataSet)
	}
	if len(sets) == 0 {
		slices.Sort(names)
		return fmt.Errorf("%w: release %s was made of no file %q; %s", ErrUsage, e.manifest.Release, e.question.File, strictyaml.Hint(e.question.File, names))
	}
	for _, set := range sets { // a file may be delivered for several data sets
		record, err := e.notTaken(ctx, set, e.question.File, e.question.Record)
		if err != nil {
			return err
		}
		if record != nil {
			e.answer.Record = record
			return nil
		}
	}
	e.answer.Record = &ExplainedRecord{DataSet: sets[0], File: e.question.File, Record: e.question.Record, Status: "taken"}
	if !slices.Contains(sets, "positions") {
		return nil
	}
	return e.explainTaken(ctx)
}

// explainTaken explains the position that a taken record is.
func (e *explainer) explainTaken(ctx context.Context) error {
	structural, _ := e.files("structural_rejects")
	before, err := store.Scalar[int64](ctx, e.db, fmt.Sprintf("select count(*) from %s where data_set = 'positions' and source_file = %s and record < %d",
		structural, store.Literal(e.question.File), e.question.Record))
	if err != nil {
		return err
	}
	found, err := store.Query(ctx, e.db, fmt.Sprintf("select position_id, coalesce(source_system, '') from (%s)", e.recordRows("r.position_id, r.source_system,",
		fmt.Sprintf("source_file = %s and file_row_number = %d", store.Literal(e.question.File), e.question.Record-1-before))))
	if err != nil {
		return err
	}
	if len(found.Rows) != 1 {
		return fmt.Errorf("%s:%d was taken, and %d records of release %s are it: the release is damaged; comment11 verify says where",
			e.question.File, e.question.Record, len(found.Rows), e.manifest.Release)
	}
	e.question.Position, e.question.SourceSystem = found.Rows[0][0].(string), found.Rows[0][1].(string)
	return e.explainPosition(ctx)
}

// notTaken gives a record that was rejected or excluded, and nil where it was not.
func (e *explainer) notTaken(ctx context.Context, dataSet, file string, number int64) (*ExplainedRecord, error) {
	where := fmt.Sprintf("data_set = %s and file = %s and record = %d", store.Literal(dataSet), store.Literal(file), number)
	rejects, err := e.rows(ctx, "column_name, value, reason, currency, notional, raw", "rejects", where+" order by fault")
	if err != nil {
		return nil, err
	}
	if len(rejects) > 0 {
		first := rejects[0]
		record := &ExplainedRecord{DataSet: dataSet, File: file, Record: number, Status: "rejected", Currency: textOf(first[3]), Notional: amountOf(first[4]), Raw: textOf(first[5])}
		for _, row := range rejects {
			reject := ingest.Reject{DataSet: dataSet, File: file, Record: number, Column: textOf(row[0]), Value: textOf(row[1]), Reason: textOf(row[2])}
			record.Reasons = append(record.Reasons, RecordReason{Reason: reject.Reason, Column: reject.Column, Value: reject.Value,
				Message: strings.TrimPrefix(reject.String(), fmt.Sprintf("%s:%d: ", file, number))})
		}
		return record, nil
	}
	exclusions, err := e.rows(ctx, "reason, currency, notional, fair_value, raw", "exclusions", where)
	if err != nil || len(exclusions) == 0 {
		return nil, err
	}
	row := exclusions[0]
	return &ExplainedRecord{DataSet: dataSet, File: file, Record: number, Status: "excluded", Currency: textOf(row[1]), Notional: amountOf(row[2]), Value: amountOf(row[3]), Raw: textOf(row[4]),
		Reasons: []RecordReason{{Reason: textOf(row[0]), Message: exclusionMeanings[textOf(row[0])]}}}, nil
}

// unknownPosition says what is known of an identity that no position of the release
// has: records that were not taken, an adjustment, other releases, or names like it.
func (e *explainer) unknownPosition(ctx context.Context) error {
	id := e.question.Position
	if _, known := e.manifest.Relation("positions_records"); known {
		found, err := store.Query(ctx, e.db, e.recordRows("", "position_id = "+store.Literal(id))+" order by source_file, record")
		if err != nil {
			return err
		}
		if len(found.Rows) > 0 {
			return e.notTakenError(ctx, found.Rows)
		}
	}
	// A record that could not be read has no identity, but its text does.
	rejects, err := e.rows(ctx, "distinct file, 'rejected', record", "rejects", "data_set = 'positions' and contains(raw, "+store.Literal(id)+") order by file, record limit 5")
	if err != nil {
		return err
	}
	if len(rejects) > 0 {
		return e.notTakenError(ctx, rejects)
	}
	adjusted, err := e.rows(ctx, "coalesce(position_id, '')", "facts", "adjustment_id = "+store.Literal(id)+" limit 1")
	if err != nil {
		return err
	}
	if len(adjusted) > 0 {
		hint := "it names no position"
		if named := adjusted[0][0].(string); named != "" {
			hint = "comment11 explain " + named + " tells of the position that it adjusts"
		}
		return fmt.Errorf("%w: %q is an adjustment of release %s and no position; %s", ErrUsage, id, e.manifest.Release, hint)
	}
	return e.nearestError(ctx)
}

// notTakenError names records that were not taken, with file, number and reason.
func (e *explainer) notTakenError(ctx context.Context, rows [][]any) error {
	text := ""
	for _, row := range rows {
		file, number := row[0].(string), row[2].(int64)
		record, err := e.notTaken(ctx, "positions", file, number)
		if err != nil {
			return err
		}
		if record == nil {
			continue
		}
		text += fmt.Sprintf("\n  %s:%d was %s", file, number, record.Status)
		for _, reason := range record.Reasons {
			text += ": " + reason.Message
		}
		text += fmt.Sprintf("\n    comment11 explain --release %s --file %s --record %d", e.manifest.Release, file, number)
	}
	return fmt.Errorf("%w under %q in release %s:%s", ErrData, e.question.Position, e.manifest.Release, text)
}

// nearestError says that nothing has that name, and what comes near.
func (e *explainer) nearestError(ctx context.Context) error {
	const mostReleases = 20 // that are searched for it
	shown, err := e.warehouse.Shown()
	if err != nil {
		return err
	}
	id := store.Literal(e.question.Position)
	slices.SortFunc(shown, func(a, b store.Manifest) int { return b.Sequence - a.Sequence })
	for _, m := range shown[:min(len(shown), mostReleases)] {
		if m.Release == e.manifest.Release {
			continue
		}
		there, err := store.Scalar[bool](ctx, e.db, "select exists (select 1 from "+releaseFiles(e.warehouse, m, "facts")+" where position_id = "+id+")")
		if err != nil {
			return err
		}
		if there {
			return fmt.Errorf("%w: release %s has no position %q; release %s of %s has: comment11 explain --release %s %s",
				ErrUsage, e.manifest.Release, e.question.Position, m.Release, m.AsOfDate, m.Release, e.question.Position)
		}
	}
	near, err := e.rows(ctx, "distinct position_id, levenshtein(lower(position_id), lower("+id+")) as steps", "facts",
		"position_id is not null and (levenshtein(lower(position_id), lower("+id+")) <= 2 or contains(lower(position_id), lower("+id+"))) order by steps, position_id limit 3")
	if err != nil {
		return err
	}
	hint := "comment11 query 'select position_id from positions' lists them"
	if len(near) > 0 {
		var names []string
		for _, row := range near {
			names = append(names, row[0].(string))
		}
		hint = "near it are " + strings.Join(names, ", ")
	}
	return fmt.Errorf("%w: release %s of %s has no position %q; %s", ErrUsage, e.manifest.Release, e.manifest.AsOfDate, e.question.Position, hint)
}
