package render

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"comment11/disclosures"
)

// sheetOf is a sheet of two rows of parts and their total, by two columns and theirs.
func sheetOf(date string, a, b, c, d int64) Sheet {
	cell := func(n int64) Cell {
		return Cell{Exact: fmt.Sprintf("%d000000.00", n), Displayed: n, Unit: "USD millions", Measure: "notional"}
	}
	row := func(id, label, parent string, x, y int64) Row {
		return Row{ID: id, Label: label, Parent: parent, Cells: []Cell{cell(x), cell(y), cell(x + y)}}
	}
	return Sheet{Date: date, Columns: []Column{{ID: "bought", Label: "Bought"}, {ID: "sold", Label: "Sold"}, {ID: "total", Label: "Total", Total: true}},
		Rows: []Row{row("total", "Total", "", a+c, b+d), row("one", "=1+1", "total", a, b), row("two", "@SUM(A1)", "total", c, d)}}
}

func packetOf(now, before Sheet) Packet {
	p := Packet{AsOf: now.Date, Compare: before.Date, Tables: []Table{{
		Head:   disclosures.Head{ID: "a-table", Title: "-2+3", Unit: "USD millions", Scope: "group", Notes: []string{"\t=cmd"}},
		Blocks: []Block{{ID: "notional", Title: "Notional", Sheets: []Sheet{now, before}}}}},
		Appendix: &Appendix{Adjustments: []Adjustment{{ID: "+A1", Text: "=HYPERLINK(\"x\")", Notional: "-12345678901234567.89", FairValue: "-10.50"}}}}
	p.Tables[0].Blocks[0].Change = change(p.Tables[0].Head, p.Tables[0].Blocks[0], p)
	p.Tables[0].Blocks[0].Sheets[0].Rows[1].Cells[0].Marks = []disclosures.Mark{{ID: "floor", Facts: 1}}
	return p
}

