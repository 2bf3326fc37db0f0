package render

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// mostNamed are the differences of one file that are named.
const mostNamed = 20

// Differences say where a file of a packet is not what its cells come to, "" for
// none. Files of text are compared by lines, a workbook by its cells.
func Differences(name string, got, want []byte) ([]string, error) {
	if bytes.Equal(got, want) {
		return nil, nil
	}
	var list []string
	var err error
	if strings.HasSuffix(name, ".xlsx") {
		list, err = workbookDifferences(got, want)
	} else {
		list = lineDifferences(string(got), string(want))
	}
	if len(list) == 0 {
		list = []string{": it has other bytes than its figures give, though each of them is the same" + otherParts(got, want)}
	}
	if len(list) > mostNamed {
		list = append(list[:mostNamed], fmt.Sprintf(": and %d more differences", len(list)-mostNamed))
	}
	for i := range list {
		list[i] = name + list[i]
	}
	return list, err
}

// lineDifferences name the lines that differ, of the same number where the files
// are as long as each other.
func lineDifferences(got, want string) (list []string) {
	has, should := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(has), len(should)) {
		switch {
		case i >= len(has):
			return append(list, fmt.Sprintf(":%d: the file ends here, its cells give %s", i+1, brief(should[i])))
		case i >= len(should):
			return append(list, fmt.Sprintf(":%d: has %s, its cells give no more", i+1, brief(has[i])))
		case has[i] != should[i]:
			list = append(list, fmt.Sprintf(":%d: has %s, its cells give %s", i+1, brief(has[i]), brief(should[i])))
		}
	}
	return list
}

func brief(line string) string {
	const most = 200
	if runes := []rune(line); len(runes) > most {
		line = string(runes[:most]) + "..."
	}
	return strconv.Quote(strings.TrimSpace(line))
}

// workbookDifferences name the cells of two workbooks that differ in value or formula.
func workbookDifferences(got, want []byte) ([]string, error) {
	has, err := workbookCells(got)
	if err != nil {
		return []string{fmt.Sprintf(": cannot be read as a workbook: %v", err)}, nil
	}
	should, err := workbookCells(want)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, name := range should.order {
		if h, s := has.cells[name], should.cells[name]; h != s {
			list = append(list, fmt.Sprintf(": %s has %s, its cells give %s", name, h, s))
		}
	}
	for _, name := range has.order {
		if _, known := should.cells[name]; !known {
			list = append(list, fmt.Sprintf(": %s has %s, its cells give nothing there", name, has.cells[name]))
		}
	}
	return list, nil
}

// otherParts names the parts of two workbooks that differ though no cell does: what is
// hidden, how figures are formatted, what the file says of itself. "" of other files.
func otherParts(got, want []byte) string {
	texts := func(content []byte) map[string]string {
		parts := map[string]string{}
		file, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return parts
		}
		for _, part := range file.File {
			if from, err := part.Open(); err == nil {
				text, _ := io.ReadAll(from) // a part that cannot be read differs
				parts[part.Name] = string(text)
			}
		}
		return parts
	}
	has, should := texts(got), texts(want)
	var names []string
	for name, text := range should {
		if has[name] != text {
			names = append(names, name)
		}
	}
	for name := range has {
		if _, known := should[name]; !known {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return ": other parts " + strings.Join(names, ", ")
}

type workbookContent struct {
	order []string // sheet!cell
	cells map[string]workbookCell
}

type workbookCell struct{ value, formula string }

func (c workbookCell) String() string {
	if c.formula != "" {
		return fmt.Sprintf("%q by =%s", c.value, c.formula)
	}
	return strconv.Quote(c.value)
}

// workbookCells reads every cell of a workbook: the stored value and the formula.
func workbookCells(content []byte) (all workbookContent, err error) {
	file, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		return all, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	all.cells = map[string]workbookCell{}
	for _, sheet := range file.GetSheetList() {
		rows, err := file.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			return all, err
		}
		for r, row := range rows {
			for c, value := range row {
				at, err := excelize.CoordinatesToCellName(c+1, r+1)
				if err != nil {
					return all, err
				}
				formula, err := file.GetCellFormula(sheet, at)
				if err != nil {
					return all, err
				}
				if value == "" && formula == "" {
					continue
				}
				all.order = append(all.order, sheet+"!"+at)
				all.cells[sheet+"!"+at] = workbookCell{value, formula}
			}
		}
	}
	return all, nil
}

// FormulaFaults evaluates every formula of a workbook and names those that do not
// come to the value stored beside them.
func FormulaFaults(content []byte) (faults []string, formulas int, err error) {
	stored, err := workbookCells(content)
	if err != nil {
		return nil, 0, err
	}
	file, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for _, name := range stored.order {
		cell := stored.cells[name]
		if cell.formula == "" {
			continue
		}
		formulas++
		sheet, at, _ := strings.Cut(name, "!")
		text, err := file.CalcCellValue(sheet, at, excelize.Options{RawCellValue: true})
		if err != nil {
			return faults, formulas, fmt.Errorf("%s: =%s: %w", name, cell.formula, err)
		}
		got, gotErr := strconv.ParseFloat(text, 64)
		value, valueErr := strconv.ParseFloat(cell.value, 64)
		if gotErr != nil || valueErr != nil || got != value {
			faults = append(faults, fmt.Sprintf("%s: =%s comes to %s, beside it stands %s", name, cell.formula, text, cell.value))
		}
	}
	return faults, formulas, nil
}

// ValueFaults names the formulas of a workbook whose value is another in a copy that
// some other program has calculated.
func ValueFaults(content, calculated []byte) (faults []string, formulas int, err error) {
	stored, err := workbookCells(content)
	if err != nil {
		return nil, 0, err
	}
	elsewhere, err := workbookCells(calculated)
	if err != nil {
		return nil, 0, err
	}
	for _, name := range stored.order {
		cell := stored.cells[name]
		if cell.formula == "" {
			continue
		}
		formulas++
		got, gotErr := strconv.ParseFloat(elsewhere.cells[name].value, 64)
		value, valueErr := strconv.ParseFloat(cell.value, 64)
		if gotErr != nil || valueErr != nil || got != value {
			faults = append(faults, fmt.Sprintf("%s: =%s comes to %q, beside it stands %s", name, cell.formula, elsewhere.cells[name].value, cell.value))
		}
	}
	return faults, formulas, nil
}
