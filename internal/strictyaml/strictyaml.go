// Package strictyaml decodes YAML strictly and remembers where everything
// stands: unknown, repeated and missing keys and values of the wrong kind are
// all reported at once, each with file and line, and with the nearest name that
// would have been right.
package strictyaml

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Place is where something stands in a file.
type Place struct {
	File         string
	Line, Column int // from 1; 0 where nothing was written
}

// String gives file:line:column.
func (p Place) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Named is a folder of files, and what messages call it.
type Named struct {
	fs.FS
	Name string
}

// Shown is what messages call a file of a folder: of one that has no name, by what it
// is for.
func Shown(folder fs.FS, otherwise, file string) string {
	if named, ok := folder.(Named); ok {
		return path.Join(named.Name, file)
	}
	return path.Join(otherwise, file)
}

// Text is a scalar that remembers the place of its first character.
type Text struct {
	Value string
	Place
}

// String gives the text itself.
func (t Text) String() string { return t.Value }

// Entry is one key and value of a mapping with free keys.
type Entry struct{ Key, Value Text }

// Mapping is a mapping with free keys, in its order.
type Mapping []Entry

// Fault is something that is wrong at a place.
type Fault struct {
	Place
	Message string
}

// Faults are all that is wrong, as one error with a line each.
type Faults []Fault

// Error gives file:line: message, a line for each fault, in order of place.
func (f Faults) Error() string {
	sorted := slices.Clone(f)
	slices.SortStableFunc(sorted, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	lines := make([]string, len(sorted))
	for i, fault := range sorted {
		lines[i] = fmt.Sprintf("%s:%d: %s", fault.File, fault.Line, fault.Message)
		if fault.Line == 0 {
			lines[i] = fmt.Sprintf("%s: %s", fault.File, fault.Message)
		}
	}
	return strings.Join(slices.Compact(lines), "\n")
}

// Decode decodes the one document of a file into a struct, a slice or a Mapping.
// Struct fields are named by the tag yaml:"name" or yaml:"name,required". A map
// has free keys, of type Text. A struct that embeds Place is told its own. The error is Faults.
func Decode(file string, data []byte, into any) error {
	d := decoder{file: file, lines: strings.Split(string(data), "\n")}
	var document, another yaml.Node
	stream := yaml.NewDecoder(bytes.NewReader(data))
	if err := stream.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return Faults{syntaxFault(file, err)}
	}
	switch err := stream.Decode(&another); {
	case err == nil:
		return Faults{{Place{file, another.Line, another.Column}, "a second document; a file holds one"}}
	case !errors.Is(err, io.EOF):
		return Faults{syntaxFault(file, err)}
	}
	target := reflect.ValueOf(into).Elem()
	if len(document.Content) == 0 {
		document.Content = []*yaml.Node{{Kind: yaml.MappingNode, Tag: "!!map", Line: 1, Column: 1}}
		if target.Kind() == reflect.Slice {
			return nil
		}
	}
	d.decode(document.Content[0], target, "the file")
	if len(d.faults) > 0 {
		return d.faults
	}
	return nil
}

var syntaxLine = regexp.MustCompile(`line (\d+): (.*)`)

func syntaxFault(file string, err error) Fault {
	place, message := Place{File: file}, strings.TrimPrefix(err.Error(), "yaml: ")
	if match := syntaxLine.FindStringSubmatch(err.Error()); match != nil {
		place.Line, _ = strconv.Atoi(match[1]) // the pattern has only digits
		message = match[2]
	}
	return Fault{place, "not YAML: " + message}
}

type decoder struct {
	file   string
	lines  []string
	faults Faults
}

func (d *decoder) place(node *yaml.Node) Place { return Place{d.file, node.Line, node.Column} }

func (d *decoder) fault(node *yaml.Node, format string, arguments ...any) {
	d.faults = append(d.faults, Fault{d.place(node), fmt.Sprintf(format, arguments...)})
}

var (
	textType    = reflect.TypeFor[Text]()
	mappingType = reflect.TypeFor[Mapping]()
	placeType   = reflect.TypeFor[Place]()
)

// decode decodes a node into a value; what names it in messages.
func (d *decoder) decode(node *yaml.Node, into reflect.Value, what string) {
	if node.Kind == yaml.AliasNode || node.Anchor != "" {
		d.fault(node, "%s: anchors and aliases are not read; write the value out", what)
		return
	}
	switch {
	case into.Type() == textType:
		if d.isScalar(node, what, "a text") {
			into.Set(reflect.ValueOf(d.text(node)))
		}
	case into.Type() == mappingType:
		d.mapping(node, into, what)
	case into.Kind() == reflect.Struct:
		d.structure(node, into, what)
	case into.Kind() == reflect.Map:
		d.freeKeys(node, into, what)
	case into.Kind() == reflect.Pointer:
		value := reflect.New(into.Type().Elem())
		d.decode(node, value.Elem(), what)
		into.Set(value)
	case into.Kind() == reflect.Slice:
		if node.Kind != yaml.SequenceNode {
			d.fault(node, "%s: expected a list", what)
			return
		}
		list := reflect.MakeSlice(into.Type(), len(node.Content), len(node.Content))
		for i, item := range node.Content {
			d.decode(item, list.Index(i), fmt.Sprintf("%s, item %d", what, i+1))
		}
		into.Set(list)
	default:
		d.scalar(node, into, what)
	}
}

func (d *decoder) isScalar(node *yaml.Node, what, expected string) bool {
	if node.Kind != yaml.ScalarNode {
		d.fault(node, "%s: expected %s", what, expected)
		return false
	}
	return true
}

