package batch

import (
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
	"comment11/transform"
)

// Factors are what can move a figure between two releases, in the order in which diff
// changes them, one at a time: from the earlier release as it stands, each in turn is
// taken from the later one, until all of them are. What a figure moves by at a step is
// the amount of that factor, so that the amounts add up to the whole whatever the
// factors do to each other. The last is what no other factor makes of it: two programs
// may come to different figures of the same things.
var Factors = []string{"as_of_date", "positions", "prices", "events", "earlier_releases", "other_data", "reference_data", "rules", "fx", "adjustments", "binary"}

// The factors that are asked for by name.
const (
	factorDate, factorPositions, factorPrices, factorEvents, factorOther = "as_of_date", "positions", "prices", "events", "other_data"
	factorReference, factorRules, factorFX, factorAdjustments            = "reference_data", "rules", "fx", "adjustments"
	factorEarlier, factorBinary                                          = "earlier_releases", "binary"
)

// factorOf tells of which factor a data set is; positions are of two.
var factorOf = map[string]string{
	"positions": factorPositions, "realized": factorEvents, "lifecycle": factorEvents,
	"holdings": factorOther, "collateral": factorOther, "ledger": factorOther, "pnl_explain": factorOther, "control_totals": factorOther,
	"counterparties": factorReference, "reference_entities": factorReference, "indices": factorReference, "books": factorReference, "holidays": factorReference,
	"fx_rates": factorFX, "adjustments": factorAdjustments,
}

// priceColumns are what of a position is its price; all else is its terms.
var priceColumns = []string{"fair_value", "fair_value_currency", "fair_value_basis", "valuation_adjustment", "fair_value_level", "valuation_date"}

// state is what the figures are after a step: cells, and the files of the facts that
// they add up.
type state struct {
	factor string // that the step changed; of the first "", the earlier release
	cells  map[cellName]stateCell
	files  map[string][]string // of each relation that is compared
	scopes []string
}

// cellName names a cell over all states.
type cellName struct{ table, block, row, column string }

// stateCell is a cell of a state; place is where the release or the tables have it.
type stateCell struct {
	measure, relation, predicate string
	exact                        decimal.Decimal
	place                        [4]int
}

// stepper computes the states between two releases.
type stepper struct {
	config        configs.Config
	options       Options
	before, after store.Manifest
	texts         map[bool]map[string]string // definitions of either side, true: the later
	notDefined    map[bool]error
	folder        string   // of all steps
	order         []string // factors that differ
	rolledBy      string   // factor that the releases belong to which the roll-forward leads from
	trendBy       string   // and those of the earlier quarters
	computed      int
}

// statesBetween gives the states from one release to the other, the two as they stand at
// the ends, and notes about steps that could not be told apart. The db has the relations
// of both as before_<name> and after_<name>.
func (s *stepper) statesBetween(ctx context.Context, db *store.DB) (states []state, notes []string, err error) {
	first, err := s.standing(ctx, db, s.before, "before_")
	if err != nil {
		return nil, nil, err
	}
	last, err := s.standing(ctx, db, s.after, "after_")
	if err != nil {
		return nil, nil, err
	}
	states = []state{first}
	if sameCells(first, last) {
		return states, nil, nil
	}
	changed, err := s.changed(ctx, db)
	if err != nil {
		return nil, nil, err
	}
	s.order = changed
	foreign, err := s.foreign()
	if err != nil {
		return nil, nil, err
	}
	type step struct {
		factor string
		later  []string // factors that are of the later release
	}
	var steps []step
	if foreign || len(changed) > 1 {
		steps = append(steps, step{factor: factorBinary}) // the earlier release, computed by this program
	}
	for i, factor := range changed {
		if i < len(changed)-1 || foreign {
			steps = append(steps, step{factor, changed[:i+1]})
		}
	}
	for _, step := range steps {
		next, err := s.compute(ctx, step.later)
		switch {
		case errors.Is(err, ErrData), errors.Is(err, ErrUsage), errors.Is(err, errNoDefinitions):
			what := "what " + step.factor + " moved stands with what was changed after it"
			if step.factor == factorBinary {
				what = "whether this program comes to the same figures was not asked"
			}
			notes = append(notes, fmt.Sprintf("%s, because that step cannot be computed: %v", what, err))
			continue
		case err != nil:
			return nil, nil, fmt.Errorf("computing the figures after %s: %w", step.factor, err)
		}
		next.factor = step.factor
		states = append(states, next)
	}
	last.factor = factorBinary
	if !foreign && len(changed) > 0 {
		last.factor = changed[len(changed)-1]
	}
	return append(states, last), notes, nil
}

// foreign tells whether one of the releases was made by another program than this one.
func (s *stepper) foreign() (bool, error) {
	for _, m := range []store.Manifest{s.before, s.after} {
		same, err := sameQueries(s.config, m)
		if err != nil || !same || m.Program != s.options.Program {
			return true, err
		}
	}
	return false, nil
}

