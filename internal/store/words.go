package store

import (
	"context"
	"fmt"
	"strings"
)

// Words puts predicates into words, for people who read no SQL: each condition of
// `"direction" = 'sold' and not "funded"` becomes a part of "direction is sold; not
// funded". A predicate of which a part has no words stays as it is.
func Words(ctx context.Context, q Queryer, predicates []string) ([]string, error) {
	expressions := make([]Expression, len(predicates))
	for i, p := range predicates {
		expressions[i].Text = p
	}
	trees, err := parse(ctx, q, expressions)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(predicates))
	for i, p := range predicates {
		texts[i] = p
		if item, err := onlyItem(trees[2*i], p); err == nil {
			if text, ok := inWords(item, "; "); ok {
				texts[i] = text
			}
		}
	}
	return texts, nil
}

// inWords gives the words of a node; and is what stands between conditions that
// must all hold.
func inWords(value any, and string) (string, bool) {
	n, _ := value.(map[string]any)
	kind, _ := n["type"].(string)
	children, _ := n["children"].([]any)
	switch n["class"] {
	case "COLUMN_REF":
		return columnWords(n), true
	case "CONSTANT":
		text, err := constant(n)
		return plainWords(strings.ReplaceAll(strings.Trim(text, "'"), "''", "'")), err == nil
	case "CONJUNCTION":
		return conjunctionWords(kind, children, and)
	case "COMPARISON":
		return comparisonWords(n, kind)
	case "OPERATOR":
		return operatorWords(kind, children)
	case "FUNCTION":
		return likeWords(n, children)
	}
	return "", false
}

func plainWords(name string) string { return strings.ReplaceAll(name, "_", " ") }

func columnWords(n map[string]any) string {
	parts, _ := n["column_names"].([]any)
	if len(parts) == 0 {
		return ""
	}
	return strings.TrimPrefix(plainWords(fmt.Sprint(parts[len(parts)-1])), "is ")
}

func conjunctionWords(kind string, children []any, and string) (string, bool) {
	var texts []string
	for _, child := range children {
		text, ok := inWords(child, " and ")
		if !ok {
			return "", false
		}
		inner, _ := child.(map[string]any)
		if inner["class"] == "CONJUNCTION" && inner["type"] != kind {
			text = "(" + text + ")"
		}
		texts = append(texts, text)
	}
	if kind == "CONJUNCTION_OR" {
		return strings.Join(texts, " or "), true
	}
	return strings.Join(texts, and), true
}

var comparisonsInWords = map[string]string{
	"COMPARE_EQUAL": "is", "COMPARE_NOTEQUAL": "is not", "COMPARE_LESSTHAN": "is less than", "COMPARE_GREATERTHAN": "is greater than",
	"COMPARE_LESSTHANOREQUALTO": "is at most", "COMPARE_GREATERTHANOREQUALTO": "is at least",
}

func comparisonWords(n map[string]any, kind string) (string, bool) {
	word, known := comparisonsInWords[kind]
	left, leftOK := inWords(n["left"], " and ")
	right, rightOK := inWords(n["right"], " and ")
	if scope, isScope := strings.CutPrefix(left, "scope "); isScope && word == "is" { // how a fact stands to a scope
		return right + " to " + scope, leftOK && rightOK
	}
	return left + " " + word + " " + right, known && leftOK && rightOK
}

func operatorWords(kind string, children []any) (string, bool) {
	var texts []string
	for _, child := range children {
		text, ok := inWords(child, " and ")
		if !ok {
			return "", false
		}
		texts = append(texts, text)
	}
	switch kind {
	case "OPERATOR_NOT":
		if inner, _ := children[0].(map[string]any); inner["class"] == "CONJUNCTION" {
			return "not (" + texts[0] + ")", true
		}
		return "not " + texts[0], true
	case "OPERATOR_IS_NULL":
		return texts[0] + " has no value", true
	case "OPERATOR_IS_NOT_NULL":
		return texts[0] + " has a value", true
	case "COMPARE_IN":
		return texts[0] + " is " + strings.Join(texts[1:], " or "), true
	case "COMPARE_NOT_IN":
		return texts[0] + " is none of " + strings.Join(texts[1:], ", "), true
	}
	return "", false
}

// likeWords knows patterns that ask for a beginning.
func likeWords(n map[string]any, children []any) (string, bool) {
	constants := constantTexts(n)
	if n["function_name"] != "~~" || len(children) != 2 || constants[1] == nil {
		return "", false
	}
	start, isStart := strings.CutSuffix(*constants[1], "%")
	left, ok := inWords(children[0], " and ")
	return left + " begins with " + strings.Trim(plainWords(start), " "), ok && isStart && !strings.Contains(start, "%")
}
