package ingest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"comment11/internal/position"
	"comment11/internal/store"
)

// check is a condition under which a record has a fault.
type check struct {
	reason  string // SQL that gives the reason
	column  string
	value   string // SQL that gives the value found, as text
	when    string // SQL boolean; never NULL
	rejects bool   // whether the record is rejected, or taken with a finding
}

type checks []check

// sql gives two booleans, whether a record has any fault and whether it has one
// that rejects it, and the faults packed into one text.
func (list checks) sql() (anyFault, anyReject, packed string) {
	var all, rejecting, texts []string
	for _, c := range list {
		all = append(all, "("+c.when+")")
		if c.rejects {
			rejecting = append(rejecting, "("+c.when+")")
		}
		// The separators may stand in the text of a file, and must not in a packed value.
		value := fmt.Sprintf("translate(coalesce(%s, ''), concat(%s, %s), '  ')", c.value, faultSeparator, fieldSeparator)
		texts = append(texts, fmt.Sprintf("case when %s then concat_ws(%s, %s, %s, %s, '%s') end",
			c.when, fieldSeparator, c.reason, store.Literal(c.column), value, severityOf(c)))
	}
	if len(all) == 0 {
		return "false", "false", "null"
	}
	return "(" + strings.Join(all, " or ") + ")", "(" + strings.Join(append(rejecting, "false"), " or ") + ")",
		"concat_ws(" + faultSeparator + ", " + strings.Join(texts, ", ") + ")"
}

func severityOf(c check) string {
	if c.rejects {
		return "reject"
	}
	return "finding"
}

// recordChecks are all checks of a record of the data set: one per mapped
// column, then those of the data set.
func recordChecks(name string, columns []mappedColumn) checks {
	var list checks
	mappedNames := map[string]bool{}
	for _, c := range columns {
		if c.text == "" {
			continue
		}
		mappedNames[c.Name] = true
		list = append(list, columnChecks(c)...)
	}
	if name == "positions" {
		list = append(list, positionChecks(mappedNames)...)
	}
	if name == "fx_rates" {
		list = append(list, check{"'rate_not_positive'", "rate", textOf("rate"), "coalesce(rate <= 0, false)", true})
	}
	if name == "adjustments" {
		list = append(list, check{"'missing_value'", "instrument", "null",
			"position_id is null and (instrument is null or direction is null or purpose is null or counterparty_type is null)", true})
	}
	return list
}

// columnChecks are those of one column: a required value is there, and a text
// that is there can be read.
func columnChecks(c mappedColumn) checks {
	var list checks
	text, value := textOf(c.Name), store.Identifier(c.Name)
	if c.Has(position.Required) {
		list = append(list, check{"'missing_value'", c.Name, "null", text + " is null", true})
	}
	if c.Has(position.Share) {
		list = append(list, check{"'not_a_share'", c.Name, text, fmt.Sprintf("coalesce(%[1]s < 0 or %[1]s > 1, false)", value), true})
	}
	if c.Type == position.Text && len(c.Values) == 0 {
		return append(list, typedText(c)...)
	}
	return append(list, check{unreadableReason(c), c.Name, text,
		fmt.Sprintf("%s is not null and %s is null", text, value), c.Has(position.Essential)})
}

// withExponent is the spelling of a number that says its magnitude apart.
const withExponent = `-?\d+(\.\d*)?[eE][+-]?\d+`

// typedText are the checks of a column of free text that text files need not have: a
// number in floating point names nothing, because it may be printed in more than one
// way, and of the characters NUL is in no text.
func typedText(c mappedColumn) checks {
	if !c.typed {
		return nil
	}
	text := textOf(c.Name)
	return checks{
		{"'floating_point'", c.Name, text, fmt.Sprintf("coalesce(ends_with(%s, '%s'), false)", text, floatingPoint), true},
		{"'nul_character'", c.Name, text, fmt.Sprintf("coalesce(contains(%s, chr(0)), false)", text), true},
	}
}

