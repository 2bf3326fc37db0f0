package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrRefused marks a query that asks for more than reading the catalog.
var ErrRefused = errors.New("refused")

// ErrNoCatalog marks a query on a warehouse in which nothing was published yet.
var ErrNoCatalog = errors.New("nothing was published")

// tableFunctions may stand in a FROM; none of them reads a file.
var tableFunctions = []string{"range", "generate_series", "unnest"}

var explain = regexp.MustCompile(`(?is)^\s*explain(\s+analyze)?\s+`)

// Query runs one SELECT of a user on the catalog, read-only. Settings alone do
// not make that harmless - with all of them, COPY still overwrote a released
// file - so the text is parsed elsewhere first, and may be one SELECT over the
// catalog's relations and nothing else.
func (w Warehouse) Query(ctx context.Context, s Settings, text string) (Table, error) {
	if _, err := os.Stat(w.Catalog()); errors.Is(err, fs.ErrNotExist) {
		return Table{}, fmt.Errorf("%w: there is no catalog at %s; publish a release first, with comment11 run", ErrNoCatalog, w.Catalog())
	}
	temporary, err := os.MkdirTemp("", "comment11-query-")
	if err != nil {
		return Table{}, err
	}
	defer os.RemoveAll(temporary)
	s.TemporaryFolder = temporary
	db, err := w.openCatalog(ctx, s)
	if err != nil {
		return Table{}, err
	}
	defer db.Close()
	relations, err := Query(ctx, db, "select table_name from information_schema.tables")
	if err != nil {
		return Table{}, err
	}
	var names []string
	for _, row := range relations.Rows {
		names = append(names, row[0].(string))
	}
	if err := vetQuery(ctx, text, names); err != nil {
		return Table{}, err
	}
	return Query(ctx, db, text)
}

// openCatalog opens the catalog read-only, able to read releases and nothing else.
func (w Warehouse) openCatalog(ctx context.Context, s Settings) (*DB, error) {
	db, err := open(ctx, w.Catalog()+"?access_mode=read_only", s)
	if err != nil {
		return nil, err
	}
	err = db.Run(ctx,
		"set global allowed_directories = "+List([]string{w.Releases() + string(filepath.Separator)}),
		"set global enable_external_access = false",
		"set global lock_configuration = true")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// vetQuery refuses what is not one SELECT over the given relations.
func vetQuery(ctx context.Context, text string, relations []string) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return fmt.Errorf("%w: the query is not UTF-8 text", ErrRefused)
	}
	db, err := Open(ctx, Settings{Threads: 1, MemoryLimit: "200MB"})
	if err != nil {
		return err
	}
	defer db.Close()
	vetted := explain.ReplaceAllString(text, "")
	serialized, err := Scalar[string](ctx, db, "select cast(json_serialize_sql(cast(? as varchar)) as varchar)", vetted)
	if err != nil {
		return err
	}
	var parsed struct {
		Error        bool             `json:"error"`
		ErrorType    string           `json:"error_type"`
		ErrorMessage string           `json:"error_message"`
		Statements   []map[string]any `json:"statements"`
	}
	if err := json.Unmarshal([]byte(serialized), &parsed); err != nil {
		return err
	}
	if parsed.Error && parsed.ErrorType == "not implemented" {
		return fmt.Errorf("%w: only SELECT, SHOW, DESCRIBE, SUMMARIZE and EXPLAIN of them may be run here; the catalog is read-only", ErrRefused)
	}
	if parsed.Error {
		return fmt.Errorf("%w: %s", ErrRefused, parsed.ErrorMessage)
	}
	if len(parsed.Statements) != 1 {
		return fmt.Errorf("%w: %d statements; give one", ErrRefused, len(parsed.Statements))
	}
	known := append(slices.Clone(relations), commonTables(parsed.Statements[0])...)
	return vetNode(parsed.Statements[0], known)
}

// commonTables gives the names of all WITH queries below the node.
func commonTables(node any) []string {
	var names []string
	switch n := node.(type) {
	case map[string]any:
		if ctes, ok := n["cte_map"].(map[string]any); ok {
			if list, ok := ctes["map"].([]any); ok {
				for _, entry := range list {
					if e, ok := entry.(map[string]any); ok {
						if name, ok := e["key"].(string); ok {
							names = append(names, name)
						}
					}
				}
			}
		}
		for _, child := range n {
			names = append(names, commonTables(child)...)
		}
	case []any:
		for _, child := range n {
			names = append(names, commonTables(child)...)
		}
	}
	return names
}

// vetNode refuses tables that are not the catalog's and table functions that
// are not listed.
func vetNode(node any, known []string) error {
	switch n := node.(type) {
	case map[string]any:
		switch n["type"] {
		case "BASE_TABLE":
			name, _ := n["table_name"].(string)
			schema, _ := n["schema_name"].(string)
			catalog, _ := n["catalog_name"].(string)
			if schema == "" && catalog == "" && containsFold(known, name) || (strings.EqualFold(schema, "information_schema") && catalog == "") {
				break
			}
			return fmt.Errorf("%w: %q is no relation of the catalog; they are %s", ErrRefused, strings.Trim(catalog+"."+schema+"."+name, "."), strings.Join(known, ", "))
		case "TABLE_FUNCTION":
			function, _ := n["function"].(map[string]any)
			name, _ := function["function_name"].(string)
			if !containsFold(tableFunctions, name) {
				return fmt.Errorf("%w: the table function %s; allowed are %s", ErrRefused, name, strings.Join(tableFunctions, ", "))
			}
		}
		for _, child := range n {
			if err := vetNode(child, known); err != nil {
				return err
			}
		}
	case []any:
		for _, child := range n {
			if err := vetNode(child, known); err != nil {
				return err
			}
		}
	}
	return nil
}

func containsFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}
