package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"comment11/internal/strictyaml"
)

// ExpressionType is what an expression must give.
type ExpressionType int

// Boolean expressions decide; Value expressions give text, a date, a truth
// value, a whole number or a decimal, never a floating number.
const (
	Boolean ExpressionType = iota
	Value
)

// Expression is one SQL expression that a user wrote.
type Expression struct {
	Text         string
	File         string
	Line, Column int    // of the first character of Text in File
	Relation     string // whose columns it may use; it is bound over this relation without reading it
	Want         ExpressionType
	// LookUp has comparisons of columns with words written as look-ups, which are fast
	// over columns that are stored with a dictionary.
	LookUp bool
	// ClosedLists are the words that columns of text can have: a comparison with
	// another one is refused, because it would never hold.
	ClosedLists map[string][]string
}

// ExpressionFault is what is wrong with an expression, and where.
type ExpressionFault struct {
	File          string
	Line, Column  int
	Text, Message string
}

// ExpressionFaults are the faults of several expressions as one error.
type ExpressionFaults []ExpressionFault

func (f ExpressionFaults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fmt.Sprintf("%s:%d:%d: %s; in: %s", fault.File, fault.Line, fault.Column, fault.Message, strings.Join(strings.Fields(fault.Text), " "))
	}
	return strings.Join(lines, "\n")
}

// Function is a function that expressions may call.
type Function struct {
	MinArguments, MaxArguments int
	Meaning                    string
	// Compile makes the SQL of a call from that of its arguments; constants has
	// the value of each argument that is a text constant, and nil for others.
	// Without Compile the call is written as it is.
	Compile func(arguments []string, constants []*string) (string, error)
}

// AllowedFunctions are the deterministic functions that every expression may
// call, and operators that DuckDB parses as functions.
var AllowedFunctions = map[string]Function{
	"abs":               {1, 1, "the amount without its sign", nil},
	"concat":            {1, 99, "the texts joined; no value counts as empty", nil},
	"concat_ws":         {2, 99, "the texts joined by the first one; no value is left out", nil},
	"contains":          {2, 2, "whether the first text has the second in it", nil},
	"ends_with":         {2, 2, "whether the first text ends in the second", nil},
	"greatest":          {1, 99, "the greatest of the values", nil},
	"least":             {1, 99, "the least of the values", nil},
	"left":              {2, 2, "the first characters of a text", nil},
	"length":            {1, 1, "the number of characters", nil},
	"lower":             {1, 1, "the text in lower case", nil},
	"lpad":              {3, 3, "the text filled at its left to a length", nil},
	"ltrim":             {1, 2, "the text without spaces, or the given characters, at its left", nil},
	"nullif":            {2, 2, "no value where both are equal, else the first", nil},
	"regexp_extract":    {2, 3, "the part of the text that the pattern, or its group, matches", nil},
	"regexp_full_match": {2, 2, "whether the pattern matches the whole text", nil},
	"regexp_matches":    {2, 2, "whether the pattern matches a part of the text", nil},
	"replace":           {3, 3, "the text with one part replaced by another", nil},
	"right":             {2, 2, "the last characters of a text", nil},
	"rtrim":             {1, 2, "the text without spaces, or the given characters, at its right", nil},
	"split_part":        {3, 3, "one part of a text that a separator divides, from 1", nil},
	"starts_with":       {2, 2, "whether the first text begins with the second", nil},
	"substr":            {2, 3, "a part of the text, from 1", nil},
	"substring":         {2, 3, "a part of the text, from 1", nil},
	"trim":              {1, 2, "the text without spaces, or the given characters, at both ends", nil},
	"upper":             {1, 1, "the text in upper case", nil},
}

// operators are functions that are written between or before their arguments.
var operators = map[string]string{"~~": "like", "!~~": "not like", "~~*": "ilike", "!~~*": "not ilike", "||": "||"}

