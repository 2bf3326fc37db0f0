// Package commentary reads the prose of a packet: a text for each item of the comment
// whose numbers are read from cells, so that they cannot go stale. A text is Markdown
// with {{calls}} of the functions in functions.go. A number or a word such as "rose" that
// somebody typed, a figure that is not there, a word that the data deny, a missing text
// and a text that was written on other figures are faults, with file and line.
package commentary

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"comment11/internal/strictyaml"
)

// Items are the items of the comment, in its order.
var Items = []string{"a", "b", "c", "d", "e", "f", "g", "h"}

// Figure is a displayed number.
type Figure struct {
	Displayed int64
	Exact     decimal.Decimal
	Unit      string // for example USD millions, facts or percent
	RowLabel  string
	// OtherLength: it is of a period that is not as long at the other date.
	OtherLength bool
}

// Figures are what texts may quote. An address is table/block/row/column; a row's path
// has its slashes.
type Figures struct {
	AsOf, Compare string // YYYY-MM-DD; Compare is "" where there is one date
	Find          func(date, address string) (Figure, bool)
	Known         func(date string) []string // all addresses, for hints
	// Largest is the address of the largest part in a column of a block.
	Largest func(date, block, column string) (address string, found bool)
	// Material is the amount below which a figure is not material; nil where none is configured.
	Material *decimal.Decimal
}

// Text is the prose of one item.
type Text struct {
	Item, File string
	Markdown   string
	Quoted     []string // addresses, each once
	// Immaterial says which asks of the item are not material, and why: figure and threshold.
	Immaterial map[string]string
}

// Read reads the source <item>.md of every item that has one; name is what the folder is
// called. A text that is not UTF-8 is refused, in strictyaml.Faults: a packet holds it as
// it stands, and cannot.
func Read(folder fs.FS, name string) (map[string]string, error) {
	sources := map[string]string{}
	var faults strictyaml.Faults
	for _, item := range Items {
		text, err := fs.ReadFile(folder, item+".md")
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			if line, bad := notUTF8(text); bad != "" {
				faults = append(faults, strictyaml.Fault{Place: strictyaml.Place{File: path.Join(name, item+".md"), Line: line, Column: 1},
					Message: fmt.Sprintf("%s is not UTF-8; save the text as UTF-8", bad)})
			}
			sources[item] = string(text)
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return sources, nil
}

// notUTF8 gives the first byte of a text that is not UTF-8, and its line.
func notUTF8(text []byte) (line int, bad string) {
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			return bytes.Count(text[:at], []byte("\n")) + 1, fmt.Sprintf("the byte %02X", text[at])
		}
		at += size
	}
	return 0, ""
}

// Evaluate makes the text of every item of its source; name is what their folder is
// called. The faults are of all texts; the texts have a mark in each fault's place.
func Evaluate(sources map[string]string, name string, figures Figures) ([]Text, strictyaml.Faults) {
	var texts []Text
	var faults strictyaml.Faults
	for _, item := range Items {
		shown := path.Join(name, item+".md")
		source, there := sources[item]
		if !there {
			message := fmt.Sprintf("there is no text for item %s; comment11 init --commentary writes a first draft of every item that has none", item)
			faults = append(faults, strictyaml.Fault{Place: strictyaml.Place{File: shown, Line: 1, Column: 1}, Message: message})
			texts = append(texts, Text{Item: item, File: shown, Markdown: mark(message)})
			continue
		}
		t, found := evaluate(item, shown, source, figures)
		texts, faults = append(texts, t), append(faults, found...)
	}
	return texts, faults
}

// mark is what a draft shows in the place of a fault.
func mark(message string) string { return "**[DRAFT: " + message + "]**" }

// evaluation is a text under way.
type evaluation struct {
	figures Figures
	file    string
	source  string
	faults  strictyaml.Faults
	quoted  []string // lines of date, address and displayed figure
	text    Text
	stated  *statement
}

// statement is the text's own word about the figures on which it was written.
type statement struct {
	digest string
	at     int
}

func evaluate(item, file, source string, figures Figures) (Text, strictyaml.Faults) {
	e := &evaluation{figures: figures, file: file, source: source, text: Text{Item: item, File: file, Immaterial: map[string]string{}}}
	tree := parse.New(file)
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(source, "", "", map[string]*parse.Tree{}); err != nil {
		line, message := syntaxError(err)
		e.faults = append(e.faults, strictyaml.Fault{Place: strictyaml.Place{File: file, Line: line, Column: 1}, Message: message})
		e.text.Markdown = mark(message)
		return e.text, e.faults
	}
	var b strings.Builder
	for _, node := range tree.Root.Nodes {
		b.WriteString(e.node(node))
	}
	digest := e.digest()
	switch {
	case !saysSomething(b.String()) && len(e.faults) == 0:
		b.WriteString(e.fault(0, "the text says nothing; write what answers item %s, or remove the file and let comment11 init --commentary write a first draft", item))
	case e.stated == nil:
		e.fault(0, "the text does not say on which figures it was written; read it, then write {{figures %q}} into it", digest)
	case e.stated.digest != digest:
		b.WriteString("\n\n" + e.fault(e.stated.at, "the text is older than the figures that it quotes: they have changed since; read it again, then write {{figures %q}}", digest))
	}
	e.text.Markdown = strings.TrimSpace(b.String()) + "\n"
	slices.Sort(e.text.Quoted)
	e.text.Quoted = slices.Compact(e.text.Quoted)
	return e.text, e.faults
}

