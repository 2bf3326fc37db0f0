package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"comment11/internal/document"
	"comment11/internal/position"
	"comment11/internal/store"
)

// Separators of the packed faults of a record: between faults, and between
// reason, column and value of one.
const (
	faultSeparator = "chr(30)"
	fieldSeparator = "chr(31)"
)

// asOfColumn is what expressions call the due date, as text.
const asOfColumn = "run_as_of_date"

// readPart writes every sound record of a part of a file to Parquet, in the file's
// order: typed columns, status, and where it is not taken, why and its text.
func readPart(ctx context.Context, db *store.DB, in Input, p part) error {
	source, file := in.source(p.file.Source), p.file
	if len(file.header) == 0 { // an empty file that the source allows
		return db.WriteParquet(ctx, emptyRecords(in, *file), p.output(in), nil)
	}
	format := source.format()
	from, end, err := format.relation(in, source, p)
	if err != nil {
		return err
	}
	if db.FilesInMemory && !format.typed { // so that the long query below is planned once
		rows := filepath.Base(p.output(in))
		if err := db.CreateTable(ctx, rows, "select * from "+from); err != nil {
			return errors.Join(fmt.Errorf("%s: reading the records: %w", file.Name, err), end())
		}
		from = store.Identifier(rows)
	}
	if source.Format == referenceRates {
		err = readRates(ctx, db, in, file, from, p.output(in))
	} else if err = db.WriteParquet(ctx, recordsQuery(in, *file, file.mapped, p.before, from, format), p.output(in), closedLists(in, *file)); err != nil {
		err = fmt.Errorf("%s: reading the records: %w", file.Name, err)
		if format.typed {
			err = cmp.Or(unreadableColumn(ctx, db, file, from), err)
		}
	}
	if unread := end(); err == nil && unread != nil {
		err = fmt.Errorf("%s: the records were not read to their end: %w", file.Name, unread)
	}
	return err
}

// unreadableColumn names the first column that the engine cannot read even as it stands,
// without any mapping: the file is at fault then. It is nil where there is none.
func unreadableColumn(ctx context.Context, db *store.DB, file *File, from string) error {
	for _, name := range file.header {
		if _, err := store.Query(ctx, db, "select count("+store.Identifier(name)+") from "+from); err != nil && ctx.Err() == nil {
			cause, _, _ := strings.Cut(err.Error(), "\n")
			return &FileError{File: file.Name, Reason: "unreadable_file", Message: fmt.Sprintf("column %q cannot be read: %s; deliver it again",
				name, strings.ReplaceAll(cause, file.path, file.Name))}
		}
	}
	return nil
}

// readCSV is the FROM item for the file: all columns as text, by the names and
// in the order of its own header, because DuckDB ignores header names once it
// is given columns.
func readCSV(source Source, header []string, path string) string {
	columns := make([]string, len(header))
	for i, name := range header {
		columns[i] = store.Literal(name) + ": 'VARCHAR'"
	}
	quote := "''"
	if source.Quote != 0 {
		quote = store.Literal(string(source.Quote))
	}
	return fmt.Sprintf("read_csv(%s, auto_detect = false, header = true, delim = %s, quote = %s, escape = %s, "+
		"columns = {%s}, hive_partitioning = false, strict_mode = true, null_padding = false, ignore_errors = false, max_line_size = %d)",
		store.Files(path), store.Literal(string(source.Delimiter)), quote, quote, strings.Join(columns, ", "), maximumRecordSize)
}

// mappedColumn is a contract column and the SQL that makes its text.
type mappedColumn struct {
	position.Column
	text  string
	typed bool // the file's columns have types, one of which may be floating point
}

// mapped is all that a source's expressions compile to.
type mapped struct {
	columns []mappedColumn // of the contract, in its order; text is "" where nothing is mapped
	where   string         // SQL boolean, "" where the source takes all
	unread  []UnreadColumn
}

// UnreadColumn is a column of a file that no mapping asks for.
type UnreadColumn struct {
	Name string `json:"name"`
	// Meant is the column of the data set that the file lacks and that is spelled nearly so, or "".
	Meant string `json:"meant,omitempty"`
}

