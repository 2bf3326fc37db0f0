// Package render writes a packet of disclosure tables as CSV, JSON, Markdown, text or
// a workbook, and the letter that responds to the comment. It knows cells and no
// database.
package render

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"comment11/disclosures"
)

// Packet is the tables of a period end, and of the date it is compared with.
type Packet struct {
	AsOf     string    `json:"as_of_date"`
	Compare  string    `json:"compare_date,omitempty"`
	Audience string    `json:"audience"` // internal, filing or auditor
	Releases []Release `json:"releases"`
	// Comparative says what is shown of the date compared with.
	Comparative *Comparative `json:"comparative,omitempty"`
	Draft       bool         `json:"draft,omitempty"` // extracted in spite of what figures rest on
	Tables      []Table      `json:"tables"`
	// Appendix is of editions for readers inside.
	Appendix *Appendix `json:"appendix,omitempty"`
	// Questions are those of a reviewer; they name trades.
	Questions []Question `json:"questions,omitempty"`
	// ExplainedMoves are how many figures moved that nobody need ask about: the roll-forward
	// gives the causes.
	ExplainedMoves int `json:"explained_moves,omitempty"`
	// Differing names figures that two tables show differently because no rounding
	// was found that foots otherwise.
	Differing []string `json:"differing,omitempty"`

	Letter *Letter `json:"letter,omitempty"` // nil where no letter is asked for
}

// Table is one disclosure table.
type Table struct {
	disclosures.Head
	Blocks []Block `json:"blocks"`
}

// Block is one grid of a table, with a sheet for each date.
type Block struct {
	ID     string  `json:"id"`
	Title  string  `json:"title"`
	Sheets []Sheet `json:"sheets"`
	Change *Change `json:"change,omitempty"`
}

// Sheet is a block at one date.
type Sheet struct {
	Date    string   `json:"as_of_date"`
	Label   string   `json:"label,omitempty"`   // of a comparative: as reported, as restated or recast
	Opening string   `json:"opening,omitempty"` // the date from which its flows lead, of a table that has an opening
	Columns []Column `json:"columns"`
	Rows    []Row    `json:"rows"`
}

// Column is the head of a column.
type Column struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Total bool   `json:"total,omitempty"` // the sum of the block's other columns of its measure
}

// Row is a row with one cell per column.
type Row struct {
	ID     string `json:"id"`
	Label  string `json:"label"`
	Depth  int    `json:"depth"`
	Memo   bool   `json:"memo,omitempty"`
	Parent string `json:"parent,omitempty"` // the row that it is a part of
	Cells  []Cell `json:"cells"`
}

// Cell is a number: exact in currency units, displayed in whole units.
type Cell struct {
	Exact     string `json:"exact,omitempty"` // "" in a filing
	Displayed int64  `json:"displayed"`
	Unit      string `json:"unit"`
	Moved     int64  `json:"moved,omitempty"`
	Measure   string `json:"measure"`
	Predicate string `json:"predicate,omitempty"` // likewise
	Code      string `json:"code,omitempty"`

	Marks []disclosures.Mark `json:"marks,omitempty"`
}

// Dated are the cells of one date, in any order.
type Dated struct {
	Date    string
	Opening string // of the roll-forward, "" where there is none
	Cells   []disclosures.Cell
}

// New lays the cells of the as-of date, and of the date compared with if any,
// into tables.
func New(heads []disclosures.Head, dates ...Dated) Packet {
	packet := Packet{AsOf: dates[0].Date, Audience: Internal}
	if len(dates) > 1 {
		packet.Compare = dates[1].Date
	}
	for _, head := range heads {
		table := Table{Head: head}
		for _, dated := range dates {
			for _, cell := range inOrder(dated.Cells, head.ID) {
				table.add(dated, cell)
			}
		}
		for i := range table.Blocks {
			table.Blocks[i].Change = change(head, table.Blocks[i], packet)
		}
		packet.Tables = append(packet.Tables, table)
	}
	return packet
}

func inOrder(cells []disclosures.Cell, table string) []disclosures.Cell {
	list := slices.DeleteFunc(slices.Clone(cells), func(c disclosures.Cell) bool { return c.TableID != table })
	slices.SortFunc(list, func(a, b disclosures.Cell) int {
		return slices.Compare([]int{a.BlockNumber, a.RowNumber, a.ColumnNumber}, []int{b.BlockNumber, b.RowNumber, b.ColumnNumber})
	})
	return list
}

