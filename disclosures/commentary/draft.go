package commentary

import (
	"embed"
	"fmt"
	"io/fs"
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
		"moved": func(address string) string { return movedDraft(address, figures) },
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
