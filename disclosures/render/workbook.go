package render

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"
)

// Workbook writes the packet as an Excel workbook: a sheet per table, whose totals
// are SUM formulas over their parts with the displayed value beside them, and sheets
// for the reviewer. The same packet gives the same bytes.
func Workbook(w io.Writer, p Packet) (err error) {
	b := &book{file: excelize.NewFile(), styles: map[string]int{}, names: map[string]bool{}}
	defer func() { err = errors.Join(err, b.file.Close()) }()
	if err := b.contents(p); err != nil {
		return err
	}
	for _, table := range p.Tables {
		if err := b.table(p, table); err != nil {
			return fmt.Errorf("table %s: %w", table.ID, err)
		}
	}
	for _, list := range p.lists() {
		if err := b.list(list); err != nil {
			return fmt.Errorf("sheet %s: %w", list.name, err)
		}
	}
	var made bytes.Buffer
	if err := b.file.Write(&made); err != nil {
		return err
	}
	return repack(w, made.Bytes())
}

// book is a workbook that is being written.
type book struct {
	file   *excelize.File
	styles map[string]int  // by number format and font
	names  map[string]bool // of sheets, in lower case: Excel tells no others apart
}

// figureFormat shows a figure as the texts do: parentheses for a negative one, a
// dash for nil, and behind it the letters of its footnotes.
func figureFormat(letters string) string {
	if letters != "" {
		letters = ` "` + letters + `"`
	}
	return `#,##0` + letters + `_);(#,##0)` + letters + `;"—"` + letters + `_)`
}

// style makes a style once; format is "" for text.
func (b *book) style(format string, bold, wrap bool, indent int) (int, error) {
	key := fmt.Sprint(format, "|", bold, wrap, indent)
	if id, made := b.styles[key]; made {
		return id, nil
	}
	style := &excelize.Style{Font: &excelize.Font{Bold: bold}, Alignment: &excelize.Alignment{Vertical: "top", WrapText: wrap, Indent: indent}}
	if format != "" {
		style.CustomNumFmt, style.Alignment.Horizontal = &format, "right"
	}
	id, err := b.file.NewStyle(style)
	b.styles[key] = id
	return id, err
}

const widestSheetName = 31 // of Excel

// sheet begins a sheet whose first rows and column stay in view.
func (b *book) sheet(name string, frozenRows, frozenColumns int, widths ...float64) (*excelize.StreamWriter, error) {
	short := []rune(name)
	name = string(short[:min(len(short), widestSheetName)])
	for n := 2; b.names[strings.ToLower(name)]; n++ {
		suffix := fmt.Sprintf("-%d", n)
		name = string(short[:min(len(short), widestSheetName-len(suffix))]) + suffix
	}
	if len(b.names) == 0 {
		if err := b.file.SetSheetName("Sheet1", name); err != nil {
			return nil, err
		}
	} else if _, err := b.file.NewSheet(name); err != nil {
		return nil, err
	}
	b.names[strings.ToLower(name)] = true
	out, err := b.file.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	for i, width := range widths {
		if err := out.SetColWidth(i+1, i+1, width); err != nil {
			return nil, err
		}
	}
	corner, err := excelize.CoordinatesToCellName(frozenColumns+1, frozenRows+1)
	if err != nil {
		return nil, err
	}
	return out, out.SetPanes(&excelize.Panes{Freeze: true, XSplit: frozenColumns, YSplit: frozenRows, TopLeftCell: corner, ActivePane: "bottomRight"})
}

// text is a cell of text: a string, never a formula.
func (b *book) text(text string, bold, wrap bool, indent int) (excelize.Cell, error) {
	style, err := b.style("", bold, wrap, indent)
	return excelize.Cell{StyleID: style, Value: Harmless(text)}, err
}

