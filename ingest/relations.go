package ingest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"comment11/internal/position"
	"comment11/internal/store"
)

// RowInFile is the SQL for a sound record's row in its file, from 0, over the
// Parquet files of its records.
const RowInFile = "file_row_number + rows_before"

// relate makes the relations over the records of all files.
func relate(ctx context.Context, db *store.DB, files []File) error {
	outputs, written := map[string][]string{}, map[string][]string{}
	for _, f := range files {
		outputs[f.DataSet], written[f.DataSet] = append(outputs[f.DataSet], f.outputs...), f.written
	}
	if err := createConflicts(ctx, db, outputs, written); err != nil {
		return err
	}
	for _, set := range position.DataSets {
		if len(outputs[set.Name]) == 0 {
			if err := db.Run(ctx, set.CreateTable(set.Name), "alter table "+set.Name+" add column source_file varchar"); err != nil {
				return err
			}
			continue
		}
		inConflict, err := store.Scalar[bool](ctx, db, "select count(*) > 0 from conflicts where data_set = "+store.Literal(set.Name))
		if err != nil {
			return err
		}
		if err := db.CreateView(ctx, set.Name, takenQuery(set, set.Name+"_records", inConflict)); err != nil {
			return err
		}
	}
	if err := createStructuralRejects(ctx, db, files); err != nil {
		return err
	}
	sets := slices.Sorted(maps.Keys(outputs))
	if err := db.CreateTable(ctx, "rejects", rejectsQuery(sets)); err != nil {
		return err
	}
	if err := db.CreateTable(ctx, "exclusions", exclusionsQuery(sets)); err != nil {
		return err
	}
	return db.CreateTable(ctx, "unreadable_values", unreadableQuery(sets))
}

// createConflicts finds the records that cannot be judged alone: of two with
// the same key and version all are rejected, so that their order cannot matter,
// and of several versions the highest counts. outputs are the Parquet files of
// each data set and written the contract's columns in them; the views
// <data set>_records are made here, with all columns.
func createConflicts(ctx context.Context, db *store.DB, outputs, written map[string][]string) error {
	queries := []string{"select '' as data_set, '' as source_file, cast(0 as bigint) as file_row_number, '' as record_status, '' as exclusion, '' as faults where false"}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		if err := db.CreateOverFiles(ctx, name+"_records", fmt.Sprintf("select %s, record_status, exclusion, faults, raw, source_file, as_of_date, release, %s as file_row_number from %s",
			dataSet(name).Select(written[name]), RowInFile, store.ReadParquet(outputs[name]))); err != nil {
			return err
		}
		queries = append(queries, conflictsQuery(dataSet(name)))
	}
	return db.CreateTable(ctx, "conflicts", strings.Join(queries, " union all "))
}

// conflictsQuery judges the records that share a key. Keys are compared by their
// hashes first, which is cheap, and only those that share one as they are.
func conflictsQuery(set position.DataSet) string {
	version := "0"
	var keys, texts, present []string
	for _, c := range set.Columns {
		switch {
		case !c.Has(position.Key):
		case strings.HasSuffix(c.Name, "_version") && c.Name != "index_version":
			version = "coalesce(" + c.Name + ", 0)"
			// A version that cannot be read is no version: such a record is rejected for
			// it, and must not be judged as if it had the lowest.
			present = append(present, fmt.Sprintf("not contains(coalesce(faults, ''), concat(%[1]s, '%[2]s', %[1]s))", fieldSeparator, c.Name))
		default:
			keys = append(keys, c.Name)
			texts = append(texts, fmt.Sprintf("coalesce(cast(%s as varchar), '')", c.Name))
		}
		if c.Has(position.Key | position.Required) {
			present = append(present, c.Name+" is not null")
		}
	}
	if len(present) == 0 {
		present = []string{"true"}
	}
	identity := fmt.Sprintf("concat_ws(%s, %s)", fieldSeparator, strings.Join(texts, ", "))
	if len(texts) == 1 {
		identity = texts[0]
	}
	return fmt.Sprintf(`
select '%[1]s' as data_set, source_file, file_row_number,
  case when repeated then 'rejected' else 'excluded' end as record_status,
  case when not repeated then 'superseded' end as exclusion,
  case when repeated then concat_ws(%[2]s, 'duplicate_key', '%[3]s', translate(identity, concat(%[2]s, %[8]s), '/ '), 'reject') end as faults
from (
  select source_file, file_row_number, identity, version,
    count(*) over (partition by identity, version) > 1 as repeated,
    max(version) over (partition by identity) as highest
  from (
    select source_file, file_row_number, %[4]s as identity, %[5]s as version
    from "%[1]s_records"
    where %[9]s and %[6]s and hash(%[7]s) in (
      select hash(%[7]s) from "%[1]s_records" where %[9]s and %[6]s group by 1 having count(*) > 1)
  )
)
where repeated or version < highest`,
		set.Name, fieldSeparator, set.Keys()[0], identity, version, strings.Join(present, " and "), strings.Join(keys, ", "), faultSeparator, inTheBook)
}

