package render

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"

	"comment11/disclosures"
)

// Letter is what the response to the comment has beside the tables: the items with
// their prose, what answers each clause, and what was adjusted. packet.json has it
// whole, so that the letter can be written again from it.
type Letter struct {
	Before   string          `json:"before"` // what the comment says before its items
	Items    []Item          `json:"items"`
	Covered  []Covered       `json:"covered"`
	Adjusted []Adjusted      `json:"adjusted,omitempty"`
	History  []Balance       `json:"history,omitempty"`  // of the notional, oldest first
	Faults   []string        `json:"faults,omitempty"`   // of the prose of a draft
	Material string          `json:"material,omitempty"` // the amount below which a figure is not; "" where none is configured, and in a filing
	Traces   map[Place]Trace `json:"traces,omitempty"`
}

// Item is an item of the comment with the response to it.
type Item struct {
	ID     string  `json:"id"`               // for example 11(a)
	Asks   string  `json:"asks"`             // Markdown
	Prose  string  `json:"prose"`            // Markdown, with its numbers
	Source *string `json:"source,omitempty"` // with calls in place of numbers; nil where nobody wrote one, and in a filing
}

// Covered says what answers a clause.
type Covered struct {
	Clause string `json:"clause"`
	Asks   string `json:"asks"`
	How    string `json:"how"` // tables, text, not material, not answered or missing
	By     string `json:"by"`  // the tables or text, or why not
}

// What can become of a clause.
const (
	ByTables    = "tables"
	ByText      = "text"
	NotMaterial = "not material"
	NotAnswered = "not answered"
	Missing     = "missing"
)

// Adjusted is an adjustment's effect at a date, in the reporting currency.
type Adjusted struct {
	Date           string `json:"as_of_date"`
	ID             string `json:"id"`
	Reason         string `json:"reason"`
	Facts          int64  `json:"facts"`
	GrossNotional  string `json:"gross_notional"`
	NetNotional    string `json:"net_notional"`
	GrossFairValue string `json:"gross_fair_value"`
	NetFairValue   string `json:"net_fair_value"`
}

// effect is what the adjustment adds, and why, as texts say it.
func (a Adjusted) effect() string {
	return fmt.Sprintf("%s, notional %s gross and %s net, fair value %s gross and %s net: %s",
		disclosures.Counted(a.Facts, "fact"), a.GrossNotional, a.NetNotional, a.GrossFairValue, a.NetFairValue, a.Reason)
}

// Balance is the displayed notional at a date.
type Balance struct {
	Date   string `json:"as_of_date"`
	Label  string `json:"label,omitempty"` // of the date compared with: that of its column
	Bought int64  `json:"bought"`
	Sold   int64  `json:"sold"`
	Unit   string `json:"unit"`
}

// Trace is where a cell comes from, for the page: what `comment11 trace` says of it.
type Trace struct {
	Words   string   `json:"words"`
	Facts   int64    `json:"facts"`
	Largest []string `json:"largest,omitempty"` // facts, the largest first, with their amounts
	Rules   []string `json:"rules,omitempty"`
}

//go:embed letter
var letterFiles embed.FS

var letterPage = template.Must(template.New("letter.html").Funcs(template.FuncMap{
	"css": func() (template.CSS, error) {
		text, err := letterFiles.ReadFile("letter/letter.css")
		return template.CSS(text), err
	},
	"js": func() (template.JS, error) {
		text, err := letterFiles.ReadFile("letter/letter.js")
		return template.JS(text), err
	},
	"markdown": markdownToHTML,
	"anchor":   anchor,
	"unit":     Unit,
	"dict":     func(p page, t Table) map[string]any { return map[string]any{"Page": p, "Table": t} },
	"indent":   func(depth int) string { return fmt.Sprintf("depth-%d", min(depth, 4)) },
}).ParseFS(letterFiles, "letter/letter.html"))

// page is what the template is filled with.
type page struct {
	Packet
	Title    string
	Before   string
	Items    []pageItem
	Others   []Table
	Open     []Covered // not answered, not material or missing
	Covered  []Covered
	Moved    []string
	Breaks   []string
	Adjusted []Adjusted
	Faults   []string
	Traces   *pageTraces
}

type pageItem struct {
	Item
	Tables   []Table
	SeeAlso  []Table
	Pictures []Picture
}

// LetterHTML writes the letter as one page that needs no other file.
func LetterHTML(w io.Writer, p Packet) error {
	content, err := newPage(p)
	if err != nil {
		return err
	}
	return letterPage.Execute(w, content)
}

