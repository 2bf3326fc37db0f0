package render

import (
	"fmt"
	"slices"
	"strings"
)

// Bases of a comparative column: what is shown of the date compared with.
const (
	AsReported = "as_reported" // what the last packet of that period end displays
	Published  = "published"   // the newest release, because no packet of it is recorded
	Restated   = "restated"    // the newest release, because it was asked for
	Recast     = "recast"      // the records of what was reported, by the definitions of today
)

// Comparative says which figures the column of the date compared with has, and what
// leads to them from those that were reported.
type Comparative struct {
	Date    string `json:"as_of_date"`
	Basis   string `json:"basis"`
	Release string `json:"release,omitempty"` // whose figures they are; of a recast, whose records. "" in a filing
	// Since are releases of the date with other figures that the column does not show.
	Since  []Replacement `json:"restated_since,omitempty"`
	Bridge *Bridge       `json:"bridge,omitempty"`
}

// Replacement is a release that took the place of another one of its date, and why.
type Replacement struct {
	Release  string `json:"release,omitempty"`
	Kind     string `json:"kind"`
	Reason   string `json:"reason,omitempty"`
	Preparer string `json:"preparer,omitempty"`
	Approver string `json:"approver,omitempty"`
}

// Bridge leads from the figures that were reported of the date to those shown.
type Bridge struct {
	From    string        `json:"from_release,omitempty"`
	Pinned  bool          `json:"from_packet"`            // a packet of that period end displays them
	Causes  []Replacement `json:"causes,omitempty"`       // of restated figures, oldest first
	Changed []string      `json:"what_changed,omitempty"` // of recast figures: definitions and program
	Notes   []string      `json:"notes,omitempty"`        // on what could not be told apart
	Lines   []BridgeLine  `json:"lines"`
	// Unseen are cells whose exact value differs and whose displayed one does not.
	Unseen int `json:"cells_that_differ_in_exact_value_alone"`
}

// BridgeLine is a figure that is displayed otherwise than it was reported.
type BridgeLine struct {
	Table      string `json:"table"`
	Block      string `json:"block"`
	Row        string `json:"row"`
	Column     string `json:"column"`
	Unit       string `json:"unit"`
	From       int64  `json:"from"`
	To         int64  `json:"to"`
	Difference int64  `json:"difference"`
	// Exact is the difference of the exact values, to which the causes add up; neither is
	// in a filing.
	Exact  string        `json:"exact_difference,omitempty"`
	Causes []BridgeCause `json:"causes,omitempty"`
}

// BridgeCause is what one factor makes of the difference of the exact values.
type BridgeCause struct {
	Factor string `json:"factor"`
	Amount string `json:"amount"`
}

// Label is what stands beside the date of a column whose figures are not simply those
// of the date: restated since they were reported, restated, or recast.
func (c *Comparative) Label() string {
	switch {
	case c == nil:
	case c.Basis == AsReported && len(c.Since) > 0:
		return "as reported"
	case c.Basis == Restated && c.Bridge != nil:
		return "as restated"
	case c.Basis == Recast:
		return "recast"
	}
	return ""
}

// Against is the packet whose comparative column is what c says.
func (p Packet) Against(c *Comparative) Packet {
	p.Comparative = c
	p.Tables = slices.Clone(p.Tables)
	for t := range p.Tables {
		p.Tables[t].Blocks = slices.Clone(p.Tables[t].Blocks)
		for b := range p.Tables[t].Blocks {
			block := &p.Tables[t].Blocks[b]
			block.Sheets = slices.Clone(block.Sheets)
			for s := range block.Sheets {
				if block.Sheets[s].Date == p.Compare {
					block.Sheets[s].Label = c.Label()
				}
			}
		}
	}
	return p
}

// At is the date of the sheet, with the label of its figures.
func (s Sheet) At() string { return labelled(s.Date, s.Label) }

func labelled(date, label string) string {
	if label == "" {
		return date
	}
	return date + ", " + label
}

// filed is what a filing says: no release, nobody's name, no words that were written
// for the firm, no exact value.
func (c *Comparative) filed() *Comparative {
	if c == nil {
		return nil
	}
	kinds := func(list []Replacement) []Replacement {
		var kept []Replacement
		for _, r := range list {
			kept = append(kept, Replacement{Kind: r.Kind})
		}
		return kept
	}
	filed := &Comparative{Date: c.Date, Basis: c.Basis, Since: kinds(c.Since)}
	if c.Bridge != nil {
		filed.Bridge = &Bridge{Pinned: c.Bridge.Pinned, Causes: kinds(c.Bridge.Causes), Lines: FiledLines(c.Bridge.Lines)}
	}
	return filed
}

// FiledLines are the lines of a bridge as displayed.
func FiledLines(lines []BridgeLine) []BridgeLine {
	filed := slices.Clone(lines)
	for i := range filed {
		filed[i].Exact, filed[i].Causes = "", nil
	}
	return filed
}

func (r Replacement) text() string {
	text := r.Kind
	if r.Release != "" {
		text = "release " + r.Release + ", " + r.Kind
	}
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	if r.Approver != "" {
		text += fmt.Sprintf(" (prepared by %s, approved by %s)", r.Preparer, r.Approver)
	}
	return text
}

func texts(list []Replacement) string {
	var all []string
	for _, r := range list {
		all = append(all, r.text())
	}
	return strings.Join(all, "; ")
}

