package fpml

import (
	"comment11/internal/document"
)

// currencyTypes in the order of preference: the value as it was struck, then what
// others were converted to. We convert by ourselves, exactly.
var currencyTypes = []string{"QuoteCurrency", "", "SettlementCurrency", "UnitCurrency", "ReportCurrency"}

// value takes the one fair value of the quotes in a position or valuation.
func (f *fact) value(n *document.Node) {
	for _, measure := range []string{"NPV", "NPVLocalCurrency"} {
		var quotes []*document.Node
		n.Each("quote", func(q *document.Node) {
			if q.TextAt("measureType") == measure && q.TextAt("value") != "" {
				quotes = append(quotes, q)
			}
		})
		for _, kind := range currencyTypes {
			for _, q := range quotes {
				if q.TextAt("currencyType") != kind || q.TextAt("currency") == "" {
					continue
				}
				f.values[fairValue], f.values[fairValueCurrency] = document.Amount(q.TextAt("value")), q.TextAt("currency")
				f.values[valuationDate] = document.Date(q.TextAt("valuationDate"))
				return
			}
		}
	}
}

// currentNotional takes the notional that a report states as current.
func (f *fact) currentNotional(n *document.Node) {
	n.Each("quote", func(q *document.Node) {
		if q.TextAt("measureType") == "CurrentNotional" && q.TextAt("value") != "" && q.TextAt("currency") == f.values[currency] {
			f.values[notional], f.values[notionalBasis] = document.Amount(q.TextAt("value")), "current"
		}
	})
}