// inTheBook holds of the records that compete for a key: those that are taken,
// rejected, or cut off by the due date alone. Messages that dispute a trade are
// rejected for it already, and those of events that cannot be read or placed are no
// other state of the trade.
const inTheBook = "coalesce(exclusion, 'expired') in ('expired', 'not_yet_traded') and (faults is null or not regexp_matches(faults, '(^|\\x1e)(disputed_trade|event_without_trade|unsupported_message)\\x1f'))"

// takenQuery selects the records that were taken, in the contract's columns.
// Where nothing is in conflict nothing is joined.
func takenQuery(set position.DataSet, records string, inConflict bool) string {
	names := strings.Join(set.Names(), ", ")
	if !inConflict {
		return fmt.Sprintf("select %s, source_file from %s where record_status = 'taken'", names, store.Identifier(records))
	}
	return fmt.Sprintf("select %s, source_file from (%s) where record_status = 'taken'", names, WithoutConflicts(set.Name, store.Identifier(records), "conflicts"))
}

// WithoutConflicts selects the records of a data set that are in no conflict.
// records and conflicts are FROM items; where conflicts are of several releases,
// the columns of further must be the same too.
func WithoutConflicts(dataSet, records, conflicts string, further ...string) string {
	columns := append([]string{"source_file", "file_row_number"}, further...)
	same := make([]string, len(columns))
	for i, column := range columns {
		same[i] = "c." + column + " = r." + column
	}
	return fmt.Sprintf("select r.* from %s as r anti join (select %s from %s where data_set = '%s') as c on %s",
		records, strings.Join(columns, ", "), conflicts, dataSet, strings.Join(same, " and "))
}

