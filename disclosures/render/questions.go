package render

import (
	"fmt"
	"io"
	"strings"
)

// Question is something that a reviewer would ask, found in the figures.
type Question struct {
	Kind   string `json:"kind"`
	Date   string `json:"as_of_date"`
	Cell   string `json:"cell"` // table/block/row/column, to trace it by
	Amount string `json:"amount"`
	Text   string `json:"text"`
}

// QuestionKinds are the kinds of questions with what they ask, in their order.
var QuestionKinds = []struct{ ID, Asks string }{
	{"move", "Moves above materiality without a cause"},
	{"appeared", "Figures that appeared"},
	{"vanished", "Figures that vanished"},
	{"sign_flip", "Figures whose sign turned"},
	{"one_trade", "Concentration in one trade"},
	{"one_counterparty", "Concentration in one counterparty"},
	{"one_reference", "Concentration in one reference name"},
	{"hedge_without_holding", "Hedges without holdings"},
	{"offset_without_client", "Offsets without clients"},
	{"looks_netted", "Gross figures that look netted"},
}

// Questions writes the reviewer's questions by kind.
func Questions(w io.Writer, p Packet) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# The reviewer's questions: %s\n", p.title())
	if currency := p.currency(); currency != "" {
		fmt.Fprintf(&b, "\nAmounts are exact, in %s.\n", currency)
	}
	for _, kind := range QuestionKinds {
		fmt.Fprintf(&b, "\n## %s\n\n", kind.Asks)
		none := true
		for _, q := range p.Questions {
			if q.Kind == kind.ID {
				none = false
				fmt.Fprintf(&b, "- %s `%s`: %s\n", q.Date, q.Cell, q.Text)
			}
		}
		if none {
			b.WriteString("None.\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// currency is that of the packet's amounts, "" where it has none.
func (p Packet) currency() (currency string) {
	p.Each(func(_ Place, c Cell) {
		if of, _, isAmount := strings.Cut(c.Unit, " "); isAmount {
			currency = of
		}
	})
	return currency
}
