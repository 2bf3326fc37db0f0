package disclosures

import (
	"embed"
	"errors"
	"io/fs"
	"strings"
	"text/template"

	"comment11/internal/position"
)

//go:embed trace/*.sql
var factByFact embed.FS

// FactByFact gives the SELECT of a relation that adds facts up before tables do, such
// as ranks, with a row for each fact in place of a row for each sum: predicates of cells
// hold on it as they hold on the relation. It reads facts, counterparties_as_of, the
// relation itself, and ranked, whose SELECT is places. Both are "" where there is none,
// because the relation is one of facts already, or nets before it adds up.
func FactByFact(relation, scope string) (places, query string, err error) {
	if places, err = traceQuery(relation+".places", scope); err != nil || places == "" {
		return "", "", err
	}
	query, err = traceQuery(relation, scope)
	return places, query, err
}

func traceQuery(name, scope string) (string, error) {
	text, err := fs.ReadFile(factByFact, "trace/"+name+".sql")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	parsed, err := template.New(name).Parse(string(text))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = parsed.Execute(&b, struct{ Scope string }{position.ScopeColumn(scope)})
	return b.String(), err
}