func workbookOf(t *testing.T, p Packet) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Workbook(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFormulasAgreeWithValues(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	n := func() int64 { return random.Int64N(4_000_000) - 2_000_000 }
	p := packetOf(sheetOf("2007-09-30", n(), n(), n(), n()), sheetOf("2006-12-31", n(), n(), n(), n()))
	faults, formulas, err := FormulaFaults(workbookOf(t, p))
	if err != nil || len(faults) > 0 || formulas != 2*5+9 {
		t.Errorf("%d formulas, expected 5 totals at each date and 9 changes; %v %v (seed %d)", formulas, faults, err, seed)
	}
}

var ownFormula = regexp.MustCompile(`^(SUM\([B-D]\d+:[B-D]\d+\)|[B-D]\d+-[B-D]\d+)$`)

func TestTextIsNeverAFormula(t *testing.T) {
	p := packetOf(sheetOf("2007-09-30", 1, 2, 3, 4), sheetOf("2006-12-31", 1, 2, 3, 4))
	cells, err := workbookCells(workbookOf(t, p))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for name, cell := range cells.cells {
		seen[cell.value] = true
		if cell.formula != "" && !ownFormula.MatchString(cell.formula) {
			t.Errorf("%s is the formula %s", name, cell.formula)
		}
	}
	for _, text := range []string{"'=1+1", "'@SUM(A1)", "'-2+3", "'\t=cmd", "'+A1", "'=HYPERLINK(\"x\")", "'-12345678901234567.89", "-10.5"} {
		if !seen[text] {
			t.Errorf("no cell has %q", text)
		}
	}
	for _, text := range []string{"=1", "+1", "-1", "@x", "\tx", "\rx"} {
		if got := Harmless(text); got != "'"+text {
			t.Errorf("Harmless(%q) is %q", text, got)
		}
	}
	if got := Harmless("plain -1"); got != "plain -1" {
		t.Errorf("a plain text became %q", got)
	}
	p.Tables[0].Blocks[0].Sheets[0].Rows[0].Cells[0].Code = "=C968"
	var csv bytes.Buffer
	if err := CSV(&csv, p); err != nil || !strings.Contains(csv.String(), ",'=C968,") {
		t.Errorf("a code that begins like a formula stands in the csv as it is: %v", err)
	}
}

func TestWorkbookIsTheSameEachTime(t *testing.T) {
	p := packetOf(sheetOf("2007-09-30", 1, 2, 3, 4), sheetOf("2006-12-31", 1, 2, 3, 4))
	first := workbookOf(t, p)
	for range 20 {
		if !bytes.Equal(first, workbookOf(t, p)) {
			t.Fatal("the same packet gave other bytes")
		}
	}
}

func TestWorkbookRefusesWhatDoesNotFoot(t *testing.T) {
	p := packetOf(sheetOf("2007-09-30", 1, 2, 3, 4), sheetOf("2006-12-31", 1, 2, 3, 4))
	p.Tables[0].Blocks[0].Sheets[0].Rows[0].Cells[1].Displayed++
	err := Workbook(&bytes.Buffer{}, p)
	if want := "table a-table: block notional at 2007-09-30: row total, column sold shows 7 and its parts add up to 6: the figures do not foot"; err == nil || err.Error() != want {
		t.Errorf("%v, expected: %s", err, want)
	}
}

func TestFrozenHeadsAndFormats(t *testing.T) {
	file, err := excelize.OpenReader(bytes.NewReader(workbookOf(t, packetOf(sheetOf("2007-09-30", -1, 0, 3, 4), sheetOf("2006-12-31", 1, 2, 3, 4)))))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	panes, err := file.GetPanes("a-table")
	if err != nil || !panes.Freeze || panes.XSplit != 1 || panes.YSplit != 2 {
		t.Errorf("the panes are %+v %v", panes, err)
	}
	for cell, want := range map[string]string{"B6": "(1) a", "B7": "3"} {
		got, err := file.GetCellValue("a-table", cell)
		if err != nil || strings.TrimSpace(got) != want {
			t.Errorf("%s shows %q %v, expected %q", cell, got, err, want)
		}
	}
	id, err := file.GetCellStyle("a-table", "C6")
	if err != nil {
		t.Fatal(err)
	}
	// The library shows no nil by its format, so the format itself is held.
	if style, err := file.GetStyle(id); err != nil || *style.CustomNumFmt != `#,##0_);(#,##0);"—"_)` {
		t.Errorf("nil has the format %s %v", *style.CustomNumFmt, err)
	}
}

// A spreadsheet keeps 15 digits: what has more stands as text, with all of them.
func TestFiguresOfManyDigitsAreNotRounded(t *testing.T) {
	const many = 4_699_999_999_999_953
	p := packetOf(sheetOf("2007-09-30", many, 2, -many, 4), sheetOf("2006-12-31", 1, 2, 3, 4))
	cells, err := workbookCells(workbookOf(t, p))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for name, cell := range cells.cells {
		seen[cell.value] = true
		if digits := strings.TrimLeft(cell.value, "-"); len(digits) > excelDigits && strings.Trim(digits, "0123456789") == "" {
			t.Errorf("%s is the number %s, of which a spreadsheet keeps %d digits", name, cell.value, excelDigits)
		}
	}
	for _, text := range []string{"4,699,999,999,999,953 a", "(4,699,999,999,999,953)", "4,699,999,999,999,955", "4,699,999,999,999,952"} {
		if !seen[text] {
			t.Errorf("no cell has %q", text)
		}
	}
	if faults, _, err := FormulaFaults(workbookOf(t, p)); err != nil || len(faults) > 0 {
		t.Errorf("%v %v", faults, err)
	}
	file, err := excelize.OpenReader(bytes.NewReader(workbookOf(t, p)))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if width, err := file.GetColWidth("a-table", "B"); err != nil || width < float64(len("(4,699,999,999,999,953)")) {
		t.Errorf("the column is %v wide, %v: its figures cannot be read", width, err)
	}
}
