package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"comment11/internal/store"
)

// memberships tells, for each row of a relation in the order of its rows, which of the
// predicates are true of it: the numbers of those, ascending. Predicates of cells are
// conjunctions of what their table, block, row and column ask for, so that few terms
// make many predicates; each term is evaluated once.
func memberships(ctx context.Context, db *store.DB, relation string, predicates []string) ([][]int, error) {
	var terms []string
	number := map[string]int{}
	parts := make([][]int, len(predicates))
	for i, predicate := range predicates {
		for _, term := range conjuncts(predicate) {
			n, known := number[term]
			if !known {
				n, number[term] = len(terms), len(terms)
				terms = append(terms, term)
			}
			parts[i] = append(parts[i], n)
		}
	}
	truths, err := evaluated(ctx, db, relation, terms)
	if err != nil {
		return nil, err
	}
	members := make([][]int, len(truths))
	for row, truth := range truths {
		for i := range predicates {
			if !slices.ContainsFunc(parts[i], func(term int) bool { return truth[term] != '1' }) {
				members[row] = append(members[row], i)
			}
		}
	}
	return members, nil
}

// evaluated is, for each row of a relation, a text with a 1 or 0 for each term. The
// engine holds a vector for every part of a query, so not all are asked at once.
func evaluated(ctx context.Context, db *store.DB, relation string, terms []string) ([]string, error) {
	const atOnce = 50
	var truths []strings.Builder
	for some := range slices.Chunk(terms, atOnce) {
		var digits []string
		for _, term := range some {
			digits = append(digits, "case when "+term+" then '1' else '0' end")
		}
		table, err := store.Query(ctx, db, fmt.Sprintf("select concat(%s) from %s", strings.Join(digits, ", "), relation))
		if err != nil {
			return nil, err
		}
		if truths == nil {
			truths = make([]strings.Builder, len(table.Rows))
		}
		for i, row := range table.Rows {
			truths[i].WriteString(row[0].(string))
		}
	}
	texts := make([]string, len(truths))
	for i := range truths {
		texts[i] = truths[i].String()
	}
	return texts, nil
}

// conjuncts splits a predicate at its outermost ANDs. A predicate that has another
// operator there, such as OR, is one term.
func conjuncts(predicate string) []string {
	words := strings.Map(func(r rune) rune { // as long, so that places are the same
		switch {
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		case r == '\n' || r == '\t':
			return ' '
		default:
			return r
		}
	}, predicate)
	var terms []string
	depth, start := 0, 0
	var quote byte
	for i := 0; i < len(words); i++ {
		switch c := words[i]; {
		case quote != 0:
			if c == quote {
				quote = 0 // a doubled quote opens again at once
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth > 0 || c != ' ':
		case strings.HasPrefix(words[i:], " and "):
			terms = append(terms, strings.TrimSpace(predicate[start:i]))
			start = i + len(" and ")
			i = start - 2 // at the space before what follows, which may be an operator too
		case strings.HasPrefix(words[i:], " or ") || strings.HasPrefix(words[i:], " between "):
			return []string{predicate}
		}
	}
	return append(terms, strings.TrimSpace(predicate[start:]))
}
