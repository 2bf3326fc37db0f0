package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/internal/position"
	"comment11/internal/store"
)

// Plan is what the run of a date would change, before it does: against the newest
// published release of the date, and of earlier period ends.
type Plan struct {
	Comparison
	Kind       string             `json:"kind"`        // that the release would have; unchanged: none would be made
	Holds      []position.Control `json:"would_hold"`  // controls that would hold it
	Counts     map[string]int64   `json:"counts"`      // records, taken, excluded and rejected positions, and facts
	PeriodEnds []Comparison       `json:"period_ends"` // earlier ones, evaluated again
	// Left are earlier period ends that were not evaluated again, because there were
	// more than was asked for.
	Left []string `json:"period_ends_left_out"`
}

// Comparison is what changes in the cells of one release.
type Comparison struct {
	AsOfDate string        `json:"as_of_date"`
	Release  string        `json:"release"` // that stands
	Changed  []string      `json:"what_changed"`
	Moves    []Move        `json:"moves"`
	Cells    []PlannedCell `json:"cells"`
	Rounded  []string      `json:"rounded"` // cells that would be displayed otherwise and have the exact value that they have
	// Error says why a period end could not be evaluated again.
	Error string `json:"error,omitempty"`
}

// Move is money that leaves one cell of a block for another.
type Move struct {
	Table     string                     `json:"table"`
	Block     string                     `json:"block"`
	Measure   string                     `json:"measure"`
	From      Cell                       `json:"from"`
	To        Cell                       `json:"to"`
	Amount    decimal.Decimal            `json:"amount"`
	Positions int64                      `json:"positions"` // all of them; of realized events their number
	Causes    map[string]decimal.Decimal `json:"causes"`
	Behind    []MovedPosition            `json:"behind"` // the largest, as many as were asked for
}

// Cell is a cell of a block. Outside stands for what the block takes no facts of.
type Cell struct {
	Row    string `json:"row"`
	Column string `json:"column"`
}

// Outside is where facts are that no cell of a block takes.
var Outside = Cell{Row: "(outside)"}

// MovedPosition is what one position, adjustment or realized event adds to a move.
type MovedPosition struct {
	SourceSystem string          `json:"source_system,omitempty"`
	Position     string          `json:"position,omitempty"`
	Adjustment   string          `json:"adjustment,omitempty"`
	Event        string          `json:"event,omitempty"`
	Amount       decimal.Decimal `json:"amount"`
}

// Name is what people call it.
func (p MovedPosition) Name() string {
	return cmp.Or(p.Adjustment, p.Event, p.Position)
}

// PlannedCell is a cell whose figure changes. Of one that has no parts, what moves in
// less what moves out and what changes for other reasons add up to the difference.
type PlannedCell struct {
	Table      string                     `json:"table"`
	Block      string                     `json:"block"`
	Row        string                     `json:"row"`
	Column     string                     `json:"column"`
	Measure    string                     `json:"measure"`
	Before     decimal.Decimal            `json:"before"`
	After      decimal.Decimal            `json:"after"`
	Difference decimal.Decimal            `json:"difference"`
	Total      bool                       `json:"total"` // or a memo row: no money is moved to it by itself
	MovedIn    decimal.Decimal            `json:"moved_in"`
	MovedOut   decimal.Decimal            `json:"moved_out"`
	Other      map[string]decimal.Decimal `json:"other"` // by cause
}

// PlanOptions are how much a plan tells.
type PlanOptions struct {
	Positions  int    // named behind each move, the largest first
	PeriodEnds int    // earlier ones that are evaluated again, the latest first
	Table      string // the only one that is asked for, which must be known; "": all
}

