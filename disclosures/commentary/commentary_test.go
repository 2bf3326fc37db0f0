package commentary

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/shopspring/decimal"
)

// book has few figures at two dates.
func book() Figures {
	now := map[string]Figure{
		"t/b/sold/total":   {Displayed: 917, Exact: decimal.RequireFromString("917083326.56"), Unit: "USD millions", RowLabel: "Protection sold"},
		"t/b/bought/total": {Displayed: 2_558, Exact: decimal.RequireFromString("2558000000"), Unit: "USD millions", RowLabel: "Protection bought"},
		"t/b/other/total":  {Displayed: 0, Unit: "USD millions"},
		"t/b/sold/count":   {Displayed: 43, Exact: decimal.NewFromInt(43), Unit: "facts"},
		"t/b/sold/share":   {Displayed: 40, Unit: "percent"},
		"t/b/flow/total":   {Displayed: 9, Unit: "USD millions", OtherLength: true},
		"t/b/net/total":    {Displayed: -12, Exact: decimal.NewFromInt(-12_000_000), Unit: "USD millions"},
	}
	before := map[string]Figure{
		"t/b/sold/total":   {Displayed: 1_000, Unit: "USD millions"},
		"t/b/bought/total": {Displayed: 2_000, Unit: "USD millions"},
		"t/b/other/total":  {Displayed: 0, Unit: "USD millions"},
		"t/b/sold/share":   {Displayed: 50, Unit: "percent"},
		"t/b/flow/total":   {Displayed: 3, Unit: "USD millions"},
	}
	material := decimal.NewFromInt(50_000_000)
	return Figures{AsOf: "2007-09-30", Compare: "2006-12-31", Material: &material,
		Find: func(date, address string) (Figure, bool) {
			figures := map[string]map[string]Figure{"2007-09-30": now, "2006-12-31": before}[date]
			f, found := figures[address]
			return f, found
		},
		Known: func(string) []string {
			return []string{"t/b/sold/total", "t/b/bought/total", "t/b/other/total", "t/b/sold/count", "t/b/net/total"}
		},
		Largest: func(_, block, column string) (string, bool) {
			return "t/b/bought/total", block == "t/b" && column == "total"
		}}
}

func TestEvaluate(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`Sold {{amount "t/b/sold/total"}} at {{as_of}}, {{before "t/b/sold/total"}} at {{compared_with}}.`, "Sold USD 917 million at September 30, 2007, USD 1,000 million at December 31, 2006."},
		{`It {{fell "t/b/sold/total"}} by {{change "t/b/sold/total"}} ({{percent "t/b/sold/total"}}).`, "It fell by USD 83 million (8%)."},
		{`It {{rose "t/b/bought/total"}}; the rest is {{unchanged "t/b/other/total"}}.`, "It rose; the rest is unchanged."},
		{`{{percent "t/b/other/total"}}`, "a percentage that is not meaningful"},
		{`{{fell "t/b/sold/share"}} by {{change "t/b/sold/share"}}, {{percent "t/b/sold/share"}}`, "fell by 10 percentage points, a percentage that is not meaningful"},
		{`{{change "t/b/flow/total"}}, {{percent "t/b/flow/total"}}`, "USD 6 million, a percentage that is not meaningful"},
		{`{{share "t/b/sold/total" "t/b/bought/total"}} of two-way, {{amount "t/b/sold/count"}} contracts, {{amount "t/b/net/total"}} net, {{size "t/b/net/total"}} lost`, "36% of two-way, 43 contracts, minus USD 12 million net, USD 12 million lost"},
		{`{{label "t/b/sold/total"}} {{is_below "t/b/sold/total" "t/b/bought/total"}}; {{largest "t/b" "total"}}: {{largest_amount "t/b" "total"}}`, "Protection sold is below; Protection bought: USD 2,558 million"},
		{`{{cite "ASC 815-10-50-4K"}} {{/* 7 notes for the writer */}}ok`, "ASC 815-10-50-4K ok"},
		{`{{not_material "own downgrade" "t/b/net/total"}}`, "not material: minus USD 12 million, below the threshold of USD 50,000,000"},
		{`{{difference "t/b/bought/total" "t/b/sold/total"}}`, "USD 1,641 million"},
	} {
		got, faults := evaluate("a", "a.md", digested(c.text), book())
		if len(faults) > 0 || strings.TrimSpace(got.Markdown) != c.want {
			t.Errorf("%s:\n  got  %q %v\n  want %q", c.text, got.Markdown, faults, c.want)
		}
	}
}

// digested adds the figures on which the text is written.
func digested(text string) string {
	_, faults := evaluate("a", "a.md", text, book())
	for _, f := range faults {
		if _, digest, found := strings.Cut(f.Message, "then write "); found {
			if digest, found = strings.CutSuffix(digest, " into it"); found {
				return digest + text
			}
		}
	}
	return text
}

func TestFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Sold\nUSD 917 million", `a.md:2: "917" is typed by hand; quote a cell, as in {{amount "table/block/row/column"}}, or a source, as in {{cite "ASC 815-10-50-4K"}}`},
		{"half of it", `a.md:1: "half" is a number typed by hand; quote a cell, as in {{share "table/block/row/column" "table/block/row/column"}}`},
		{"It rose.", `a.md:1: "rose" is typed by hand and may not agree with the data; write {{rose "table/block/row/column"}}, or fell, grew, increased, decreased, declined`},
		{`It {{rose "t/b/sold/total"}}`, `a.md:1: "rose" is wrong: t/b/sold/total was USD 1,000 million and is USD 917 million; write {{fell "t/b/sold/total"}}`},
		{`{{grew "t/b/other/total"}}`, `a.md:1: "grew" is wrong: t/b/other/total was USD 0 million and is USD 0 million; write {{unchanged "t/b/other/total"}}`},
		{`{{exceeds "t/b/sold/total" "t/b/bought/total"}}`, `a.md:1: "exceeds" is wrong: t/b/sold/total is USD 917 million and t/b/bought/total is USD 2,558 million`},
		{`{{rose "t/b/flow/total"}}`, `a.md:1: "rose" is not to be said: t/b/flow/total is of periods of unequal length at 2007-09-30 and 2006-12-31; give both figures, with their periods`},
		{`{{amount "t/b/solt/total"}}`, `a.md:1: unknown cell "t/b/solt/total" at 2007-09-30; did you mean "t/b/sold/total"?`},
		{`{{amount 917}}`, `a.md:1: {{amount 917}}: expected texts in quotes as arguments`},
		{`{{917}}`, `a.md:1: {{917}}: expected a function, not a value typed by hand`},
		{`{{if true}}x{{end}}`, `a.md:1: {{if true}}x{{end}}: expected a call of a function, such as {{amount "comment-11a/notional/sold/total"}}`},
		{`{{amont "x"}}`, `a.md:1: unknown function "amont"; did you mean "amount"?`},
		{`{{difference "t/b/sold/total" "t/b/sold/count"}}`, `a.md:1: t/b/sold/total is in USD millions and t/b/sold/count in facts; expected figures in one unit`},
		{`{{share "x"}}`, `a.md:1: share has 1 arguments; expected {{share "table/block/row/column" "table/block/row/column"}}`},
		{"x\n{{amount", `a.md:2: unclosed action`},
		{"", `a.md:1: the text says nothing; write what answers item a`},
		{"{{figures \"e3b0c44298\"}}\n<!-- words that nobody sees -->\n## ...", `a.md:1: the text says nothing; write what answers item a`},
		{`{{cite "917"}}`, `a.md:1: cite "917": expected a source, such as ASC 815-10-50-4K, Form 10-K or Note 22; figures are quoted from cells`},
		{`{{not_material "x" "t/b/sold/total"}}`, `a.md:1: not_material: t/b/sold/total is USD 917 million, which is not below the threshold of 50000000`},
		{`{{figures "0"}}{{amount "t/b/sold/total"}}`, `a.md:1: the text is older than the figures that it quotes: they have changed since; read it again, then write {{figures "`},
	} {
		_, faults := evaluate("a", "a.md", c.text, book())
		if !strings.Contains(faults.Error(), c.want) {
			t.Errorf("%s:\n  got  %v\n  want %s", c.text, faults, c.want)
		}
	}
}

func TestNotUTF8(t *testing.T) {
	_, err := Read(fstest.MapFS{"a.md": {Data: []byte("fine \u00e9 \ufffd")}, "b.md": {Data: []byte("fine\n\x93quoted\x94")}}, "commentary/2007-09-30")
	if want := "commentary/2007-09-30/b.md:2: the byte 93 is not UTF-8; save the text as UTF-8"; err == nil || err.Error() != want {
		t.Errorf("%v, expected %s", err, want)
	}
}

func TestFaultsOfAText(t *testing.T) {
	sources, err := Read(fstest.MapFS{"a.md": {Data: []byte("Five of 12.")}}, "commentary/2007-09-30")
	texts, faults := Evaluate(sources, "commentary/2007-09-30", book())
	if err != nil || len(texts) != len(Items) || len(faults) != 3+7 { // two numbers, no figures named, and seven texts that are not there
		t.Fatalf("%d texts, %d faults, %v: %v", len(texts), len(faults), err, faults)
	}
	if want := "**[DRAFT: "; strings.Count(texts[0].Markdown, want) != 2 || !strings.HasPrefix(texts[1].Markdown, want) {
		t.Errorf("a draft does not mark its faults: %q, %q", texts[0].Markdown, texts[1].Markdown)
	}
}
