package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrRefused marks a query that asks for more than reading the catalog.
var ErrRefused = errors.New("refused")

// tableFunctions may stand in a FROM beside the catalog's macros; none of them reads a file.
var tableFunctions = []string{"range", "generate_series", "unnest"}

// nodeTypes are what a query may be made of, beside expressions.
var nodeTypes = []string{
	"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE",
	"BASE_TABLE", "TABLE_FUNCTION", "SUBQUERY", "JOIN", "EXPRESSION_LIST", "EMPTY", "SHOW_REF", "PIVOT",
	"ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER",
	"ORDER_DEFAULT", "ASCENDING", "DESCENDING",
	"DECIMAL_TYPE_INFO", "STRING_TYPE_INFO", "LIST_TYPE_INFO", "ARRAY_TYPE_INFO", "STRUCT_TYPE_INFO", "ENUM_TYPE_INFO", "USER_TYPE_INFO", "GENERIC_TYPE_INFO",
}

// expressionClasses are the expressions that a query may be made of. A parameter
// is none of them: there is nobody to give it a value.
var expressionClasses = []string{
	"COLUMN_REF", "CONSTANT", "FUNCTION", "CAST", "COMPARISON", "CONJUNCTION", "OPERATOR", "CASE", "STAR", "SUBQUERY",
	"WINDOW", "LAMBDA", "LAMBDA_REF", "COLLATE", "BETWEEN", "POSITIONAL_REFERENCE", "TYPE",
}

// refusedFunctions are scalar functions that do or tell more than a query of
// figures needs: settings and variables, the log, sequences, waiting, and plans of
// other queries. A test holds that every function of the engine that is not a
// pure one is here or among the harmless.
var refusedFunctions = []string{
	"current_setting", "getvariable", "write_log", "parse_duckdb_log_message", "nextval", "currval", "setseed", "sleep_ms", "pg_sleep",
	"json_serialize_plan", "json_serialize_sql", "json_deserialize_sql", "current_query", "stats", "getenv",
}

// plainName is a name that the engine never takes for a file. A WITH may give
// only such names: outside of its scope the engine would look for the file.
var plainName = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)

var explain = regexp.MustCompile(`(?is)^\s*explain(\s+analyze)?\s+`)

// vetter tells what may be asked of a catalog. It parses in a database of its own
// that holds nothing.
type vetter struct {
	parser    *DB
	relations []string
	macros    []string
}

func newVetter(ctx context.Context, relations, macros []string) (vetter, error) {
	parser, err := Open(ctx, Settings{Threads: 1, MemoryLimit: "200MB"})
	return vetter{parser, relations, macros}, err
}

// vet refuses what is not one SELECT, SHOW, DESCRIBE, SUMMARIZE or EXPLAIN of them
// over the catalog's relations. Settings alone do not make a text harmless: with
// all of them, COPY still overwrote a released file, and of several statements all
// but the last run while they are prepared.
func (v vetter) vet(ctx context.Context, text string) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return fmt.Errorf("%w: the query is not UTF-8 text", ErrRefused)
	}
	vetted := explain.ReplaceAllString(text, "")
	serialized, err := Scalar[string](ctx, v.parser, "select cast(json_serialize_sql(cast(? as varchar)) as varchar)", vetted)
	if err != nil {
		return err
	}
	var tree parsed
	if err := json.Unmarshal([]byte(serialized), &tree); err != nil {
		return err
	}
	if tree.Error && tree.ErrorType == "not implemented" {
		return fmt.Errorf("%w: only SELECT, SHOW, DESCRIBE, SUMMARIZE and EXPLAIN of them may be run here; the catalog is read-only", ErrRefused)
	}
	if tree.Error {
		return fmt.Errorf("%w: %s", ErrRefused, tree.ErrorMessage)
	}
	if len(tree.Statements) != 1 {
		return fmt.Errorf("%w: %d statements; give one", ErrRefused, len(tree.Statements))
	}
	common := commonTables(tree.Statements[0])
	for _, name := range common {
		if !plainName.MatchString(name) {
			return fmt.Errorf("%w: the WITH name %q; give one of letters, digits and _", ErrRefused, name)
		}
	}
	return v.node(tree.Statements[0], common)
}

// commonTables gives the names of all WITH queries below the node.
func commonTables(node any) []string {
	var names []string
	switch n := node.(type) {
	case map[string]any:
		if ctes, ok := n["cte_map"].(map[string]any); ok {
			list, _ := ctes["map"].([]any)
			for _, entry := range list {
				if e, ok := entry.(map[string]any); ok {
					if name, ok := e["key"].(string); ok {
						names = append(names, name)
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

// node refuses every node that is not known to be harmless.
func (v vetter) node(node any, common []string) error {
	switch n := node.(type) {
	case map[string]any:
		if err := v.object(n, common); err != nil {
			return err
		}
		for _, child := range n {
			if err := v.node(child, common); err != nil {
				return err
			}
		}
	case []any:
		for _, child := range n {
			if err := v.node(child, common); err != nil {
				return err
			}
		}
	}
	return nil
}

// inShort names the relations of a catalog, but not each again with all its releases and as
// it was first reported.
func inShort(relations []string) string {
	names := slices.DeleteFunc(slices.Clone(relations), func(name string) bool {
		return strings.HasSuffix(name, allReleases) || strings.HasSuffix(name, firstReported)
	})
	return strings.Join(names, ", ") + ", most of them with " + allReleases + " and " + firstReported + " too"
}

func (v vetter) object(n map[string]any, common []string) error {
	text := func(key string) string { value, _ := n[key].(string); return value }
	if class := text("class"); class != "" {
		switch {
		case !slices.Contains(expressionClasses, class):
			return fmt.Errorf("%w: an expression of the kind %s", ErrRefused, class)
		case (class == "FUNCTION" || class == "WINDOW") && containsFold(refusedFunctions, text("function_name")):
			return fmt.Errorf("%w: the function %s; it does or tells more than a query of figures needs", ErrRefused, text("function_name"))
		}
		return nil
	}
	kind := text("type")
	if kind == "" {
		return nil
	}
	if !slices.Contains(nodeTypes, kind) {
		return fmt.Errorf("%w: a part of the kind %s", ErrRefused, kind)
	}
	switch kind {
	case "BASE_TABLE":
		name, schema, catalog := text("table_name"), text("schema_name"), text("catalog_name")
		inMain := catalog == "" && (schema == "" || strings.EqualFold(schema, "main"))
		inSchema := catalog == "" && strings.EqualFold(schema, "information_schema")
		if !inSchema && (!inMain || !containsFold(v.relations, name) && !containsFold(common, name)) {
			return fmt.Errorf("%w: %q is no relation of the catalog; they are %s", ErrRefused, strings.Trim(catalog+"."+schema+"."+name, "."), inShort(v.relations))
		}
	case "SHOW_REF":
		if name := text("table_name"); n["query"] == nil && name != `"tables"` && name != "__show_tables_expanded" {
			return fmt.Errorf("%w: SHOW %s; SHOW TABLES and SHOW ALL TABLES may be asked for", ErrRefused, strings.Trim(name, `"`))
		}
	case "TABLE_FUNCTION":
		function, _ := n["function"].(map[string]any)
		name, _ := function["function_name"].(string)
		if !containsFold(tableFunctions, name) && !containsFold(v.macros, name) {
			return fmt.Errorf("%w: the table function %s; allowed are %s and the catalog's macros", ErrRefused, name, strings.Join(tableFunctions, ", "))
		}
	}
	return nil
}

func containsFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}