// line writes a row of texts.
func (b *book) line(out *excelize.StreamWriter, row int, bold, wrap bool, texts ...string) error {
	cells := make([]any, len(texts))
	for i, text := range texts {
		cell, err := b.text(text, bold, wrap, 0)
		if err != nil {
			return err
		}
		cells[i] = cell
	}
	return out.SetRow(fmt.Sprintf("A%d", row), cells)
}

// contents is the first sheet: what the workbook is of, and its tables.
func (b *book) contents(p Packet) error {
	out, err := b.sheet("Contents", 3, 1, 28, 70, 40)
	if err != nil {
		return err
	}
	row := 0
	line := func(bold bool, texts ...string) {
		row++
		err = errors.Join(err, b.line(out, row, bold, false, texts...))
	}
	line(true, p.title())
	line(false, "")
	line(true, "Table", "Title", "Speaks for")
	for _, table := range p.Tables {
		line(false, table.ID, table.Title, table.Subtitle())
	}
	for _, r := range p.Releases {
		line(false, "Release of "+r.AsOf, r.Name+", "+r.Kind, r.Hash)
	}
	return errors.Join(err, out.Flush())
}

// table is the sheet of one table: its blocks one below the other, each with its
// dates and their change.
func (b *book) table(p Packet, table Table) error {
	columns := 1
	for _, block := range table.Blocks {
		for _, sheet := range block.Sheets {
			columns = max(columns, 1+len(sheet.Columns))
		}
	}
	widths := []float64{52}
	for range columns {
		widths = append(widths, table.figureWidth())
	}
	out, err := b.sheet(table.ID, 2, 1, widths...)
	if err != nil {
		return err
	}
	if err := errors.Join(b.line(out, 1, true, false, table.Title), b.line(out, 2, false, false, table.Subtitle())); err != nil {
		return err
	}
	row := 3
	for _, block := range table.Blocks {
		at := map[string]position{}
		for _, sheet := range block.Sheets {
			at[sheet.Date] = position{sheet, row + 1}
			if row, err = b.grid(out, row+1, block.Title+" at "+sheet.At(), sheet); err != nil {
				return fmt.Errorf("block %s at %s: %w", block.ID, sheet.Date, err)
			}
		}
		if block.Change != nil {
			if row, err = b.change(out, row+1, block, at[p.Compare], at[p.AsOf]); err != nil {
				return fmt.Errorf("change of block %s: %w", block.ID, err)
			}
		}
	}
	for _, note := range table.AllNotes() {
		row++
		if err := b.line(out, row, false, false, note); err != nil {
			return err
		}
	}
	return out.Flush()
}

// figureWidth is that of a column in which all figures of the table can be read: a longer
// number would be shown as ####, a longer text without its first digits.
func (t Table) figureWidth() float64 {
	longest := 14
	t.each(func(_ Place, c Cell) { longest = max(longest, len([]rune(c.Figure()))) })
	for _, block := range t.Blocks {
		if block.Change == nil {
			continue
		}
		for _, row := range block.Change.Rows {
			for _, amount := range row.Amount {
				longest = max(longest, len([]rune(Figure(amount))))
			}
		}
	}
	return float64(longest + 3)
}

// position is a sheet and the row of the workbook in which its head stands.
type position struct {
	sheet Sheet
	head  int
}

// name is the cell of the workbook in which a figure stands, "" where there is none.
func (p position) name(row, column string) string {
	c := p.sheet.column(column)
	for r := range p.sheet.Rows {
		if p.sheet.Rows[r].ID == row && c >= 0 {
			return cellName(p.head+1+r, c)
		}
	}
	return ""
}

// cellName names a figure's cell; labels stand in the first column.
func cellName(row, figure int) string {
	name, err := excelize.CoordinatesToCellName(figure+2, row)
	if err != nil {
		panic(err) // a table of more than 16,000 columns
	}
	return name
}

