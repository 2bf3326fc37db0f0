package render

import (
	"fmt"
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
