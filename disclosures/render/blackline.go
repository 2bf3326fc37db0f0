package render

import (
	"fmt"
	"slices"
	"strings"

	"comment11/disclosures"
)

// Difference is something that one of two packets has otherwise than the other, or
// that is in one of them only.
type Difference struct {
	Kind   string `json:"kind"`   // cell, text, footnote or bridge
	Change string `json:"change"` // added, removed or changed
	Table  string `json:"table"`  // "" for what is of none
	Where  string `json:"where"`  // date table/block/row/column, of a text what it is
	Before string `json:"before"`
	After  string `json:"after"`
}

// String tells the difference in the words for either side.
func (d Difference) String(before, after string) string {
	side := func(word, value string) string {
		if value == "" {
			return word + " nothing"
		}
		return word + " " + value
	}
	return fmt.Sprintf("%s %s: %s, %s", d.Kind, d.Where, side(before, d.Before), side(after, d.After))
}

// Compare gives what differs between two packets: the blackline. Cells are compared
// as displayed and exact.
func Compare(before, after Packet) []Difference {
	return compare(before.entries(), after.entries())
}

// LetterDifferences gives what differs between the texts of two letters.
func LetterDifferences(before, after Letter) []Difference {
	return compare(before.entries(), after.entries())
}

func compare(a, b []entry) []Difference {
	values := map[string]string{}
	for _, e := range b {
		values[e.key()] = e.value
	}
	var list []Difference
	seen := map[string]bool{}
	for _, e := range a {
		seen[e.key()] = true
		value, there := values[e.key()]
		switch {
		case !there:
			list = append(list, Difference{e.kind, "removed", e.table, e.where, e.value, ""})
		case value != e.value:
			list = append(list, Difference{e.kind, "changed", e.table, e.where, e.value, value})
		}
	}
	for _, e := range b {
		if !seen[e.key()] {
			list = append(list, Difference{e.kind, "added", e.table, e.where, "", e.value})
		}
	}
	return list
}

// entry is a figure, text or footnote of a packet.
type entry struct{ kind, table, where, value string }

func (e entry) key() string { return e.kind + " " + e.where }

// entries are all figures, texts and footnotes of the packet, in its order.
func (p Packet) entries() []entry {
	var list []entry
	table := ""
	text := func(where, value string) { list = append(list, entry{"text", table, where, value}) }
	for _, t := range p.Tables {
		table = t.ID
		text(t.ID+" title", t.Title)
		text(t.ID+" subtitle", t.Subtitle())
		for _, block := range t.Blocks {
			text(t.ID+"/"+block.ID+" title", block.Title)
			for _, sheet := range block.Sheets {
				at := sheet.Date + " " + t.ID + "/" + block.ID + "/"
				if sheet.Opening != "" {
					text(sheet.Date+" "+t.ID+"/"+block.ID+" opening", sheet.Opening)
				}
				if sheet.Label != "" {
					text(sheet.Date+" "+t.ID+"/"+block.ID+" label", sheet.Label)
				}
				for _, column := range sheet.Columns {
					text(at+column.ID+" column", column.Label)
				}
				for _, row := range sheet.Rows {
					text(at+row.ID+" row", row.Label)
				}
			}
		}
		for i, note := range slices.Concat(t.Missing, t.Notes) {
			text(fmt.Sprintf("%s note %d", t.ID, i+1), note)
		}
		t.each(func(at Place, cell Cell) {
			where := fmt.Sprintf("%s %s/%s/%s/%s", at.Date, at.Table, at.Block, at.Row, at.Column)
			list = append(list, entry{"cell", table, where, strings.TrimSpace(fmt.Sprintf("%s %s", Figure(cell.Displayed), cell.exactly()))})
			for _, m := range cell.Marks {
				list = append(list, entry{"footnote", table, where + " (" + letter(m.ID) + ") " + m.ID, rests(m)})
			}
		})
	}
	table = ""
	for _, line := range p.Differing {
		text("shown differently: "+line, line)
	}
	list = append(list, p.Comparative.entries()...)
	if p.Letter != nil {
		list = append(list, p.Letter.entries()...)
	}
	return list
}

// entries are the texts of the letter: a line of prose each, because a changed word is
// not to bring the whole text along.
func (l Letter) entries() []entry {
	var list []entry
	text := func(where, value string) { list = append(list, entry{"text", "", where, value}) }
	lines := func(where, value string) {
		for i, line := range strings.Split(strings.TrimSpace(value), "\n") {
			text(fmt.Sprintf("%s line %d", where, i+1), line)
		}
	}
	lines("letter before its items", l.Before)
	for _, item := range l.Items {
		lines("letter "+item.ID+" asks", item.Asks)
		lines("letter "+item.ID+" response", item.Prose)
	}
	for _, c := range l.Covered {
		text("letter "+c.Clause+" "+c.Asks, c.How+": "+c.By)
	}
	for i, fault := range l.Faults {
		text(fmt.Sprintf("letter fault %d", i+1), fault)
	}
	for _, b := range l.History {
		text("letter notional at "+labelled(b.Date, b.Label), fmt.Sprintf("bought %s, sold %s %s", Figure(b.Bought), Figure(b.Sold), Unit(b.Unit)))
	}
	for _, a := range l.Adjusted {
		text("letter adjustment "+a.Date+" "+a.ID, a.effect())
	}
	return list
}

// exactly is the exact value in parentheses, or "" where the edition has none.
func (c Cell) exactly() string {
	if c.Exact == "" {
		return ""
	}
	return "(exact " + c.Exact + ")"
}

// rests says on what a footnote stands; an edition for filing does not tell.
func rests(m disclosures.Mark) string {
	if m.Facts == 0 {
		return "noted"
	}
	return fmt.Sprintf("%s, %s", disclosures.Counted(m.Facts, "fact"), m.Amount.StringFixed(2))
}
