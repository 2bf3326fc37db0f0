package disclosures

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"strings"
	"text/template"

	"comment11/internal/position"
	"comment11/internal/store"
)

//go:embed sql/*.sql
var queries embed.FS

// SQL gives the text of all queries, for the manifest.
func SQL() fs.FS { return queries }

// parameters are what the SQL templates may ask for.
type parameters struct {
	scopes  []string
	ratings map[string]string
}

// Scopes are the columns that say how a fact stands to each scope.
func (p parameters) Scopes() []string {
	var columns []string
	for _, scope := range p.scopes {
		columns = append(columns, position.ScopeColumn(scope))
	}
	return columns
}

// Names are the scopes.
func (p parameters) Names() []string { return p.scopes }

// Notch is the notch of a rating, 1 for the best.
func (p parameters) Notch(rating string) string { return store.Lookup(rating, p.ratings, "integer") }

// needs are relations that others are made of, so that facts are read once for them.
var needs = map[string]string{"counterparty_ranks": "counterparty_balances", "downgraded_netting_sets": "counterparty_balances", "matched_protection": "counterparty_balances"}

// derive makes a relation that does not add up from facts by groups alone: ranks,
// and what is netted first. It tells whether sql has it. made are those that are there.
func derive(ctx context.Context, db *store.DB, relation string, p parameters, made map[string]bool) (bool, error) {
	if made[relation] {
		return true, nil
	}
	if need := needs[relation]; need != "" {
		if _, err := derive(ctx, db, need, p, made); err != nil {
			return false, err
		}
	}
	text, err := fs.ReadFile(queries, "sql/"+relation+".sql")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	parsed, err := template.New(relation).Parse(string(text))
	if err != nil {
		return false, err
	}
	var b strings.Builder
	if err := parsed.Execute(&b, p); err != nil {
		return false, err
	}
	made[relation] = true
	return true, db.CreateTable(ctx, relation, b.String())
}
