package commentary

import (
	"strings"
	"testing"
)

// TestDraftsAssertNothingThatIsNotThere writes first texts of a book that states no
// terms, trades for itself alone, and has bought protection from banks alone.
func TestDraftsAssertNothingThatIsNotThere(t *testing.T) {
	figures := map[string]int64{"comment-11d/credit_events/total/total": 100, "comment-11d/credit_events/not_stated/total": 100, "comment-11d/credit_events/any_bankruptcy/total": 0,
		"comment-11d/restructuring/total/total": 100, "comment-11d/settlement/total/total": 100, "comment-11d/settlement/cash/total": 100,
		"comment-11e/purpose/total/total": 1000, "comment-11e/purpose/trading/total": 998, "comment-11e/purpose/client/total": 2, "comment-11e/purpose/credit_portfolio_hedge/total": 0,
		"comment-11g/notional/total/bought": 100, "comment-11g/notional/banks/bought": 100, "comment-11g/notional/broker_dealers/bought": 0,
		"comment-11g/notional/total/sold": 0, "comment-11g/notional/banks/sold": 0, "comment-11g/notional/of_which_monoline/bought": 0}
	of := Figures{AsOf: "2007-09-30", Compare: "2006-12-31", Known: func(string) []string { return nil },
		Find: func(date, address string) (Figure, bool) {
			n, found := figures[address]
			if date == "2006-12-31" {
				n /= 2
			}
			return Figure{Displayed: n, Unit: "USD millions"}, found
		},
		Largest: func(_, block, column string) (string, bool) { return block + "/not_stated/" + column, true }}
	for item, want := range map[string]string{
		"d": "Credit derivatives are settled when a credit event occurs that the contract names. " +
			"No contract of our portfolio, as delivered, states a set of credit events that is told apart here. " +
			"After a credit event, settlement is, by notional, 100% in cash. Contracts that do not state a term are shown apart.",
		"e": "By notional, we hold our credit derivatives 100% to take credit exposure for our own trading. " +
			"The notional held for our own trading rose by USD 499 million (100%) since December 31, 2006. " +
			"The notional held for clients rose by USD 1 million (100%) since December 31, 2006.",
		"g": "Of the protection purchased, by notional, we bought 100% from banks. We have sold no protection.",
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