// standing is a release as it was published.
func (s *stepper) standing(ctx context.Context, db *store.DB, m store.Manifest, prefix string) (state, error) {
	st := state{cells: map[cellName]stateCell{}, files: map[string][]string{}, scopes: m.Scopes}
	table, err := store.Query(ctx, db, fmt.Sprintf(`
select c.table_id, c.block_id, c.row_id, c.column_id, c.measure, t.relation, c.predicate, c.exact, c.table_number, c.block_number, c.row_number, c.column_number
from %[1]scells as c join %[1]stables as t on t.table_id = c.table_id order by 9, 10, 11, 12, 1, 2, 3, 4`, prefix))
	if err != nil {
		return st, err
	}
	for _, row := range table.Rows {
		text := func(i int) string { value, _ := row[i].(string); return value }
		c := stateCell{measure: text(4), relation: text(5), predicate: text(6), exact: row[7].(decimal.Decimal)}
		for i := range c.place {
			c.place[i] = int(row[8+i].(int32))
		}
		st.cells[cellName{text(0), text(1), text(2), text(3)}] = c
	}
	for _, c := range compared {
		st.files[c.relation] = s.options.warehouse(s.config).Files(m, c.relation)
	}
	return st, nil
}

func sameCells(a, b state) bool {
	for name, cell := range a.cells {
		if !cell.exact.Equal(b.cells[name].exact) {
			return false
		}
	}
	for name, cell := range b.cells {
		if !cell.exact.Equal(a.cells[name].exact) {
			return false
		}
	}
	return true
}

// changed are the factors that differ between the releases, in their order.
func (s *stepper) changed(ctx context.Context, db *store.DB) ([]string, error) {
	otherDate := s.before.AsOfDate != s.after.AsOfDate
	differ := map[string]bool{factorDate: otherDate, factorFX: otherDate} // rates are of a day, too
	for set, factor := range factorOf {
		if sameRecords(s.before, s.after, set) {
			continue
		}
		if set != "positions" {
			differ[factor] = true
			continue
		}
		for factor, columns := range map[string][]string{factorPositions: termColumns(), factorPrices: priceColumns} {
			rows := func(prefix string) string {
				return fmt.Sprintf("select source_system, position_id, %s from %spositions", strings.Join(columns, ", "), prefix)
			}
			different, err := rowsDiffer(ctx, db, rows("before_"), rows("after_"))
			if err != nil {
				return nil, err
			}
			differ[factor] = differ[factor] || different
		}
	}
	rejected, err := rowsDiffer(ctx, db, "select * exclude (release, as_of_date) from before_rejects", "select * exclude (release, as_of_date) from after_rejects")
	if err != nil {
		return nil, err
	}
	differ[factorPositions] = differ[factorPositions] || rejected
	s.rolledBy, s.trendBy = factorEarlier, factorEarlier
	if otherDate { // another date leads from other releases, whatever happened to these
		s.rolledBy, s.trendBy = factorEvents, factorDate
	} else if a, b := s.before.RollForward, s.after.RollForward; a != nil && b != nil && a.Path != b.Path { // events were delivered, or no longer
		s.rolledBy = factorEvents
	}
	differ[s.rolledBy] = differ[s.rolledBy] || !slices.Equal(rolledFrom(s.before), rolledFrom(s.after))
	differ[s.trendBy] = differ[s.trendBy] || !slices.Equal(contents(s.before.Quarters), contents(s.after.Quarters))
	differ[factorOther] = differ[factorOther] || s.before.EvidenceOf != s.after.EvidenceOf
	differ[factorRules] = s.rulesDiffer(ctx, db)
	return slices.DeleteFunc(slices.Clone(Factors), func(f string) bool { return !differ[f] }), nil
}

// termColumns are the columns of positions that are no price, nor where it was read.
func termColumns() []string {
	set, _ := position.Find("positions")
	return slices.DeleteFunc(set.Names(), func(name string) bool {
		return slices.Contains(priceColumns, name) || slices.Contains([]string{"source_system", "position_id", "source_path"}, name)
	})
}

// rowsDiffer tells whether two queries of the same columns give different rows.
func rowsDiffer(ctx context.Context, db *store.DB, a, b string) (bool, error) {
	return store.Scalar[bool](ctx, db, fmt.Sprintf(`
select exists (select 1 from (
  select row_hash, sum(side) as balance from (
    select hash(r) as row_hash, 1 as side from (%s) as r union all select hash(r), -1 from (%s) as r)
  group by row_hash) where balance <> 0)`, a, b))
}

