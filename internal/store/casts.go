package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// refuseCasts refuses expressions in which DuckDB would turn text into another
// type on its own, as in role = 1 or trade_date >= '2007-13-01': they bind, and
// then stop a run at the first value that does not fit. A constant that fits is
// taken. The texts are the compiled expressions with every function that is not
// DuckDB's written as concat, because what those compile to casts what it has
// checked.
func refuseCasts(ctx context.Context, q Queryer, expressions []Expression, texts []string) error {
	trees, err := boundExpressions(ctx, q, expressions, texts)
	if err != nil {
		return err
	}
	var faults ExpressionFaults
	for i, e := range expressions {
		message, err := castIn(ctx, q, trees[i])
		if err != nil {
			return err
		}
		if message != "" {
			faults = append(faults, e.fault(&refusal{message, 0}))
		}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// boundExpressions gives the trees of the expressions as DuckDB binds them, with
// the casts that it puts in.
func boundExpressions(ctx context.Context, q Queryer, expressions []Expression, texts []string) ([]any, error) {
	var queries []string
	var selections []selection
	for relation, list := range byRelation(expressions) {
		items := selectedOf(texts, list)
		queries = append(queries, "select "+items.list()+" from (select * from "+Identifier(relation)+" limit 0)")
		selections = append(selections, items)
	}
	table, err := Query(ctx, q, "select cast(json_serialize_plan(query, skip_null := true, skip_empty := true, skip_default := true) as varchar) from (select unnest(cast(? as varchar[])) as query)", queries)
	if err != nil {
		return nil, err
	}
	trees := make([]any, len(expressions))
	for n, row := range table.Rows {
		var bound struct {
			ErrorMessage string `json:"error_message"`
			Plans        []struct {
				Expressions []any `json:"expressions"`
			} `json:"plans"`
		}
		decoder := json.NewDecoder(strings.NewReader(row[0].(string)))
		decoder.UseNumber()
		if err := decoder.Decode(&bound); err != nil {
			return nil, err
		}
		if len(bound.Plans) != 1 || len(bound.Plans[0].Expressions) != len(selections[n]) {
			return nil, fmt.Errorf("the plan of %s cannot be read: %s", abridged(queries[n]), bound.ErrorMessage)
		}
		for position, item := range selections[n] {
			for _, i := range item.numbers {
				trees[i] = bound.Plans[0].Expressions[position]
			}
		}
	}
	return trees, nil
}

// castIn says what is wrong with a cast of text in a bound tree, or "".
func castIn(ctx context.Context, q Queryer, node any) (string, error) {
	var children []any
	switch n := node.(type) {
	case []any:
		children = n
	case map[string]any:
		if n["expression_class"] == "BOUND_CAST" && n["try_cast"] != true {
			if message, err := badCast(ctx, q, n); message != "" || err != nil {
				return message, err
			}
		}
		for _, key := range slices.Sorted(maps.Keys(n)) {
			children = append(children, n[key])
		}
	}
	for _, child := range children {
		if message, err := castIn(ctx, q, child); message != "" || err != nil {
			return message, err
		}
	}
	return "", nil
}

func badCast(ctx context.Context, q Queryer, cast map[string]any) (string, error) {
	target, _ := cast["return_type"].(map[string]any)
	name := typeName(target)
	child, _ := cast["child"].(map[string]any)
	from, _ := child["return_type"].(map[string]any)
	value, isConstant := child["value"].(map[string]any)
	if isConstant {
		from, _ = value["type"].(map[string]any)
	}
	if from["id"] != "VARCHAR" || name == "varchar" {
		return "", nil
	}
	if !isConstant {
		what := "a text"
		if column, _ := child["alias"].(string); column != "" {
			what = "the text " + column
		}
		return fmt.Sprintf("%s would be read as %s, which stops a run at the first value that is none; compare it with a text in quotes, or use try_cast(x as %s)", what, name, name), nil
	}
	text, _ := value["value"].(string)
	fits, err := Scalar[bool](ctx, q, "select try_cast(cast(? as varchar) as "+name+") is not null", text)
	if err != nil || fits {
		return "", err
	}
	return fmt.Sprintf("'%s' is no %s", text, name), nil
}

// typeName is the SQL name of a type in a serialized plan.
func typeName(t map[string]any) string {
	id, _ := t["id"].(string)
	if info, _ := t["type_info"].(map[string]any); id == "DECIMAL" && info != nil {
		return fmt.Sprintf("decimal(%v, %v)", info["width"], info["scale"])
	}
	return strings.ToLower(id)
}
