// Package batch is one run from end to end: it reads the sources of a due date,
// makes facts and cells of them, holds the controls and publishes the release,
// or keeps it back and says why.
package batch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/ingest"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
	"comment11/transform"
)

// ErrData marks a run that failed because of the data or its controls: nothing
// was published.
var ErrData = errors.New("nothing was published")

// ErrUsage marks a run that cannot be done as it was asked for or configured.
var ErrUsage = errors.New("usage or configuration")

// Options are what a single run is asked to do.
type Options struct {
	AsOf    time.Time
	Force   bool // make a release even where nothing changed
	DryRun  bool // do everything but keep the result
	Program store.Program
	// Executable gives the SHA-256 of the program's file; nil where nobody asks.
	Executable func() string
	Progress   func(stage string, records int64)
	Now        func() time.Time
	Warn       func(text string) // told of what an operator should know; may be nil
	Disk       *store.Disk       // nil: the file system
	Verb       string            // that asked for the run; "": run
	// Compare is the date that the notional is rolled forward from, by Path; zero and "":
	// as the config says.
	Compare time.Time
	Path    string
	// AsConfigured makes what the config says even where the last run of the date was asked
	// for another roll-forward.
	AsConfigured bool
	// LeaveCatalog leaves it to the caller to rebuild the catalog.
	LeaveCatalog bool
	// WithoutEvidence leaves purposes untested, and identical underlyings out: for the
	// benchmark that measures what they cost, and nothing else.
	WithoutEvidence bool
}

// Outcome is how a run ended.
type Outcome struct {
	Status    string // published, held (now or before, by the same inputs), unchanged or dry_run
	Repeated  bool   // the newest release is of the same inputs, and nothing was done
	Manifest  store.Manifest
	Folder    string        // of the release, "" for a dry run
	Files     []ingest.File // that were read, or of a repeated run those of the newest release
	Controls  []position.Control
	Rules     []transform.RuleUse
	Conflicts []transform.RuleConflict
	Open      []position.Control // that hold the release: broken and not accepted
	Findings  []transform.Finding
	Touched   []disclosures.Touched // cells that findings touch
	Rejects   []ingest.Reject       // the first ones
	Cells     []disclosures.Cell
	Totals    []Total            // of the facts
	Seconds   map[string]float64 // by stage
}

// namedRejects is how many faults of rejects an outcome names; the others are counted.
const namedRejects = 20

// Broken gives the controls that do not hold.
func (o Outcome) Broken() []position.Control {
	return slices.DeleteFunc(slices.Clone(o.Controls), position.Control.Holds)
}

// job is a run under way.
type job struct {
	Definitions
	options   Options
	warehouse store.Warehouse
	db        *store.DB
	staging   string // folder of the run
	output    string // folder that becomes the release
	release   string
	threads   int      // of the database of the run
	derived   []string // relations made for tables
	outcome   Outcome
	frozen    store.Manifest // of the release whose evidence decides, if any
	rates     transform.OtherRates
	realized  transform.RealizedOutcome
	moved     []position.Control         // of the movements
	noted     map[string]transform.Noted // by relation, what is noted of its rows
	rolled    bool                       // the relation movements is made
	noOpening string                     // why it is not made
	trended   bool                       // the relation quarter_ends is made
	// describing counts and hashes the written relations while the next stages run.
	describing errgroup.Group
	described  map[string]*store.Relation
	stage      time.Time
	record     *store.RunRecord
	approvals  approvals
}

// newJob is a job that has not begun.
func newJob(definitions Definitions, options Options) *job {
	return &job{Definitions: definitions, options: options, stage: options.Now(), warehouse: options.warehouse(definitions.Config),
		outcome: Outcome{Seconds: map[string]float64{}}, described: map[string]*store.Relation{}}
}