// add puts the next cell, in order, where it belongs.
func (t *Table) add(dated Dated, c disclosures.Cell) {
	i := slices.IndexFunc(t.Blocks, func(b Block) bool { return b.ID == c.BlockID })
	if i < 0 {
		i = len(t.Blocks)
		t.Blocks = append(t.Blocks, Block{ID: c.BlockID, Title: c.BlockTitle})
	}
	block := &t.Blocks[i]
	if n := len(block.Sheets); n == 0 || block.Sheets[n-1].Date != dated.Date {
		added := Sheet{Date: dated.Date}
		if t.FromOpening {
			added.Opening = dated.Opening
		}
		block.Sheets = append(block.Sheets, added)
	}
	sheet := &block.Sheets[len(block.Sheets)-1]
	if n := len(sheet.Rows); n == 0 || sheet.Rows[n-1].ID != c.RowID {
		sheet.Rows = append(sheet.Rows, Row{ID: c.RowID, Label: c.RowLabel, Depth: c.Depth, Memo: c.Memo, Parent: c.ParentRowID})
	}
	if len(sheet.Rows) == 1 {
		sheet.Columns = append(sheet.Columns, Column{ID: c.ColumnID, Label: c.ColumnLabel, Total: c.TotalColumn})
	}
	row := &sheet.Rows[len(sheet.Rows)-1]
	exact := c.Exact.StringFixed(2)
	if c.Measure == "count" {
		exact = c.Exact.String()
	}
	row.Cells = append(row.Cells, Cell{Exact: exact, Displayed: c.Displayed, Unit: c.Unit, Moved: c.Moved, Measure: c.Measure, Predicate: c.Predicate,
		Code: c.Code, Marks: c.Marks})
}

// Format is a form of a packet with the name of its file.
type Format struct {
	Name, File string
	Write      func(io.Writer, Packet) error
	Audiences  []string // nil: all
}

// IsLetter tells whether it is the letter, which needs Packet.Letter.
func (f Format) IsLetter() bool { return strings.HasPrefix(f.Name, "letter") }

// Formats are the formats of a packet.
var Formats = []Format{
	{"csv", "cells.csv", CSV, nil},
	{"json", "packet.json", JSON, nil},
	{"markdown", "packet.md", Markdown, nil},
	{"text", "packet.txt", Text, nil},
	{"xlsx", "tables.xlsx", Workbook, nil},
	{"html", "tables.html", HTML, nil},
	{"questions", "questions.md", Questions, []string{Internal}},
	{"letter", "letter.html", LetterHTML, []string{Internal, Filing}},
	{"letter-markdown", "letter.md", LetterMarkdown, []string{Internal, Filing}},
}

