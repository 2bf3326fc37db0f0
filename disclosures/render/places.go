package render

import (
	"fmt"
	"iter"
	"strings"
)

// Place says where a cell stands.
type Place struct{ Date, Table, Block, Row, Column string }

// Address is what the cell is traced by: table/block/row/column, at whatever date.
func (p Place) Address() string {
	return strings.Join([]string{p.Table, p.Block, p.Row, p.Column}, "/")
}

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