// perform does the nightly job for one due date. An error that is ErrData or ErrUsage
// is for the user; a *store.BusyError means that another run is writing.
func perform(ctx context.Context, config configs.Config, options Options, record *store.RunRecord) (outcome Outcome, err error) {
	if !config.Calendar.IsDue(options.AsOf) {
		return Outcome{}, fmt.Errorf("%w: %s is no due date: neither a business day nor a fiscal period end of the calendar in %s",
			ErrUsage, options.AsOf.Format(time.DateOnly), filepath.Base(config.File))
	}
	definitions, err := Define(config, options.AsOf)
	if err != nil {
		return Outcome{}, err
	}
	j := newJob(definitions, options)
	j.record = record
	if j.approvals, err = readApprovals(config); err != nil {
		return Outcome{}, err
	}
	if faults := j.approvals.allFaults(); len(faults) > 0 && options.Warn != nil {
		options.Warn("entries of the approvals file that accept nothing as they are:\n" + faults.Error())
	}
	unlock, err := lock(j.warehouse, options.Now())
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := j.open(ctx); err != nil {
		return Outcome{}, err
	}
	defer func() {
		_ = j.describing.Wait() // publish has its error
		err = errors.Join(err, j.db.Close(), j.warehouse.Disk.Remove(j.staging))
	}()
	if done, err := j.read(ctx); done || err != nil {
		return j.outcome, err
	}
	if err := j.classify(ctx); err != nil {
		return j.outcome, err
	}
	if err := j.disclose(ctx); err != nil {
		return j.outcome, err
	}
	return j.outcome, j.publish(ctx)
}

// Warehouse is that of the config.
func Warehouse(config configs.Config) store.Warehouse { return Options{}.warehouse(config) }

func (o Options) warehouse(config configs.Config) store.Warehouse {
	mask, _ := strconv.ParseUint(config.Umask, 8, 32) // checked when the config was read
	w := store.Warehouse{Root: config.Warehouse, Linked: config.Linked, Disk: store.RealDisk, Umask: fs.FileMode(mask), Warn: o.Warn, Memory: new(store.Memory)}
	if o.Disk != nil {
		w.Disk = *o.Disk
	}
	return w
}

// lock takes the lock of the warehouse; one that others can write to is a fault of
// how it was set up.
func lock(w store.Warehouse, now time.Time) (unlock func() error, err error) {
	unlock, err = w.Lock(now)
	if errors.Is(err, store.ErrWarehouse) {
		err = usageError(err)
	}
	return unlock, err
}

// open sweeps what killed runs left, and opens the database of the run.
func (j *job) open(ctx context.Context) error {
	if err := j.warehouse.Sweep(); err != nil {
		return fmt.Errorf("before the run: %w", err)
	}
	var err error
	if j.staging, err = j.warehouse.Staging(); err != nil {
		return err
	}
	j.output = filepath.Join(j.staging, "release")
	if err := os.Mkdir(j.output, 0o755); err != nil {
		return err
	}
	if err := j.openDatabase(ctx); err != nil {
		return err
	}
	if err := j.mendCatalog(ctx); err != nil {
		return errors.Join(err, j.db.Close())
	}
	return nil
}

// openDatabase opens the database of the run.
func (j *job) openDatabase(ctx context.Context) (err error) {
	if j.db, err = store.Open(ctx, j.settings()); err != nil {
		return err
	}
	if j.threads, err = j.db.Threads(ctx); err != nil {
		return errors.Join(err, j.db.Close())
	}
	if err := j.db.CreateMacros(ctx); err != nil {
		return errors.Join(err, j.db.Close())
	}
	return nil
}

// mendCatalog rebuilds a catalog that does not show what is published, because a
// run was killed before it could or because somebody wrote to it.
func (j *job) mendCatalog(ctx context.Context) error {
	if j.options.LeaveCatalog || j.options.DryRun {
		return nil
	}
	current, err := j.warehouse.CatalogIsCurrent(ctx, j.settings())
	if err != nil || current {
		return err
	}
	return j.warehouse.RebuildCatalog(ctx, j.settings(), CatalogViews())
}

func (j *job) settings() store.Settings {
	return store.Settings{Threads: j.Config.Engine.Threads, MemoryLimit: j.Config.Engine.MemoryLimit,
		TemporaryFolder: filepath.Join(j.staging, "temporary"), TemporaryLimit: j.Config.Engine.TemporaryLimit}
}

// smallBook is up to how many bytes of files one thread is as fast as all: hundreds of
// queries over few rows, in which threads mostly wait for each other.
const smallBook = 1 << 20

// limitThreads works with records and facts in memory where the files are small, and with
// one thread where the config leaves the number open. Figures do not depend on it.
func (j *job) limitThreads(ctx context.Context, files []ingest.File) error {
	var size int64
	for _, f := range files {
		size += f.Bytes
	}
	j.db.FilesInMemory = size <= smallBook
	if j.Config.Engine.Threads != 0 || size > smallBook {
		return nil
	}
	j.Config.Engine.Threads, j.threads = 1, 1
	return j.db.SetThreads(ctx, 1)
}

