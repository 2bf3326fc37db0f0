// Package position is the contract of comment11: the data sets that come in,
// the relations that are published, and their columns with type, unit, meaning
// and closed lists, each in this one place. The DDL of the database, the Arrow
// schema of the decoders and docs/DATA.md are made from it.
package position

import (
	"slices"
	"strings"

	"comment11/internal/strictyaml"
)

// Type is the type of a column: what its values mean and how they are spelled
// in a text file.
type Type int

// The types of the contract. Money and rates are exact decimals everywhere;
// no column has a floating type.
const (
	Text     Type = iota // any text; empty is no value
	Date                 // a calendar day, YYYY-MM-DD
	Amount               // money in currency units with at most two decimals
	Rate                 // a pure number with at most eight decimals
	Integer              // a whole number of at most nine digits
	Flag                 // true or false
	Currency             // an ISO 4217 code
	Time                 // an instant, YYYY-MM-DDTHH:MM:SSZ
	Total                // a sum of money; only in published relations
	Whole                // a wide whole number; only in published relations
)

// Column is one column of a data set or of a published relation.
type Column struct {
	Name    string
	Type    Type
	Unit    string   // what a number counts, or "" where it has no unit
	Meaning string   // one sentence for docs/DATA.md and for COMMENT in the catalog
	Values  []string // the closed list of values, or nil
	Use     Use
	Rows    string // a measure's: SQL condition on the rows that it is of, others have none; "" for all
}

// Use says what a column is for.
type Use uint8

// The uses of a column; they combine.
const (
	// Required columns must be mapped, and a record without a value is rejected.
	Required Use = 1 << iota
	// Essential columns reject the record when their text cannot be read;
	// in any other column an unreadable text is a finding and no value.
	Essential
	// Dimension columns are few-valued: predicates of disclosure tables name only those.
	Dimension
	// Measure columns are money that disclosure tables may sum.
	Measure
	// Key columns identify a row of the relation.
	Key
	// Mapped columns must be mapped, as required ones, and a record may leave them empty.
	Mapped
	// Empty dimensions may have no value although they have a closed list.
	Empty
	// Share columns are fractions from 0 to 1; 40 for 40% would multiply money by 40.
	Share
)

// Has tells whether the column is for all of the given uses.
func (c Column) Has(use Use) bool { return c.Use&use == use }

// MayBeEmpty tells whether a dimension can be without a value.
func (c Column) MayBeEmpty() bool { return c.Has(Empty) || (c.Type != Flag && len(c.Values) == 0) }

// MustBeMapped tells whether a source without the column is refused.
func (c Column) MustBeMapped() bool { return c.Has(Required) || c.Has(Mapped) }

// DataSet is a kind of input: a list of typed columns with a meaning.
type DataSet struct {
	Name    string
	Grain   string // "one row per ..."
	Meaning string // what it is for and what it unlocks
	Columns []Column
}

// Column finds a column by its name.
func (d DataSet) Column(name string) (Column, bool) { return find(d.Columns, name) }

// Names gives the names of the columns in their order.
func (d DataSet) Names() []string { return names(d.Columns) }

// LastDate is SQL of the last day of a position: of an option its expiry, else the
// maturity; where only one is given, that. isOption is SQL that asks its role, of
// OptionRoles; row is what stands before the names of its columns.
func LastDate(row, isOption string) string {
	return "case when " + row + "option_expiry_date is not null and (" + row + "maturity_date is null or " + isOption + ") then " +
		row + "option_expiry_date else " + row + "maturity_date end"
}

// SpelledLike are the columns that a name is spelled nearly like: but for case, signs and
// a slip.
func (d DataSet) SpelledLike(name string) (list []string) {
	for _, c := range d.Columns {
		if strictyaml.SpelledAlike(name, c.Name) {
			list = append(list, c.Name)
		}
	}
	return list
}

// Select is the SELECT list of all columns over a relation that has only some of
// them; the others are NULL.
func (d DataSet) Select(present []string) string {
	list := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		list[i] = "\"" + c.Name + "\""
		if !slices.Contains(present, c.Name) {
			list[i] = "cast(null as " + c.Type.SQL() + ") as " + list[i]
		}
	}
	return strings.Join(list, ", ")
}

// ClosedLists gives the values of each text column that has a closed list.
func (d DataSet) ClosedLists() map[string][]string {
	lists := map[string][]string{}
	for _, c := range d.Columns {
		switch {
		case c.Type == Currency:
			lists[c.Name] = Currencies
		case c.Type == Text && len(c.Values) > 0:
			lists[c.Name] = c.Values
		}
	}
	return lists
}

// Words gives all values of each column whose values are known; what rules decide may also
// be left open.
func (d DataSet) Words() map[string][]string {
	words := map[string][]string{}
	for _, c := range d.Columns {
		words[c.Name] = c.Values
		if len(c.Values) > 0 && c.Type == Text {
			words[c.Name] = append(slices.Clone(c.Values), Unclassified)
		}
	}
	return words
}

// Keys gives the names of the columns that identify a row.
func (d DataSet) Keys() []string {
	var keys []string
	for _, c := range d.Columns {
		if c.Has(Key) {
			keys = append(keys, c.Name)
		}
	}
	return keys
}

// Find gives the data set or published relation of that name.
func Find(name string) (DataSet, bool) {
	for _, list := range [][]DataSet{DataSets, Published} {
		if i := slices.IndexFunc(list, func(d DataSet) bool { return d.Name == name }); i >= 0 {
			return list[i], true
		}
	}
	return DataSet{}, false
}

// DataSetNames gives the names of all data sets that a source can fill.
func DataSetNames() []string {
	list := make([]string, len(DataSets))
	for i, d := range DataSets {
		list[i] = d.Name
	}
	return list
}

// SQL is the type's name in DuckDB, Trino and Spark.
func (t Type) SQL() string {
	switch t {
	case Date:
		return "date"
	case Amount:
		return "decimal(18, 2)"
	case Rate:
		return "decimal(18, 8)"
	case Integer:
		return "integer"
	case Flag:
		return "boolean"
	case Time:
		return "timestamp"
	case Total:
		return "decimal(38, 2)"
	case Whole:
		return "bigint"
	default:
		return "varchar"
	}
}

// String names the type as messages and docs/DATA.md do.
func (t Type) String() string {
	return [...]string{"text", "date", "amount", "rate", "integer", "flag", "currency", "time", "total", "whole number"}[t]
}

// Spelling is the grammar of the type's values in a text file, as a regular
// expression that the whole text must match, or "" where any text will do. It
// stands before the cast because casts are no checks: they round, and they take
// "1_000" and "2007-09-30abc".
func (t Type) Spelling() string {
	switch t {
	case Date:
		return `\d{4}-\d{2}-\d{2}`
	case Amount:
		return `-?\d{1,14}(\.\d{1,2})?`
	case Rate:
		return `-?\d{1,9}(\.\d{1,8})?`
	case Integer:
		return `-?\d{1,9}`
	case Flag:
		return `true|false`
	case Currency:
		return `[A-Z]{3}`
	case Time:
		return `\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z`
	default:
		return ""
	}
}

// CreateTable is the DDL of an empty table with the data set's columns.
func (d DataSet) CreateTable(name string) string {
	var b strings.Builder
	b.WriteString("create table \"" + name + "\" (")
	for i, c := range d.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("\"" + c.Name + "\" " + c.Type.SQL())
	}
	b.WriteString(")")
	return b.String()
}

func find(columns []Column, name string) (Column, bool) {
	i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return columns[i], true
}

func names(columns []Column) []string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.Name
	}
	return list
}