// rolledFrom are the path and the content of the releases that movements lead from.
func rolledFrom(m store.Manifest) []string {
	if m.RollForward == nil {
		return nil
	}
	return append(contents(m.RollForward.Releases()), m.RollForward.Path)
}

// contents are the dates of releases and what was read of them.
func contents(releases []store.ReadRelease) []string {
	list := make([]string, len(releases))
	for i, r := range releases {
		list[i] = r.AsOfDate + " " + r.ContentHash
	}
	return list
}

// rulesDiffer tells whether rules, maps, tables or settings do. Where a release does not
// keep them, the hashes of its manifest tell.
func (s *stepper) rulesDiffer(ctx context.Context, db *store.DB) bool {
	w := s.options.warehouse(s.config)
	s.texts, s.notDefined = map[bool]map[string]string{}, map[bool]error{}
	s.texts[false], s.notDefined[false] = storedTexts(ctx, db, w, s.before)
	s.texts[true], s.notDefined[true] = storedTexts(ctx, db, w, s.after)
	if s.notDefined[false] != nil || s.notDefined[true] != nil {
		own := func(h store.FileHash) bool { return strings.HasPrefix(h.Name, "sql/") }
		return !slices.Equal(slices.DeleteFunc(slices.Clone(s.before.Configuration), own), slices.DeleteFunc(slices.Clone(s.after.Configuration), own))
	}
	return len(differentTexts(s.texts[false], s.texts[true])) > 0
}

// differentTexts names the texts that two sets do not have alike.
func differentTexts(a, b map[string]string) []string {
	names := maps.Clone(a)
	maps.Copy(names, b)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(name string) bool {
		one, inOne := a[name]
		other, inOther := b[name]
		return inOne == inOther && one == other
	})
}

// compute computes the figures with the named factors of the later release and the
// others of the earlier one, from what both store.
func (s *stepper) compute(ctx context.Context, later []string) (st state, err error) {
	isLater := func(factor string) bool {
		switch {
		case factor == factorPositions && !s.differs(factorPositions): // terms that are alike are taken with their prices
			factor = factorPrices
		case factor == factorPrices && !s.differs(factorPrices):
			factor = factorPositions
		}
		return slices.Contains(later, factor)
	}
	of := func(factor string) store.Manifest {
		if isLater(factor) {
			return s.after
		}
		return s.before
	}
	s.computed++
	folder := filepath.Join(s.folder, fmt.Sprintf("step-%d", s.computed))
	defined := isLater(factorRules)
	if s.notDefined[defined] != nil && !s.differs(factorRules) {
		defined = !defined
	}
	if s.notDefined[defined] != nil {
		return st, s.notDefined[defined]
	}
	options := s.options
	if options.AsOf, err = time.Parse(time.DateOnly, of(factorDate).AsOfDate); err != nil {
		return st, err
	}
	definitions, err := definedBy(s.config, s.texts[defined], options.AsOf, folder)
	if err != nil {
		return st, err
	}
	options.Now, options.Progress = time.Now, nil
	j := newJob(definitions, options)
	j.staging, j.output = folder, filepath.Join(folder, "release")
	if err := os.MkdirAll(j.output, 0o700); err != nil {
		return st, err
	}
	if err := j.openDatabase(ctx); err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, j.db.Close()) }()
	j.release, j.outcome.Manifest = of(factorDate).Release, of(factorDate)
	j.outcome.Manifest.RollForward, j.outcome.Manifest.Quarters = of(s.rolledBy).RollForward, of(s.trendBy).Quarters
	if j.frozen, err = s.evidenceOf(of(factorOther)); err != nil {
		return st, err
	}
	if err := s.records(ctx, j, of, isLater); err != nil {
		return st, err
	}
	j.rates = s.rates(isLater)
	if _, _, err := j.makeFacts(ctx); err != nil { // and the movements
		return st, err
	}
	if err := j.compute(ctx, nil); err != nil {
		return st, err
	}
	return j.state()
}

// differs tells whether a factor is changed at some step.
func (s *stepper) differs(factor string) bool { return slices.Contains(s.order, factor) }

// state is what the job came to.
func (j *job) state() (state, error) {
	st := state{cells: map[cellName]stateCell{}, scopes: j.scopeNames()}
	relations := map[string]string{}
	for _, t := range j.Tables {
		relations[t.ID.Value] = t.Relation.Value
	}
	for _, c := range j.outcome.Cells {
		st.cells[cellName{c.TableID, c.BlockID, c.RowID, c.ColumnID}] = stateCell{measure: c.Measure, relation: relations[c.TableID], predicate: c.Predicate,
			exact: c.Exact, place: [4]int{c.TableNumber, c.BlockNumber, c.RowNumber, c.ColumnNumber}}
	}
	var err error
	st.files, err = j.factFiles()
	return st, err
}

