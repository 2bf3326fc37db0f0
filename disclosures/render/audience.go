package render

import (
	"slices"

	"comment11/disclosures"
)

// Audiences of a packet: who may read what.
const (
	Internal = "internal" // everything
	Filing   = "filing"   // cells, text and footnotes: nothing of a trade, a name, a rule or a path
	Auditor  = "auditor"  // everything, with keyed hashes in place of ids and names
)

// Audiences are all of them.
var Audiences = []string{Internal, Filing, Auditor}

// FormatsFor are the formats of an edition.
func FormatsFor(audience string) []Format {
	return slices.DeleteFunc(slices.Clone(Formats), func(f Format) bool { return f.Audiences != nil && !slices.Contains(f.Audiences, audience) })
}

// Relabelled is a packet of its own whose rows have the labels that label gives.
func (p Packet) Relabelled(label func(table, text string) string) Packet {
	p.Tables = slices.Clone(p.Tables)
	for t := range p.Tables {
		table := &p.Tables[t]
		table.Blocks = slices.Clone(table.Blocks)
		for b := range table.Blocks {
			block := &table.Blocks[b]
			block.Sheets = slices.Clone(block.Sheets)
			for s := range block.Sheets {
				sheet := &block.Sheets[s]
				sheet.Rows = slices.Clone(sheet.Rows)
				for r := range sheet.Rows {
					sheet.Rows[r].Label = label(table.ID, sheet.Rows[r].Label)
					sheet.Rows[r].Cells = slices.Clone(sheet.Rows[r].Cells)
				}
			}
			if block.Change == nil {
				continue
			}
			changed := *block.Change
			changed.Rows = slices.Clone(changed.Rows)
			for r := range changed.Rows {
				changed.Rows[r].Label = label(table.ID, changed.Rows[r].Label)
			}
			block.Change = &changed
		}
	}
	return p
}

// Filed is the packet as it may be filed: cells, text and footnotes, as displayed.
// label gives what stands for the label of a row that is somebody's name. The letter's
// prose must quote those labels already.
func (p Packet) Filed(label func(table, text string) string) Packet {
	p = p.Relabelled(label)
	p.Audience, p.Releases, p.Appendix, p.Questions = Filing, nil, nil, nil
	p.Comparative = p.Comparative.filed()
	if p.Letter != nil { // what is adjusted, and where figures come from, stays inside
		p.Letter = &Letter{Before: p.Letter.Before, Items: slices.Clone(p.Letter.Items), Covered: p.Letter.Covered, History: p.Letter.History, Faults: p.Letter.Faults}
		for i := range p.Letter.Items {
			p.Letter.Items[i].Source = nil // it may have remarks of whoever wrote it
		}
	}
	for t := range p.Tables {
		for b := range p.Tables[t].Blocks {
			for _, sheet := range p.Tables[t].Blocks[b].Sheets {
				for _, row := range sheet.Rows {
					for c, cell := range row.Cells {
						// A measure tells which figures add up; a predicate is how we compute.
						row.Cells[c] = Cell{Displayed: cell.Displayed, Unit: cell.Unit, Measure: cell.Measure, Code: cell.Code, Marks: marksWithoutAmounts(cell.Marks)}
					}
				}
			}
		}
	}
	return p
}

func marksWithoutAmounts(marks []disclosures.Mark) []disclosures.Mark {
	var list []disclosures.Mark
	for _, m := range marks {
		list = append(list, disclosures.Mark{ID: m.ID})
	}
	return list
}

// Hashed is the packet with hashes in place of names and of ids of trades.
func (p Packet) Hashed(hash func(string) string, isName func(table, label string) bool) Packet {
	p = p.Relabelled(func(table, label string) string {
		if isName(table, label) {
			return hash(label)
		}
		return label
	})
	p.Audience, p.Questions, p.Letter = Auditor, nil, nil // questions and letters name trades
	if p.Appendix == nil {
		return p
	}
	appendix := *p.Appendix
	appendix.Findings = slices.Clone(appendix.Findings)
	for i, f := range appendix.Findings { // a subject can be a name or an id
		appendix.Findings[i].Subject, appendix.Findings[i].Example = hash(f.Subject), hash(f.Example)
	}
	appendix.Adjustments = slices.Clone(appendix.Adjustments)
	for i, a := range appendix.Adjustments { // its text may tell of a trade
		appendix.Adjustments[i].ID, appendix.Adjustments[i].Position, appendix.Adjustments[i].Text = hash(a.ID), hash(a.Position), ""
	}
	p.Appendix = &appendix
	return p
}
