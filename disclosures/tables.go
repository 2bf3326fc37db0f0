// Package disclosures computes the disclosure tables. A table is a YAML file: it
// says which relation it reads, for which scope, in which unit, and its rows and
// columns as predicates over few-valued columns. From the one file come the SQL,
// the checks, the rounding and the trace of every cell. Users add tables of
// their own without Go.
package disclosures

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"comment11/internal/position"
	"comment11/internal/strictyaml"
)

//go:embed tables/*.yaml
var embedded embed.FS

// Embedded are the tables that come with the program.
func Embedded() fs.FS {
	tables, err := fs.Sub(embedded, "tables")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return tables
}

// Table is the definition of one disclosure table.
type Table struct {
	ID         strictyaml.Text   `yaml:"id,required"`
	Title      strictyaml.Text   `yaml:"title,required"`
	Order      int               `yaml:"order"`       // place in a packet, then by id
	Clauses    []strictyaml.Text `yaml:"clauses"`     // what it answers, for example 11(a)
	Relation   strictyaml.Text   `yaml:"relation"`    // default facts
	Needs      []strictyaml.Text `yaml:"needs"`       // data sets without which the table has no cells
	Scope      strictyaml.Text   `yaml:"scope"`       // default group
	NeedsScope bool              `yaml:"needs_scope"` // without a scope of that name the table has no cells
	OptionView strictyaml.Text   `yaml:"option_view"`
	Unit       strictyaml.Text   `yaml:"unit"`  // dollars, thousands, millions, billions; default the config's
	Where      strictyaml.Text   `yaml:"where"` // population; default all
	Notes      []strictyaml.Text `yaml:"notes"`
	Columns    []Column          `yaml:"columns"` // of every block that has none of its own
	Rows       []Row             `yaml:"rows"`    // likewise
	Total      *Total            `yaml:"total"`   // likewise
	Marks      []strictyaml.Text `yaml:"marks"`   // footnotes of every figure, beside those that all figures have
	Ties       []Tie             `yaml:"ties"`    // figures that must equal those of other tables
	Blocks     []Block           `yaml:"blocks,required"`

	absentScope string
	own         bool // a table of the user
}

// Tie says that a figure is the same as another table's. Both are written
// table/block/row/column, this one without its table; a row's path has its slashes.
type Tie struct {
	This    strictyaml.Text `yaml:"this,required"`
	Equals  strictyaml.Text `yaml:"equals,required"`
	Because strictyaml.Text `yaml:"because,required"`
}

// Block is one grid of a table: the rows times the columns.
type Block struct {
	ID      strictyaml.Text   `yaml:"id,required"`
	Title   strictyaml.Text   `yaml:"title"`
	Where   strictyaml.Text   `yaml:"where"`   // population, within the table's
	Measure strictyaml.Text   `yaml:"measure"` // of every column that names none
	Needs   []strictyaml.Text `yaml:"needs"`   // without which it is not shown, and the table says so
	Columns []Column          `yaml:"columns"`
	Rows    []Row             `yaml:"rows"`
	Total   *Total            `yaml:"total"` // a last row that is the sum of the rows
}

// Total is the last row of a block.
type Total struct {
	ID    strictyaml.Text `yaml:"id,required"`
	Label strictyaml.Text `yaml:"label,required"`
}

// Column is a measure over the facts of a row that satisfy a predicate. Columns
// of the same measure divide the facts among them: none is lost and none counts
// twice.
type Column struct {
	ID        strictyaml.Text   `yaml:"id,required"`
	Label     strictyaml.Text   `yaml:"label,required"`
	Measure   strictyaml.Text   `yaml:"measure"` // count, or a money column of facts
	Where     strictyaml.Text   `yaml:"where"`
	Total     bool              `yaml:"total"`      // the sum of the other columns of its measure
	HideEmpty bool              `yaml:"hide_empty"` // not shown where no fact is in it
	Needs     []strictyaml.Text `yaml:"needs"`      // without which it is not shown, and the table says so
	ShareOf   strictyaml.Text   `yaml:"share_of"`   // instead of measure and where: percent of the block's total in that column
	// Adds are columns of which it is the sum, each as it is shown; less those with a minus.
	Adds []strictyaml.Text `yaml:"adds"`

	shared string // measure of the column that it is a share of
}

// Differences are measures that tables show as the difference, or sum, of displayed
// figures: it can be a whole unit away from the exact value.
var Differences = []string{"growth", "net_fair_value", "net_notional", "net_paid", "realized_net"}

