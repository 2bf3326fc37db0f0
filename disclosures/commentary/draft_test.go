package commentary

import (
	"path"
	"strings"
	"testing"
)

// TestDraftsAssertNothingThatIsNotThere writes first texts of a book that states no
// terms, trades for itself alone, and has bought protection from banks alone.
func TestDraftsAssertNothingThatIsNotThere(t *testing.T) {
	figures := map[string]int64{"comment-11d/credit_events/total/total": 100, "comment-11d/credit_events/not_stated/total": 100, "comment-11d/credit_events/any_bankruptcy/total": 0,
		"comment-11d/restructuring/total/total": 100, "comment-11d/settlement/total/total": 100, "comment-11d/settlement/cash/total": 100,
		"comment-11e/purpose/total/total": 1000, "comment-11e/purpose/trading/total": 998, "comment-11e/purpose/client/total": 2, "comment-11e/purpose/credit_portfolio_hedge/total": 0,
		"comment-11e/purpose/trading/share": 100, "comment-11e/purpose/client/share": 0, "comment-11e/purpose/credit_portfolio_hedge/share": 0,
		"comment-11g/notional/total/bought": 100, "comment-11g/notional/banks/bought": 668, "comment-11g/notional/broker_dealers/bought": 332,
		// Shares of the table foot: 66.8 and 33.2 percent, of which one was moved.
		"comment-11g/notional/banks/share_bought": 66, "comment-11g/notional/broker_dealers/share_bought": 34, "comment-11g/notional/banks/share_sold": 0,
		"comment-11b/sold/credit_derivatives/contracts": 20, "comment-11b/sold/credit_derivatives/maximum_exposure": 100, "comment-11b/sold/credit_derivatives/default_payout/maximum_exposure": 97, "comment-11b/sold/credit_derivatives/buy_protection/maximum_exposure": 3,
		"comment-11b/sold/credit_derivatives/no_fixed_maximum/contracts": 16, "comment-11b/sold/credit_derivatives/no_fixed_maximum/notional": 9, "comment-11a/notional/bought/total": 7,
		"comment-11h/as_it_is/total/exposure": 500, "comment-11h/as_it_is/total/held": 600, "comment-11h/as_it_is/total/callable": 17, "comment-11h/as_it_is/rated/callable": 1, "comment-11h/as_it_is/rated/terminable": 0,
		"comment-11h/one_notch/rated/callable": 3, "comment-11h/one_notch/rated/terminable": 4,
		"comment-11g/notional/total/sold": 0, "comment-11g/notional/banks/sold": 0, "comment-11g/notional/of_which_monoline/bought": 0}
	of := Figures{AsOf: "2007-09-30", Compare: "2006-12-31", Known: func(string) []string { return nil },
		Find: func(date, address string) (Figure, bool) {
			n, found := figures[address]
			if date == "2006-12-31" {
				n /= 2
			}
			return Figure{Displayed: n, Unit: unitOf(address)}, found
		},
		Largest: func(_, block, column string) (string, bool) { return block + "/not_stated/" + column, true }}
	for item, want := range map[string]string{
		"b": "The most that we could have to pay under credit protection sold with a fixed maximum was USD 100 million at September 30, 2007, which rose by USD 50 million (100%) since December 31, 2006. " +
			"It is stated undiscounted and before recovery, recourse and collateral (ASC 815-10-50-4K); collateral secures what counterparties owe us and is not subtracted. " +
			"Contingent swaps sold, 16 in number with a notional of USD 9 million, have no fixed maximum and are not in this amount. " +
			"Under these contracts we pay when a credit event occurs at the reference. Of the maximum, USD 97 million is of contracts that pay up to the notional on default, USD 3 million of options that oblige us to buy protection and have no default payout. " +
			"The table shows the kinds of contracts. We have purchased protection too, of USD 7 million, which is not set against these amounts.",
		"h": "A downgrade of a counterparty changes no fair value by itself; it can let us call more collateral, or end the contracts. " +
			"At September 30, 2007 our exposure to counterparties, netted by agreement, was USD 500 million, and the agreements' collateral that we held USD 600 million. " +
			"As ratings are, we could call USD 17 million of collateral, of which USD 1 million from rated counterparties. " +
			"Were each of those one notch down, we could call USD 2 million more from them, and agreements with an exposure of USD 4 million could be terminated, against USD 0 million as ratings are. " +
			"The exposure is of credit derivatives alone; the collateral is of all products of the agreements.",
		"d": "Credit derivatives are settled when a credit event occurs that the contract names. " +
			"No contract of our portfolio, as delivered, states a set of credit events that is told apart here. " +
			"After a credit event, settlement is, by notional, 100% in cash. Contracts that do not state a term are shown apart.",
		"e": "By notional, we hold our credit derivatives 100% to take credit exposure for our own trading. " +
			"The notional held for our own trading rose by USD 499 million (100%) since December 31, 2006. " +
			"The notional held for clients rose by USD 1 million (100%) since December 31, 2006.",
		"g": "Of the protection purchased, by notional, we bought 66% from banks and 34% from broker-dealers. We have sold no protection.",
	} {
		text, err := Draft(item, of)
		if err != nil {
			t.Fatal(err)
		}
		got, faults := evaluate(item, item+".md", text, of)
		if words := strings.Join(strings.Fields(got.Markdown), " "); len(faults) > 0 || words != want {
			t.Errorf("%s:\n  got  %s %v\n  want %s", item, words, faults, want)
		}
	}
}

