package render

import (
	"strings"
	"testing"
)

// TestProseStandsApart holds that the text of an item and the picture after it are
// paragraphs of their own, however the text ends.
func TestProseStandsApart(t *testing.T) {
	letter := Letter{Items: []Item{{ID: "11(f)", Prose: "**[DRAFT: no text]**"}}, History: []Balance{{Date: "2006-12-31", Bought: 1}, {Date: "2007-09-30", Bought: 2}}}
	var b strings.Builder
	if err := LetterMarkdown(&b, Packet{AsOf: "2007-09-30", Letter: &letter}); err != nil {
		t.Fatal(err)
	}
	if want := "**[DRAFT: no text]**\n\n**Notional bought and sold over time**\n"; !strings.Contains(b.String(), want) {
		t.Errorf("expected %q in %s", want, b.String())
	}
}
