package batch

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/ingest"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/transform"
)

// Choice names the releases that are verified; without any, all.
type Choice struct {
	AsOf, Release string
}

func (c Choice) takes(m store.Manifest) bool {
	return (c.AsOf == "" || c.AsOf == m.AsOfDate) && (c.Release == "" || c.Release == m.Release)
}

// Verification is what verify found.
type Verification struct {
	Releases int      `json:"releases"`
	Files    int      `json:"files"`
	Cells    int      `json:"cells"`
	Controls int      `json:"controls"`
	Removed  int      `json:"removed_by_retention"`
	Faults   []string `json:"faults"`
	Notes    []string `json:"notes"`
}

// Verify recomputes of the chosen releases every hash, control and footing, and
// every cell from the facts, and makes again what is no sum of facts; of the warehouse
// the chain of manifests and the catalog. It changes nothing.
func Verify(ctx context.Context, config configs.Config, choice Choice, progress func(release string)) (Verification, error) {
	v := Verification{Faults: []string{}, Notes: []string{}}
	w := Warehouse(config)
	manifests, faults, err := w.VerifyChain()
	if err != nil {
		return v, err
	}
	v.Faults = append(v.Faults, faults...)
	for _, m := range manifests {
		if !choice.takes(m) {
			continue
		}
		if progress != nil {
			progress(m.Release)
		}
		if err := v.release(ctx, config, w, m); err != nil {
			return v, fmt.Errorf("verifying release %s: %w", m.Release, err)
		}
	}
	if len(manifests) == 0 {
		return v, fmt.Errorf("%w: there is no release to verify; comment11 run publishes one", ErrData)
	}
	if v.Releases+v.Removed == 0 && choice != (Choice{}) {
		return v, fmt.Errorf("%w: there is no such release", ErrData)
	}
	shown := slices.DeleteFunc(manifests, func(m store.Manifest) bool { return m.Status != store.Published || m.Removed() })
	faults, notes, err := w.VerifyCatalog(ctx, engine(config), shown)
	v.Faults, v.Notes = append(v.Faults, faults...), append(v.Notes, notes...)
	return v, err
}

func (v *Verification) release(ctx context.Context, config configs.Config, w store.Warehouse, m store.Manifest) error {
	faults, whole := w.VerifyFiles(m)
	v.Faults = append(v.Faults, faults...)
	v.Files += len(m.Files)
	if m.Removed() {
		v.Removed++
		return nil
	}
	v.Releases++
	fault := func(format string, arguments ...any) {
		v.Faults = append(v.Faults, "release "+m.Release+": "+fmt.Sprintf(format, arguments...))
	}
	files, err := inputFiles(m)
	if err != nil {
		v.Faults = append(v.Faults, err.Error())
	}
	if fingerprint(m, files) != m.Fingerprint {
		fault("its fingerprint is not that of its inputs, configuration and program")
	}
	if releaseHash(m) != m.ReleaseHash {
		fault("its release hash is not that of its relations")
	}
	if !whole {
		return nil // what cannot be read as it was published says nothing more
	}
	db, done, err := reading(ctx, config)
	if err != nil {
		return err
	}
	defer done()
	faults, err = w.VerifyRelations(ctx, db, m)
	v.Faults = append(v.Faults, faults...)
	if err != nil {
		return err
	}
	if err := releaseViews(ctx, db, w, m, ""); err != nil {
		return err
	}
	list, cells, err := figureFaults(ctx, db, m, ranks, footing)
	v.Cells += cells
	for _, text := range list {
		fault("%s", text)
	}
	if err != nil {
		return err
	}
	controls, err := readControls(ctx, db, w, m)
	if err != nil {
		return err
	}
	v.Controls += len(controls)
	for _, text := range slices.Concat(statusFaults(m, controls), recordFaults(controls, files)) {
		fault("%s", text)
	}
	if list, err = factFaults(ctx, db, m); err != nil {
		return err
	}
	for _, text := range list {
		fault("%s", text)
	}
	same, err := sameQueries(config, m)
	if err != nil {
		return err
	}
	if !same {
		v.Notes = append(v.Notes, "release "+m.Release+": it was made by other queries than this program's, so that "+strings.Join(remade, ", ")+" were not made again")
		return nil
	}
	again, err := madeAgain(ctx, db, config, m)
	for _, text := range again {
		fault("%s", text)
	}
	return err
}

