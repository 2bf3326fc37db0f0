package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Reasons for which a line is no record.
const (
	invalidJSON = "invalid_json"
	notAnObject = "not_an_object"
	repeatedKey = "repeated_key"
	nestedValue = "nested_value"
	missingKey  = "missing_key"
	unknownKey  = "unknown_key"
)

// jsonLinesFormat reads JSON lines: one object per line, all with the keys of the
// first sound one, in any order. Numbers are taken as they are spelled, because a
// JSON number is decimal; the engine would make floating point of them, and so the
// lines are read here.
var jsonLinesFormat = format{
	name:    "jsonl",
	inParts: true,
	header: func(_ Source, path string) ([]string, error) {
		found, err := scanJSONLines(path, 1, true)
		return found.header, err
	},
	scan: func(in Input, _ Source, path string) (scanned, error) {
		return scanHashed(path, func() (scanned, error) { return scanJSONLines(path, in.markEvery(), false) })
	},
	relation: func(in Input, _ Source, p part) (string, func() error, error) {
		return decodedRelation(in, p, decodeJSONLines)
	},
}

// scanJSONLines counts the lines that are not blank and finds those that are no record.
func scanJSONLines(path string, markEvery int64, headerOnly bool) (scanned, error) {
	var result scanned
	var object jsonObject
	early := []structuralFault{}
	end, err := readLines(path, span{length: math.MaxInt64}, func(number, offset int64, line []byte) error {
		if result.records%markEvery == 0 {
			result.marks = append(result.marks, mark{offset, result.records - int64(len(early))})
		}
		result.records++
		reason, found := object.parse(line)
		switch {
		case reason != "":
		case result.header == nil:
			result.header = slices.Clone(object.keys)
			if err := errors.Join(checkNames(result.header, fmt.Sprintf("line %d: ", number)), refuseRepository(result.header)); err != nil {
				return err
			}
			if headerOnly {
				return errEnough
			}
		default:
			reason, found = object.against(result.header)
		}
		if reason != "" {
			early = append(early, structuralFault{record: result.records, reason: reason, found: found,
				text: strings.ToValidUTF8(string(line[:min(len(line), 1000)]), "\uFFFD")})
		}
		return nil
	})
	result.faults, result.textBytes = early, end
	switch {
	case err != nil && !errors.Is(err, errEnough):
		return scanned{}, err
	case result.records == 0:
		return scanned{}, refuse(emptyFile, "no line with a record; an empty delivery is taken only where the source says allow_empty: true")
	case result.header == nil:
		return scanned{}, refuse("invalid_header", "none of %d lines is a record; the first: %s: %s; expected one JSON object per line", result.records, early[0].found, Reasons[early[0].reason])
	}
	return result, nil
}

// errEnough ends the reading of lines early.
var errEnough = errors.New("enough lines were read")

// readLines gives each line of a part of a file that is not blank, its number and
// where it begins, and in the end where the text ends; the line is good until the
// next.
func readLines(path string, within span, take func(number, offset int64, line []byte) error) (end int64, err error) {
	text, err := openText(path)
	if err != nil {
		return 0, err
	}
	defer text.Close()
	if _, err := io.CopyN(io.Discard, text, within.offset); err != nil {
		return 0, err
	}
	return splitLines(io.LimitReader(text, within.length), within.offset, take)
}