var remark = regexp.MustCompile(`(?s)<!--.*?-->`)

// saysSomething tells whether a text has words that a reader sees.
func saysSomething(markdown string) bool {
	return strings.ContainsFunc(remark.ReplaceAllString(markdown, ""), func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

var syntaxPlace = regexp.MustCompile(`^template: .*?:(\d+): (.*)$`)

func syntaxError(err error) (line int, message string) {
	if m := syntaxPlace.FindStringSubmatch(err.Error()); m != nil {
		line, err := strconv.Atoi(m[1])
		if err == nil {
			return line, m[2]
		}
	}
	return 1, err.Error()
}

// fault notes what is wrong at a byte of the text, and gives the mark for it.
func (e *evaluation) fault(at int, format string, arguments ...any) string {
	message := fmt.Sprintf(format, arguments...)
	before := e.source[:min(at, len(e.source))]
	e.faults = append(e.faults, strictyaml.Fault{Message: message, Place: strictyaml.Place{File: e.file,
		Line: strings.Count(before, "\n") + 1, Column: at - strings.LastIndexByte(before, '\n')}})
	return mark(message)
}

// digest identifies the figures that the text quotes.
func (e *evaluation) digest() string {
	slices.Sort(e.quoted)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(e.quoted), "\n")))
	return hex.EncodeToString(sum[:5])
}

func (e *evaluation) node(node parse.Node) string {
	switch n := node.(type) {
	case *parse.TextNode:
		return e.plain(string(n.Text), int(n.Pos))
	case *parse.ActionNode:
		return e.action(n)
	default:
		return e.fault(int(node.Position()), "%s: expected a call of a function, such as {{amount \"comment-11a/notional/sold/total\"}}", node)
	}
}

var (
	numerals   = regexp.MustCompile(`[0-9]([0-9.,]*[0-9])?%?`)
	numberWord = regexp.MustCompile(`(?i)\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|millions?|billions?|trillions?|percent|per cent|twice|half|thirds?|quarters? of)\b(-way)?`)
	moveWord   = regexp.MustCompile(`(?i)\b(rose|risen|fell|fallen|grew|grown|increased|decreased|declined|dropped|climbed|doubled|tripled|halved)\b`)
)

// typed are what a person may not type, because only data may say it.
var typed = []struct {
	is      *regexp.Regexp
	allowed string // end of what may stand all the same
	message string
}{
	{numerals, "", "%q is typed by hand; quote a cell, as in {{amount \"table/block/row/column\"}}, or a source, as in {{cite \"ASC 815-10-50-4K\"}}"},
	{numberWord, "-way", "%q is a number typed by hand; quote a cell, as in {{share \"table/block/row/column\" \"table/block/row/column\"}}"},
	{moveWord, "", "%q is typed by hand and may not agree with the data; write {{rose \"table/block/row/column\"}}, or fell, grew, increased, decreased, declined"},
}

// plain passes what a person typed on, but for numbers and words that only data may say.
func (e *evaluation) plain(text string, at int) string {
	type hit struct {
		from, to int
		message  string
	}
	var hits []hit
	for _, t := range typed {
		for _, place := range t.is.FindAllStringIndex(text, -1) {
			found := text[place[0]:place[1]]
			if t.allowed == "" || !strings.HasSuffix(strings.ToLower(found), t.allowed) {
				hits = append(hits, hit{place[0], place[1], fmt.Sprintf(t.message, found)})
			}
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return a.from - b.from })
	var b strings.Builder
	last := 0
	for _, h := range hits {
		b.WriteString(text[last:h.from] + e.fault(at+h.from, "%s", h.message))
		last = h.to
	}
	return b.String() + text[last:]
}

// action calls a function of the text.
func (e *evaluation) action(n *parse.ActionNode) string {
	at := int(n.Pos)
	if len(n.Pipe.Cmds) != 1 || len(n.Pipe.Decl) > 0 {
		return e.fault(at, "%s: expected one call of a function and its arguments", n)
	}
	list := n.Pipe.Cmds[0].Args
	identifier, isCall := list[0].(*parse.IdentifierNode)
	if !isCall {
		return e.fault(at, "%s: expected a function, not a value typed by hand", n)
	}
	known, isFunction := functions[identifier.Ident]
	if !isFunction {
		return e.fault(at, "unknown function %q; %s", identifier.Ident, strictyaml.Hint(identifier.Ident, functionNames()))
	}
	var arguments []string
	for _, argument := range list[1:] {
		text, isText := argument.(*parse.StringNode)
		if !isText {
			return e.fault(at, "%s: expected texts in quotes as arguments", n)
		}
		arguments = append(arguments, text.Text)
	}
	if len(arguments) != len(known.arguments) {
		return e.fault(at, "%s has %d arguments; expected %s", identifier.Ident, len(arguments), known.usage(identifier.Ident))
	}
	text, err := known.call(e, at, arguments)
	if err != nil {
		return e.fault(at, "%v", err)
	}
	return text
}
