package render

import (
	"fmt"
	"io"
	"strings"
)

// LetterMarkdown writes the letter as Markdown. Pictures are there by their figures.
func LetterMarkdown(w io.Writer, p Packet) error {
	page, err := newPage(p)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nResponse to comment 11 of the staff of the U.S. Securities and Exchange Commission, item by item.\n", page.Title)
	if len(page.Faults) > 0 {
		b.WriteString("\n## What keeps this draft from being a letter\n\n")
		writeList(&b, page.Faults)
	}
	b.WriteString("\n" + quoted(page.Before))
	for _, item := range page.Items {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n%s", item.ID, quoted(item.Asks), strings.TrimSpace(item.Prose)+"\n")
		for _, picture := range item.Pictures {
			picture.markdown(&b)
		}
		for _, table := range item.Tables {
			table.markdown(&b, "###")
		}
		if len(item.SeeAlso) > 0 {
			var titles []string
			for _, t := range item.SeeAlso {
				titles = append(titles, t.Title)
			}
			fmt.Fprintf(&b, "\nSee also: %s.\n", strings.Join(titles, "; "))
		}
	}
	if len(page.Others) > 0 {
		b.WriteString("\n## Other tables\n")
	}
	for _, table := range page.Others {
		table.markdown(&b, "###")
	}
	page.ending(&b)
	_, err = io.WriteString(w, b.String())
	return err
}

// ending is what the letter says of itself.
func (p page) ending(b *strings.Builder) {
	b.WriteString("\n## What is not answered, and why\n\n")
	var open []string
	for _, c := range p.Open {
		open = append(open, fmt.Sprintf("%s, %s: %s: %s", c.Clause, c.Asks, c.How, c.By))
	}
	writeList(b, open)
	b.WriteString("\n## What answers each clause\n\n| Clause | Asks for | Answered by |\n|---|---|---|\n")
	for _, c := range p.Covered {
		fmt.Fprintf(b, "| %s | %s | %s |\n", c.Clause, escaped(c.Asks), escaped(c.How+": "+c.By))
	}
	b.WriteString("\n## Accepted control breaks\n\n")
	writeList(b, p.Breaks)
	b.WriteString("\n## Adjustments, gross and net\n\n")
	var adjusted []string
	for _, a := range p.Adjusted {
		adjusted = append(adjusted, fmt.Sprintf("%s %s: %s", a.Date, a.ID, a.effect()))
	}
	writeList(b, adjusted)
	b.WriteString("\n## Moved cells\n\n")
	writeList(b, p.Moved)
	writeDiffering(b, p.Packet, "\n## Figures that tables show differently\n\n", "- ")
	writeReleases(b, p.Packet, "\n## Releases\n\n", "", "- ")
	writeComparative(b, p.Packet, "\n## Comparative\n\n", "\n## Bridge\n\n", "- ")
}

func writeList(b *strings.Builder, list []string) {
	if len(list) == 0 {
		b.WriteString("None.\n")
	}
	for _, text := range list {
		fmt.Fprintf(b, "- %s\n", text)
	}
}

// quoted is a text as a quotation of Markdown.
func quoted(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimRight("> "+strings.Join(lines, "\n> "), " ") + "\n"
}

func (p Picture) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n**%s**\n\n| %s |", p.Title, p.Unit)
	for _, s := range p.Series {
		fmt.Fprintf(b, " %s |", escaped(s.Name))
	}
	fmt.Fprintf(b, "\n|---|%s\n", strings.Repeat("---:|", len(p.Series)))
	for i, label := range p.Labels {
		fmt.Fprintf(b, "| %s |", named(label))
		for _, s := range p.Series {
			fmt.Fprintf(b, " %s |", s.Figure(i))
		}
		b.WriteString("\n")
	}
}