// TestDraftsOfABookThatSoldNothing writes first texts of a book that has bought protection
// alone, and of one of which no direction is known.
func TestDraftsOfABookThatSoldNothing(t *testing.T) {
	for name, c := range map[string]struct {
		figures map[string]int64
		want    map[string]string
	}{
		"bought alone": {map[string]int64{"comment-11a/notional/total/total": 8, "comment-11a/notional/bought/total": 8, "comment-11b/sold/credit_derivatives/contracts": 0,
			"comment-11b/sold/credit_derivatives/maximum_exposure": 0, "comment-11b/rating_and_maturity/total/total": 0, "comment-11b/rating_and_maturity/investment/total": 0,
			"comment-11g/notional/banks/share_bought": 100, "comment-11g/notional/banks/share_sold": 0},
			map[string]string{
				"b": "None of our credit derivatives was protection sold at September 30, 2007, so that they have no maximum exposure. We have purchased protection of USD 8 million.",
				"g": "Of the protection purchased, by notional, we bought 100% from banks. We have sold no protection.",
			}},
		"no direction": {map[string]int64{"comment-11a/notional/total/total": 8, "comment-11a/notional/bought/total": 0, "comment-11a/notional/sold/total": 0, "comment-11a/notional/unclassified/total": 8,
			"comment-11a/fair_value_receivable/total/total": 0, "comment-11a/fair_value_payable/total/total": 0, "comment-11a/notional/bought/credit_portfolio_hedge": 0,
			"comment-11a/notional/total/trading": 0, "comment-11a/notional/total/client": 0, "comment-11a/notional/total/client_offset": 0, "comment-11a/notional/total/unclassified": 7,
			"comment-11b/sold/credit_derivatives/contracts": 0, "comment-11b/sold/credit_derivatives/maximum_exposure": 0},
			map[string]string{
				"a": "At September 30, 2007 the notional of our credit derivatives was USD 8 million. Of it USD 0 million was credit protection purchased and USD 0 million credit protection sold; the direction of USD 8 million is not classified. " +
					"The fair value of these contracts was a receivable of USD 0 million and a payable of USD 0 million, position by position, before netting and collateral. " +
					"By purpose, USD 0 million of the protection purchased offsets credit exposure in our loan and investment portfolios and commitments; USD 0 million of the notional is for our own trading, USD 0 million reflects exposures taken for the benefit of clients, and USD 0 million offsets those. The purpose of USD 7 million is not classified.",
				"b": "No contract is known to be credit protection sold at September 30, 2007; the direction of USD 8 million of notional is not classified. We have purchased protection of USD 0 million.",
				"g": "The direction of USD 8 million of notional is not classified.",
			}},
	} {
		of := Figures{AsOf: "2007-09-30", Known: func(string) []string { return nil },
			Find: func(date, address string) (Figure, bool) {
				n, found := c.figures[address]
				return Figure{Displayed: n, Unit: unitOf(address)}, found && date == "2007-09-30"
			}}
		for item, want := range c.want {
			text, err := Draft(item, of)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, item, err)
			}
			got, faults := evaluate(item, item+".md", text, of)
			if words := strings.Join(strings.Fields(got.Markdown), " "); len(faults) > 0 || words != want {
				t.Errorf("%s, %s:\n  got  %s %v\n  want %s", name, item, words, faults, want)
			}
		}
	}
}

// unitOf is the unit of the figure at an address.
func unitOf(address string) string {
	switch column := path.Base(address); {
	case column == "contracts":
		return "contracts"
	case strings.HasPrefix(column, "share"):
		return "percent"
	}
	return "USD millions"
}
