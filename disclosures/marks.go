package disclosures

import (
	"math/big"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/store"
	"comment11/internal/strictyaml"
)

// mark is a footnote that a figure carries because of the facts behind it.
type mark struct {
	id       string
	when     string   // SQL over the groups of facts
	measures []string // that it is about
	asked    bool     // only where a table or row asks for it
	meaning  string   // the footnote; other relations have the marks of facts and of events
}

var factMarks = []mark{
	{id: "floor", when: "notional_is_floor", measures: []string{"notional", "net_notional", "maximum_exposure"},
		meaning: "Rests on capped or masked notionals: at least so much."},
	{id: "no_value", when: "fair_value is null",
		measures: []string{"fair_value", "fair_value_receivable", "fair_value_payable", "net_fair_value"},
		meaning:  "Leaves out positions without a fair value."},
	{id: "unclassified", when: anyUnclassified("instrument", "direction", "purpose", "counterparty_type"),
		meaning: "Has facts of which an attribute could not be classified."},
	{id: "not_rated", when: store.IsOneOf("rating_grade", []string{"not_rated"}), asked: true,
		meaning: "Includes references without a rating."},
	{id: "two_way", when: store.IsOneOf("direction", []string{"two_way"}), measures: []string{"notional"}, asked: true,
		meaning: "Includes two-way instruments, which are neither bought nor sold."},
	{id: "no_carrying_amount", when: "fair_value is null and " + store.IsOneOf("obligation", []string{"carrying_amount"}), measures: []string{"maximum_exposure"},
		meaning: "Leaves out notes held without a fair value, of which the maximum is the carrying amount."},
}

// nettingMarks are those of netting sets, whose amounts are netted fair values.
var nettingMarks = []mark{
	{id: "no_value", when: "without_value",
		measures: []string{"exposure", "liability", "collateral_callable", "terminable", "settlement_on_trigger", "all_products_exposure", "all_products_callable", "residual"}},
}

// eventMarks are those of realized events, payoutMarks those of payouts: of what has no
// amount a sum says nothing.
var (
	eventMarks  = withoutAmount(store.IsOneOf("result", []string{"no_value"}), []string{"realized_gain_loss"}, []string{"realized_year_before"})
	payoutMarks = withoutAmount("not has_cash", []string{"payouts", "net_paid"}, []string{"payouts_year_before"})
)

func withoutAmount(when string, measures, yearBefore []string) []mark {
	return []mark{
		{id: "no_amount", when: when + " and " + store.IsOneOf("fiscal_year", []string{"this_year"}), measures: measures,
			meaning: "Leaves out events that were delivered without their amount."},
		{id: "no_amount_year_before", when: when + " and " + store.IsOneOf("fiscal_year", []string{"year_before"}), measures: yearBefore,
			meaning: "Leaves out events of the year before that were delivered without their amount."},
	}
}

func anyUnclassified(columns ...string) string {
	for i, column := range columns {
		columns[i] = store.IsOneOf(column, []string{"unclassified"})
	}
	return strings.Join(columns, " or ")
}

// Footnotes are the texts of all marks, in the order in which they are shown.
func Footnotes() (ids, texts []string) {
	for _, m := range slices.Concat(factMarks, eventMarks) {
		ids, texts = append(ids, m.id), append(texts, m.meaning)
	}
	return ids, texts
}

func marksOf(relation string) []mark {
	switch relation {
	case "facts":
		return factMarks
	case "downgraded_netting_sets":
		return nettingMarks
	case "realized_facts":
		return eventMarks
	case "credit_event_payouts":
		return payoutMarks
	}
	return nil
}

func checkMarks(texts []strictyaml.Text, fault func(strictyaml.Text, string, ...any)) {
	var known []string
	for _, m := range factMarks {
		if m.asked {
			known = append(known, m.id)
		}
	}
	for _, text := range texts {
		if !slices.Contains(known, text.Value) {
			fault(text, "marks: %q is unknown; expected one of %s", text.Value, strings.Join(known, ", "))
		}
	}
}

// Mark is a footnote of a cell: how many of its facts cause it, and their amount.
type Mark struct {
	ID     string          `json:"mark"`
	Facts  int64           `json:"facts"`
	Amount decimal.Decimal `json:"amount"`
}

// marksAt gives the footnotes of a cell.
func (s *sheet) marksAt(r, c int) []Mark {
	row, column := s.rows[r], s.columns[c]
	measure := column.measure
	if column.shared != "" {
		measure = column.shared
	}
	var list []Mark
	for _, m := range marksOf(s.relation) {
		if (len(m.measures) > 0 && !slices.Contains(m.measures, measure)) || (m.asked && !slices.Contains(row.marks, m.id) && !slices.Contains(s.marks, m.id)) {
			continue
		}
		facts, sum := new(big.Int), new(big.Int)
		for _, group := range s.groups.marked[m.id] {
			if row.members[group] && column.members[group] {
				facts.Add(facts, s.groups.measures[countMeasure][group])
				sum.Add(sum, s.groups.measures[measure][group])
			}
		}
		if facts.Sign() > 0 {
			list = append(list, Mark{m.id, facts.Int64(), amount(measure, sum)})
		}
	}
	return list
}
