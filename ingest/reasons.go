package ingest

import (
	"context"
	"fmt"
	"strings"

	"comment11/internal/position"
	"comment11/internal/store"
)

// Reasons is the closed list of reasons for a reject or for a text that counts
// as no value, with what was expected.
var Reasons = map[string]string{
	"amount_out_of_range":        "an amount of more than 14 digits before the point",
	"duplicate_key":              "another record has the same key and version; all of them are rejected, so that their order cannot matter",
	"impossible_date":            "no day of the calendar",
	invalidUTF8:                  "the record is not UTF-8",
	"maturity_before_trade_date": "the maturity is before the trade date",
	misplacedQuote:               "text after a closing quote",
	"missing_value":              "required, and empty",
	"negative_losses":            "losses are never negative; they are taken off an original notional",
	"negative_notional":          "a notional is never negative; direction follows from the role",
	"not_a_date":                 "not a date; expected YYYY-MM-DD, or map it with the function of its form, such as date_mdy",
	"not_a_flag":                 "not true or false; map other words with flag(x)",
	"not_a_rate":                 "not a number; expected digits with at most eight decimals, such as 0.0125",
	"not_a_share":                "not between 0 and 1; a share is a fraction, 0.4 for 40%",
	"not_a_time":                 "not a time; expected YYYY-MM-DDTHH:MM:SSZ",
	"not_a_whole_number":         "not a whole number of at most nine digits",
	"not_an_amount":              "not an amount; expected digits with at most two decimals, such as -1234.56, or map it with printed_amount(x)",
	"notional_basis_missing":     "an index or tranche must say whether its notional is current or original",
	tooFewFields:                 "too few fields",
	"too_many_decimals":          "too many decimals; nothing is rounded on reading",
	tooManyFields:                "too many fields",
	"unknown_currency":           "not a code of ISO 4217",
	"unknown_value":              "not in the closed list of the column",
}

// Reject is one fault of a record that could not be taken.
type Reject struct {
	DataSet, File  string
	Record         int64
	Column, Value  string
	Reason         string
	RecordsInTotal int64 // how many records were rejected, of which this is one
}

// String is the message for people: file:record: column: "value": what is wrong.
func (r Reject) String() string {
	text := fmt.Sprintf("%s:%d: ", r.File, r.Record)
	if r.Column != "" {
		text += r.Column + ": "
	}
	if r.Value != "" {
		text += fmt.Sprintf("%q: ", r.Value)
	}
	text += Reasons[r.Reason]
	if set, known := position.Find(r.DataSet); known && r.Reason == "unknown_value" {
		column, _ := set.Column(r.Column)
		text += "; expected one of " + strings.Join(column.Values, ", ") + ", or map it"
	}
	return text
}

// FirstRejects gives the first rejects in order of file and record.
func FirstRejects(ctx context.Context, db *store.DB, most int) ([]Reject, error) {
	table, err := store.Query(ctx, db, fmt.Sprintf(`
select data_set, file, record, coalesce(column_name, ''), coalesce(value, ''), reason, (select count(*) from rejects where fault = 1)
from rejects order by data_set, file, record, fault limit %d`, most))
	if err != nil {
		return nil, err
	}
	var list []Reject
	for _, row := range table.Rows {
		list = append(list, Reject{row[0].(string), row[1].(string), row[2].(int64), row[3].(string), row[4].(string), row[5].(string), row[6].(int64)})
	}
	return list, nil
}