// sameQueries tells whether the release was made by the queries of this program.
func sameQueries(config configs.Config, m store.Manifest) (bool, error) {
	hashes, _, err := hashDefinitions(config, map[string][]fs.FS{"sql": {transform.SQL(), disclosures.SQL()}})
	queries := func(list []store.FileHash) []store.FileHash {
		return slices.DeleteFunc(slices.Clone(list), func(h store.FileHash) bool { return !strings.HasPrefix(h.Name, "sql/") })
	}
	return slices.Equal(queries(hashes), queries(m.Configuration)), err
}

// remade are the relations of a release that are made again, of its facts and records and
// of the maps that it keeps. Those that compare with an opening need two releases.
var remade = []string{"balance_sheet_bridge", "counterparty_ranks", "downgraded_netting_sets"}

// madeAgain holds that relations are, row by row, what the facts and records give.
func madeAgain(ctx context.Context, db *store.DB, config configs.Config, m store.Manifest) (faults []string, err error) {
	d, err := definitionsOf(ctx, db, config, m)
	if err != nil {
		return nil, err
	}
	in := disclosures.Input{Scopes: m.Scopes, Members: d.members(), AsOf: d.AsOf, Ratings: transform.RatingNotches(d.Maps["ratings"]), Currency: m.ReportingCurrency}
	for _, set := range position.DataSets {
		if _, loaded := m.Relation(set.Name + "_records"); loaded {
			in.Loaded = append(in.Loaded, set.Name)
		} else if err := db.Run(ctx, set.CreateTable(set.Name)); err != nil {
			return nil, err
		}
	}
	if err := db.CreateMacros(ctx); err != nil {
		return nil, err
	}
	if err := transform.CounterpartiesAsOf(ctx, db, d.AsOf, d.Maps); err != nil {
		return nil, err
	}
	for _, name := range remade {
		relation, known := m.Relation(name)
		if !known {
			continue
		}
		if err := db.Run(ctx, "drop view "+name); err != nil {
			return faults, err
		}
		if err := disclosures.Derive(ctx, db, name, in); err != nil {
			return faults, err
		}
		columns := slices.DeleteFunc(relation.ColumnNames(), func(c string) bool { return c == "as_of_date" || c == "release" })
		for i := range columns {
			columns[i] = store.Identifier(columns[i])
		}
		differ, err := store.Scalar[int64](ctx, db, fmt.Sprintf("select count(*) from ((select %[1]s from %[2]s except all select %[1]s from %[3]s) union all (select %[1]s from %[3]s except all select %[1]s from %[2]s))",
			strings.Join(columns, ", "), releaseFiles(Warehouse(config), m, name), name))
		if err != nil {
			return faults, err
		}
		if differ > 0 {
			faults = append(faults, fmt.Sprintf("%d rows of relation %s, or rows that it lacks, are not what its facts, records and maps give", differ, name))
		}
	}
	return faults, nil
}

// releaseViews makes the relations of one release known to the database, each as
// <prefix><name>: those that are named, or all where none is.
func releaseViews(ctx context.Context, db *store.DB, w store.Warehouse, m store.Manifest, prefix string, names ...string) error {
	asked := func(name string) bool { return len(names) == 0 || slices.Contains(names, name) }
	for _, r := range m.Relations {
		if !asked(r.Name) {
			continue
		}
		if err := db.CreateView(ctx, prefix+r.Name, "select * from "+releaseFiles(w, m, r.Name)); err != nil {
			return err
		}
	}
	for _, view := range CatalogViews() {
		if _, known := m.Relation(view.Relation); !known || !asked(view.Name) {
			continue
		}
		query, err := view.Query(m, store.ReadParquet(w.Files(m, view.Relation)))
		if err != nil {
			return err
		}
		query = strings.ReplaceAll(query, "conflicts_all_releases", prefix+"conflicts")
		if err := db.CreateView(ctx, prefix+view.Name, query); err != nil {
			return err
		}
	}
	return nil
}

var quotedColumn = regexp.MustCompile(`"([a-z0-9_]+)"|\b(scope_[a-z0-9_]+)\b`)

// columnsNamed are the columns that a predicate names, as often as it does.
func columnsNamed(predicate string) (columns []string) {
	for _, match := range quotedColumn.FindAllStringSubmatch(predicate, -1) {
		columns = append(columns, match[1]+match[2])
	}
	return columns
}

