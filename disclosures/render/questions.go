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
	From   string `json:"from,omitempty"` // of a figure that moved, exact
	To     string `json:"to,omitempty"`
	// Unexplained is what events leave unexplained of the move of a figure that they lead to.
	Unexplained string `json:"unexplained,omitempty"`
	Text        string `json:"text"`
}

// QuestionKinds are the kinds of questions with what they ask, in their order. Of moves
// the figures stand in tables, block by block.
var QuestionKinds = []struct {
	ID, Asks string
	Moves    bool
}{
	{"move", "Moves above materiality without a cause", true},
	{"appeared", "Figures that appeared", true},
	{"vanished", "Figures that vanished", true},
	{"sign_flip", "Figures whose sign turned", true},
	{"one_trade", "Concentration in one trade", false},
	{"one_counterparty", "Concentration in one counterparty", false},
	{"one_reference", "Concentration in one reference name", false},
	{"hedge_without_holding", "Hedges without holdings", false},
	{"offset_without_client", "Offsets without clients", false},
	{"looks_netted", "Gross figures that look netted", false},
}

// Questions writes the reviewer's questions by kind.
func Questions(w io.Writer, p Packet) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# The reviewer's questions: %s\n", p.title())
	if currency := p.currency(); currency != "" {
		fmt.Fprintf(&b, "\nAmounts are exact, in %s.\n", currency)
	}
	if p.ExplainedMoves > 0 {
		fmt.Fprintf(&b, "\nFigures that moved, appeared or vanished by movements of the roll-forward, which shows the causes, are not asked about: %d.\n", p.ExplainedMoves)
	}
	figures := p.figures()
	for _, kind := range QuestionKinds {
		fmt.Fprintf(&b, "\n## %s\n\n", kind.Asks)
		block, none := "", true
		for _, q := range p.Questions {
			if q.Kind != kind.ID {
				continue
			}
			none = false
			if !kind.Moves {
				fmt.Fprintf(&b, "- %s `%s`: %s\n", q.Date, q.Cell, q.Text)
				continue
			}
			figure := figures[q.Cell]
			if figure.block != block {
				if block != "" {
					b.WriteString("\n")
				}
				block = figure.block
				fmt.Fprintf(&b, "### %s\n\n| | %s | %s | Change | Cell |\n|---|---:|---:|---:|---|\n", block, p.Compare, p.AsOf)
			}
			change := exactly(q.Amount)
			if q.Unexplained != "" {
				change += ", of which events leave " + exactly(q.Unexplained) + " unexplained"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | `%s` |\n", named(figure.label), exactly(q.From), exactly(q.To), change, q.Cell)
		}
		if none {
			b.WriteString("None.\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// figureOf says in words which figure a cell is.
type figureOf struct{ block, label string }

// figures are those of the packet by their addresses.
func (p Packet) figures() map[string]figureOf {
	figures := map[string]figureOf{}
	for c := range p.All() {
		figures[c.Address()] = figureOf{c.Table.Title + ", " + c.Block.Title, c.Row.Label + ", " + c.Column.Label}
	}
	return figures
}

// exactly is an exact amount with its digits in threes, in parentheses where it is negative.
func exactly(amount string) string {
	digits, negative := strings.CutPrefix(amount, "-")
	whole, cents, _ := strings.Cut(digits, ".")
	digits = InThrees(whole) + "." + cents
	if negative {
		return "(" + digits + ")"
	}
	return digits
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
