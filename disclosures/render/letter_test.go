package render

import (
	"errors"
	"strings"
	"testing"

	"comment11/disclosures"
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

// Marks come in the order in which tables ask for them; letters stand in their own.
func TestLettersOfFootnotesAreInOrder(t *testing.T) {
	cell := Cell{Displayed: 3, Marks: []disclosures.Mark{{ID: "not_rated"}, {ID: "unclassified"}}}
	if got := cell.Figure(); got != "3 c,d" {
		t.Errorf("the figure is %q, expected 3 c,d", got)
	}
}

// A figure of more digits than a number of a page's script keeps is told with all of them.
func TestTracesKeepAllDigits(t *testing.T) {
	p := packetOf(sheetOf("2007-09-30", 9_499_999_999_999_905, 0, 0, 0), sheetOf("2006-12-31", 1, 2, 3, 4))
	p.Letter = &Letter{}
	text, err := newPageTraces(p).JSON()
	if err != nil || !strings.Contains(string(text), `"9499999999999905"`) {
		t.Errorf("%v, the traces have the number of %.300s", err, text)
	}
}

// A name stays in its row, and is no Markdown, whatever is in it.
func TestNamesStayInTheirRow(t *testing.T) {
	p := packetOf(sheetOf("2007-09-30", 1, 2, 3, 4), sheetOf("2006-12-31", 1, 2, 3, 4))
	for s := range p.Tables[0].Blocks[0].Sheets {
		p.Tables[0].Blocks[0].Sheets[s].Rows[1].Label = "Line\nBreak\u202e <b>*`[a](b)"
	}
	p.Tables[0].Blocks[0].Change = change(p.Tables[0].Head, p.Tables[0].Blocks[0], p)
	var text, markdown strings.Builder
	if err := errors.Join(Text(&text, p), Markdown(&markdown, p)); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "\nLine Break <b>*`[a](b)  "); n != 3 {
		t.Errorf("the text has %d rows of the name, expected one at each date and in the change:\n%s", n, text.String())
	}
	if n := strings.Count(markdown.String(), "\n| Line Break \\<b>\\*\\`\\[a](b) | "); n != 3 {
		t.Errorf("the Markdown has %d rows of the name, expected 3:\n%s", n, markdown.String())
	}
}

// Whole yen are no dollars, and a table with shares says that these are in percent.
func TestUnitsAreSaid(t *testing.T) {
	for unit, want := range map[string]string{"JPY dollars": "JPY", "USD dollars": "USD dollars", "CAD dollars": "CAD dollars", "JPY millions": "JPY millions", "percent": "percent"} {
		if got := Unit(unit); got != want {
			t.Errorf("%s is said as %q, expected %q", unit, got, want)
		}
	}
	p := packetOf(sheetOf("2007-09-30", 1, 2, 3, 4), sheetOf("2006-12-31", 1, 2, 3, 4))
	if got := p.Tables[0].Subtitle(); got != "USD millions; scope group" {
		t.Errorf("the subtitle is %q", got)
	}
	p.Tables[0].Blocks[0].Sheets[0].Rows[0].Cells[1].Moved = -1
	var moved, questions strings.Builder
	writeMoved(&moved, p, "", "")
	if want := "2007-09-30 a-table/notional, total, sold: exact 6000000.00, moved by -1 USD millions so that totals foot\n"; moved.String() != want {
		t.Errorf("what was moved is told as %q, expected %q", moved.String(), want)
	}
	if err := Questions(&questions, p); err != nil || !strings.Contains(questions.String(), "\n\nAmounts are exact, in USD.\n\n## Moves") {
		t.Errorf("%v, questions begin with %.200s", err, questions.String())
	}
	p.Tables[0].Blocks[0].Sheets[0].Rows[0].Cells[0].Unit = "percent"
	if got := p.Tables[0].Subtitle(); got != "USD millions, shares in percent; scope group" {
		t.Errorf("with shares the subtitle is %q", got)
	}
}