// read scans the files, and reads them unless the newest release of the date
// was already made of the same inputs, rules and program.
func (j *job) read(ctx context.Context) (done bool, err error) {
	release, earlier, err := j.warehouse.NextRelease(j.options.AsOf)
	if err != nil {
		return false, err
	}
	j.release = release
	in := j.ingestInput()
	j.outcome.Manifest.AsOfDate = j.options.AsOf.Format(time.DateOnly) // a run record has it even where a file is refused
	files, err := ingest.Scan(in)
	if err != nil {
		return false, dataError(err)
	}
	if !slices.ContainsFunc(files, func(f ingest.File) bool { return f.DataSet == "positions" }) {
		return false, dataError(&ingest.FileError{File: "positions", Reason: "missing_file", Message: fmt.Sprintf(
			"no source has a file for %s, and a run needs one, if only an empty one; deliver it", j.options.AsOf.Format(time.DateOnly))})
	}
	if err := j.limitThreads(ctx, files); err != nil {
		return false, err
	}
	version, err := j.db.Version(ctx)
	if err != nil {
		return false, err
	}
	j.options.Program.DuckDB = version
	manifest := store.Manifest{Version: store.ManifestVersion, AsOfDate: j.options.AsOf.Format(time.DateOnly),
		BusinessDay: in.PreviousBusinessDay.Format(time.DateOnly), Release: release, Kind: "first",
		ReportingCurrency: j.Config.ReportingCurrency, Scopes: j.scopeNames(), Program: j.options.Program, Configuration: j.Hashes}
	if j.frozen, err = j.frozenEvidence(); err != nil {
		return false, err
	}
	manifest.EvidenceOf = j.frozen.Release
	if manifest.RollForward, err = j.rollForward(files, earlier); err != nil {
		return false, err
	}
	if manifest.Quarters, err = j.earlierQuarters(); err != nil {
		return false, err
	}
	manifest.Fingerprint = fingerprint(manifest, files)
	j.finish("scan")
	if manifest.Opening, err = j.opening(); err != nil {
		return false, err
	}
	if last := len(earlier) - 1; last >= 0 && !j.options.Force {
		same, err := j.unchanged(ctx, earlier[last], manifest)
		if err != nil {
			return false, err
		}
		if same {
			j.outcome.Status, j.outcome.Manifest = "unchanged", earlier[last]
			j.outcome.Folder, j.outcome.Repeated = j.warehouse.ReleaseFolder(earlier[last].AsOfDate, earlier[last].Release), true
			if j.outcome.Files, err = inputFiles(earlier[last]); err != nil {
				return false, err
			}
			if earlier[last].Status == store.Held {
				return true, j.stillHeld(ctx)
			}
			return true, nil
		}
	}
	j.outcome.Manifest = manifest
	if err := ingest.Read(ctx, j.db, in, files); err != nil {
		return false, dataError(err)
	}
	j.outcome.Files = files
	j.describe(ctx, j.recordFiles())
	j.outcome.Rejects, err = ingest.FirstRejects(ctx, j.db, namedRejects)
	j.finish("ingest")
	return false, err
}

// makeFacts makes the facts, the realized facts, the movements and the trend of the
// records in the database. It gives the input that they were made of, and what can tell
// how the rules did.
func (j *job) makeFacts(ctx context.Context) (in transform.Input, quality transform.RuleQuality, err error) {
	in = j.transformInput(j.release, j.output)
	in.Loaded = j.loaded()
	in.Evidence.Frozen, in.Evidence.FrozenEvidence = j.warehouse.Files(j.frozen, "slices"), j.warehouse.Files(j.frozen, "evidence")
	in.Evidence.FrozenNotes = j.warehouse.Files(j.frozen, "evidence_notes")
	in.Evidence.Untested = j.options.WithoutEvidence
	in.Rates = j.rates
	if quality, err = transform.Facts(ctx, j.db, in); err != nil {
		return in, quality, dataError(err)
	}
	if j.realized, err = transform.RealizedFacts(ctx, j.db, in); err != nil {
		return in, quality, dataError(err)
	}
	if j.moved, err = j.move(ctx, in); err != nil {
		return in, quality, dataError(err)
	}
	roll := j.outcome.Manifest.RollForward
	j.rolled = roll != nil
	in.MovedByEvents = j.rolled && roll.Path == "events"
	err = j.trend(ctx)
	j.trended = err == nil && len(j.outcome.Manifest.Quarters) > 0
	return in, quality, err
}