func newPage(p Packet) (page, error) {
	if p.Letter == nil {
		return page{}, fmt.Errorf("the packet has no letter")
	}
	l := p.Letter
	content := page{Packet: p, Title: p.title(), Before: l.Before, Covered: l.Covered, Adjusted: l.Adjusted, Faults: l.Faults}
	pictures, err := p.pictures()
	if err != nil {
		return page{}, err
	}
	placed := map[string]bool{}
	for _, item := range l.Items {
		shown := pageItem{Item: item, Pictures: slices.DeleteFunc(slices.Clone(pictures), func(picture Picture) bool { return picture.Item != item.ID })}
		for _, table := range p.Tables {
			switch {
			case !slices.Contains(table.Clauses, item.ID):
			case placed[table.ID]:
				shown.SeeAlso = append(shown.SeeAlso, table)
			default:
				placed[table.ID] = true
				shown.Tables = append(shown.Tables, table)
			}
		}
		content.Items = append(content.Items, shown)
	}
	content.Others = slices.DeleteFunc(slices.Clone(p.Tables), func(t Table) bool { return placed[t.ID] })
	for _, c := range l.Covered {
		if c.How != ByTables && c.How != ByText {
			content.Open = append(content.Open, c)
		}
	}
	content.Moved = listOf(func(b *strings.Builder) { writeMoved(b, p, "", "") })
	content.Breaks = breaks(p)
	if l.Traces != nil {
		content.Traces = newPageTraces(p)
	}
	return content, nil
}

// listOf takes what a writer of lines writes apart.
func listOf(write func(b *strings.Builder)) []string {
	var b strings.Builder
	write(&b)
	return strings.FieldsFunc(b.String(), func(r rune) bool { return r == '\n' })
}

// markdownToHTML leaves out whatever HTML a text has in it.
func markdownToHTML(text string) (template.HTML, error) {
	var b bytes.Buffer
	err := goldmark.Convert([]byte(text), &b)
	return template.HTML(b.String()), err //nolint:gosec // goldmark omits raw HTML and dangerous links
}

// anchor makes the id of an element of what it is about.
func anchor(parts ...string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(strings.Join(parts, "-"))), "-")
}

// Empty tells whether the table has no figures.
func (t Table) Empty() bool { return len(t.Blocks) == 0 }

// pageTraces are the traces of all cells as the script of the page reads them: texts
// that many cells share stand once.
type pageTraces struct {
	Cells    [][]any  `json:"cells"` // where, shown, exact, rounding, words, facts, largest, rules, release
	Words    []string `json:"words"`
	Facts    []string `json:"facts"`
	Rules    []string `json:"rules"`
	Releases []string `json:"releases"`
	Stored   []bool   `json:"stored"` // by release: it is in the warehouse

	numbers map[Place]int
}

func newPageTraces(p Packet) *pageTraces {
	t := &pageTraces{numbers: map[Place]int{}}
	index := map[string]int{}
	add := func(list *[]string, kind, text string) int {
		if i, known := index[kind+text]; known {
			return i
		}
		index[kind+text] = len(*list)
		*list = append(*list, text)
		return len(*list) - 1
	}
	releases := map[string]int{}
	for i, r := range p.Releases {
		releases[r.AsOf] = i
		t.Releases, t.Stored = append(t.Releases, r.Name), append(t.Stored, r.RecastOf == "")
	}
	p.Each(func(at Place, c Cell) {
		trace := p.Letter.Traces[at]
		facts, rules := []int{}, []int{}
		for _, f := range trace.Largest {
			facts = append(facts, add(&t.Facts, "f", f))
		}
		for _, r := range trace.Rules {
			rules = append(rules, add(&t.Rules, "r", r))
		}
		t.numbers[at] = len(t.Cells)
		t.Cells = append(t.Cells, []any{at.Address(), at.Date, strconv.FormatInt(c.Displayed, 10), c.Exact, Unit(c.Unit), c.Moved,
			add(&t.Words, "w", trace.Words), trace.Facts, facts, rules, releases[at.Date]})
	})
	return t
}

// JSON is for the page's script; HTML in it is escaped.
func (t *pageTraces) JSON() (template.JS, error) {
	text, err := json.Marshal(t)
	return template.JS(text), err
}

// Number is a cell's place in the traces.
func (t *pageTraces) Number(date, table, block, row, column string) int {
	return t.numbers[Place{date, table, block, row, column}]
}