// figureFaults computes every cell of a release again, and checks what else is asked of
// its figures. counted are the cells.
func figureFaults(ctx context.Context, db *store.DB, m store.Manifest, checks ...func(context.Context, *store.DB, store.Manifest) ([]string, error)) (faults []string, counted int, err error) {
	faults, counted, err = cellFaults(ctx, db, m)
	for _, check := range checks {
		if err != nil {
			break
		}
		var list []string
		list, err = check(ctx, db, m)
		faults = append(faults, list...)
	}
	return faults, counted, err
}

// cellFaults computes every cell again, from the facts and its own predicate, or as the
// share that it is of others.
func cellFaults(ctx context.Context, db *store.DB, m store.Manifest) (faults []string, counted int, err error) {
	listed, err := store.Query(ctx, db, `
select t.relation, c.table_id, c.block_id, c.row_id, c.column_id, c.measure, c.predicate, c.exact
from cells as c join tables as t on t.table_id = c.table_id order by t.relation, c.table_number, c.block_number, c.row_number, c.column_number`)
	if err != nil {
		return nil, 0, err
	}
	if cells, _ := m.Relation("cells"); int64(len(listed.Rows)) != cells.Rows {
		faults = append(faults, fmt.Sprintf("%d of its %d cells are of a table that it does not list", cells.Rows-int64(len(listed.Rows)), cells.Rows))
	}
	byRelation := map[string][][]any{}
	for _, row := range listed.Rows {
		if !strings.HasPrefix(row[5].(string), disclosures.ShareMeasure) {
			byRelation[row[0].(string)] = append(byRelation[row[0].(string)], row)
		}
	}
	for relation, rows := range byRelation {
		list, err := cellsOfRelation(ctx, db, relation, rows)
		if err != nil {
			return faults, counted, err
		}
		faults = append(faults, list...)
		counted += len(rows)
	}
	list, shares, err := sharesOfCells(ctx, db)
	return append(faults, list...), counted + shares, err
}

// sharesOfCells divides again: each share is that of its row's cell in the first
// row's cell of the column that it names.
func sharesOfCells(ctx context.Context, db *store.DB) (faults []string, counted int, err error) {
	table, err := store.Query(ctx, db, `
with first as (
  select table_id, block_id, column_id, arg_min(exact, row_number) as exact from cells where parent_row_id = '' and not memo group by all)
select s.table_id || '/' || s.block_id || '/' || s.row_id || '/' || s.column_id, s.exact, s.measure, c.column_id, c.exact, first.exact
from cells as s
left join cells as c on c.table_id = s.table_id and c.block_id = s.block_id and c.row_id = s.row_id and s.measure = '`+disclosures.ShareMeasure+`' || c.column_id
left join first on first.table_id = c.table_id and first.block_id = c.block_id and first.column_id = c.column_id
where starts_with(s.measure, '`+disclosures.ShareMeasure+`')
order by s.table_number, s.block_number, s.row_number, s.column_number`)
	if err != nil {
		return nil, 0, err
	}
	for _, row := range table.Rows {
		said := row[1].(decimal.Decimal)
		if row[3] == nil {
			faults = append(faults, fmt.Sprintf("cell %s is a %s, and there is no such column in its block", row[0], row[2]))
			continue
		}
		part, whole, share := row[4].(decimal.Decimal), row[5].(decimal.Decimal), decimal.Zero
		if whole.IsPositive() {
			share = part.Shift(2).DivRound(whole, 2)
		}
		if !share.Equal(said) {
			faults = append(faults, fmt.Sprintf("cell %s says %s percent, %s of %s are %s", row[0], said, part, whole, share))
		}
	}
	return faults, len(table.Rows), nil
}