// splitLines gives the lines of a text that begins at an offset of the file.
func splitLines(text io.Reader, offset int64, take func(number, offset int64, line []byte) error) (end int64, err error) {
	lines := bufio.NewScanner(text)
	lines.Buffer(make([]byte, 1<<16), maximumRecordSize)
	next := offset
	lines.Split(func(data []byte, atEnd bool) (advance int, line []byte, err error) {
		advance, line, err = bufio.ScanLines(data, atEnd)
		offset, next = next, next+int64(advance)
		return advance, line, err
	})
	number := int64(0)
	for lines.Scan() {
		number++
		line := lines.Bytes()
		if offset == 0 {
			if bytes.HasPrefix(line, []byte{0xFE, 0xFF}) || bytes.HasPrefix(line, []byte{0xFF, 0xFE}) {
				return 0, refuse("utf_16", "the file is UTF-16, by its byte order mark; deliver it as UTF-8")
			}
			line = bytes.TrimPrefix(line, []byte{0xEF, 0xBB, 0xBF})
		}
		if line = bytes.Trim(line, " \t\r"); len(line) == 0 {
			continue
		}
		if at := bytes.IndexByte(line, 0); at >= 0 {
			return 0, refuse("nul_byte", "line %d: a NUL byte, which no text has; the file is damaged or UTF-16, deliver it again", number)
		}
		if err := take(number, offset, line); err != nil {
			return 0, err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return 0, refuse("record_too_long", "line %d: a record of more than %d bytes; is the line end lost?", number+1, maximumRecordSize)
	case err != nil:
		return 0, refuse("unreadable_file", "cannot be read to its end: %v; deliver it again", err)
	}
	return next, nil
}

// jsonObject is an object of one level: its keys and their values as text, nil for
// null. It is made for one line after the other.
type jsonObject struct {
	keys   []string
	values [][]byte
	line   []byte
	at     int
}

// jsonFault is why a line is no record, and what was found there.
type jsonFault struct{ reason, found string }

// parse reads a line. A reason means that it is no record.
func (o *jsonObject) parse(line []byte) (reason, found string) {
	o.keys, o.values, o.line, o.at = o.keys[:0], o.values[:0], line, 0
	if !utf8.Valid(line) {
		return invalidUTF8, ""
	}
	if fault := o.object(); fault != nil {
		if fault.reason != invalidJSON && !json.Valid(line) { // nothing else can be said of what is no JSON
			return invalidJSON, "no sound JSON"
		}
		return fault.reason, fault.found
	}
	if len(o.keys) == 0 {
		return notAnObject, "no key"
	}
	return "", ""
}

func (o *jsonObject) object() *jsonFault {
	o.space()
	if o.next() != '{' {
		if json.Valid(o.line) {
			return &jsonFault{notAnObject, ""}
		}
		return o.invalid("an object")
	}
	o.at++
	if o.space(); o.next() == '}' {
		o.at++
		return o.end()
	}
	for {
		if fault := o.member(); fault != nil {
			return fault
		}
		switch o.space(); o.next() {
		case ',':
			o.at++
			o.space()
		case '}':
			o.at++
			return o.end()
		default:
			return o.invalid("a comma or the end of the object")
		}
	}
}

func (o *jsonObject) end() *jsonFault {
	if o.space(); o.at < len(o.line) {
		return o.invalid("nothing after the object")
	}
	return nil
}

// member reads a key and its value.
func (o *jsonObject) member() *jsonFault {
	key, fault := o.text()
	if fault != nil {
		return fault
	}
	if o.space(); o.next() != ':' {
		return o.invalid("a colon")
	}
	o.at++
	o.space()
	var value []byte
	switch c := o.next(); {
	case c == '"':
		value, fault = o.text()
	case c == '{' || c == '[':
		return &jsonFault{nestedValue, string(key)}
	case c == '-' || c >= '0' && c <= '9':
		value, fault = o.number()
	case o.word("null"):
	case o.word("true"):
		value = []byte("true")
	case o.word("false"):
		value = []byte("false")
	default:
		return o.invalid("a value")
	}
	if fault != nil {
		return fault
	}
	for _, known := range o.keys {
		if known == string(key) {
			return &jsonFault{repeatedKey, known}
		}
	}
	o.keys, o.values = append(o.keys, string(key)), append(o.values, value)
	return nil
}

// text reads a string.
func (o *jsonObject) text() ([]byte, *jsonFault) {
	if o.next() != '"' {
		return nil, o.invalid("a text in quotes")
	}
	escaped := false
	for i := o.at + 1; i < len(o.line); i++ {
		switch c := o.line[i]; {
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			o.at = i
			return nil, o.invalid("no control character in a text")
		case c == '"':
			literal := o.line[o.at : i+1]
			if escaped {
				return o.unescaped(literal, i+1)
			}
			o.at = i + 1
			return literal[1 : len(literal)-1], nil
		}
	}
	o.at = len(o.line)
	return nil, o.invalid("the closing quote")
}

// unescaped reads a string with escapes. Half of a pair of surrogates, which a
// decoder makes U+FFFD of, and NUL are no text.
func (o *jsonObject) unescaped(literal []byte, end int) ([]byte, *jsonFault) {
	var text string
	if json.Unmarshal(literal, &text) != nil {
		return nil, o.invalid("an escape of JSON")
	}
	replaced := strings.Count(text, "\uFFFD") - bytes.Count(literal, []byte("\uFFFD")) - strings.Count(strings.ToLower(string(literal)), `\ufffd`)
	if strings.Contains(text, "\x00") || replaced > 0 {
		return nil, o.invalid("an escape of a character")
	}
	o.at = end
	return []byte(text), nil
}

// number reads a number as it is spelled.
func (o *jsonObject) number() ([]byte, *jsonFault) {
	from := o.at
	for o.at < len(o.line) && strings.IndexByte("+-.eE0123456789", o.line[o.at]) >= 0 {
		o.at++
	}
	if literal := o.line[from:o.at]; json.Valid(literal) {
		return literal, nil
	}
	o.at = from
	return nil, o.invalid("a number")
}

func (o *jsonObject) word(word string) bool {
	if !bytes.HasPrefix(o.line[o.at:], []byte(word)) {
		return false
	}
	o.at += len(word)
	return true
}

func (o *jsonObject) space() {
	for o.at < len(o.line) && strings.IndexByte(" \t\r", o.line[o.at]) >= 0 {
		o.at++
	}
}

// next is the byte that comes, or 0 at the end.
func (o *jsonObject) next() byte {
	if o.at < len(o.line) {
		return o.line[o.at]
	}
	return 0
}

func (o *jsonObject) invalid(expected string) *jsonFault {
	return &jsonFault{invalidJSON, fmt.Sprintf("byte %d: expected %s", o.at+1, expected)}
}

// against holds the keys against those of the header.
func (o *jsonObject) against(header []string) (reason, found string) {
	for _, key := range o.keys {
		if !slices.Contains(header, key) {
			return unknownKey, key
		}
	}
	if len(o.keys) < len(header) {
		missing := slices.IndexFunc(header, func(name string) bool { return !slices.Contains(o.keys, name) })
		return missingKey, header[missing]
	}
	return "", ""
}

// decodeJSONLines writes the sound lines of a part to Parquet.
func decodeJSONLines(p part, decoded string) error {
	header := p.file.header
	fields := make([]arrow.Field, len(header))
	for i, name := range header {
		fields[i] = arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	writer, err := createParquet(decoded, schema)
	if err != nil {
		return err
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	rows := 0
	flush := func() error {
		batch := builder.NewRecordBatch()
		defer batch.Release()
		rows = 0
		return writer.WriteBuffered(batch)
	}
	var object jsonObject
	_, err = readLines(p.file.path, span{p.from, p.to - p.from}, func(_, _ int64, line []byte) error {
		if reason, _ := object.parse(line); reason != "" {
			return nil
		}
		if reason, _ := object.against(header); reason != "" {
			return nil
		}
		for i, name := range header {
			at := i // usually in the same order
			if object.keys[i] != name {
				at = slices.Index(object.keys, name)
			}
			if column := builder.Field(i).(*array.StringBuilder); object.values[at] == nil {
				column.AppendNull()
			} else {
				column.BinaryBuilder.Append(object.values[at])
			}
		}
		if rows++; rows < batchRows {
			return nil
		}
		return flush()
	})
	if err == nil && rows > 0 {
		err = flush()
	}
	return errors.Join(err, writer.Close()) // which closes the file, too
}

// batchRows is how many records are gathered before they are written.
const batchRows = 8192