// MakePlan does what the run of a date would do, in a folder outside of the
// warehouse, and compares it with what is published. Nothing is written in the
// warehouse, and no lock is taken.
func MakePlan(ctx context.Context, config configs.Config, options Options, how PlanOptions) (plan Plan, err error) {
	if !config.Calendar.IsDue(options.AsOf) {
		return plan, fmt.Errorf("%w: %s is no due date: neither a business day nor a fiscal period end of the calendar in %s",
			ErrUsage, options.AsOf.Format(time.DateOnly), filepath.Base(config.File))
	}
	options.Force, options.DryRun = true, true
	w := options.warehouse(config)
	shown, err := w.Shown()
	if err != nil {
		return plan, err
	}
	before, ok := newestOf(shown, options.AsOf.Format(time.DateOnly))
	if !ok {
		return plan, fmt.Errorf("%w: no release of %[2]s is published, so that there is nothing to compare with; comment11 run --as-of %[2]s --dry-run does all but publish",
			ErrData, options.AsOf.Format(time.DateOnly))
	}
	definitions, err := Define(config, options.AsOf)
	if err != nil {
		return plan, err
	}
	var tables []string
	for _, t := range definitions.Tables {
		tables = append(tables, t.ID.Value)
	}
	if err := HoldTable(ctx, config, how.Table, tables, before); err != nil {
		return plan, err
	}
	if plan, err = planDate(ctx, config, options, how, before); err != nil {
		return plan, err
	}
	var earlier []store.Manifest
	for _, date := range slices.Sorted(maps.Keys(datesOf(shown))) {
		m, _ := newestOf(shown, date)
		if asOf, err := time.Parse(time.DateOnly, date); err == nil && asOf.Before(options.AsOf) && config.Calendar.IsPeriodEnd(asOf) {
			earlier = append(earlier, m)
		}
	}
	plan.PeriodEnds, plan.Left = []Comparison{}, []string{}
	for i, m := range slices.Backward(earlier) {
		if len(earlier)-i > how.PeriodEnds {
			plan.Left = append(plan.Left, m.AsOfDate)
			continue
		}
		c, err := recast(ctx, config, options, how, m)
		if errors.Is(err, ErrData) || errors.Is(err, ErrUsage) {
			c.Error, err = err.Error(), nil
		}
		if err != nil {
			return plan, fmt.Errorf("evaluating %s again: %w", m.AsOfDate, err)
		}
		if len(c.Changed) > 0 {
			plan.PeriodEnds = append(plan.PeriodEnds, c)
		}
	}
	return plan, nil
}

func datesOf(manifests []store.Manifest) map[string]bool {
	dates := map[string]bool{}
	for _, m := range manifests {
		dates[m.AsOfDate] = true
	}
	return dates
}

// newestOf is the newest of the releases of a date.
func newestOf(manifests []store.Manifest, date string) (newest store.Manifest, ok bool) {
	for _, m := range manifests {
		if m.AsOfDate == date && (!ok || m.Sequence > newest.Sequence) {
			newest, ok = m, true
		}
	}
	return newest, ok
}

// firstOf is the first of the releases of a date, of which there is one.
func firstOf(manifests []store.Manifest, date string) store.Manifest {
	ofDate := slices.DeleteFunc(slices.Clone(manifests), func(m store.Manifest) bool { return m.AsOfDate != date })
	return slices.MinFunc(ofDate, func(a, b store.Manifest) int { return a.Sequence - b.Sequence })
}

// apart prepares a job that works in a folder outside of the warehouse; done removes it.
func apart(ctx context.Context, config configs.Config, options Options) (j *job, done func(), err error) {
	definitions, err := Define(config, options.AsOf)
	if err != nil {
		return nil, nil, err
	}
	j = newJob(definitions, options)
	if j.approvals, err = readApprovals(config); err != nil {
		return nil, nil, err
	}
	if j.staging, err = os.MkdirTemp("", "comment11-plan-"); err != nil {
		return nil, nil, err
	}
	remove := func() error { return os.RemoveAll(j.staging) }
	j.output = filepath.Join(j.staging, "release")
	if err := os.Mkdir(j.output, 0o700); err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	if err := j.openDatabase(ctx); err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return j, func() {
		_ = j.describing.Wait() // its error was told, or nobody asked for it
		_ = j.db.Close()        // nothing of it is kept
		_ = remove()
	}, nil
}

// planDate compares what the run would make with what stands.
func planDate(ctx context.Context, config configs.Config, options Options, how PlanOptions, before store.Manifest) (plan Plan, err error) {
	j, done, err := apart(ctx, config, options)
	if err != nil {
		return plan, err
	}
	defer done()
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := j.read(ctx); return err }, j.classify, j.disclose, j.publish,
	} {
		if err := step(ctx); err != nil {
			return plan, err
		}
	}
	m := j.outcome.Manifest
	if m.Kind, err = j.plannedKind(ctx, before); err != nil {
		return plan, err
	}
	plan = Plan{Kind: m.Kind, Holds: append([]position.Control{}, j.outcome.Open...), Counts: map[string]int64{}}
	for _, f := range j.outcome.Files {
		if f.DataSet == "positions" {
			plan.Counts["records"] += f.Records
			plan.Counts["taken"] += f.Taken
			plan.Counts["excluded"] += f.Excluded
			plan.Counts["rejected"] += f.Rejected
		}
	}
	facts, _ := m.Relation("facts")
	plan.Counts["facts"] = facts.Rows
	plan.Comparison, err = j.compare(ctx, how, before, m)
	return plan, err
}

// plannedKind is the kind of the release that the run would make, and unchanged where
// it would find nothing to do.
func (j *job) plannedKind(ctx context.Context, before store.Manifest) (string, error) {
	_, earlier, err := j.warehouse.NextRelease(j.options.AsOf)
	if err != nil || len(earlier) == 0 || earlier[len(earlier)-1].Release != before.Release {
		return j.outcome.Manifest.Kind, err
	}
	same, err := j.unchanged(ctx, before, j.outcome.Manifest)
	if same {
		return "unchanged", err
	}
	return j.outcome.Manifest.Kind, err
}