// cellsOfRelation groups the relation by all columns that the predicates name, and these
// groups by those that each block names, so that predicates are evaluated on few rows.
func cellsOfRelation(ctx context.Context, db *store.DB, relation string, rows [][]any) (faults []string, err error) {
	var measures, sums, again []string
	for _, row := range rows {
		measures = append(measures, row[5].(string))
	}
	slices.Sort(measures)
	for _, measure := range slices.Compact(measures) {
		of, sum := store.Identifier(measure), store.Identifier("sum_"+measure)
		if measure == "count" {
			of = "1"
		}
		sums, again = append(sums, "sum("+of+") as "+sum), append(again, "sum("+sum+") as "+sum)
	}
	all, ofBlock := relation+"_verified", relation+"_of_block"
	group := func(name, from string, sums []string, rows [][]any) error {
		by := strings.Join(columnsOfCells(rows), ", ")
		return db.CreateTable(ctx, name, fmt.Sprintf("select %s, %s from %s group by %[1]s", by, strings.Join(sums, ", "), from))
	}
	if err := group(all, relation, sums, rows); err != nil {
		return nil, err
	}
	for len(rows) > 0 {
		block := rows
		if next := slices.IndexFunc(rows, func(row []any) bool { return row[1] != rows[0][1] || row[2] != rows[0][2] }); next > 0 {
			block = rows[:next]
		}
		rows = rows[len(block):]
		if err := group(ofBlock, all, again, block); err != nil {
			return faults, err
		}
		const atOnce = 500
		for batch := range slices.Chunk(block, atOnce) {
			var aggregates []string
			for _, row := range batch {
				aggregates = append(aggregates, fmt.Sprintf("cast(coalesce(sum(%s) filter (where %s), 0) as decimal(38, 2))", store.Identifier("sum_"+row[5].(string)), row[6]))
			}
			found, err := store.Query(ctx, db, "select "+strings.Join(aggregates, ", ")+" from "+ofBlock)
			if err != nil {
				return faults, err
			}
			for i, row := range batch {
				if got, want := found.Rows[0][i].(decimal.Decimal), row[7].(decimal.Decimal); !got.Equal(want) {
					faults = append(faults, fmt.Sprintf("cell %s/%s/%s/%s says %s, its facts come to %s", row[1], row[2], row[3], row[4], want, got))
				}
			}
		}
	}
	return faults, nil
}

// columnsOfCells are the columns that the predicates of cells name, for SQL.
func columnsOfCells(rows [][]any) (columns []string) {
	for _, row := range rows {
		for _, column := range columnsNamed(row[6].(string)) {
			columns = append(columns, store.Identifier(column))
		}
	}
	slices.Sort(columns)
	return slices.Compact(columns)
}

// ranks ranks facts again, and holds that every place of a relation of ranks has what its
// facts come to, by direction.
func ranks(ctx context.Context, db *store.DB, m store.Manifest) (faults []string, err error) {
	// Names and grades of counterparties, which are in no sum, are not made again.
	if err := db.Run(ctx, "create or replace table counterparties_as_of (counterparty_id varchar, name varchar, notch integer)"); err != nil {
		return nil, err
	}
	for _, relation := range m.Relations {
		for _, column := range relation.ColumnNames() {
			scope, is := strings.CutPrefix(column, position.ScopeColumn(""))
			if !is {
				continue
			}
			places, query, err := disclosures.FactByFact(relation.Name, scope)
			if err != nil {
				return faults, err
			}
			if query == "" {
				break
			}
			if err := db.CreateTable(ctx, "ranked", places); err != nil {
				return faults, err
			}
			var sums []string
			for _, measure := range disclosures.Measures(relation.Name)[1:] { // what counts is the facts, not the rows
				sums = append(sums, fmt.Sprintf("cast(sum(%s) as decimal(38, 2))", store.Identifier(measure)))
			}
			list := strings.Join(sums, ", ")
			table, err := store.Query(ctx, db, fmt.Sprintf(`
select coalesce(a.place, b.place), coalesce(a.direction, b.direction), cast(a.sums as varchar), cast(b.sums as varchar), a.sums is distinct from b.sums
from (select place, direction, [%[1]s] as sums from %[2]s where %[3]s = 'external' group by place, direction) as a
full join (select place, direction, [%[1]s] as sums from (%[4]s) group by place, direction) as b on b.place = a.place and b.direction = a.direction
order by 1, 2`, list, store.Identifier(relation.Name), column, query))
			if err != nil {
				return faults, err
			}
			for _, row := range table.Rows {
				if row[4].(bool) {
					faults = append(faults, fmt.Sprintf("place %v, %v, of %s in scope %s has %v, its facts come to %v", row[0], row[1], relation.Name, scope, row[2], row[3]))
				}
			}
		}
	}
	return faults, nil
}