// addend is a column that another one adds, or takes off.
type addend struct {
	id   string
	sign int64
	strictyaml.Place
}

func (c Column) addends() (list []addend) {
	for _, text := range c.Adds {
		id, less := strings.CutPrefix(text.Value, "-")
		list = append(list, addend{id, map[bool]int64{false: 1, true: -1}[less], text.Place})
	}
	return list
}

// Row is a predicate; the rows below it divide its facts among them.
type Row struct {
	ID        strictyaml.Text    `yaml:"id"`
	Label     strictyaml.Text    `yaml:"label"`
	Where     strictyaml.Text    `yaml:"where"`
	Each      strictyaml.Text    `yaml:"each"` // instead of id, label and where: a row for every value of the column
	Memo      bool               `yaml:"memo"` // outside of the footing
	HideEmpty bool               `yaml:"hide_empty"`
	LabelFrom strictyaml.Text    `yaml:"label_from"` // dimension whose value names the row, where its facts have one
	Marks     []strictyaml.Text  `yaml:"marks"`      // footnotes of the row's figures
	Codes     strictyaml.Mapping `yaml:"codes"`      // by column: the figure's name in a regulator's form
	Rows      []Row              `yaml:"rows"`
}

// Units are the units of display, in currency units.
var Units = map[string]int64{"dollars": 1, "thousands": 1_000, "millions": 1_000_000, "billions": 1_000_000_000}

var unitNames = []string{"dollars", "thousands", "millions", "billions"}

// ShareMeasure is before the column's id in the measure of a share: the percent that
// the row has of the block's first row in that column, to the hundredth.
const ShareMeasure = "share of "

// What tables over time, their blocks and columns need beside data sets.
const (
	OpeningRelease            = "opening_release"              // a published release that the run rolled the notional forward from
	OpeningYearEnd            = "opening_year_end"             // the same, of the last fiscal year-end
	EarlierQuarters           = "earlier_quarters"             // a published release of an earlier fiscal quarter
	RealizedYearBefore        = "realized_year_before"         // realized events of the same period of the year before
	RealizedQuarterYearBefore = "realized_quarter_year_before" // those of its quarter
	RealizedCash              = "realized_cash"                // the cash of some realized event of the fiscal year to date
)

// Lacking says why a table has no figures, by one of what it is missing.
func Lacking(missing string) string {
	if scope, isScope := strings.CutPrefix(missing, "scope "); isScope {
		return "this table speaks for the scope " + scope + ", which the config does not have"
	}
	switch missing {
	case OpeningRelease:
		return "this table leads from an opening release, and its release was made without one"
	case OpeningYearEnd:
		return "this table leads from the release of the last fiscal year-end, and its release was made without it"
	case EarlierQuarters:
		return "this table needs a published release of an earlier fiscal quarter's end, of which there was none"
	}
	return "this table needs the data set " + missing + ", which was not delivered"
}

// needed are all that a table may need.
func needed() []string {
	return append(position.DataSetNames(), OpeningRelease, OpeningYearEnd, EarlierQuarters, RealizedYearBefore, RealizedQuarterYearBefore, RealizedCash)
}

// Measures that count instead of summing money: all facts, or the contracts that they
// are of. Cells of contracts count the facts that stand for one.
const (
	countMeasure     = "count"
	contractsMeasure = "contracts"
)

// PercentUnit is the unit of shares.
const PercentUnit = "percent"

// CountUnits are the units of figures that are numbers of something.
var CountUnits = []string{"facts", "contracts"}

// IsMoney tells whether a measure is an amount, and not a count.
func IsMoney(measure string) bool { return measure != countMeasure && measure != contractsMeasure }

// economicView is the view in which direction means direction_economic.
const economicView = "economic"