// classify makes the facts, and holds what must hold of them.
func (j *job) classify(ctx context.Context) error {
	in, quality, err := j.makeFacts(ctx)
	if err != nil {
		return err
	}
	written, err := j.factFiles()
	if err != nil {
		return err
	}
	j.describe(ctx, written)
	j.finish("transform")
	if j.outcome.Totals, err = totals(ctx, j.db); err != nil {
		return err
	}
	controls, err := transform.Controls(ctx, j.db, in)
	if err != nil {
		return err
	}
	if in.Noticed, err = j.columnFindings(); err != nil {
		return err
	}
	if j.outcome.Findings, j.noted, err = transform.Findings(ctx, j.db, in); err != nil {
		return err
	}
	if j.outcome.Rules, j.outcome.Conflicts, err = quality.Quality(ctx, j.db); err != nil {
		return err
	}
	j.outcome.Controls = slices.Concat(recordControls(j.outcome.Files), controls, j.moved)
	stated, err := controlTotals(ctx, j.db, in.AsOf, j.outcome.Files)
	if err != nil {
		return err
	}
	j.outcome.Controls = append(j.outcome.Controls, stated...)
	limits, err := j.limits(ctx)
	j.outcome.Controls = append(j.outcome.Controls, limits...)
	j.finish("controls")
	return err
}

// disclose computes the tables, and judges the findings by the cells that they touch.
func (j *job) disclose(ctx context.Context) error {
	noted := map[string]disclosures.Noted{}
	for relation, of := range j.noted {
		noted[relation] = disclosures.Noted(of)
	}
	err := j.compute(ctx, noted)
	if err == nil {
		err = j.judge()
	}
	j.finish("disclosures")
	return err
}

// compute computes the tables. noted says, by relation, what is noted of rows: the outcome
// tells which cells each of these findings touches.
func (j *job) compute(ctx context.Context, noted map[string]disclosures.Noted) error {
	result, err := disclosures.Compute(ctx, j.db, disclosures.Input{Tables: j.Tables, Loaded: j.loaded(), Scopes: j.scopeNames(), Members: j.members(), AsOf: j.options.AsOf,
		Currency: j.Config.ReportingCurrency, Ratings: transform.RatingNotches(j.Maps["ratings"]), Ledger: j.Config.Limits.Ledger, Noted: noted})
	if err != nil {
		return dataError(err)
	}
	j.outcome.Cells, j.outcome.Touched, j.derived = result.Cells, result.Touched, result.Derived
	j.outcome.Controls = append(j.outcome.Controls, result.Controls...)
	return nil
}