// text takes a scalar with the place of its first character.
func (d *decoder) text(node *yaml.Node) Text {
	place := d.place(node)
	switch {
	case node.Tag == "!!null":
		return Text{"", place}
	case node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		place.Column++
	case node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && place.Line < len(d.lines):
		line := d.lines[place.Line]
		place.Line, place.Column = place.Line+1, len(line)-len(strings.TrimLeft(line, " "))+1
	}
	return Text{node.Value, place}
}

func (d *decoder) scalar(node *yaml.Node, into reflect.Value, what string) {
	switch into.Kind() {
	case reflect.Bool:
		value, err := strconv.ParseBool(node.Value)
		if err != nil || node.Kind != yaml.ScalarNode || len(node.Value) < 4 {
			d.fault(node, "%s: %q: expected true or false", what, node.Value)
			return
		}
		into.SetBool(value)
	case reflect.Int:
		value, err := strconv.Atoi(node.Value)
		if err != nil || node.Kind != yaml.ScalarNode {
			d.fault(node, "%s: %q: expected a whole number", what, node.Value)
			return
		}
		into.SetInt(int64(value))
	case reflect.String:
		if d.isScalar(node, what, "a text") {
			into.SetString(d.text(node).Value)
		}
	default:
		panic("strictyaml: cannot decode into " + into.Type().String())
	}
}

func (d *decoder) mapping(node *yaml.Node, into reflect.Value, what string) {
	if node.Kind != yaml.MappingNode {
		d.fault(node, "%s: expected keys with values", what)
		return
	}
	var entries Mapping
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if d.repeated(node, i) || !d.isScalar(value, what+"."+key.Value, "a text") {
			continue
		}
		entries = append(entries, Entry{d.text(key), d.text(value)})
	}
	into.Set(reflect.ValueOf(entries))
}

// freeKeys decodes a mapping with free keys whose values are more than scalars.
func (d *decoder) freeKeys(node *yaml.Node, into reflect.Value, what string) {
	if node.Kind != yaml.MappingNode {
		d.fault(node, "%s: expected keys with values", what)
		return
	}
	entries := reflect.MakeMap(into.Type())
	for i := 0; i < len(node.Content); i += 2 {
		if d.repeated(node, i) {
			continue
		}
		value := reflect.New(into.Type().Elem()).Elem()
		d.decode(node.Content[i+1], value, what+"."+node.Content[i].Value)
		entries.SetMapIndex(reflect.ValueOf(d.text(node.Content[i])), value)
	}
	into.Set(entries)
}

// repeated reports a key that stands already above in its mapping.
func (d *decoder) repeated(node *yaml.Node, i int) bool {
	for j := 0; j < i; j += 2 {
		if node.Content[j].Value == node.Content[i].Value {
			d.fault(node.Content[i], "key %q stands already at line %d", node.Content[i].Value, node.Content[j].Line)
			return true
		}
	}
	return false
}

func (d *decoder) structure(node *yaml.Node, into reflect.Value, what string) {
	if node.Kind != yaml.MappingNode {
		d.fault(node, "%s: expected keys with values", what)
		return
	}
	if at := into.FieldByName("Place"); at.IsValid() && at.Type() == placeType {
		at.Set(reflect.ValueOf(d.place(node)))
	}
	names, required, fields := fieldsOf(into.Type())
	var seen []string
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		seen = append(seen, key.Value)
		field, known := fields[key.Value]
		switch {
		case !known:
			d.fault(key, "unknown key %q; %s", key.Value, Hint(key.Value, names))
		case !d.repeated(node, i):
			d.decode(value, into.Field(field), key.Value)
		}
	}
	for _, name := range required {
		if !slices.Contains(seen, name) {
			d.fault(node, "%s: key %q is missing", what, name)
		}
	}
}

// fieldsOf gives the keys of a struct in their order.
func fieldsOf(t reflect.Type) (names, required []string, fields map[string]int) {
	fields = map[string]int{}
	for i := range t.NumField() {
		name, option, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name == "" {
			continue
		}
		names = append(names, name)
		fields[name] = i
		if option == "required" {
			required = append(required, name)
		}
	}
	return names, required, fields
}

// Hint says which name was meant, or which there are.
func Hint(name string, known []string) string {
	if nearest, ok := Nearest(name, known); ok {
		return fmt.Sprintf("did you mean %q?", nearest)
	}
	sorted := slices.Clone(known)
	slices.Sort(sorted)
	return "expected one of " + strings.Join(sorted, ", ")
}

// Nearest gives the known name that is nearest to the given one by edits, if it
// is near enough to be a slip.
func Nearest(name string, known []string) (string, bool) {
	best, distance := "", len(name)/3+2
	for _, candidate := range known {
		if n := edits(strings.ToLower(name), strings.ToLower(candidate)); n < distance {
			best, distance = candidate, n
		}
	}
	return best, best != ""
}

// SpelledAlike tells whether two names differ by case, by blanks and signs, or by a slip
// in four letters.
func SpelledAlike(a, b string) bool {
	letters := func(name string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, name)
	}
	a, b = letters(a), letters(b)
	return edits(a, b) <= min(len(a), len(b))/4
}

// edits is the number of letters to insert, delete or replace (Levenshtein).
func edits(a, b string) int {
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		current := []int{i + 1}
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			current = append(current, min(previous[j]+cost, previous[j+1]+1, current[j]+1))
		}
		previous = current
	}
	return previous[len(b)]
}

// IsFaults gives the faults in an error.
func IsFaults(err error) (Faults, bool) {
	var faults Faults
	return faults, errors.As(err, &faults)
}