// recast evaluates a published release again from the records that it stored, by the
// definitions at hand, and compares the result with what it shows. What the config
// maps from sources is as it was.
func recast(ctx context.Context, config configs.Config, options Options, how PlanOptions, m store.Manifest) (Comparison, error) {
	c := Comparison{AsOfDate: m.AsOfDate, Release: m.Release, Changed: []string{}, Moves: []Move{}, Cells: []PlannedCell{}, Rounded: []string{}}
	var err error
	if options.AsOf, err = time.Parse(time.DateOnly, m.AsOfDate); err != nil {
		return c, err
	}
	j, done, err := apart(ctx, config, options)
	if err != nil {
		return c, err
	}
	defer done()
	after := m
	after.Configuration, after.Program = j.Hashes, options.Program
	after.Program.DuckDB, after.Program.Executable = m.Program.DuckDB, m.Program.Executable
	if c.Changed = changes(m, after); len(c.Changed) == 0 {
		return c, nil
	}
	if err := j.restore(ctx, m, after); err != nil {
		return c, err
	}
	if _, _, err := j.makeFacts(ctx); err != nil { // and the movements
		return c, err
	}
	if err := j.compute(ctx, nil); err != nil {
		return c, err
	}
	return j.compare(ctx, how, m, after)
}

// restore puts what a release was made of in the place of files: the job makes the
// release that as names of it.
func (j *job) restore(ctx context.Context, of, as store.Manifest) (err error) {
	j.release, j.outcome.Manifest = as.Release, as
	if j.outcome.Files, err = inputFiles(of); err != nil {
		return err
	}
	if j.frozen, err = j.frozenEvidence(); err != nil {
		return err
	}
	return j.storedRecords(ctx, of)
}

// storedRecords makes the relations of ingest from what a release stored of them.
func (j *job) storedRecords(ctx context.Context, m store.Manifest) error {
	for _, name := range []string{"rejects", "conflicts", "unreadable_values"} {
		if err := j.db.CreateView(ctx, name, "select * from "+releaseFiles(j.warehouse, m, name)); err != nil {
			return err
		}
	}
	for _, set := range position.DataSets {
		records, known := m.Relation(set.Name + "_records")
		if !known {
			if err := j.db.Run(ctx, set.CreateTable(set.Name), "alter table "+set.Name+" add column source_file varchar"); err != nil {
				return err
			}
			continue
		}
		from := store.ReadParquet(j.warehouse.Files(m, records.Name))
		if err := j.db.CreateView(ctx, records.Name, "select "+set.Select(records.ColumnNames())+", source_file from "+from); err != nil {
			return err
		}
		query, err := takenRecords(set)(m, from)
		if err != nil {
			return err
		}
		query = strings.ReplaceAll(query, "conflicts_all_releases", "conflicts")
		if err := j.db.CreateView(ctx, set.Name, "select "+strings.Join(set.Names(), ", ")+", source_file from ("+query+")"); err != nil {
			return err
		}
	}
	return nil
}

// compare compares what the job made with a release, in the job's own database.
func (j *job) compare(ctx context.Context, how PlanOptions, before, after store.Manifest) (Comparison, error) {
	c := Comparison{AsOfDate: before.AsOfDate, Release: before.Release, Changed: changes(before, after), Moves: []Move{}, Cells: []PlannedCell{}, Rounded: []string{}}
	if err := releaseViews(ctx, j.db, j.warehouse, before, "before_"); err != nil {
		return c, err
	}
	views := []string{"facts", "realized_facts", "conversions"}
	for _, name := range j.loaded() {
		if _, known := after.Relation(name + "_records"); known {
			views = append(views, name)
		}
	}
	for _, name := range views {
		if err := j.db.CreateView(ctx, "after_"+name, "select * from "+store.Identifier(name)); err != nil {
			return c, err
		}
	}
	counted, err := j.countedRelations()
	if err != nil {
		return c, err
	}
	for _, name := range []string{"cells", "tables"} {
		if err := j.db.CreateTable(ctx, "after_"+name, counted[name]); err != nil {
			return c, err
		}
	}
	p := planner{comparer: comparer{db: j.db, before: before, after: after, stored: "facts_stored"}, how: how}
	if err := p.prepare(ctx); err != nil {
		return c, err
	}
	if c.Moves, c.Cells, err = p.plan(ctx); err != nil {
		return c, err
	}
	c.Rounded, err = roundedOtherwise(ctx, j.db)
	if how.Table != "" {
		c.Rounded = slices.DeleteFunc(c.Rounded, func(cell string) bool { return !strings.HasPrefix(cell, how.Table+"/") })
	}
	return c, err
}