// head writes the labels above a grid.
func (b *book) head(out *excelize.StreamWriter, row int, title string, columns []Column) error {
	heads := []string{title}
	for _, column := range columns {
		heads = append(heads, column.Label)
	}
	return b.line(out, row, true, true, heads...)
}

// grid writes a sheet and gives the row after it.
func (b *book) grid(out *excelize.StreamWriter, row int, title string, sheet Sheet) (int, error) {
	if err := b.head(out, row, title, sheet.Columns); err != nil {
		return row, err
	}
	for r, line := range sheet.Rows {
		label, err := b.text(line.Label, false, false, line.Depth)
		if err != nil {
			return row, err
		}
		cells := []any{label}
		for c, cell := range line.Cells {
			formula, err := sheet.formula(row+1, r, c)
			if err != nil {
				return row, err
			}
			shown, err := b.figure(cell.Displayed, cell.letters(), formula)
			if err != nil {
				return row, err
			}
			cells = append(cells, shown)
		}
		if err := out.SetRow(fmt.Sprintf("A%d", row+1+r), cells); err != nil {
			return row, err
		}
	}
	return row + 1 + len(sheet.Rows), nil
}

// figure is a cell with a number. One of more digits than a spreadsheet keeps stands as
// text, so that it is not shown rounded.
func (b *book) figure(displayed int64, letters, formula string) (excelize.Cell, error) {
	if !keeps(displayed) {
		style, err := b.style("@", false, false, 0)
		return excelize.Cell{StyleID: style, Value: strings.TrimSpace(Figure(displayed) + " " + letters)}, err
	}
	style, err := b.style(figureFormat(letters), false, false, 0)
	return excelize.Cell{StyleID: style, Value: displayed, Formula: formula}, err
}

// keeps tells whether a spreadsheet keeps all digits of a figure.
func keeps(displayed int64) bool { return decimal.NewFromInt(displayed).NumDigits() <= excelDigits }

// formula adds a total up from its parts: the rows below it, else the columns of its
// measure. It must come to the value that is displayed, or the packet is wrong.
func (s Sheet) formula(first, r, c int) (string, error) {
	row := s.Rows[r]
	var parts []string
	var sum int64
	kept := keeps(row.Cells[c].Displayed) // no formula adds up texts
	for other, line := range s.Rows {
		if line.Parent == row.ID {
			parts = append(parts, cellName(first+other, c))
			sum += line.Cells[c].Displayed
			kept = kept && keeps(line.Cells[c].Displayed)
		}
	}
	if len(parts) == 0 && s.Columns[c].Total {
		for other, cell := range row.Cells {
			if cell.Measure == row.Cells[c].Measure && !s.Columns[other].Total {
				parts = append(parts, cellName(first+r, other))
				sum += cell.Displayed
				kept = kept && keeps(cell.Displayed)
			}
		}
	}
	if len(parts) == 0 {
		return "", nil
	}
	if sum != row.Cells[c].Displayed {
		return "", fmt.Errorf("row %s, column %s shows %d and its parts add up to %d: the figures do not foot", row.ID, s.Columns[c].ID, row.Cells[c].Displayed, sum)
	}
	if !kept {
		return "", nil
	}
	return "SUM(" + strings.Join(ranges(parts), ",") + ")", nil
}

// ranges joins cells that stand one below or beside the other, so that a formula
// names few of them.
func ranges(cells []string) []string {
	var joined []string
	for start := 0; start < len(cells); {
		end := start
		for end+1 < len(cells) && (adjacent(cells[end], cells[end+1])) {
			end++
		}
		if end > start {
			joined = append(joined, cells[start]+":"+cells[end])
		} else {
			joined = append(joined, cells[start])
		}
		start = end + 1
	}
	return joined
}

func adjacent(a, b string) bool {
	column, row, err := excelize.CellNameToCoordinates(a)
	otherColumn, otherRow, otherErr := excelize.CellNameToCoordinates(b)
	return err == nil && otherErr == nil && ((column == otherColumn && otherRow == row+1) || (row == otherRow && otherColumn == column+1))
}