// records makes the relations of ingest, each data set of the release that its factor
// is of.
func (s *stepper) records(ctx context.Context, j *job, of func(factor string) store.Manifest, isLater func(factor string) bool) error {
	for prefix, m := range map[string]store.Manifest{"before_": s.before, "after_": s.after} {
		if err := releaseViews(ctx, j.db, j.warehouse, m, prefix); err != nil {
			return err
		}
		if _, known := m.Relation("fx_rates_records"); !known {
			set, _ := position.Find("fx_rates")
			if err := j.db.Run(ctx, set.CreateTable(prefix+"fx_rates")); err != nil {
				return err
			}
		}
		files, err := inputFiles(m)
		if err != nil {
			return err
		}
		for _, f := range files {
			if of(factorOf[f.DataSet]).Release == m.Release {
				j.outcome.Files = append(j.outcome.Files, f)
			}
		}
	}
	prefix := func(factor string) string {
		if isLater(factor) {
			return "after_"
		}
		return "before_"
	}
	for _, name := range []string{"rejects", "conflicts", "unreadable_values"} {
		if err := j.db.CreateView(ctx, name, "select * from "+prefix(factorPositions)+name); err != nil {
			return err
		}
	}
	for _, set := range position.DataSets {
		if set.Name == "positions" && isLater(factorPositions) && !isLater(factorPrices) {
			if err := s.pricedEarlier(ctx, j, set); err != nil {
				return err
			}
			continue
		}
		factor := factorOf[set.Name]
		if _, known := of(factor).Relation(set.Name + "_records"); !known {
			if err := j.db.Run(ctx, set.CreateTable(set.Name), "alter table "+set.Name+" add column source_file varchar"); err != nil {
				return err
			}
			continue
		}
		if err := j.db.CreateView(ctx, set.Name, fmt.Sprintf("select %s, source_file from %s%s", strings.Join(set.Names(), ", "), prefix(factor), set.Name)); err != nil {
			return err
		}
	}
	return nil
}

// pricedEarlier makes positions of the terms of the later release and the prices of the
// earlier one. A trade that the earlier one does not have keeps its own price.
func (s *stepper) pricedEarlier(ctx context.Context, j *job, set position.DataSet) error {
	_, was := s.before.Relation("positions_records")
	_, is := s.after.Relation("positions_records")
	if !was || !is {
		return fmt.Errorf("%w: one of the releases has no positions", ErrData)
	}
	columns := make([]string, 0, len(set.Columns))
	for _, name := range set.Names() {
		switch {
		case name == "fair_value_currency": // where it is empty the currency of the notional was meant, as that was
			columns = append(columns, "case when b.position_id is null then a.fair_value_currency else coalesce(b.fair_value_currency, b.currency) end as fair_value_currency")
		case slices.Contains(priceColumns, name):
			columns = append(columns, fmt.Sprintf("case when b.position_id is null then a.%[1]s else b.%[1]s end as %[1]s", name))
		default:
			columns = append(columns, "a."+name)
		}
	}
	file := filepath.Join(j.staging, "positions.parquet")
	query := fmt.Sprintf("select %s, a.source_file from after_positions as a left join before_positions as b on b.position_id = a.position_id and b.source_system is not distinct from a.source_system",
		strings.Join(columns, ", "))
	if err := j.db.WriteParquet(ctx, query, file, nil); err != nil {
		return err
	}
	return j.db.CreateView(ctx, "positions", "select * from "+store.PlainParquet(file))
}

// rates convert at the earlier release's rates until those are changed; what they lack
// is converted at the other's.
func (s *stepper) rates(isLater func(factor string) bool) transform.OtherRates {
	day := func(m store.Manifest) time.Time {
		date, _ := time.Parse(time.DateOnly, m.AsOfDate) // it was parsed before
		return date
	}
	if isLater(factorFX) {
		return transform.OtherRates{On: day(s.after), Else: "before_fx_rates", ElseOn: day(s.before)}
	}
	return transform.OtherRates{On: day(s.before), Else: "after_fx_rates", ElseOn: day(s.after)}
}

// evidenceOf is the release whose evidence is frozen in another one.
func (s *stepper) evidenceOf(m store.Manifest) (store.Manifest, error) {
	if m.EvidenceOf == "" {
		return store.Manifest{}, nil
	}
	return s.whole(m.EvidenceOf)
}

// whole finds a release whose files are there.
func (s *stepper) whole(release string) (store.Manifest, error) {
	manifests, err := s.options.warehouse(s.config).Manifests()
	if err != nil {
		return store.Manifest{}, err
	}
	i := slices.IndexFunc(manifests, func(m store.Manifest) bool { return m.Release == release && !m.Removed() })
	if i < 0 {
		return store.Manifest{}, fmt.Errorf("%w: release %s, which it was made from, is gone", ErrData, release)
	}
	return manifests[i], nil
}