// unreadableReason tells why the text of a column could not be read.
func unreadableReason(c mappedColumn) string {
	return fmt.Sprintf("case when ends_with(%s, '%s') then 'floating_point' else %s end", textOf(c.Name), floatingPoint, unspelledReason(c))
}

func unspelledReason(c mappedColumn) string {
	text := textOf(c.Name)
	switch {
	case c.Type == position.Currency:
		return "'unknown_currency'"
	case len(c.Values) > 0:
		return "'unknown_value'"
	case c.Type == position.Date:
		return fmt.Sprintf("case when regexp_full_match(%s, '%s') then 'impossible_date' else 'not_a_date' end", text, c.Type.Spelling())
	case c.Type == position.Amount:
		return fmt.Sprintf(`case when regexp_full_match(%[1]s, '`+withExponent+`') then 'written_with_exponent' when regexp_full_match(%[1]s, '-?\d{1,14}\.\d{3,}') then 'too_many_decimals' `+
			`when regexp_full_match(%[1]s, '-?\d{15,}(\.\d*)?') then 'amount_out_of_range' else 'not_an_amount' end`, text)
	case c.Type == position.Rate:
		return fmt.Sprintf(`case when regexp_full_match(%[1]s, '`+withExponent+`') then 'written_with_exponent' when regexp_full_match(%[1]s, '-?\d{1,9}\.\d{9,}') then 'too_many_decimals' else 'not_a_rate' end`, text)
	case c.Type == position.Integer:
		return "'not_a_whole_number'"
	case c.Type == position.Time:
		return "'not_a_time'"
	default:
		return "'not_a_flag'"
	}
}

// positionChecks are the checks of a position as a whole (DOMAIN: reject or take).
func positionChecks(mappedNames map[string]bool) checks {
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return !mappedNames[n] })
	}
	list := checks{
		{"'negative_notional'", "notional", "cast(notional as varchar)", "coalesce(notional < 0, false)", true},
		{"'missing_value'", "maturity_date", "null", missingMaturity(mappedNames), true},
		{"'notional_basis_missing'", "notional_basis", "null", "(index_name is not null or attachment_point is not null) and " + noText(mappedNames, "notional_basis"), true},
	}
	if has("losses_to_date") {
		list = append(list, check{"'negative_losses'", "losses_to_date", "cast(losses_to_date as varchar)", "coalesce(losses_to_date < 0, false)", true})
	}
	if has("role") { // nothing but option_type tells what an option obliges to
		list = append(list, check{"'missing_value'", "option_type", "null",
			"coalesce(" + store.IsOneOf("role", position.OptionRoles) + ", false) and " + noText(mappedNames, "option_type"), true})
	}
	if has("maturity_date", "trade_date") {
		list = append(list, check{"'maturity_before_trade_date'", "maturity_date", "cast(maturity_date as varchar)",
			"coalesce(maturity_date < trade_date, false)", true})
	}
	return list
}

// missingMaturity is true where neither date was given. A date that was given
// and cannot be read has a fault of its own.
func missingMaturity(mappedNames map[string]bool) string {
	return noText(mappedNames, "maturity_date") + " and " + noText(mappedNames, "option_expiry_date")
}

func noText(mappedNames map[string]bool, column string) string {
	if !mappedNames[column] {
		return "true"
	}
	return textOf(column) + " is null"
}

// cutOff says why a position is not open at the due date, or NULL (DOMAIN: open
// means trade_date <= as-of <= maturity, of an option its expiry, or triggered
// and unsettled).
func cutOff(in Input, name string) string {
	if name != "positions" {
		return "cast(null as varchar)"
	}
	return fmt.Sprintf(`case when trade_date > date '%[1]s' then 'not_yet_traded' `+
		`when %[2]s < date '%[1]s' and status is distinct from 'triggered_unsettled' then 'expired' end`,
		in.AsOf.Format(time.DateOnly), position.LastDate("", store.IsOneOf("role", position.OptionRoles)))
}