// notes say which figures the column has.
func (c *Comparative) notes() []string {
	if c == nil {
		return nil
	}
	release := ""
	if c.Release != "" {
		release = ", release " + c.Release
	}
	var notes []string
	switch c.Basis {
	case AsReported:
		notes = append(notes, fmt.Sprintf("%s: as displayed in the packet of that period end%s", c.Date, release))
	case Published:
		notes = append(notes, fmt.Sprintf("%s: no packet of that period end is recorded; the newest release is shown%s", c.Date, release))
	case Restated:
		notes = append(notes, fmt.Sprintf("%s: the newest release%s; %s", c.Date, release, map[bool]string{true: "nothing of it was restated", false: "restated, see the bridge"}[c.Bridge == nil]))
	case Recast:
		notes = append(notes, fmt.Sprintf("%s: recast by the rules, maps and tables of today, of the records as reported%s", c.Date, release))
	}
	if len(c.Since) > 0 {
		notes = append(notes, fmt.Sprintf("%s was restated since, which this column does not show: %s", c.Date, texts(c.Since)))
	}
	return notes
}

// heads say what the bridge leads from and to, and why.
func (c *Comparative) heads() []string {
	b := c.Bridge
	from := "as first published"
	if b.Pinned {
		from = "as displayed in the packet of that period end"
	}
	if b.From != "" {
		from += " (release " + b.From + ")"
	}
	heads := []string{fmt.Sprintf("%s, from the figures %s to those %s: %d displayed figures differ", c.Date, from, c.Label(), len(b.Lines))}
	if b.Unseen > 0 {
		heads[0] += fmt.Sprintf(", and %d more in their exact value alone", b.Unseen)
	}
	for _, r := range b.Causes {
		heads = append(heads, "because of "+r.text())
	}
	if len(b.Changed) > 0 {
		heads = append(heads, "what changed: "+strings.Join(b.Changed, ", "))
	}
	return append(heads, b.Notes...)
}

func (l BridgeLine) address() string {
	return strings.Join([]string{l.Table, l.Block, l.Row, l.Column}, "/")
}

// why gives the exact difference with its causes, or "" in a filing.
func (l BridgeLine) why() string {
	if l.Exact == "" {
		return ""
	}
	var causes []string
	for _, c := range l.Causes {
		causes = append(causes, c.Factor+" "+c.Amount)
	}
	if len(causes) == 0 {
		return "exact " + l.Exact
	}
	return "exact " + l.Exact + ": " + strings.Join(causes, ", ")
}

// figures are the line as one text.
func (l BridgeLine) figures() string {
	text := fmt.Sprintf("%s to %s, by %s %s", Figure(l.From), Figure(l.To), Figure(l.Difference), Unit(l.Unit))
	if why := l.why(); why != "" {
		text += " (" + why + ")"
	}
	return text
}

// writeComparative says what the comparative column shows, and the bridge to it.
func writeComparative(b *strings.Builder, p Packet, head, bridgeHead, bullet string) {
	for _, note := range p.Comparative.notes() {
		b.WriteString(head + bullet + note + "\n")
		head = ""
	}
	if p.Comparative == nil || p.Comparative.Bridge == nil {
		return
	}
	for _, text := range p.Comparative.heads() {
		b.WriteString(bridgeHead + bullet + text + "\n")
		bridgeHead = ""
	}
	for _, line := range p.Comparative.Bridge.Lines {
		b.WriteString(bullet + line.address() + ": " + line.figures() + "\n")
	}
}

// lists are the sheets of the workbook.
func (c *Comparative) lists() []list {
	about := list{name: "Comparative", head: []string{"What the comparative column shows"}, widths: []float64{140}}
	for _, note := range c.notes() {
		about.rows = append(about.rows, []string{note})
	}
	if c.Bridge == nil {
		return []list{about}
	}
	for _, text := range c.heads() {
		about.rows = append(about.rows, []string{text})
	}
	bridge := list{name: "Bridge", head: []string{"Table", "Block", "Row", "Column", "Unit", "As reported", labelled("Shown", c.Label()), "Difference", "Exact difference, by cause"},
		widths: []float64{24, 24, 40, 24, 16, 22, 22, 22, 80}, amounts: []int{5, 6, 7}}
	for _, l := range c.Bridge.Lines {
		bridge.rows = append(bridge.rows, []string{l.Table, l.Block, l.Row, l.Column, Unit(l.Unit), fmt.Sprint(l.From), fmt.Sprint(l.To), fmt.Sprint(l.Difference), l.why()})
	}
	return []list{about, bridge}
}

// entries are the texts of the comparative and the lines of its bridge.
func (c *Comparative) entries() []entry {
	if c == nil {
		return nil
	}
	var list []entry
	text := func(where, value string) { list = append(list, entry{"text", "", where, value}) }
	for i, note := range c.notes() {
		text(fmt.Sprintf("comparative note %d", i+1), note)
	}
	if c.Bridge == nil {
		return list
	}
	for i, head := range c.heads() {
		text(fmt.Sprintf("bridge note %d", i+1), head)
	}
	for _, l := range c.Bridge.Lines {
		list = append(list, entry{"bridge", l.Table, c.Date + " " + l.address(), l.figures()})
	}
	return list
}