// Compile reads, vets, binds and compiles the expressions: each must be one
// expression and nothing else, built of what is listed here. What runs later is
// written from the tree, never from the user's text. The error is
// ExpressionFaults, with all faults of all expressions.
func Compile(ctx context.Context, q Queryer, expressions []Expression, functions map[string]Function) ([]string, error) {
	if len(expressions) == 0 {
		return nil, nil
	}
	c := compiler{functions: maps.Clone(AllowedFunctions), columns: map[string][]string{}, types: map[string]map[string]string{}}
	maps.Copy(c.functions, functions)
	trees, err := parse(ctx, q, expressions)
	if err != nil {
		return nil, err
	}
	if err := c.readColumns(ctx, q, expressions); err != nil {
		return nil, err
	}
	texts, plain := make([]string, len(expressions)), make([]string, len(expressions))
	var faults ExpressionFaults
	for i, e := range expressions {
		var refused *refusal
		if texts[i], plain[i], err = c.compile(e, trees[2*i], trees[2*i+1]); errors.As(err, &refused) {
			faults = append(faults, e.fault(refused))
		} else if err != nil {
			return nil, err
		}
	}
	// What could be read is bound all the same, so that all faults are told at once.
	var read []Expression
	var readTexts, readPlain []string
	for i := range expressions {
		if plain[i] != "" {
			read, readTexts, readPlain = append(read, expressions[i]), append(readTexts, texts[i]), append(readPlain, plain[i])
		}
	}
	for _, check := range []func() error{
		func() error { return bind(ctx, q, read, readTexts) },
		func() error { return refuseCasts(ctx, q, read, readPlain) },
	} {
		var more ExpressionFaults
		if err := check(); errors.As(err, &more) {
			faults = append(faults, more...)
			break // what does not bind has no plan
		} else if err != nil {
			return nil, err
		}
	}
	if len(faults) > 0 {
		slices.SortStableFunc(faults, func(a, b ExpressionFault) int {
			return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, faults
	}
	return texts, nil
}

// refusal is why an expression is refused, and at which byte of its text.
type refusal struct {
	message string
	at      int
}

func (r *refusal) Error() string { return r.message }

func refuse(n map[string]any, format string, arguments ...any) error {
	return &refusal{fmt.Sprintf(format, arguments...), location(n)}
}

const selectLength = len("select ")

// location is the byte of the user's text where a node stands; a node without a
// place stands at the beginning.
func location(n map[string]any) int {
	number, ok := n["query_location"].(json.Number)
	if !ok {
		return 0
	}
	at, err := strconv.Atoi(number.String())
	if err != nil || at < selectLength {
		return 0 // DuckDB writes 2^64-1 where it knows no place
	}
	return at - selectLength
}

// fault puts a refusal where it stands in the user's file.
func (e Expression) fault(r *refusal) ExpressionFault {
	before := e.Text[:min(r.at, len(e.Text))]
	line, column := e.Line, e.Column
	if last := strings.LastIndexByte(before, '\n'); last >= 0 {
		line += strings.Count(before, "\n")
		column, before = 1, before[last+1:]
	}
	return ExpressionFault{e.File, line, column + utf8.RuneCountInString(before), e.Text, r.message}
}

// parsed is the tree that DuckDB makes of a text of SQL, or what is wrong with it.
type parsed struct {
	Error        bool             `json:"error"`
	ErrorType    string           `json:"error_type"`
	ErrorMessage string           `json:"error_message"`
	Position     string           `json:"position"`
	Statements   []map[string]any `json:"statements"`
}

// parse parses every expression bare and in parentheses, in one query and each text
// once: many predicates of tables are of the same text.
func parse(ctx context.Context, q Queryer, expressions []Expression) ([]parsed, error) {
	var forms []string
	places := map[string]int{} // of the bare form of a text
	for _, e := range expressions {
		if _, known := places[e.Text]; known {
			continue
		}
		places[e.Text] = len(forms)
		// A NUL would cut the text off, and the driver crashes on what is not UTF-8; both are refused below.
		text := strings.ToValidUTF8(strings.ReplaceAll(e.Text, "\x00", "\uFFFD"), "\uFFFD")
		forms = append(forms, "select "+text, "select ("+text+")")
	}
	table, err := Query(ctx, q, "select cast(json_serialize_sql(form) as varchar) from (select unnest(cast(? as varchar[])) as form)", forms)
	if err != nil {
		return nil, err
	}
	distinct := make([]parsed, len(table.Rows))
	for i, row := range table.Rows {
		decoder := json.NewDecoder(strings.NewReader(row[0].(string)))
		decoder.UseNumber()
		if err := decoder.Decode(&distinct[i]); err != nil {
			return nil, err
		}
	}
	var trees []parsed
	for _, e := range expressions {
		trees = append(trees, distinct[places[e.Text]], distinct[places[e.Text]+1])
	}
	return trees, nil
}

type compiler struct {
	functions map[string]Function
	columns   map[string][]string          // of each relation
	types     map[string]map[string]string // of each relation, by the quoted name
	relation  string                       // of the expression in hand
	lookUp    bool                         // of the expression in hand
	lists     map[string][]string          // closed lists of its columns
	plain     bool                         // functions with a Compile are written as concat
}

// readColumns reads the columns of all relations in one query.
func (c *compiler) readColumns(ctx context.Context, q Queryer, expressions []Expression) error {
	var described []string
	for relation := range byRelation(expressions) {
		c.columns[relation], c.types[relation] = []string{}, map[string]string{}
		described = append(described, fmt.Sprintf("select %s, column_name, column_type from (describe %s)", Literal(relation), Identifier(relation)))
	}
	table, err := Query(ctx, q, strings.Join(described, " union all "))
	if err != nil {
		return err
	}
	for _, row := range table.Rows {
		relation, name := row[0].(string), row[1].(string)
		c.columns[relation] = append(c.columns[relation], name)
		c.types[relation][Identifier(name)] = row[2].(string)
	}
	return nil
}

// compile gives the SQL of one expression from its two trees, and a plain form of
// it for refuseCasts.
func (c *compiler) compile(e Expression, bare, enclosed parsed) (text, plain string, err error) {
	c.relation, c.lookUp, c.lists = e.Relation, e.LookUp, e.ClosedLists
	if strings.TrimSpace(e.Text) == "" {
		return "", "", &refusal{"the expression is empty", 0}
	}
	if !utf8.ValidString(e.Text) {
		return "", "", &refusal{"the expression is not UTF-8", 0}
	}
	if strings.ContainsRune(e.Text, 0) {
		return "", "", &refusal{"the expression has a NUL character", strings.IndexByte(e.Text, 0)}
	}
	item, err := onlyItem(bare, e.Text)
	if err != nil {
		return "", "", err
	}
	text, err = c.node(item)
	if err != nil {
		return "", "", err
	}
	item, err = onlyItem(enclosed, e.Text)
	if err != nil {
		return "", "", &refusal{"not one expression: it does not stand in parentheses (a comment, a separator or an unmatched parenthesis?)", 0}
	}
	if again, err := c.node(item); err != nil || again != text {
		return "", "", &refusal{"not one expression: it means something else in parentheses", 0}
	}
	c.plain = true
	plain, err = c.node(item)
	c.plain = false
	return text, plain, err
}

// onlyItem gives the one item of a SELECT that has nothing else.
func onlyItem(p parsed, text string) (map[string]any, error) {
	if p.ErrorType == "not implemented" { // only SELECT has a tree
		return nil, &refusal{"more than an expression: a statement that is no SELECT", 0}
	}
	if p.Error {
		return nil, &refusal{p.ErrorMessage, errorPosition(p.Position, text)}
	}
	if len(p.Statements) != 1 {
		return nil, &refusal{fmt.Sprintf("%d statements; expected one expression", len(p.Statements)), 0}
	}
	node, _ := p.Statements[0]["node"].(map[string]any)
	if node["type"] != "SELECT_NODE" || !isEmptyFrom(node["from_table"]) {
		return nil, &refusal{"more than an expression: a FROM, a set operation or the like", 0}
	}
	for _, part := range []string{"where_clause", "group_expressions", "group_sets", "having", "modifiers", "qualify", "sample"} {
		if list, isList := node[part].([]any); node[part] != nil && (!isList || len(list) > 0) {
			return nil, &refusal{"more than an expression: it goes on with a clause of a query (" + strings.ReplaceAll(part, "_", " ") + ")", 0}
		}
	}
	list, _ := node["select_list"].([]any)
	if len(list) != 1 {
		return nil, &refusal{fmt.Sprintf("%d expressions; expected one", len(list)), 0}
	}
	item, _ := list[0].(map[string]any)
	if item["alias"] != "" {
		return nil, refuse(item, "an alias, %q; expected the expression alone", item["alias"])
	}
	return item, nil
}

func isEmptyFrom(from any) bool {
	table, _ := from.(map[string]any)
	return table["type"] == "EMPTY"
}

// errorPosition turns the place of a syntax error, in characters of the whole
// statement, into a byte of the user's text.
func errorPosition(position, text string) int {
	at, err := strconv.Atoi(position)
	if err != nil {
		return 0
	}
	at -= selectLength
	for i := range text {
		if at <= 0 {
			return i
		}
		at--
	}
	return len(text)
}

// node compiles one node of the tree. What is not known here is refused.
func (c *compiler) node(value any) (string, error) {
	n, ok := value.(map[string]any)
	if !ok {
		return "", &refusal{"the expression could not be read", 0}
	}
	if alias, _ := n["alias"].(string); alias != "" {
		return "", refuse(n, "an alias, %q; expected the expression alone", alias)
	}
	kind, _ := n["type"].(string)
	switch n["class"] {
	case "COLUMN_REF":
		return c.column(n)
	case "CONSTANT":
		return constant(n)
	case "COMPARISON":
		return c.comparison(n, kind)
	case "CONJUNCTION":
		return c.conjunction(n, kind)
	case "OPERATOR":
		return c.operator(n, kind)
	case "BETWEEN":
		return c.between(n)
	case "CASE":
		return c.caseOf(n)
	case "CAST":
		return c.cast(n)
	case "FUNCTION":
		return c.function(n)
	}
	return "", refuse(n, "%s is not allowed here", describe(n))
}

// describe names what is refused.
func describe(n map[string]any) string {
	class, _ := n["class"].(string)
	names := map[string]string{
		"SUBQUERY": "a subquery", "WINDOW": "a window function", "LAMBDA": "a lambda", "LAMBDA_REF": "a lambda", "STAR": "*",
		"PARAMETER": "a parameter", "POSITIONAL_REFERENCE": "a reference by position", "COLLATE": "a collation", "DEFAULT": "default",
	}
	if name, ok := names[class]; ok {
		return name
	}
	return "this part of SQL (" + strings.ToLower(class) + ")"
}

func (c *compiler) column(n map[string]any) (string, error) {
	parts, _ := n["column_names"].([]any)
	var names []string
	for _, part := range parts {
		names = append(names, fmt.Sprint(part))
	}
	if len(names) != 1 {
		return "", refuse(n, "%q has several parts; name a column alone", strings.Join(names, "."))
	}
	known := c.columns[c.relation]
	i := slices.IndexFunc(known, func(name string) bool { return strings.EqualFold(name, names[0]) })
	if i < 0 {
		return "", refuse(n, "unknown column %q; %s", names[0], strictyaml.Hint(names[0], known))
	}
	return Identifier(known[i]), nil
}

func constant(n map[string]any) (string, error) {
	value, _ := n["value"].(map[string]any)
	if value["is_null"] == true {
		return "null", nil
	}
	valueType, _ := value["type"].(map[string]any)
	switch id, _ := valueType["id"].(string); id {
	case "VARCHAR":
		text, _ := value["value"].(string)
		return Literal(text), nil
	case "BOOLEAN":
		return fmt.Sprint(value["value"]), nil
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "DECIMAL", "INTEGER_LITERAL":
		number, ok := value["value"].(json.Number)
		if !ok {
			return "", refuse(n, "a number of too many digits")
		}
		return withScale(number.String(), valueType), nil
	case "DOUBLE", "FLOAT":
		return "", refuse(n, "a floating number; write it without exponent, so that it is an exact decimal")
	default:
		return "", refuse(n, "a constant of type %s is not allowed here", strings.ToLower(id))
	}
}

// withScale puts the decimal point into a constant's digits.
func withScale(digits string, valueType map[string]any) string {
	info, _ := valueType["type_info"].(map[string]any)
	number, ok := info["scale"].(json.Number)
	scale, err := strconv.Atoi(string(number))
	if !ok || err != nil || scale == 0 {
		return digits
	}
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for len(digits) <= scale {
		digits = "0" + digits
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

var comparisons = map[string]string{
	"COMPARE_EQUAL": "=", "COMPARE_NOTEQUAL": "<>", "COMPARE_LESSTHAN": "<", "COMPARE_GREATERTHAN": ">",
	"COMPARE_LESSTHANOREQUALTO": "<=", "COMPARE_GREATERTHANOREQUALTO": ">=",
	"COMPARE_DISTINCT_FROM": "is distinct from", "COMPARE_NOT_DISTINCT_FROM": "is not distinct from",
}

func (c *compiler) comparison(n map[string]any, kind string) (string, error) {
	sign, ok := comparisons[kind]
	if !ok {
		return "", refuse(n, "the comparison %s is not allowed here", strings.ToLower(kind))
	}
	sides, err := c.nodes([]any{n["left"], n["right"]})
	if err != nil {
		return "", err
	}
	if sign == "=" || sign == "<>" {
		if condition, ok, err := c.compared(n["left"], sides[0], []any{n["right"]}); ok || err != nil {
			return denied(sign == "<>", condition), err
		}
	}
	return "(" + sides[0] + " " + sign + " " + sides[1] + ")", nil
}

func (c *compiler) conjunction(n map[string]any, kind string) (string, error) {
	word := map[string]string{"CONJUNCTION_AND": " and ", "CONJUNCTION_OR": " or "}[kind]
	children, err := c.children(n)
	if err != nil {
		return "", err
	}
	if word == "" {
		return "", refuse(n, "%s is not allowed here", strings.ToLower(kind))
	}
	return "(" + strings.Join(children, word) + ")", nil
}

func (c *compiler) operator(n map[string]any, kind string) (string, error) {
	children, err := c.children(n)
	if err != nil {
		return "", err
	}
	if kind == "COMPARE_IN" || kind == "COMPARE_NOT_IN" {
		list, _ := n["children"].([]any)
		if condition, ok, err := c.compared(list[0], children[0], list[1:]); ok || err != nil {
			return denied(kind == "COMPARE_NOT_IN", condition), err
		}
	}
	switch kind {
	case "OPERATOR_NOT":
		return "(not " + children[0] + ")", nil
	case "OPERATOR_IS_NULL":
		return "(" + children[0] + " is null)", nil
	case "OPERATOR_IS_NOT_NULL":
		return "(" + children[0] + " is not null)", nil
	case "COMPARE_IN":
		return "(" + children[0] + " in (" + strings.Join(children[1:], ", ") + "))", nil
	case "COMPARE_NOT_IN":
		return "(" + children[0] + " not in (" + strings.Join(children[1:], ", ") + "))", nil
	case "OPERATOR_COALESCE":
		return "coalesce(" + strings.Join(children, ", ") + ")", nil
	case "OPERATOR_NULLIF":
		return "nullif(" + strings.Join(children, ", ") + ")", nil
	default:
		return "", refuse(n, "the operator %s is not allowed here", strings.ToLower(strings.TrimPrefix(kind, "OPERATOR_")))
	}
}

func (c *compiler) between(n map[string]any) (string, error) {
	parts, err := c.nodes([]any{n["input"], n["lower"], n["upper"]})
	if err != nil {
		return "", err
	}
	return "(" + parts[0] + " between " + parts[1] + " and " + parts[2] + ")", nil
}

func (c *compiler) caseOf(n map[string]any) (string, error) {
	checks, _ := n["case_checks"].([]any)
	var b strings.Builder
	b.WriteString("case")
	for _, check := range checks {
		pair, _ := check.(map[string]any)
		texts, err := c.nodes([]any{pair["when_expr"], pair["then_expr"]})
		if err != nil {
			return "", err
		}
		b.WriteString(" when " + texts[0] + " then " + texts[1])
	}
	otherwise, err := c.node(n["else_expr"])
	if err != nil {
		return "", err
	}
	return b.String() + " else " + otherwise + " end", nil
}

// cast allows TRY_CAST, and CAST of a constant, which fails at once or never.
func (c *compiler) cast(n map[string]any) (string, error) {
	child, err := c.node(n["child"])
	if err != nil {
		return "", err
	}
	target, _ := n["cast_type"].(map[string]any)
	id, _ := target["id"].(string)
	name := strings.ToLower(id)
	switch id {
	case "VARCHAR", "DATE", "BOOLEAN", "INTEGER", "BIGINT", "SMALLINT", "TINYINT":
	case "DECIMAL":
		info, _ := target["type_info"].(map[string]any)
		if name = fmt.Sprintf("decimal(%v, %v)", info["width"], info["scale"]); info == nil {
			return "", refuse(n, "decimal needs its digits, for example decimal(18, 2)")
		}
	default:
		return "", refuse(n, "a cast to %s is not allowed here; money is decimal(18, 2)", name)
	}
	inner, _ := n["child"].(map[string]any)
	if n["try_cast"] != true && inner["class"] != "CONSTANT" {
		return "", refuse(n, "cast stops a run at the first value that does not fit; use try_cast")
	}
	if n["try_cast"] == true {
		return "try_cast(" + child + " as " + name + ")", nil
	}
	return "cast(" + child + " as " + name + ")", nil
}

func (c *compiler) function(n map[string]any) (string, error) {
	name, _ := n["function_name"].(string)
	orders, _ := n["order_bys"].(map[string]any)
	ordered, _ := orders["orders"].([]any)
	if schema := n["schema"]; (schema != "" && schema != "main") || n["catalog"] != "" { // trim(x) is parsed as main.trim(x)
		return "", refuse(n, "function %q with a schema; name the function alone", name)
	}
	if n["distinct"] == true || n["filter"] != nil || n["export_state"] == true || len(ordered) > 0 {
		return "", refuse(n, "an aggregate (function %q) is not allowed here", name)
	}
	arguments, err := c.children(n)
	if err != nil {
		return "", err
	}
	if word, ok := operators[name]; ok && len(arguments) == 2 {
		return "(" + arguments[0] + " " + word + " " + arguments[1] + ")", nil
	}
	function, ok := c.functions[name]
	if !ok && n["is_operator"] == true {
		return "", refuse(n, "the operator %s is not allowed here; amounts are scaled by the functions of mappings, such as printed_amount(x, 1000)", name)
	}
	if !ok {
		return "", refuse(n, "function %q is not allowed here; %s", name, strictyaml.Hint(name, slices.Collect(maps.Keys(c.functions))))
	}
	if len(arguments) < function.MinArguments || len(arguments) > function.MaxArguments {
		return "", refuse(n, "function %q has %d arguments; expected %s", name, len(arguments), function.Arity())
	}
	if function.Compile == nil {
		return name + "(" + strings.Join(arguments, ", ") + ")", nil
	}
	text, err := function.Compile(arguments, constantTexts(n))
	if err != nil {
		return "", refuse(n, "function %q: %v", name, err)
	}
	if c.plain {
		return "concat(" + strings.Join(arguments, ", ") + ")", nil
	}
	return "(" + text + ")", nil
}

// Arity says how many arguments the function takes.
func (f Function) Arity() string {
	switch {
	case f.MinArguments == f.MaxArguments:
		return strconv.Itoa(f.MinArguments)
	case f.MaxArguments == 99:
		return fmt.Sprintf("at least %d", f.MinArguments)
	default:
		return fmt.Sprintf("%d to %d", f.MinArguments, f.MaxArguments)
	}
}

// constantTexts gives the arguments that are text constants.
func constantTexts(n map[string]any) []*string {
	children, _ := n["children"].([]any)
	texts := make([]*string, len(children))
	for i, child := range children {
		node, _ := child.(map[string]any)
		value, _ := node["value"].(map[string]any)
		if text, ok := value["value"].(string); ok && node["class"] == "CONSTANT" {
			texts[i] = &text
		}
	}
	return texts
}

func (c *compiler) children(n map[string]any) ([]string, error) {
	children, _ := n["children"].([]any)
	return c.nodes(children)
}

func (c *compiler) nodes(list []any) ([]string, error) {
	texts := make([]string, len(list))
	for i, child := range list {
		var err error
		if texts[i], err = c.node(child); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// byRelation goes over the relations of the expressions, in order of their names,
// with the numbers of those over each.
func byRelation(expressions []Expression) iter.Seq2[string, []int] {
	lists := map[string][]int{}
	for i, e := range expressions {
		lists[e.Relation] = append(lists[e.Relation], i)
	}
	return func(yield func(string, []int) bool) {
		for _, relation := range slices.Sorted(maps.Keys(lists)) {
			if !yield(relation, lists[relation]) {
				return
			}
		}
	}
}

// bind lets DuckDB bind the compiled expressions, without reading a row, and
// checks their types: all in one query, one by one only to find a fault.
func bind(ctx context.Context, q Queryer, expressions []Expression, texts []string) error {
	types, err := typesOf(ctx, q, expressions, texts)
	var faults ExpressionFaults
	for i, e := range expressions {
		var one string
		if err == nil {
			one = types[i]
		} else if alone, err := typesOf(ctx, q, expressions[i:i+1], texts[i:i+1]); err == nil {
			one = alone[0]
		} else {
			faults = append(faults, e.fault(&refusal{bindMessage(err), 0}))
			continue
		}
		if message := wrongType(e.Want, one); message != "" {
			faults = append(faults, e.fault(&refusal{message, 0}))
		}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

func typesOf(ctx context.Context, q Queryer, expressions []Expression, texts []string) ([]string, error) {
	var queries []string
	var all []selected
	for relation, list := range byRelation(expressions) {
		items := selectedOf(texts, list)
		queries = append(queries, "select column_type from (describe select "+items.list()+" from "+Identifier(relation)+")")
		all = append(all, items...)
	}
	types := make([]string, len(expressions))
	if len(queries) == 0 {
		return types, nil
	}
	table, err := Query(ctx, q, strings.Join(queries, " union all "))
	if err != nil {
		return nil, err
	}
	for position, row := range table.Rows {
		for _, i := range all[position].numbers {
			types[i] = row[0].(string)
		}
	}
	return types, nil
}

// selected is an item of a SELECT, and the numbers of the expressions that it is of.
type selected struct {
	text    string
	numbers []int
}

type selection []selected

// selectedOf gives each text of the numbers once.
func selectedOf(texts []string, numbers []int) selection {
	var items selection
	places := map[string]int{}
	for _, i := range numbers {
		place, known := places[texts[i]]
		if !known {
			place = len(items)
			places[texts[i]] = place
			items = append(items, selected{text: texts[i]})
		}
		items[place].numbers = append(items[place].numbers, i)
	}
	return items
}

func (s selection) list() string {
	texts := make([]string, len(s))
	for i, item := range s {
		texts[i] = item.text
	}
	return strings.Join(texts, ", ")
}

// bindMessage is the first line of DuckDB's message.
func bindMessage(err error) string {
	message, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimPrefix(message, "Binder Error: ")
}

func wrongType(want ExpressionType, got string) string {
	switch {
	case want == Boolean && got != "BOOLEAN":
		return "gives " + strings.ToLower(got) + "; expected a condition, true or false"
	case want == Value && !slices.Contains([]string{"VARCHAR", "DATE", "BOOLEAN", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "NULL", `"NULL"`}, got) &&
		!strings.HasPrefix(got, "DECIMAL") && !strings.HasPrefix(got, "ENUM"):
		return "gives " + strings.ToLower(got) + "; expected text, a date, a truth value, a whole number or a decimal"
	}
	return ""
}