// compileSources compiles the mappings of all files before any data is read.
func compileSources(ctx context.Context, db *store.DB, in Input, files []File) error {
	var faults store.ExpressionFaults
	var others []error
	for i, file := range files {
		if len(file.header) == 0 || in.source(file.Source).Format == referenceRates {
			continue
		}
		if i > 0 && files[i-1].Source == file.Source && slices.Equal(files[i-1].header, file.header) {
			files[i].mapped, files[i].Unread = files[i-1].mapped, files[i-1].Unread // a source may have thousands of files of one header
			continue
		}
		var err error
		files[i].mapped, err = mappedColumns(ctx, db, in, in.source(file.Source), file)
		files[i].Unread = files[i].mapped.unread
		var list store.ExpressionFaults
		switch {
		case errors.As(err, &list):
			for _, fault := range list {
				if !slices.Contains(faults, fault) {
					faults = append(faults, fault)
				}
			}
		case err != nil:
			others = append(others, err)
		}
	}
	if len(faults) > 0 {
		others = append(others, faults)
	}
	return errors.Join(others...)
}

// mappedColumns compiles the mapping of a source for one file's header.
func mappedColumns(ctx context.Context, db *store.DB, in Input, source Source, file File) (mapped, error) {
	relation := "source_" + source.Name
	names := append(slices.Clone(file.header), asOfColumn)
	for i, name := range names {
		names[i] = store.Identifier(name) + " varchar"
	}
	if err := db.Run(ctx, "create or replace table "+store.Identifier(relation)+" ("+strings.Join(names, ", ")+")"); err != nil {
		return mapped{}, err
	}
	mappings := source.mappingsFor(file.header)
	if err := missingColumns(source, mappings, file); err != nil {
		return mapped{}, err
	}
	expressions := make([]store.Expression, 0, len(mappings)+1)
	for _, m := range mappings {
		expressions = append(expressions, m.compilable(relation, store.Value))
	}
	if source.Where.Text != "" {
		expressions = append(expressions, source.Where.compilable(relation, store.Boolean))
	}
	texts, err := store.Compile(ctx, db, expressions, Functions(in.Maps))
	if err != nil {
		return mapped{}, err
	}
	var result mapped
	for _, column := range dataSet(source.DataSet).Columns {
		i := slices.IndexFunc(mappings, func(m Mapping) bool { return m.Column == column.Name })
		text := ""
		switch {
		case i >= 0:
			text = texts[i]
		case column.Name == "source_system":
			text = store.Literal(source.Name)
		}
		result.columns = append(result.columns, mappedColumn{column, text, source.format().typed})
	}
	if source.Where.Text != "" {
		result.where = texts[len(texts)-1]
	}
	if !source.format().judged { // a decoder's columns are its own
		result.unread = unreadColumns(file.header, strings.Join(texts, " "), dataSet(source.DataSet), result.columns)
	}
	return result, nil
}

// unreadColumns are those of the header that none of the compiled texts names.
func unreadColumns(header []string, texts string, set position.DataSet, columns []mappedColumn) (unread []UnreadColumn) {
	for _, name := range header {
		if strings.Contains(texts, store.Identifier(name)) {
			continue
		}
		column := UnreadColumn{Name: name}
		for _, meant := range set.SpelledLike(name) {
			if slices.ContainsFunc(columns, func(c mappedColumn) bool { return c.Name == meant && c.text == "" }) {
				column.Meant = meant
			}
		}
		unread = append(unread, column)
	}
	return unread
}

func (e Expression) compilable(relation string, want store.ExpressionType) store.Expression {
	return store.Expression{Text: e.Text, File: e.File, Line: e.Line, Column: e.Column, Relation: relation, Want: want}
}

// writtenColumns gives the columns that the outputs of each data set have: those
// that some file of it fills. The others would be written for nothing; the
// relations over the outputs have them as NULL.
func writtenColumns(in Input, files []File) map[string][]string {
	filled := map[string]map[string]bool{}
	for _, file := range files {
		if filled[file.DataSet] == nil {
			filled[file.DataSet] = map[string]bool{"source_system": true}
		}
		source := in.source(file.Source)
		if source.Format == referenceRates {
			for _, name := range dataSet(file.DataSet).Names() {
				filled[file.DataSet][name] = true
			}
		}
		for _, m := range source.mappingsFor(file.header) {
			filled[file.DataSet][m.Column] = true
		}
	}
	written := map[string][]string{}
	for name, columns := range filled {
		for _, column := range dataSet(name).Names() {
			if columns[column] {
				written[name] = append(written[name], column)
			}
		}
	}
	return written
}