// footing holds that exact and displayed values of the parts add up to their
// whole, along the rows and along the columns, and that no cell is moved by a
// whole unit or more, unless it is the difference of what others show. Exact shares are
// rounded each and need not add up.
func footing(ctx context.Context, db *store.DB, _ store.Manifest) (faults []string, err error) {
	table, err := store.Query(ctx, db, `
with units as (
  select *, case when `+store.IsOneOf("unit", append([]string{"percent"}, disclosures.CountUnits...))+` then 1
    else case split_part(unit, ' ', 2) when 'dollars' then 1 when 'thousands' then 1000 when 'millions' then 1000000 when 'billions' then 1000000000 end end as unit_size
  from cells),
parts as (
  select table_id, block_id, parent_row_id as row_id, column_id, sum(exact) as exact, sum(displayed) as displayed
  from cells where parent_row_id <> '' group by all),
columns as (
  select table_id, block_id, row_id, measure, sum(exact) as exact, sum(displayed) as displayed
  from cells where not total_column group by all)
select c.table_id || '/' || c.block_id || '/' || c.row_id || '/' || c.column_id as cell, 'the rows that are its parts' as what, c.exact, p.exact, c.displayed, p.displayed
from cells as c join parts as p using (table_id, block_id, row_id, column_id) where (c.exact <> p.exact and c.unit <> 'percent') or c.displayed <> p.displayed
union all
select c.table_id || '/' || c.block_id || '/' || c.row_id || '/' || c.column_id, 'the columns that are its parts', c.exact, p.exact, c.displayed, p.displayed
from cells as c join columns as p using (table_id, block_id, row_id, measure) where c.total_column and ((c.exact <> p.exact and c.unit <> 'percent') or c.displayed <> p.displayed)
union all
select table_id || '/' || block_id || '/' || row_id || '/' || column_id, 'its exact value, a whole unit or more away', exact, exact, displayed, displayed
from units where unit_size is null or (not `+store.IsOneOf("measure", disclosures.Differences)+` and abs(cast(displayed as decimal(38, 2)) * unit_size - exact) >= unit_size)
order by cell, what`)
	if err != nil {
		return nil, err
	}
	for _, row := range table.Rows {
		faults = append(faults, fmt.Sprintf("cell %s does not foot with %s: exact %v and %v, displayed %v and %v", row...))
	}
	return faults, nil
}

// statusFaults holds that a published release has no break of severity hold that
// was not accepted, and none of integrity at all.
func statusFaults(m store.Manifest, controls []position.Control) (faults []string) {
	breaks := 0
	for _, c := range controls {
		if c.Holds() || c.Severity != "hold" {
			continue
		}
		breaks++
		accepted := c.Class != "integrity" && slices.ContainsFunc(m.Approvals, func(a store.Approval) bool {
			amount, err := decimal.NewFromString(a.Amount)
			return err == nil && a.Control == c.ID && a.Subject == c.Subject && amount.Equal(c.Difference()) && a.Preparer != a.Approver
		})
		if m.Status == store.Published && !accepted {
			faults = append(faults, fmt.Sprintf("it is published though control %s, %s is broken by %s and was not accepted", c.ID, c.Subject, c.Difference()))
		}
	}
	if m.Status == store.Held && breaks == 0 {
		faults = append(faults, "it is held though no control is broken")
	}
	return faults
}

// recordFaults holds the control of the records of every file against the manifest.
func recordFaults(controls []position.Control, files []ingest.File) (faults []string) {
	for _, want := range recordControls(files) {
		i := slices.IndexFunc(controls, func(c position.Control) bool { return c.ID == want.ID && c.Subject == want.Subject })
		if i < 0 || !controls[i].Left.Equal(want.Left) || !controls[i].Right.Equal(want.Right) || !want.Holds() {
			faults = append(faults, fmt.Sprintf("control %s, %s is not that of its inputs: %s and %s", want.ID, want.Subject, want.Left, want.Right))
		}
	}
	return faults
}

// factFaults holds that every position that was taken is one fact, whole or in slices that count from 1.
func factFaults(ctx context.Context, db *store.DB, m store.Manifest) ([]string, error) {
	if _, known := m.Relation("positions_records"); !known {
		return nil, nil
	}
	positions, err := store.Scalar[int64](ctx, db, "select count(*) from positions")
	if err != nil {
		return nil, err
	}
	table, err := store.Query(ctx, db, "select count(*), count(distinct (source_system, position_id)) from facts where origin = 'position' and slice <= 1")
	if err != nil {
		return nil, err
	}
	facts, distinct := table.Rows[0][0].(int64), table.Rows[0][1].(int64)
	if facts != positions || distinct != positions {
		return []string{fmt.Sprintf("%d positions were taken, and there are %d facts of %d of them", positions, facts, distinct)}, nil
	}
	return nil, nil
}