var identifier = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]*$`)

// Defaults are what the config says for tables.
type Defaults struct {
	Unit   string // of tables that name none
	TwoWay string // sold or bought: the side of two-way instruments where a form has no other
}

// fill puts what is sold and what is bought, where a form knows nothing else, in the
// place of {sold} and {bought}.
func (d Defaults) fill(text []byte) []byte {
	for _, side := range []string{"sold", "bought"} {
		condition := "direction = '" + side + "'"
		if side == d.TwoWay {
			condition = "direction in ('" + side + "', 'two_way')"
		}
		text = bytes.ReplaceAll(text, []byte("{"+side+"}"), []byte(condition))
	}
	return text
}

// ReadTables reads every YAML file of the folders; a file in a later folder
// takes the place of one of the same name in an earlier; those of the first are the
// program's own.
func ReadTables(defaults Defaults, scopes []string, folders ...fs.FS) ([]Table, error) {
	var faults strictyaml.Faults
	texts, files, own := map[string][]byte{}, map[string]string{}, map[string]bool{}
	for number, folder := range folders {
		names, err := fs.Glob(folder, "*.y*ml")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			file := strictyaml.Shown(folder, "tables", name)
			if path.Ext(name) != ".yaml" { // nobody would read it
				faults = append(faults, strictyaml.Fault{Place: strictyaml.Place{File: file}, Message: "a table is in <id>.yaml; rename the file"})
				continue
			}
			if texts[name], err = fs.ReadFile(folder, name); err != nil {
				return nil, err
			}
			texts[name] = defaults.fill(texts[name])
			files[name], own[name] = file, number > 0
		}
	}
	var tables []Table
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		table, err := readTable(files[name], texts[name], defaults.Unit, scopes)
		var found strictyaml.Faults
		switch {
		case errors.As(err, &found):
			faults = append(faults, found...)
		case err != nil:
			return nil, err
		default:
			table.own = own[name]
			tables = append(tables, table)
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	slices.SortStableFunc(tables, func(a, b Table) int {
		if a.Order != b.Order {
			return a.Order - b.Order
		}
		return strings.Compare(a.ID.Value, b.ID.Value)
	})
	return tables, nil
}

func readTable(file string, text []byte, defaultUnit string, scopes []string) (Table, error) {
	var table Table
	if err := strictyaml.Decode(file, text, &table); err != nil {
		return table, err
	}
	if table.Scope.Value == "" {
		table.Scope.Value = "group"
	}
	if table.Relation.Value == "" {
		table.Relation.Value = "facts"
	}
	if table.Unit.Value == "" {
		table.Unit.Value = defaultUnit
	}
	if table.OptionView.Value == "" {
		table.OptionView.Value = "regulatory"
	}
	table.fillBlocks()
	if faults := table.check(scopes); len(faults) > 0 {
		return table, faults
	}
	return table, nil
}

// Missing are the data sets that the table needs and that are not there, and its
// scope, as "scope bank", where the config has none; such a table says so instead of
// showing zeros.
func (t Table) Missing(loaded []string) []string {
	var missing []string
	if t.absentScope != "" {
		missing = append(missing, "scope "+t.absentScope)
	}
	for _, set := range t.Needs {
		if !slices.Contains(loaded, set.Value) {
			missing = append(missing, set.Value)
		}
	}
	return missing
}

// fillBlocks gives blocks what the table says for all of them.
func (t *Table) fillBlocks() {
	for i := range t.Blocks {
		block := &t.Blocks[i]
		if len(block.Columns) == 0 {
			block.Columns = slices.Clone(t.Columns)
		}
		if len(block.Rows) == 0 {
			block.Rows = t.Rows
		}
		if block.Total == nil {
			block.Total = t.Total
		}
		for c := range block.Columns {
			if block.Columns[c].Measure.Value == "" {
				block.Columns[c].Measure = block.Measure
			}
		}
		for c := range block.Columns {
			column := &block.Columns[c]
			for _, base := range block.Columns {
				if column.ShareOf.Value != "" && base.ID.Value == column.ShareOf.Value {
					column.Where, column.shared = base.Where, base.Measure.Value
					column.Measure.Value = ShareMeasure + base.ID.Value
				}
			}
		}
	}
}

// check finds what is wrong in a definition before any data is read.
func (t *Table) check(scopes []string) strictyaml.Faults {
	var faults strictyaml.Faults
	fault := func(at strictyaml.Text, format string, arguments ...any) {
		faults = append(faults, strictyaml.Fault{Place: at.Place, Message: fmt.Sprintf(format, arguments...)})
	}
	oneOf := func(text strictyaml.Text, what string, known []string) {
		if slices.Contains(known, text.Value) {
			return
		}
		hint := "expected one of " + strings.Join(known, ", ")
		if nearest, ok := strictyaml.Nearest(text.Value, known); ok {
			hint = fmt.Sprintf("did you mean %q?", nearest)
		}
		fault(text, "%s: %q is unknown; %s", what, text.Value, hint)
	}
	if name := strings.TrimSuffix(path.Base(t.ID.File), ".yaml"); t.ID.Value != name {
		fault(t.ID, "id: %q must be the file's name, %q", t.ID.Value, name)
	}
	if t.NeedsScope && !slices.Contains(scopes, t.Scope.Value) {
		t.absentScope, t.Scope.Value = t.Scope.Value, scopes[0] // any, to check its predicates
	}
	if t.Scope.File != "" || !slices.Contains(scopes, t.Scope.Value) {
		oneOf(t.Scope, "scope", scopes)
	}
	oneOf(t.Unit, "unit", unitNames)
	for _, clause := range t.Clauses {
		oneOf(clause, "clauses", []string{"11(a)", "11(b)", "11(c)", "11(d)", "11(e)", "11(f)", "11(g)", "11(h)"})
	}
	t.checkNeeds(oneOf)
	if _, known := relations[t.Relation.Value]; !known {
		oneOf(t.Relation, "relation", slices.Sorted(maps.Keys(relations)))
		return faults
	}
	contract, measures := relations[t.Relation.Value](nil), Measures(t.Relation.Value)
	checkMarks(t.Marks, fault)
	oneOf(t.OptionView, "option_view", []string{"regulatory", economicView})
	isEconomic := t.OptionView.Value == economicView
	if _, has := contract.Column("direction_economic"); isEconomic && !has {
		fault(t.OptionView, "option_view: relation %s has no economic direction; expected regulatory", t.Relation.Value)
	}
	blocks := map[string]bool{}
	for i := range t.Blocks {
		block := &t.Blocks[i]
		if blocks[block.ID.Value] {
			fault(block.ID, "block %q stands twice", block.ID.Value)
		}
		blocks[block.ID.Value] = true
		if len(block.Columns) == 0 || len(block.Rows) == 0 {
			fault(block.ID, "block %q has no columns or no rows, and the table has none for all blocks", block.ID.Value)
		}
		columns := map[string]bool{}
		for _, column := range block.Columns {
			if columns[column.ID.Value] || !identifier.MatchString(column.ID.Value) {
				fault(column.ID, "column %q: ids are of lower-case letters, digits, _, - and ., and stand once in a block", column.ID.Value)
			}
			columns[column.ID.Value] = true
			if column.ShareOf.Value != "" {
				if column.shared == "" || block.Total == nil || len(column.Adds) > 0 {
					fault(column.ShareOf, "share_of: %q is no column of the block, or the block has no total to take a share of, or the share adds others", column.ShareOf.Value)
				}
				continue
			}
			if column.Measure.Value == "" {
				fault(column.ID, "column %q names no measure, nor does its block; expected one of %s", column.ID.Value, strings.Join(measures, ", "))
			} else {
				oneOf(column.Measure, "measure", measures)
			}
			if isEconomic && column.Measure.Value == "net_notional" {
				fault(column.Measure, "measure: net_notional goes by the regulatory direction; a table in the economic view cannot have it")
			}
			checkAdds(column, block.Columns, fault)
			if column.Total && column.Where.Value != "" {
				fault(column.Where, "column %q: a total column is the sum of the others and has no where", column.ID.Value)
			}
		}
		block.Rows = expandRows(block.Rows, contract, fault)
		checkRows(block.Rows, contract, block.Columns, fault)
	}
	return faults
}

// checkAdds holds what a column adds: other columns of amounts, of another measure, which
// are not made of others themselves.
func checkAdds(column Column, columns []Column, fault func(at strictyaml.Text, format string, arguments ...any)) {
	for i, added := range column.addends() {
		at := slices.IndexFunc(columns, func(other Column) bool { return other.ID.Value == added.id })
		if at < 0 || len(columns[at].Adds) > 0 || columns[at].ShareOf.Value != "" || columns[at].Measure.Value == column.Measure.Value {
			fault(column.Adds[i], "adds: %q is no column of the block, of the same measure or itself made of others; name columns that have measures of their own", added.id)
		}
	}
	if len(column.Adds) == 0 {
		return
	}
	if !slices.Contains(Differences, column.Measure.Value) {
		fault(column.Adds[0], "adds: %q is no measure that others come to; expected one of %s", column.Measure.Value, strings.Join(Differences, ", "))
	}
	if !column.Total && slices.ContainsFunc(columns, func(other Column) bool { return other.Total && other.Measure.Value == column.Measure.Value }) {
		fault(column.Adds[0], "adds: column %q is a part of the total of its measure; only that total, or a column without one, can add others", column.ID.Value)
	}
}

func (t *Table) checkNeeds(oneOf func(strictyaml.Text, string, []string)) {
	needs := slices.Clone(t.Needs)
	for _, block := range t.Blocks {
		needs = append(needs, block.Needs...)
		for _, column := range block.Columns {
			needs = append(needs, column.Needs...)
		}
	}
	for _, need := range needs {
		oneOf(need, "needs", needed())
	}
}

// Shown gives the table without the blocks and columns that need what is not there.
func (t Table) Shown(loaded []string) Table {
	blocks := t.Blocks
	t.Blocks = nil
	for _, block := range blocks {
		if lacks(block.Needs, loaded) != "" {
			continue
		}
		block.Columns = slices.DeleteFunc(slices.Clone(block.Columns), func(c Column) bool { return lacks(c.Needs, loaded) != "" })
		if len(block.Columns) > 0 {
			t.Blocks = append(t.Blocks, block)
		}
	}
	return t
}

// lacks is the first need that is not there, or "".
func lacks(needs []strictyaml.Text, loaded []string) string {
	for _, need := range needs {
		if !slices.Contains(loaded, need.Value) {
			return need.Value
		}
	}
	return ""
}

// NotShown says which blocks and columns are not shown, for want of what, and why;
// reasons are by need. What a table without cells is missing its Missing says, so that
// only the reasons are said here.
func (t Table) NotShown(loaded []string, reasons map[string]string) []string {
	var notes []string
	if missing := t.Missing(loaded); len(missing) > 0 {
		for _, need := range missing {
			if reasons[need] != "" {
				notes = append(notes, "There is no "+need+": "+reasons[need]+".")
			}
		}
		return notes
	}
	hidden := map[string][]string{}
	hide := func(need, what string) {
		if need != "" && !slices.Contains(hidden[need], what) {
			hidden[need] = append(hidden[need], what)
		}
	}
	for _, block := range t.Blocks {
		if need := lacks(block.Needs, loaded); need != "" {
			hide(need, block.Title.Value)
			continue
		}
		for _, column := range block.Columns {
			hide(lacks(column.Needs, loaded), column.Label.Value)
		}
	}
	for _, need := range slices.Sorted(maps.Keys(hidden)) {
		note := "Not shown, for want of " + need + ": " + strings.Join(hidden[need], "; ") + "."
		if reasons[need] != "" {
			note += " Why: " + reasons[need] + "."
		}
		notes = append(notes, note)
	}
	return notes
}

// expandRows puts a row for every value in the place of each `each`.
func expandRows(rows []Row, contract position.DataSet, fault func(strictyaml.Text, string, ...any)) []Row {
	var expanded []Row
	for _, row := range rows {
		row.Rows = expandRows(row.Rows, contract, fault)
		if row.Each.Value == "" {
			expanded = append(expanded, row)
			continue
		}
		column, ok := contract.Column(row.Each.Value)
		if !ok || len(column.Values) == 0 {
			fault(row.Each, "each: %q is no column of %s with a closed list of values", row.Each.Value, contract.Name)
			continue
		}
		for _, value := range column.Values {
			at := func(text string) strictyaml.Text { return strictyaml.Text{Value: text, Place: row.Each.Place} }
			expanded = append(expanded, Row{ID: at(value), Label: at(label(value)), Where: at(row.Each.Value + " = '" + value + "'"),
				Memo: row.Memo, LabelFrom: row.LabelFrom, Marks: row.Marks, HideEmpty: row.HideEmpty || value == position.Unclassified, Rows: row.Rows})
		}
	}
	return expanded
}

func checkRows(rows []Row, contract position.DataSet, columns []Column, fault func(strictyaml.Text, string, ...any)) {
	seen := map[string]bool{}
	for _, row := range rows {
		switch {
		case row.ID.Value == "":
			fault(row.Label, "a row needs an id, or each")
		case seen[row.ID.Value] || !identifier.MatchString(row.ID.Value):
			fault(row.ID, "row %q: ids are of lower-case letters, digits, _, - and ., and stand once below a row", row.ID.Value)
		case row.Where.Value == "":
			fault(row.ID, "row %q has no where", row.ID.Value)
		}
		if column, ok := contract.Column(row.LabelFrom.Value); row.LabelFrom.Value != "" && (!ok || !column.Has(position.Dimension)) {
			fault(row.LabelFrom, "label_from: %q is no dimension of %s", row.LabelFrom.Value, contract.Name)
		}
		checkMarks(row.Marks, fault)
		for _, code := range row.Codes {
			if !slices.ContainsFunc(columns, func(c Column) bool { return c.ID.Value == code.Key.Value }) {
				fault(code.Key, "codes: %q is no column of the block", code.Key.Value)
			}
		}
		seen[row.ID.Value] = true
		checkRows(row.Rows, contract, columns, fault)
	}
}

// label makes words of a value: over_1_to_5_years becomes Over 1 to 5 years.
func label(value string) string {
	words := strings.ReplaceAll(value, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}
