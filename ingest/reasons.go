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
	"disputed_trade":             "several messages tell the newest state of the trade, and tell it differently; all of them are rejected, so that their order cannot matter",
	"document_too_deep":          "elements within each other beyond the limit",
	"document_too_large":         "a document beyond the limit of its size",
	"document_type_declared":     "a document type is declared; it could reach out of the document, and is never read",
	"event_without_trade":        "the message changes a trade that no message tells",
	"hybrid_basket":              "the total return swap is on a basket of credit and other assets; it was taken whole",
	"malformed_document":         "no sound XML",
	"neither_party_ours":         "neither party is one of ours; list our identifiers and names under parties of the source",
	"option_type_disagrees":      "the word for the option's type says another right than the sides of the swap beneath it",
	"option_type_not_stated":     "neither words nor sides tell whether the option is a payer or a receiver",
	"product_missing":            "the trade has no product",
	"several_counterparties":     "more than one counterparty; the first was taken",
	"several_notionals":          "more than one notional; one was counted, this is another",
	"several_trades":             "a position of several trades",
	"side_disagrees":             "the direction of the legs and the filer's words say different sides",
	"side_not_stated":            "which side is ours is not told, and is never guessed",
	"too_many_elements":          "elements beyond the limit",
	"too_many_records":           "records beyond the limit of one document",
	"underlying_not_stated":      "what the total return is of is not told",
	"unknown_document":           "a document of another kind or version than the source's format reads",
	"unrealized_differs":         "unrealized appreciation is not value less upfronts paid and received",
	"unsupported_message":        "the message does not tell enough to know what became of the trade",
	"unsupported_product":        "a product that is not read; if it is no credit derivative, leave it out of the delivery",
	"value_side_not_stated":      "the report does not say whose value it is (baseParty); it counts as no value",
	"amount_out_of_range":        "an amount of more than 14 digits before the point",
	"duplicate_key":              "another record has the same key and version; all of them are rejected, so that their order cannot matter",
	"floating_point":             "a number in floating point, which is never exact; deliver a decimal or text, or round it in the mapping with round_double(x, 2)",
	"written_with_exponent":      "a number with an exponent; expected digits with a point, such as 1234.56, or map it with round_double(x, 2)",
	"impossible_date":            "no day of the calendar",
	invalidUTF8:                  "the record is not UTF-8",
	invalidJSON:                  "the line is no sound JSON",
	notAnObject:                  "the line is JSON, but no object of keys and values",
	repeatedKey:                  "the key stands twice in the object; which value counts cannot be known",
	nestedValue:                  "the value of the key is an object or a list; a record has one value per key",
	missingKey:                   "the object lacks the key, which the first record of the file has; a value that is not there is null",
	unknownKey:                   "the object has a key that the first record of the file does not have",
	"maturity_before_trade_date": "the maturity is before the trade date",
	misplacedQuote:               "a blank before an opening quote, or text after a closing one",
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
	"nul_character":              "a NUL character, which no text has",
	"notional_basis_missing":     "an index or tranche must say whether its notional is current or original",
	"rate_not_positive":          "an exchange rate of nil or below; deliver what one unit of the base costs, or leave the record out",
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
