package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"comment11/internal/strictyaml"
)

// Look-ups are functions of one column of words. DuckDB calls them once for each
// word of a stored dictionary, not once for each row, so that they cost next to
// nothing where a join, a CASE, a cast or a comparison costs as much as reading
// the column.

// Choose is the value that a number, from 1, picks from a list. On other engines
// it is: element_at(array[values], number).
func Choose(number string, values []string) string {
	return "[" + strings.Join(values, ", ") + "][" + number + "]"
}

// Lines joins the texts of a group, a line each, in their order; those that are NULL
// are left out. On other engines it is: listagg(text, chr(10)) within group (order by
// text).
func Lines(text string) string {
	return "string_agg(" + text + ", chr(10) order by " + text + ")"
}

// WithoutPattern is a text without all that a pattern matches. On other engines it is
// regexp_replace with the empty text in the place of each match.
func WithoutPattern(text, pattern string) string {
	return "regexp_replace(" + text + ", " + Literal(pattern) + ", '', 'g')"
}

// Lookup is what a vocabulary says of a text: values are SQL, by word, and of the
// given type; other words give NULL. DuckDB looks each word of a dictionary up
// once, not each row, so that this costs next to nothing where a join or a CASE
// takes as long as a cast. On other engines it is: element_at(map(array[words],
// array[values]), text).
func Lookup(text string, values map[string]string, sqlType string) string {
	if len(values) == 0 {
		return "cast(null as " + sqlType + ")"
	}
	var entries []string
	for _, word := range slices.Sorted(maps.Keys(values)) {
		entries = append(entries, Literal(word)+": "+values[word])
	}
	return "(MAP {" + strings.Join(entries, ", ") + "})[" + text + "]"
}

// IsOneOf tells whether a text is one of the values, and NULL where there is no
// text. On other engines it is: contains(array[values], text), in Spark
// array_contains.
func IsOneOf(text string, values []string) string {
	return "list_contains(" + List(values) + ", " + text + ")"
}

// compared writes a comparison of a column with constants as a look-up. ok is false where
// it cannot be one, because the column has no words or a constant is no text. A constant
// that is not in the column's closed list is refused.
func (c *compiler) compared(column any, compiled string, constants []any) (condition string, ok bool, err error) {
	n, _ := column.(map[string]any)
	values, areTexts := textConstants(constants)
	if !c.lookUp || c.plain || n["class"] != "COLUMN_REF" || !areTexts {
		return "", false, nil
	}
	columnType := c.types[c.relation][compiled]
	if columnType == "VARCHAR" {
		name := strings.Trim(compiled, `"`)
		for _, value := range values {
			if list := c.lists[name]; len(list) > 0 && !slices.Contains(list, value) {
				return "", false, refuse(n, "%q is no value of %s; %s", value, name, strictyaml.Hint(value, list))
			}
		}
		return IsOneOf(compiled, values), true, nil
	}
	list, isEnum := strings.CutPrefix(columnType, "ENUM(")
	if !isEnum {
		return "", false, nil
	}
	known := strings.Split(strings.TrimSuffix(strings.TrimPrefix(list, "'"), "')"), "', '")
	for i := range known {
		known[i] = strings.ReplaceAll(known[i], "''", "'")
	}
	terms := make([]string, len(values))
	for i, value := range values {
		if !slices.Contains(known, value) {
			return "", false, refuse(n, "%q is no value of %s; %s", value, strings.Trim(compiled, `"`), strictyaml.Hint(value, known))
		}
		terms[i] = fmt.Sprintf("%s = cast(%s as %s)", compiled, Literal(value), columnType)
	}
	return "(" + strings.Join(terms, " or ") + ")", true, nil
}

// textConstants gives the texts of nodes that are all text constants.
func textConstants(nodes []any) (values []string, ok bool) {
	for _, text := range constantTexts(map[string]any{"children": nodes}) {
		if text == nil {
			return nil, false
		}
		values = append(values, *text)
	}
	return values, true
}

func denied(not bool, condition string) string {
	if not {
		return "(not " + condition + ")"
	}
	return condition
}

// Separators are what separates the words of a text, beside each other or alone.
const Separators = " ,;|\n\t"

// words are the words of a text, as a list. On other engines it is: split(text, pattern).
func words(text string) string {
	return "regexp_split_to_array(trim(" + text + ", " + Literal(Separators) + "), " + Literal("["+Separators+"]+") + ")"
}

// SortedWords are the words of a text, each once and in order, with spaces between. On
// other engines it is: array_join(array_sort(array_distinct(words)), ' ').
func SortedWords(text string) string {
	return "array_to_string(list_sort(list_distinct(" + words(text) + ")), ' ')"
}

// HasAnyWord tells whether a text has one of the words; NULL where there is no text. On
// other engines it is: arrays_overlap(words, array[values]).
func HasAnyWord(text string, values []string) string {
	return "list_has_any(" + words(text) + ", " + List(values) + ")"
}

// HasNoOtherWord tells whether a text has no other words than those; NULL where there is
// no text. On other engines it is: cardinality(array_except(words, array[values])) = 0.
func HasNoOtherWord(text string, values []string) string {
	return "list_has_all(" + List(values) + ", " + words(text) + ")"
}

// SetIdentity is an aggregate that tells sets of rows apart by their keys: the sum of
// the rows' hashes, which adds up over disjoint sets. On other engines it is:
// sum(xxhash64(keys)).
func SetIdentity(keys []string) string {
	return "cast(sum(cast(hash(" + strings.Join(keys, ", ") + ") as hugeint)) as decimal(38, 0))"
}