// change writes what the figures changed by, as formulas over both dates.
func (b *book) change(out *excelize.StreamWriter, row int, block Block, before, now position) (int, error) {
	if err := b.head(out, row, block.Title+", change", block.Change.Columns); err != nil {
		return row, err
	}
	for i, line := range block.Change.Rows {
		label, err := b.text(line.Label, false, false, line.Depth)
		if err != nil {
			return row, err
		}
		cells := []any{label}
		for c, column := range block.Change.Columns {
			formula := now.name(line.ID, column.ID)
			if from := before.name(line.ID, column.ID); from != "" {
				formula += "-" + from
			}
			if !keeps(now.sheet.displayed(line.ID, column.ID)) || !keeps(before.sheet.displayed(line.ID, column.ID)) {
				formula = ""
			}
			cell, err := b.figure(line.Amount[c], "", formula)
			if err != nil {
				return row, err
			}
			cells = append(cells, cell)
		}
		if err := out.SetRow(fmt.Sprintf("A%d", row+1+i), cells); err != nil {
			return row, err
		}
	}
	return row + 1 + len(block.Change.Rows), nil
}

// list is a sheet for the reviewer: a head and rows of texts, of which some columns
// are amounts.
type list struct {
	name    string
	head    []string
	widths  []float64
	amounts []int
	rows    [][]string
}

// lists are the sheets beside those of the tables.
func (p Packet) lists() []list {
	var lists []list
	if moved := p.movedCells(); len(moved) > 0 {
		lists = append(lists, list{name: "Moved cells", head: []string{"As of", "Table", "Block", "Row", "Column", "Exact", "Moved by, units"},
			widths: []float64{12, 24, 24, 40, 24, 22, 16}, amounts: []int{5, 6}, rows: moved})
	}
	if p.Letter != nil {
		lists = append(lists, p.Letter.commentary())
	}
	if p.Comparative != nil {
		lists = append(lists, p.Comparative.lists()...)
	}
	if p.Appendix == nil {
		return lists
	}
	controls := list{name: "Controls", head: []string{"As of", "Control", "Subject", "Class", "Severity", "Left is", "Left", "Right is", "Right", "Difference", "Tolerance", "Holds"},
		widths: []float64{12, 28, 40, 16, 10, 40, 22, 40, 22, 22, 16, 8}, amounts: []int{6, 8, 9, 10}}
	for _, c := range p.Appendix.Controls {
		holds := "yes"
		if !c.Holds {
			holds = "NO"
		}
		controls.rows = append(controls.rows, []string{c.AsOf, c.ID, c.Subject, c.Class, c.Severity, c.LeftMeaning, c.Left, c.RightMeaning, c.Right, c.Difference, c.Tolerance, holds})
	}
	findings := list{name: "Findings", head: []string{"As of", "Code", "Subject", "Severity", "Positions", "Notional", "Example", "What it means"},
		widths: []float64{12, 24, 40, 10, 10, 22, 24, 90}, amounts: []int{4, 5}}
	for _, f := range p.Appendix.Findings {
		findings.rows = append(findings.rows, []string{f.AsOf, f.Code, f.Subject, f.Severity, fmt.Sprint(f.Positions), f.Notional, f.Example, f.Message})
	}
	adjustments := list{name: "Adjustments", head: []string{"As of", "Adjustment", "Position", "Direction", "Instrument", "Purpose", "Notional", "Fair value", "Reason code", "Reason", "Preparer", "Approver"},
		widths: []float64{12, 18, 18, 12, 20, 22, 22, 22, 18, 60, 18, 18}, amounts: []int{6, 7}}
	for _, a := range p.Appendix.Adjustments {
		adjustments.rows = append(adjustments.rows, []string{a.AsOf, a.ID, a.Position, a.Direction, a.Instrument, a.Purpose, a.Notional, a.FairValue, a.Reason, a.Text, a.Preparer, a.Approver})
	}
	lists = append(lists, controls, findings, adjustments)
	if p.Audience == Internal {
		questions := list{name: "Questions", head: []string{"Kind", "As of", "Cell", "Amount", "Question"}, widths: []float64{24, 12, 70, 22, 120}, amounts: []int{3}}
		for _, q := range p.Questions {
			questions.rows = append(questions.rows, []string{q.Kind, q.Date, q.Cell, q.Amount, q.Text})
		}
		lists = append(lists, questions)
	}
	return lists
}

