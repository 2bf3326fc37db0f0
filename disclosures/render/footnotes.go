package render

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"comment11/disclosures"
)

// letter is how a footnote is written behind a figure.
func letter(mark string) string {
	ids, _ := disclosures.Footnotes()
	for i, id := range ids {
		if id == mark {
			return string(rune('a' + i))
		}
	}
	return "?"
}

// Figure is the displayed number with the letters of its footnotes.
func (c Cell) Figure() string {
	if letters := c.letters(); letters != "" {
		return Figure(c.Displayed) + " " + letters
	}
	return Figure(c.Displayed)
}

// letters are those of the figure's footnotes, in their order.
func (c Cell) letters() string {
	var letters []string
	for _, m := range c.Marks {
		letters = append(letters, letter(m.ID))
	}
	slices.Sort(letters)
	return strings.Join(letters, ",")
}

func (c Cell) markIDs() string {
	var ids []string
	for _, m := range c.Marks {
		ids = append(ids, m.ID)
	}
	return strings.Join(ids, " ")
}

// footnotes explain the letters of the table, each with the figure that rests on
// most such facts.
func (t Table) footnotes() []string {
	marked := map[string]bool{}
	ids, texts := disclosures.Footnotes()
	var notes []string
	for i, id := range ids {
		var most disclosures.Mark
		var where string
		t.each(func(at Place, cell Cell) {
			for _, m := range cell.Marks {
				marked[m.ID] = true
				if m.ID == id && m.Facts > most.Facts {
					most, where = m, fmt.Sprintf("%s, %s at %s", at.Row, at.Column, at.Date)
				}
			}
		})
		if most.Facts > 0 {
			notes = append(notes, fmt.Sprintf("(%s) %s Most in %s: %s, %s.", letter(id), texts[i], where, disclosures.Counted(most.Facts, "fact"), most.Amount.StringFixed(2)))
		} else if marked[id] { // an edition that does not tell how many
			notes = append(notes, fmt.Sprintf("(%s) %s", letter(id), texts[i]))
		}
	}
	return notes
}

// Place says where a cell stands.
type Place struct{ Date, Table, Block, Row, Column string }

// MarshalText writes the place as date/table/block/row/column.
func (p Place) MarshalText() ([]byte, error) {
	return []byte(strings.Join([]string{p.Date, p.Table, p.Block, p.Row, p.Column}, "/")), nil
}

// UnmarshalText reads what MarshalText wrote; a row's path has slashes of its own.
func (p *Place) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), "/")
	last := len(parts) - 1
	if last < 4 {
		return fmt.Errorf("%q: expected date/table/block/row/column", text)
	}
	*p = Place{parts[0], parts[1], parts[2], strings.Join(parts[3:last], "/"), parts[last]}
	return nil
}

// Placed is a cell with all that it stands in.
type Placed struct {
	Place
	Cell   Cell
	Table  *Table
	Block  *Block
	Sheet  *Sheet
	Row    *Row
	Column *Column
}

// All are the cells of the packet, in their order.
func (p Packet) All() iter.Seq[Placed] {
	return func(yield func(Placed) bool) {
		for t := range p.Tables {
			for c := range p.Tables[t].All() {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// All are the cells of the table, in their order.
func (t *Table) All() iter.Seq[Placed] {
	return func(yield func(Placed) bool) {
		for b := range t.Blocks {
			block := &t.Blocks[b]
			for s := range block.Sheets {
				sheet := &block.Sheets[s]
				for r := range sheet.Rows {
					row := &sheet.Rows[r]
					for i, cell := range row.Cells {
						column := &sheet.Columns[i]
						if !yield(Placed{Place{sheet.Date, t.ID, block.ID, row.ID, column.ID}, cell, t, block, sheet, row, column}) {
							return
						}
					}
				}
			}
		}
	}
}

// Each goes through all cells of the packet in their order.
func (p Packet) Each(do func(Place, Cell)) {
	for c := range p.All() {
		do(c.Place, c.Cell)
	}
}

func (t Table) each(do func(Place, Cell)) {
	for c := range t.All() {
		do(c.Place, c.Cell)
	}
}
