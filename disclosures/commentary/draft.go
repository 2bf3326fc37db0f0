package commentary

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"text/template"
)

//go:embed drafts/*.md
var drafts embed.FS

// Draft writes a first text of an item from the data, for a person to edit: what a
// release does not have is left out, and words such as rose are chosen by the data.
func Draft(item string, figures Figures) (string, error) {
	source, err := fs.ReadFile(drafts, "drafts/"+item+".md")
	if err != nil {
		return "", err
	}
	has := func(address string) bool {
		_, now := figures.Find(figures.AsOf, address)
		return now
	}
	parsed, err := template.New(item).Delims("[[", "]]").Funcs(template.FuncMap{
		"has": has,
		"positive": func(address string) bool {
			f, found := figures.Find(figures.AsOf, address)
			return found && f.Displayed > 0
		},
		"both": func(address string) bool {
			if figures.Compare == "" || !has(address) {
				return false
			}
			_, before := figures.Find(figures.Compare, address)
			return before
		},
		"largest": func(block, column string) bool {
			_, found := figures.Largest(figures.AsOf, block, column)
			return found
		},
		"moved":  func(address string) string { return movedDraft(address, figures) },
		"shares": func(whole string, parts ...string) string { return sharesDraft(whole, parts, figures) },
		"shown":  func(parts ...string) string { return shownDraft(parts, figures) },
		"held":   func(parts ...string) []worded { return heldDraft(parts, figures) },
	}).Parse(string(source))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := parsed.Execute(&b, nil); err != nil {
		return "", err
	}
	text := "{{figures \"\"}}" + strings.TrimLeft(b.String(), "\n")
	_, faults := evaluate(item, item+".md", text, figures)
	for _, f := range faults { // the digest that is due stands in the fault that asks for it
		if _, rest, found := strings.Cut(f.Message, "then write {{figures "); found {
			return strings.Replace(text, `{{figures ""}}`, "{{figures "+strings.TrimSuffix(rest, "}}")+"}}", 1), nil
		}
	}
	return "", fmt.Errorf("draft of item %s: %w", item, faults)
}

// worded is a figure with the words for what it is of.
type worded struct{ Address, Words string }

// inPairs reads an address and its words after each other.
func inPairs(parts []string) []worded {
	var list []worded
	for ; len(parts) > 1; parts = parts[2:] {
		list = append(list, worded{parts[0], parts[1]})
	}
	return list
}

// shownDraft lists shares as a table shows them, where they foot; those that are nil are
// left out, so that a text asserts nothing of which there is none.
func shownDraft(parts []string, figures Figures) string {
	var list []string
	for _, p := range inPairs(parts) {
		if f, found := figures.Find(figures.AsOf, p.Address); found && f.Displayed > 0 {
			list = append(list, fmt.Sprintf("{{amount %q}} %s", p.Address, p.Words))
		}
	}
	return listed(list)
}

// sharesDraft lists the shares of the whole that are not nil, of which no table has a
// column, each with its words; "" where there is none at all.
func sharesDraft(whole string, parts []string, figures Figures) string {
	of, _ := figures.Find(figures.AsOf, whole)
	var list []string
	for _, p := range inPairs(parts) {
		f, found := figures.Find(figures.AsOf, p.Address)
		if found && f.Displayed > 0 && of.Displayed > 0 && percentOf(f.Displayed, of.Displayed) != "0%" {
			list = append(list, fmt.Sprintf("{{share %q %q}} %s", p.Address, whole, p.Words))
		}
	}
	return listed(list)
}

func listed(list []string) string {
	if last := len(list) - 1; last > 0 {
		return strings.Join(list[:last], ", ") + " and " + list[last]
	}
	return strings.Join(list, "")
}

// heldDraft are the figures that stand at both dates and are not nil at both.
func heldDraft(parts []string, figures Figures) []worded {
	return slices.DeleteFunc(inPairs(parts), func(p worded) bool {
		now, known := figures.Find(figures.AsOf, p.Address)
		before, knownBefore := figures.Find(figures.Compare, p.Address)
		return figures.Compare == "" || !known || !knownBefore || (now.Displayed == 0 && before.Displayed == 0)
	})
}

// movedDraft says how a figure moved, in a call that holds that it did.
func movedDraft(address string, figures Figures) string {
	from, _ := figures.Find(figures.Compare, address)
	to, _ := figures.Find(figures.AsOf, address)
	call := func(word string) string { return fmt.Sprintf("{{%s %q}}", word, address) }
	switch {
	case to.Displayed > from.Displayed:
		return fmt.Sprintf("%s by {{change %q}} (%s) since {{compared_with}}", call("rose"), address, call("percent"))
	case to.Displayed < from.Displayed:
		return fmt.Sprintf("%s by {{change %q}} (%s) since {{compared_with}}", call("fell"), address, call("percent"))
	}
	return "was " + call("unchanged") + " since {{compared_with}}"
}