// commentary is the prose of the letter, a row for each paragraph: a cell holds no long
// text, and nobody reads one there.
func (l Letter) commentary() list {
	commentary := list{name: "Commentary", head: []string{"Item", "Response"}, widths: []float64{10, 160}}
	for _, item := range l.Items {
		for paragraph := range strings.SplitSeq(item.Prose, "\n\n") {
			commentary.rows = append(commentary.rows, []string{item.ID, strings.TrimSpace(paragraph)})
		}
	}
	return commentary
}

func (p Packet) movedCells() (rows [][]string) {
	p.Each(func(at Place, cell Cell) {
		if cell.Moved != 0 && cell.Exact != "" {
			rows = append(rows, []string{at.Date, at.Table, at.Block, at.Row, at.Column, cell.Exact, fmt.Sprint(cell.Moved)})
		}
	})
	return rows
}

// list writes a sheet of a list. An amount of more digits than a spreadsheet keeps
// stands as text, so that none is shown rounded.
func (b *book) list(l list) error {
	out, err := b.sheet(l.name, 1, 1, l.widths...)
	if err != nil {
		return err
	}
	if err := b.line(out, 1, true, false, l.head...); err != nil {
		return err
	}
	for r, texts := range l.rows {
		cells := make([]any, len(texts))
		for c, text := range texts {
			if cells[c], err = b.text(text, false, false, 0); err != nil {
				return err
			}
			if !slices.Contains(l.amounts, c) {
				continue
			}
			amount, parsed := decimal.NewFromString(text)
			if parsed != nil || amount.NumDigits() > excelDigits { // one of more digits would be shown rounded
				continue
			}
			format := "#,##0_);(#,##0);0_)"
			if places := -amount.Exponent(); places > 0 {
				zeros := strings.Repeat("0", int(places))
				format = "#,##0." + zeros + "_);(#,##0." + zeros + ");0." + zeros + "_)"
			}
			style, err := b.style(format, false, false, 0)
			if err != nil {
				return err
			}
			cells[c] = excelize.Cell{StyleID: style, Value: amount.InexactFloat64()}
		}
		if err := out.SetRow(fmt.Sprintf("A%d", r+2), cells); err != nil {
			return err
		}
	}
	return out.Flush()
}

// excelDigits are the digits of a number that a spreadsheet keeps.
const excelDigits = 15

// repack writes the parts of the file in their order and with one time, because the
// library writes them in any order.
func repack(w io.Writer, made []byte) error {
	in, err := zip.NewReader(bytes.NewReader(made), int64(len(made)))
	if err != nil {
		return err
	}
	slices.SortFunc(in.File, func(a, b *zip.File) int {
		// What says the kinds of the parts stands first, as in files of Excel.
		if first := "[Content_Types].xml"; (a.Name == first) != (b.Name == first) {
			if a.Name == first {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	out := zip.NewWriter(w)
	for _, part := range in.File {
		from, err := part.Open()
		if err != nil {
			return err
		}
		to, err := out.CreateHeader(&zip.FileHeader{Name: part.Name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			return errors.Join(err, from.Close())
		}
		_, err = io.Copy(to, from)
		if err := errors.Join(err, from.Close()); err != nil {
			return err
		}
	}
	return out.Close()
}