// CSV writes one line per cell: as_of_date, table, block, row, column, exact,
// displayed, unit, code, marks. Where the comparative has a label, a last column,
// comparative, has it.
func CSV(w io.Writer, p Packet) error {
	out := csv.NewWriter(w)
	head := []string{"as_of_date", "table", "block", "row", "column", "exact", "displayed", "unit", "code", "marks"}
	hasLabel := p.Comparative.Label() != ""
	if hasLabel {
		head = append(head, "comparative")
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, date := range []string{p.AsOf, p.Compare} {
		for _, table := range p.Tables {
			for _, block := range table.Blocks {
				for _, sheet := range block.Sheets {
					if sheet.Date != date {
						continue
					}
					if err := sheet.csv(out, table.ID, block.ID, hasLabel); err != nil {
						return err
					}
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

func (s Sheet) csv(out *csv.Writer, table, block string, hasLabel bool) error {
	for _, row := range s.Rows {
		for i, cell := range row.Cells {
			line := []string{s.Date, table, block, row.ID, s.Columns[i].ID, cell.Exact, strconv.FormatInt(cell.Displayed, 10), cell.Unit, Harmless(cell.Code), cell.markIDs()}
			if hasLabel {
				line = append(line, s.Label)
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// JSON writes the packet whole.
func JSON(w io.Writer, p Packet) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(p)
}

// Markdown writes the packet as tables of Markdown.
func Markdown(w io.Writer, p Packet) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", p.title())
	for _, table := range p.Tables {
		table.markdown(&b, "##")
	}
	writeMoved(&b, p, "\n## Moved cells\n\n", "- ")
	writeDiffering(&b, p, "\n## Figures that tables show differently\n\n", "- ")
	writeReleases(&b, p, "\n## Releases\n\n", "\n## Accepted breaks\n\n", "- ")
	writeComparative(&b, p, "\n## Comparative\n\n", "\n## Bridge\n\n", "- ")
	_, err := io.WriteString(w, b.String())
	return err
}

// markdown writes the table below a head of the given level.
func (t Table) markdown(b *strings.Builder, head string) {
	fmt.Fprintf(b, "\n%s %s\n\n%s\n", head, t.Title, t.Subtitle())
	for _, block := range t.Blocks {
		for _, sheet := range block.Sheets {
			writeMarkdown(b, fmt.Sprintf("%s# %s at %s", head, block.Title, sheet.At()), sheet.Columns, sheet.lines())
		}
		if block.Change != nil {
			writeMarkdown(b, fmt.Sprintf("%s# %s, change", head, block.Title), block.Change.Columns, block.Change.lines())
		}
	}
	notes := t.AllNotes()
	if len(notes) > 0 {
		b.WriteString("\n")
	}
	for _, note := range notes {
		fmt.Fprintf(b, "- %s\n", note)
	}
}

// AllNotes are those of the table, after what it is missing and from when its flows lead,
// and before its footnotes.
func (t Table) AllNotes() []string {
	var notes []string
	for _, missing := range t.Missing {
		notes = append(notes, "Not shown: "+disclosures.Lacking(missing)+".")
	}
	if len(t.Blocks) > 0 {
		for _, sheet := range t.Blocks[0].Sheets {
			if sheet.Opening != "" {
				notes = append(notes, fmt.Sprintf("The opening of the figures at %s is that of %s.", sheet.At(), sheet.Opening))
			}
		}
	}
	return append(append(notes, t.Notes...), t.footnotes()...)
}

// escaped is a text within a table of Markdown.
func escaped(text string) string { return strings.ReplaceAll(oneLine(text), "|", `\|`) }

// named is a label within a table of Markdown, which can be a name as it was delivered:
// nothing of it is taken for Markdown, but for an address of the web or an entity of HTML.
func named(label string) string { return markdownOfNames.Replace(oneLine(label)) }

var markdownOfNames = strings.NewReplacer(`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "[", `\[`, "<", `\<`, "_", `\_`, "~", `\~`)

// oneLine is a label that leaves the line, and the order of the figures after it, as they
// are: a name can have line breaks, and marks that turn the direction of reading.
func oneLine(label string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, label)
}

// Text writes the packet as tables of plain text.
func Text(w io.Writer, p Packet) error {
	var b strings.Builder
	b.WriteString(p.title() + "\n")
	for _, table := range p.Tables {
		fmt.Fprintf(&b, "\n%s\n%s\n", strings.ToUpper(table.Title), table.Subtitle())
		for _, block := range table.Blocks {
			for _, sheet := range block.Sheets {
				writeText(&b, fmt.Sprintf("%s at %s", block.Title, sheet.At()), sheet.Columns, sheet.lines())
			}
			if block.Change != nil {
				writeText(&b, block.Title+", change", block.Change.Columns, block.Change.lines())
			}
		}
		notes := table.AllNotes()
		if len(notes) > 0 {
			b.WriteString("\n")
		}
		for _, note := range notes {
			fmt.Fprintf(&b, "  %s\n", note)
		}
	}
	writeMoved(&b, p, "\nMOVED CELLS\n", "  ")
	writeDiffering(&b, p, "\nFIGURES THAT TABLES SHOW DIFFERENTLY\n", "  ")
	writeReleases(&b, p, "\nRELEASES\n", "\nACCEPTED BREAKS\n", "  ")
	writeComparative(&b, p, "\nCOMPARATIVE\n", "\nBRIDGE\n", "  ")
	_, err := io.WriteString(w, b.String())
	return err
}

// textLine is a row of a sheet or of its change, as texts show it.
type textLine struct {
	label   string
	depth   int
	figures []string
}

func (s Sheet) lines() []textLine {
	var lines []textLine
	for _, row := range s.Rows {
		line := textLine{oneLine(row.Label), row.Depth, nil}
		for _, cell := range row.Cells {
			line.figures = append(line.figures, cell.Figure())
		}
		lines = append(lines, line)
	}
	return lines
}

// writeMarkdown writes a table of Markdown below its title.
func writeMarkdown(b *strings.Builder, title string, columns []Column, lines []textLine) {
	fmt.Fprintf(b, "\n%s\n\n| |", title)
	for _, column := range columns {
		fmt.Fprintf(b, " %s |", escaped(column.Label))
	}
	fmt.Fprintf(b, "\n|---|%s\n", strings.Repeat("---:|", len(columns)))
	for _, line := range lines {
		fmt.Fprintf(b, "| %s%s |", strings.Repeat("&emsp;", line.depth), named(line.label))
		for _, figure := range line.figures {
			fmt.Fprintf(b, " %s |", figure)
		}
		b.WriteString("\n")
	}
}

// writeText writes a table with its labels at the left and its figures at the right.
func writeText(b *strings.Builder, title string, columns []Column, lines []textLine) {
	labels := utf8.RuneCountInString(title)
	widths := make([]int, len(columns))
	heads := make([][]string, len(columns))
	most := 0
	for i, column := range columns {
		heads[i] = wrapped(column.Label, 16)
		most = max(most, len(heads[i]))
		for _, line := range heads[i] {
			widths[i] = max(widths[i], utf8.RuneCountInString(line))
		}
	}
	for _, line := range lines {
		labels = max(labels, 2*line.depth+utf8.RuneCountInString(line.label))
		for i, figure := range line.figures {
			widths[i] = max(widths[i], utf8.RuneCountInString(figure))
		}
	}
	b.WriteString("\n")
	for n := range most {
		label := ""
		if n == most-1 {
			label = title
		}
		b.WriteString(padRight(label, labels))
		for i, head := range heads {
			line := ""
			if at := n - (most - len(head)); at >= 0 {
				line = head[at]
			}
			b.WriteString("  " + padLeft(line, widths[i]))
		}
		b.WriteString("\n")
	}
	rule := labels
	for _, width := range widths {
		rule += 2 + width
	}
	b.WriteString(strings.Repeat("-", rule) + "\n")
	for _, line := range lines {
		b.WriteString(padRight(strings.Repeat("  ", line.depth)+line.label, labels))
		for i, figure := range line.figures {
			b.WriteString("  " + padLeft(figure, widths[i]))
		}
		b.WriteString("\n")
	}
}

func (p Packet) title() string {
	title := "Credit derivatives at " + p.AsOf
	if p.Compare != "" {
		title += " and " + p.Compare
		if label := p.Comparative.Label(); label != "" {
			title += ", " + label
		}
	}
	if p.Draft {
		title = "DRAFT: " + title
	}
	return title
}

// Subtitle is the unit of the table, what it answers and for which scope it speaks.
func (t Table) Subtitle() string {
	text := Unit(t.Unit)
	if t.hasShares() {
		text += ", shares in percent"
	}
	if len(t.Clauses) > 0 {
		text = "Comment " + strings.Join(t.Clauses, ", ") + "; " + text
	}
	return text + "; scope " + t.Scope
}

// hasShares tells whether a figure of the table is a share, which has another unit.
func (t Table) hasShares() bool {
	has := false
	t.each(func(_ Place, c Cell) { has = has || c.Unit == disclosures.PercentUnit })
	return has
}

var dollars = []string{"AUD", "CAD", "HKD", "NZD", "SGD", "TWD", "USD"}

// Unit is a unit of cells in words: whole units of a currency that are no dollars have
// its name alone.
func Unit(unit string) string {
	if currency, isWhole := strings.CutSuffix(unit, " dollars"); isWhole && !slices.Contains(dollars, currency) {
		return currency
	}
	return unit
}

// writeMoved lists the cells that were moved from their conventional rounding so
// that the tables foot.
func writeMoved(b *strings.Builder, p Packet, head, bullet string) {
	p.Each(func(at Place, cell Cell) {
		if cell.Moved == 0 {
			return
		}
		b.WriteString(head)
		head = ""
		fmt.Fprintf(b, "%s%s %s/%s, %s, %s: exact %s, moved by %+d %s so that totals foot\n",
			bullet, at.Date, at.Table, at.Block, at.Row, at.Column, cell.Exact, cell.Moved, Unit(cell.Unit))
	})
}

// writeDiffering lists the figures for which no rounding was found that foots and is
// the same in all tables.
func writeDiffering(b *strings.Builder, p Packet, head, bullet string) {
	for _, text := range p.Differing {
		b.WriteString(head + bullet + text + "\n")
		head = ""
	}
}

// Figure is a displayed number: a dash for nil, parentheses for a negative one.
func Figure(value int64) string {
	if value == 0 {
		return "—"
	}
	digits := strconv.FormatInt(value, 10)
	negative := strings.HasPrefix(digits, "-")
	digits = strings.TrimPrefix(digits, "-")
	digits = InThrees(digits)
	if negative {
		return "(" + digits + ")"
	}
	return digits
}

// InThrees writes digits with a comma before every third from the right.
func InThrees(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// wrapped breaks a label into lines of about the given width.
func wrapped(label string, width int) []string {
	var lines []string
	for _, word := range strings.Fields(label) {
		n := len(lines)
		if n > 0 && utf8.RuneCountInString(lines[n-1])+1+utf8.RuneCountInString(word) <= width {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

func padRight(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

func padLeft(text string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text))) + text
}