// loaded are the data sets of which there is a file.
func (j *job) loaded() []string {
	var names []string
	for _, f := range j.outcome.Files {
		names = append(names, f.DataSet)
	}
	if roll := j.outcome.Manifest.RollForward; j.rolled {
		names = append(names, disclosures.OpeningRelease)
		if roll.Opening.AsOfDate == j.Config.Calendar.PreviousYearEnd(j.options.AsOf).Format(time.DateOnly) {
			names = append(names, disclosures.OpeningYearEnd)
		}
	}
	if j.trended {
		names = append(names, disclosures.EarlierQuarters)
	}
	if j.realized.YearBefore {
		names = append(names, disclosures.RealizedYearBefore)
	}
	if j.realized.Quarter {
		names = append(names, disclosures.RealizedQuarterYearBefore)
	}
	if j.realized.Cash {
		names = append(names, disclosures.RealizedCash)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// notedTables are the tables, each with further notes on what it does not show, and why.
func (j *job) notedTables() []disclosures.Table {
	reasons := map[string]string{disclosures.RealizedYearBefore: j.realized.Reason, disclosures.RealizedQuarterYearBefore: j.realized.Reason,
		disclosures.OpeningRelease: j.noOpening, disclosures.OpeningYearEnd: j.noOpening}
	if roll := j.outcome.Manifest.RollForward; roll != nil {
		reasons[disclosures.OpeningYearEnd] = "the notional was rolled forward from " + roll.Opening.AsOfDate
	}
	var tables []disclosures.Table
	for _, t := range j.Tables {
		t.Notes = slices.Clone(t.Notes)
		for _, note := range t.NotShown(j.loaded(), reasons) {
			t.Notes = append(t.Notes, strictyaml.Text{Value: note})
		}
		tables = append(tables, t)
	}
	return tables
}

// finish notes how long a stage took.
func (j *job) finish(stage string) {
	now := j.options.Now()
	j.outcome.Seconds[stage] = now.Sub(j.stage).Seconds()
	j.stage = now
	if j.options.Progress != nil {
		j.options.Progress(stage, 0)
	}
}

// dataError marks what the data is to blame for, and usageError what the
// configuration is; other errors are of the machine or the program.
func dataError(err error) error {
	var file *ingest.FileError
	var expressions store.ExpressionFaults
	var faults strictyaml.Faults
	switch {
	case errors.Is(err, ingest.ErrUsage), errors.As(err, &expressions), errors.As(err, &faults):
		return usageError(err)
	case errors.As(err, &file), errors.Is(err, transform.ErrData):
		return fmt.Errorf("%w:\n%w", ErrData, err)
	default:
		return err
	}
}

// limits are controls on how much may be missing before a release is held.
func (j *job) limits(ctx context.Context) ([]position.Control, error) {
	limits := j.Config.Limits
	rejects, err := store.Query(ctx, j.db, `
select count(*), coalesce(sum(convert_amount(abs(r.notional), n.numerator, n.denominator)), 0),
  count(*) filter (where r.data_set = 'positions' and convert_amount(r.notional, n.numerator, n.denominator) is null)
from rejects as r left join conversions as n on n.currency = r.currency
where r.fault = 1`)
	if err != nil {
		return nil, err
	}
	noValue, err := store.Scalar[int64](ctx, j.db, "select count(*) from facts where fair_value is null and slice <= 1")
	if err != nil {
		return nil, err
	}
	unclassified, err := store.Scalar[int64](ctx, j.db, "select count(*) from facts where 'unclassified' in (instrument, direction, purpose, counterparty_type)")
	if err != nil {
		return nil, err
	}
	money, err := decimal.NewFromString(limits.Rejects.Money)
	if err != nil {
		return nil, err
	}
	row := rejects.Rows[0]
	rejectedMoney, ok := row[1].(decimal.Decimal)
	if !ok {
		return nil, fmt.Errorf("money of the rejects is a %T", row[1])
	}
	list := []position.Control{
		limit("rejects.count", "rejected records", decimal.NewFromInt(row[0].(int64)), decimal.NewFromInt(int64(limits.Rejects.Count))),
		limit("rejects.money", "notional of rejected records, "+j.Config.ReportingCurrency, rejectedMoney, money),
		limit("rejects.unpriced", "rejected positions without a readable amount", decimal.NewFromInt(row[2].(int64)), decimal.NewFromInt(int64(limits.Rejects.Unpriced))),
		limit("no_value", "positions without a fair value", decimal.NewFromInt(noValue), decimal.NewFromInt(int64(limits.NoValue))),
	}
	if limits.Unclassified >= 0 {
		list = append(list, limit("unclassified", "facts with an unclassified attribute", decimal.NewFromInt(unclassified), decimal.NewFromInt(int64(limits.Unclassified))))
	}
	return list, nil
}

// limit is a control that holds while a count or amount is within a limit.
func limit(subject, meaning string, value, most decimal.Decimal) position.Control {
	return position.Control{ID: "within_limit", Subject: subject, Class: "completeness", Severity: "hold",
		LeftMeaning: meaning, Left: value, RightMeaning: "none", Tolerance: most}
}

// folder gives a folder of the user as a file system, or none, named as from the config.
// A link in it that leads out of it is not followed.
func folder(config configs.Config, path string) ([]fs.FS, error) {
	if path == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, usageError(err)
	}
	return []fs.FS{strictyaml.Named{FS: root.FS(), Name: fromConfig(config, path)}}, nil
}

// fromConfig is a path as it stands in the config.
func fromConfig(config configs.Config, path string) string {
	if name, err := filepath.Rel(config.Folder, path); err == nil && filepath.IsLocal(name) {
		return filepath.ToSlash(name)
	}
	return path
}