// closedLists are the values that columns of the output can have, beside those of
// the contract, which are cast when they are read.
func closedLists(in Input, file File) map[string][]string {
	return map[string][]string{"record_status": {"taken", "excluded", "rejected"}, "exclusion": exclusionReasons(),
		"source_file": {file.Name}, "release": {in.Release}}
}

// exclusionReasons are all for which a record can be left out.
func exclusionReasons() []string {
	reason, _ := dataSet("exclusions").Column("reason")
	return reason.Values
}

// mappingsFor adds the columns that are taken by their own names.
func (s Source) mappingsFor(header []string) []Mapping {
	mappings := slices.Clone(s.Columns)
	if !s.SameNames {
		return mappings
	}
	for _, name := range header {
		column, known := dataSet(s.DataSet).Column(name)
		taken := slices.ContainsFunc(mappings, func(m Mapping) bool { return m.Column == column.Name })
		if known && !taken {
			mappings = append(mappings, Mapping{Column: name, Expression: Expression{Text: store.Identifier(name), File: s.Name}})
		}
	}
	return mappings
}

// missingColumns refuses a file without the columns that a record must have.
func missingColumns(source Source, mappings []Mapping, file File) error {
	var missing []string
	for _, column := range dataSet(source.DataSet).Columns {
		has := slices.ContainsFunc(mappings, func(m Mapping) bool { return m.Column == column.Name })
		if column.MustBeMapped() && !has {
			missing = append(missing, column.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &FileError{File: file.Name, Reason: "missing_column", Message: fmt.Sprintf(
		"no column %s, which data set %s requires; the header has %s; add the column, or map it under columns of source %s",
		strings.Join(missing, ", "), source.DataSet, strings.Join(file.header, ", "), source.Name)}
}

// recordsQuery reads the records with their types, status and faults. Where the
// reader has judged them, what it says of a record comes before the checks.
func recordsQuery(in Input, file File, m mapped, before int64, from string, f format) string {
	var texts, typed, final, raw []string
	names := identifiers(file.header)
	for _, column := range m.columns {
		if column.text != "" {
			text := "nullif(cast(" + column.text + " as varchar), '')"
			if f.inParts && slices.Contains(names, column.text) { // as it is in the file, where nothing is NULL already
				text = column.text
			}
			texts = append(texts, text+" as "+textOf(column.Name))
		}
		typed = append(typed, typedValue(column)+" as "+store.Identifier(column.Name))
		if slices.Contains(file.written, column.Name) {
			final = append(final, store.Identifier(column.Name))
		}
	}
	for i, name := range file.header {
		texts = append(texts, fmt.Sprintf("%s as %s", store.Identifier(name), rawField(i)))
		raw = append(raw, rawField(i))
	}
	where := "true"
	if m.where != "" {
		where = "coalesce(" + m.where + ", false)"
	}
	checks := recordChecks(file.DataSet, m.columns)
	anyFault, anyReject, packed := checks.sql()
	leftOut := "'where'"
	if f.judged {
		field := func(name string) string { return rawField(slices.Index(file.header, name)) }
		outcome, faults := field(document.OutcomeColumn), field(document.FaultsColumn)
		where = fmt.Sprintf("(record_outcome = 'rejected' or (record_outcome = 'position' and %s))", where)
		leftOut = fmt.Sprintf("case when %s = 'excluded' then %s else 'where' end", outcome, field(document.ReasonColumn))
		anyFault = fmt.Sprintf("(%s = 'rejected' or %s is not null or %s)", outcome, faults, anyFault)
		anyReject = fmt.Sprintf("(%s = 'rejected' or %s)", outcome, anyReject)
		packed = fmt.Sprintf("case when %[1]s = 'rejected' then %[2]s else nullif(concat_ws(%[3]s, %[2]s, nullif(%[4]s, '')), '') end", outcome, faults, faultSeparator, packed)
	}
	return fmt.Sprintf(`
with source as (select *, '%[1]s' as %[2]s from %[3]s),
mapped as (select %[4]s, %[5]s as included from source),
typed as (select *, %[7]s from mapped),
faulty as (select *, %[8]s as has_fault from typed),
judged as (select *, case when has_fault then %[9]s else false end as has_reject, %[10]s as cut_off from faulty),
status as (select *, case when not included or (cut_off is not null and not has_reject) then 'excluded' when has_reject then 'rejected' else 'taken' end as record_status from judged)
select %[11]s, record_status,
  case when not included then %[14]s when record_status = 'excluded' then cut_off end as exclusion,
  case when has_fault and included then %[12]s end as faults,
  case when record_status <> 'taken' then cast(to_json([%[6]s]) as varchar) end as raw,
  %[13]s
from status`,
		in.AsOf.Format(time.DateOnly), asOfColumn, from, strings.Join(texts, ", "), where, strings.Join(raw, ", "),
		strings.Join(typed, ", "), anyFault, anyReject, cutOff(in, file.DataSet), strings.Join(final, ", "), packed,
		keyColumns(in, file, before), leftOut)
}

// keyColumns are the columns that every Parquet file of records ends with: before
// is how many of the file's are in earlier ones.
func keyColumns(in Input, file File, before int64) string {
	return fmt.Sprintf("%s as source_file, cast(%d as bigint) as rows_before, date '%s' as as_of_date, %s as release",
		store.Literal(file.Name), before, in.AsOf.Format(time.DateOnly), store.Literal(in.Release))
}

// emptyRecords has the columns of recordsQuery and no row.
func emptyRecords(in Input, file File) string {
	var columns []string
	for _, c := range dataSet(file.DataSet).Columns {
		if slices.Contains(file.written, c.Name) {
			columns = append(columns, fmt.Sprintf("cast(null as %s) as %s", c.Type.SQL(), store.Identifier(c.Name)))
		}
	}
	return "select " + strings.Join(columns, ", ") + ", '' as record_status, '' as exclusion, '' as faults, '' as raw, " +
		keyColumns(in, file, 0) + " where false"
}

// textOf names the text that a column is made of.
func textOf(column string) string { return store.Identifier("text of " + column) }

// rawField names a field of the file as it was found.
func rawField(i int) string { return store.Identifier(fmt.Sprintf("field %d", i+1)) }

// typedValue is the column's value where its text is spelled as its type
// demands, and NULL otherwise.
func typedValue(c mappedColumn) string {
	if c.text == "" {
		return "cast(null as " + c.Type.SQL() + ")"
	}
	text := textOf(c.Name)
	values := c.Values
	if c.Type == position.Currency {
		values = position.Currencies
	}
	value := fmt.Sprintf("try_cast(%s as %s)", text, c.Type.SQL())
	spelled := fmt.Sprintf("regexp_full_match(%s, '%s')", text, c.Type.Spelling())
	// Printed again it is the same text: that says more than a pattern, and faster.
	printed := fmt.Sprintf("cast(%s as varchar) = %s", value, text)
	switch {
	case len(values) > 0:
		return fmt.Sprintf("try_cast(%s as %s)", text, store.Enum(values)) // written by its number
	case c.Type == position.Text:
		return text
	case c.Type == position.Date:
		// Of this shape the engine reads nothing else but a space or a sign before the
		// year, or a space behind the day.
		return fmt.Sprintf("case when %[1]s like '____-__-__' and %[1]s >= '0' and %[1]s not like '%% ' then %[2]s end", text, value)
	case c.Type == position.Amount:
		return fmt.Sprintf("case when %[1]s and %[2]s between -99999999999999.99 and 99999999999999.99 then %[2]s when %[3]s then %[2]s end", printed, value, spelled)
	case c.Type == position.Integer:
		return fmt.Sprintf("case when %[1]s and %[2]s between -999999999 and 999999999 then %[2]s when %[3]s then %[2]s end", printed, value, spelled)
	default:
		return fmt.Sprintf("case when %s then %s end", spelled, value)
	}
}