// createStructuralRejects writes down the records that could not be split, with
// the number of sound records before each.
func createStructuralRejects(ctx context.Context, db *store.DB, files []File) error {
	err := db.Run(ctx, `create table structural_rejects (
  data_set varchar, source_file varchar, record bigint, sound_before bigint, ordinal bigint, reason varchar, value varchar, raw varchar)`)
	if err != nil {
		return err
	}
	transaction, err := db.BeginTx(ctx, nil) // one for all: each alone takes longer than the row
	if err != nil {
		return err
	}
	defer func() { _ = transaction.Rollback() }() // nothing is left to roll back after the commit
	statement, err := transaction.PrepareContext(ctx, "insert into structural_rejects values (?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer statement.Close()
	for _, f := range files {
		for i, s := range f.structural {
			value := s.found
			if s.reason == tooFewFields || s.reason == tooManyFields {
				value = fmt.Sprintf("%d fields, the header has %d", s.fields, len(f.header))
			}
			_, err := statement.ExecContext(ctx, f.DataSet, f.Name, s.record, s.record-int64(i)-1, i+1, s.reason, value, s.text)
			if err != nil {
				return err
			}
		}
	}
	return transaction.Commit()
}

// notTaken are the records of all data sets that were not taken, with their
// record numbers: the row in the Parquet file and the structural rejects before it.
func notTaken(sets []string) string {
	var queries []string
	for _, name := range sets {
		money := "cast(null as varchar) as currency, cast(null as decimal(18, 2)) as notional, cast(null as decimal(18, 2)) as fair_value"
		if name == "positions" {
			money = "r.currency, r.notional, r.fair_value"
		}
		queries = append(queries, fmt.Sprintf(`
select '%[1]s' as data_set, r.source_file, r.file_row_number, coalesce(c.record_status, r.record_status) as record_status,
  case when c.record_status is null then r.exclusion else c.exclusion end as exclusion,
  case when r.record_status = 'rejected' then concat_ws(%[2]s, r.faults, c.faults) else coalesce(c.faults, r.faults) end as faults, r.raw, %[3]s
from "%[1]s_records" as r
left join conflicts as c on c.data_set = '%[1]s' and c.source_file = r.source_file and c.file_row_number = r.file_row_number
where r.record_status <> 'taken' or c.record_status is not null`, name, faultSeparator, money))
	}
	return fmt.Sprintf(`
select n.* exclude (file_row_number), n.file_row_number + 1 + coalesce(s.ordinal, 0) as record
from (%s) as n
asof left join (select data_set, source_file, sound_before, max(ordinal) as ordinal from structural_rejects group by all) as s
  on s.data_set = n.data_set and s.source_file = n.source_file and n.file_row_number >= s.sound_before`,
		strings.Join(queries, " union all "))
}

const unpackedFault = `split_part(fault, chr(31), 1) as reason, split_part(fault, chr(31), 2) as column_name, split_part(fault, chr(31), 3) as value, split_part(fault, chr(31), 4) as effect`

func rejectsQuery(sets []string) string {
	return fmt.Sprintf(`
with not_taken as (%s),
faults as (
  select data_set, source_file, record, currency, notional, raw, unnest(string_split(faults, %s)) as fault from not_taken where record_status = 'rejected'),
unpacked as (select *, %s from faults),
all_rejects as (
  select data_set, source_file as file, record, column_name, nullif(value, '') as value, reason, currency, notional, raw from unpacked where effect = 'reject'
  union all
  select data_set, source_file, record, null, nullif(value, ''), reason, null, null, raw from structural_rejects)
select data_set, file, record, cast(row_number() over (partition by data_set, file, record order by reason = 'duplicate_key', column_name, reason) as integer) as fault,
  column_name, value, reason, currency, notional, raw
from all_rejects order by data_set, file, record, fault`, notTaken(sets), faultSeparator, unpackedFault)
}

func exclusionsQuery(sets []string) string {
	return fmt.Sprintf(`
with not_taken as (%s)
select data_set, source_file as file, record, exclusion as reason, currency, notional, fair_value, raw
from not_taken where record_status = 'excluded' order by data_set, file, record`, notTaken(sets))
}

// unreadableQuery lists the texts that could not be read in records that were
// taken all the same, because the column is not essential.
func unreadableQuery(sets []string) string {
	var queries []string
	for _, name := range sets {
		identity := "cast(null as varchar) as source_system, cast(null as varchar) as record_id"
		if name == "positions" {
			identity = "source_system, position_id as record_id"
		}
		queries = append(queries, fmt.Sprintf(`
select '%[1]s' as data_set, source_file, file_row_number, %[4]s, unnest(string_split(faults, %[2]s)) as fault
from (%[3]s) where record_status = 'taken' and faults is not null`,
			name, faultSeparator, WithoutConflicts(name, store.Identifier(name+"_records"), "conflicts"), identity))
	}
	return fmt.Sprintf(`
with unpacked as (select *, %s from (%s)),
numbered as (
  select u.*, u.file_row_number + 1 + coalesce(s.ordinal, 0) as record
  from unpacked as u
  asof left join (select data_set, source_file, sound_before, max(ordinal) as ordinal from structural_rejects group by all) as s
    on s.data_set = u.data_set and s.source_file = u.source_file and u.file_row_number >= s.sound_before)
select data_set, source_file as file, record, column_name, value, reason, source_system, record_id from numbered order by data_set, file, record, column_name`,
		unpackedFault, strings.Join(queries, " union all "))
}

// count fills in how many records of each file were taken, excluded and rejected,
// with one query each for all files.
func count(ctx context.Context, db *store.DB, files []File) error {
	rejected, err := perFile(ctx, db, "select data_set, file, count(*) from rejects where fault = 1 group by data_set, file")
	if err != nil {
		return err
	}
	excluded, err := perFile(ctx, db, "select data_set, file, count(*) from exclusions group by data_set, file")
	if err != nil {
		return err
	}
	var sets []string
	for _, f := range files {
		if query := fmt.Sprintf("select '%s' as data_set, source_file, count(*) from %s group by source_file", f.DataSet, store.Identifier(f.DataSet)); !slices.Contains(sets, query) {
			sets = append(sets, query)
		}
	}
	taken, err := perFile(ctx, db, strings.Join(sets, " union all "))
	if err != nil {
		return err
	}
	for i := range files {
		f := &files[i]
		key := [2]string{f.DataSet, f.Name}
		f.Taken, f.Excluded, f.Rejected = taken[key], f.filtered+excluded[key], rejected[key]
	}
	return nil
}

// perFile reads numbers by data set and file.
func perFile(ctx context.Context, db *store.DB, query string) (map[[2]string]int64, error) {
	numbers := map[[2]string]int64{}
	if query == "" {
		return numbers, nil
	}
	table, err := store.Query(ctx, db, query)
	if err != nil {
		return nil, err
	}
	for _, row := range table.Rows {
		numbers[[2]string{row[0].(string), row[1].(string)}] = row[2].(int64)
	}
	return numbers, nil
}
