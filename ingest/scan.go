package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// dialect is how a delimited file is written.
type dialect struct {
	delimiter         byte
	quote             byte // 0: quotes mean nothing
	trailingDelimiter bool // lines end in a delimiter, so that the last name of the header is empty
}

// Reasons for which a record cannot be split into the header's fields.
const (
	tooFewFields   = "too_few_fields"
	tooManyFields  = "too_many_fields"
	invalidUTF8    = "invalid_utf8"
	misplacedQuote = "misplaced_quote"
)

// emptyFile is the reason for refusing a file without a header.
const emptyFile = "empty_file"

// maximumRecordSize is the longest record that is read, in bytes.
const maximumRecordSize = 2_000_000

// structuralFault is a record that cannot be split into the header's fields.
type structuralFault struct {
	record int64 // 1 for the first record after the header
	reason string
	fields int    // as found
	found  string // what is wrong, where it is not the number of fields
	text   string // without its line end, at most 1,000 bytes of it
}

// span is a part of the decompressed text, in bytes.
type span struct{ offset, length int64 }

// scanned is what a file's structure comes to.
type scanned struct {
	sha256  string // of the file as it is on disk
	bytes   int64
	header  []string
	records int64 // with structural faults, without header and blank lines
	faults  []structuralFault
	// unsound are the lines that the engine must not see, line ends included: the
	// faults, blank lines before the header, and of a file with one column all blank
	// lines, which would be records.
	unsound   []span
	head      int64 // first byte of the header, in the decompressed text
	body      int64 // and behind it
	textBytes int64 // of the decompressed text
	marks     []mark
}

// isCompressed tells by a file's name whether it is compressed.
func isCompressed(path string) bool {
	return slices.Contains([]string{".gz", ".zst"}, filepath.Ext(path))
}

// refusal is a file that must not be read at all.
type refusal struct{ reason, message string }

func (r *refusal) Error() string { return r.message }

func refuse(reason, format string, arguments ...any) error {
	return &refusal{reason, fmt.Sprintf(format, arguments...)}
}

// scanFile reads a file once, hashing it, and tells its structure on its own,
// before anything else reads it. The error is a *refusal where the file must not
// be read.
func scanFile(path string, d dialect, markEvery int64) (scanned, error) {
	return scanHashed(path, func() (scanned, error) {
		s := scanner{dialect: d, markEvery: markEvery}
		err := s.scanText(path)
		return s.result, err
	})
}

// scanText scans the text of a file.
func (s *scanner) scanText(path string) error {
	text, err := openText(path)
	if err != nil {
		return err
	}
	defer text.Close()
	return s.scan(text)
}

// readHeader reads the header of a file and nothing after it.
func readHeader(path string, d dialect) ([]string, error) {
	s := scanner{dialect: d, headerOnly: true}
	err := s.scanText(path)
	return s.result.header, err
}

// wholeReader tells a compressed text that breaks off from one that ends.
type wholeReader struct{ io.Reader }

var errBreaksOff = errors.New("the compressed text breaks off")

func (r wholeReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errBreaksOff
	}
	return n, err
}

// decompressed is the text of a file that may be compressed, by its name.
func decompressed(r io.Reader, path string) (io.ReadCloser, error) {
	switch filepath.Ext(path) {
	case ".gz":
		return gzip.NewReader(r)
	case ".zst":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	default:
		if file, ok := r.(*os.File); ok {
			return file, nil // as it is: the system copies parts of it by itself
		}
		return io.NopCloser(r), nil
	}
}

// scanner goes over a file's records. It keeps no record: buffers end at record
// ends, but for one record that is still to be completed.
type scanner struct {
	dialect
	headerOnly   bool
	markEvery    int64 // records
	result       scanned
	offset       int64 // of the buffer's first byte in the text
	line         int64 // lines before the next record
	firstLF      int64 // first line that ends in LF alone, 0: none
	firstCRLF    int64
	clean        bool // the chunk is valid UTF-8
	carriage     bool // the chunk has a carriage return
	quoted       bool // the chunk has a quote
	openedAtLine int64
}

const chunkSize = 4 << 20

func (s *scanner) scan(r io.Reader) error {
	var buffer []byte
	chunk := make([]byte, chunkSize)
	for first := true; ; first = false {
		n, err := io.ReadFull(r, chunk)
		atEnd := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !atEnd {
			return refuse("unreadable_file", "cannot be read to its end: %v; deliver it again", err)
		}
		buffer = append(buffer, chunk[:n]...)
		if first {
			if buffer, err = s.start(buffer); err != nil {
				return err
			}
		}
		done, err := s.chunk(buffer, atEnd)
		if err != nil {
			return err
		}
		if s.headerOnly && s.result.header != nil {
			return nil
		}
		if atEnd {
			s.result.textBytes = s.offset + int64(done)
			break
		}
		s.offset += int64(done)
		buffer = append(buffer[:0], buffer[done:]...)
		if len(buffer) > maximumRecordSize {
			return s.tooLong()
		}
	}
	if s.result.header == nil {
		return refuse(emptyFile, "the file is empty; an empty delivery is taken only where the source says allow_empty: true")
	}
	return nil
}

func (s *scanner) tooLong() error {
	if s.openedAtLine > 0 {
		return refuse("unclosed_quote", "line %d: the quote that opens here is not closed within %d bytes; all that follows would be lost", s.openedAtLine, maximumRecordSize)
	}
	return refuse("record_too_long", "line %d: a record of more than %d bytes; is the line end lost?", s.line+1, maximumRecordSize)
}

// start refuses UTF-16 and drops a byte order mark.
func (s *scanner) start(buffer []byte) ([]byte, error) {
	if bytes.HasPrefix(buffer, []byte{0xFE, 0xFF}) || bytes.HasPrefix(buffer, []byte{0xFF, 0xFE}) {
		return nil, refuse("utf_16", "the file is UTF-16, by its byte order mark; deliver it as UTF-8")
	}
	if mark := []byte{0xEF, 0xBB, 0xBF}; bytes.HasPrefix(buffer, mark) {
		s.offset = int64(len(mark))
		return buffer[len(mark):], nil
	}
	return buffer, nil
}

// chunk scans the complete records of the buffer and gives how many bytes they are.
func (s *scanner) chunk(buffer []byte, atEnd bool) (int, error) {
	if at := bytes.IndexByte(buffer, 0); at >= 0 {
		return 0, s.nul(buffer, at)
	}
	complete := len(buffer)
	if !atEnd { // the next chunk has the rest of its last rune
		complete = completeRunes(buffer)
	}
	s.clean = utf8.Valid(buffer[:complete])
	s.carriage = bytes.IndexByte(buffer, '\r') >= 0
	s.quoted = s.quote != 0 && bytes.IndexByte(buffer, s.quote) >= 0
	position := 0
	for position < len(buffer) {
		end, fields, misplaced, err := s.record(buffer[position:], atEnd)
		if err != nil {
			return 0, err
		}
		if end == 0 {
			break // the record goes on beyond the buffer
		}
		if err := s.take(buffer[position:position+end], fields, misplaced, int64(position)); err != nil {
			return 0, err
		}
		position += end
		if s.headerOnly && s.result.header != nil {
			break
		}
	}
	return position, nil
}

func (s *scanner) nul(buffer []byte, at int) error {
	if bytes.Count(buffer[:min(len(buffer), 1000)], []byte{0}) > min(len(buffer), 1000)/4 {
		return refuse("utf_16", "every other byte is NUL: the file is UTF-16; deliver it as UTF-8")
	}
	return refuse("nul_byte", "byte %d is NUL, which no text has; the file is damaged, deliver it again", s.offset+int64(at)+1)
}

// completeRunes is the length without a rune that the end may have cut.
func completeRunes(buffer []byte) int {
	for back := 1; back <= min(utf8.UTFMax, len(buffer)); back++ {
		if b := buffer[len(buffer)-back]; utf8.RuneStart(b) {
			if !utf8.FullRune(buffer[len(buffer)-back:]) {
				return len(buffer) - back
			}
			break
		}
	}
	return len(buffer)
}

// record finds the end of the first record, its line end included, or 0 where
// the buffer does not have it, and counts its fields.
func (s *scanner) record(text []byte, atEnd bool) (end, fields int, misplaced bool, err error) {
	newline := bytes.IndexByte(text, '\n')
	line := text
	switch {
	case newline >= 0:
		line, end = text[:newline], newline+1
	case atEnd:
		end = len(text)
	default:
		return 0, 0, false, nil
	}
	if s.quoted && bytes.IndexByte(line, s.quote) >= 0 {
		return s.quotedRecord(text, atEnd)
	}
	return end, bytes.Count(line, []byte{s.delimiter}) + 1, false, s.bareReturn(line)
}

// quotedRecord is record for one with quotes: a quote opens a field only as its
// first byte, a doubled one is a quote, and after the closing one must come a
// delimiter or the line's end. A quote after one blank is misplaced: the engine takes
// it for an opening one, and would read over the line's end.
func (s *scanner) quotedRecord(text []byte, atEnd bool) (end, fields int, misplaced bool, err error) {
	fields = 1
	for i := 0; ; {
		misplaced = misplaced || bytes.HasPrefix(text[i:], []byte{' ', s.quote})
		if i < len(text) && text[i] == s.quote {
			s.openedAtLine = s.line + 1 + int64(bytes.Count(text[:i], []byte{'\n'}))
			if i = s.closing(text, i+1); i < 0 {
				if atEnd {
					return 0, 0, false, s.unclosed()
				}
				return 0, 0, false, nil
			}
			s.openedAtLine = 0
			misplaced = misplaced || (i < len(text) && text[i] != s.delimiter && text[i] != '\n' && text[i] != '\r')
		}
		next := bytes.IndexAny(text[i:], string([]byte{s.delimiter, '\n'}))
		switch {
		case next < 0 && !atEnd:
			return 0, 0, false, nil
		case next < 0:
			return len(text), fields, misplaced, s.bareReturn(text[i:])
		case text[i+next] == '\n':
			return i + next + 1, fields, misplaced, s.bareReturn(text[i : i+next])
		}
		if err := s.bareReturn(text[i : i+next+1]); err != nil {
			return 0, 0, false, err
		}
		fields++
		i += next + 1
	}
}

// closing gives the index after the quote that closes a field, or -1.
func (s *scanner) closing(text []byte, i int) int {
	for {
		next := bytes.IndexByte(text[i:], s.quote)
		if next < 0 {
			return -1
		}
		i += next + 1
		if i >= len(text) || text[i] != s.quote {
			return i
		}
		i++
	}
}

func (s *scanner) unclosed() error {
	return refuse("unclosed_quote", "line %d: the quote that opens here is not closed; all that follows would be lost", s.openedAtLine)
}

// take counts a record, or makes it the header.
func (s *scanner) take(record []byte, fields int, misplaced bool, at int64) error {
	s.line++
	line, err := s.withoutEnd(record)
	if err != nil {
		return err
	}
	here := span{s.offset + at, int64(len(record))}
	if len(line) == 0 { // a blank line
		if len(s.result.header) < 2 { // one before the header the engine takes for it
			s.result.unsound = append(s.result.unsound, here)
		}
		return nil
	}
	defer func() { s.line += int64(bytes.Count(line, []byte{'\n'})) }()
	if s.result.header == nil {
		s.result.body = here.offset + here.length
		s.result.head = here.offset
		return s.header(line, misplaced)
	}
	if s.markEvery > 0 && s.result.records%s.markEvery == 0 {
		s.result.marks = append(s.result.marks, mark{here.offset, s.result.records - int64(len(s.result.faults))})
	}
	s.result.records++
	var reason string
	switch {
	case misplaced:
		reason = misplacedQuote
	case fields < len(s.result.header):
		reason = tooFewFields
	case fields > len(s.result.header):
		reason = tooManyFields
	case !s.clean && !utf8.Valid(line):
		reason = invalidUTF8
	default:
		return nil
	}
	s.result.faults = append(s.result.faults, structuralFault{record: s.result.records, reason: reason, fields: fields,
		text: strings.ToValidUTF8(string(line[:min(len(line), 1000)]), "\uFFFD")})
	s.result.unsound = append(s.result.unsound, here)
	return nil
}

// withoutEnd takes the line end off a record and sees that all are alike.
func (s *scanner) withoutEnd(record []byte) ([]byte, error) {
	line, ended := bytes.CutSuffix(record, []byte{'\n'})
	if !s.carriage {
		if ended && s.firstLF == 0 {
			s.firstLF = s.line
		}
		return line, s.mixed()
	}
	line, hasCR := bytes.CutSuffix(line, []byte{'\r'})
	switch {
	case hasCR && s.firstCRLF == 0:
		s.firstCRLF = s.line
	case ended && !hasCR && s.firstLF == 0:
		s.firstLF = s.line
	}
	return line, s.mixed()
}

// bareReturn refuses a carriage return within what is no quoted field; the last byte
// may be one, before the line's end. The engine ends a line at it.
func (s *scanner) bareReturn(text []byte) error {
	if s.carriage && bytes.IndexByte(text[:max(len(text)-1, 0)], '\r') >= 0 {
		return refuse("mixed_line_ends", "line %d: a carriage return in the middle of a line; expected all lines to end alike, in LF or in CRLF", s.line+1)
	}
	return nil
}

func (s *scanner) mixed() error {
	if s.firstLF > 0 && s.firstCRLF > 0 {
		return refuse("mixed_line_ends", "line %d ends in LF and line %d in CRLF; expected all lines to end alike", s.firstLF, s.firstCRLF)
	}
	return nil
}

// header reads the names of the columns.
func (s *scanner) header(line []byte, misplaced bool) error {
	if !utf8.Valid(line) {
		return refuse("invalid_header", "line %d: the header is not UTF-8; deliver the file as UTF-8", s.line)
	}
	if misplaced {
		return refuse("invalid_header", "line %d: a blank before an opening quote, or text after a closing one, in the header", s.line)
	}
	names := s.split(string(line))
	if s.trailingDelimiter && names[len(names)-1] == "" {
		names[len(names)-1] = fmt.Sprintf("empty column %d", len(names))
	}
	if len(names) == 1 {
		for _, other := range []string{",", ";", "\t", "|"} {
			if strings.Contains(string(line), other) {
				return refuse("wrong_delimiter", "line %d: the header is one column when split at %q, but has %q; set format or delimiter of the source", s.line, string(s.delimiter), other)
			}
		}
	}
	if err := checkNames(names, fmt.Sprintf("line %d: ", s.line)); err != nil {
		return err
	}
	s.result.header = names
	return nil
}

// split gives the fields of a record without structural fault.
func (s *scanner) split(line string) []string {
	var fields []string
	for {
		if s.quote != 0 && line != "" && line[0] == s.quote {
			end := s.closing([]byte(line), 1)
			quote := string(s.quote)
			fields = append(fields, strings.TrimSpace(strings.ReplaceAll(line[1:end-1], quote+quote, quote)))
			if end == len(line) {
				return fields
			}
			line = line[end+1:]
			continue
		}
		field, rest, more := strings.Cut(line, string(s.delimiter))
		fields = append(fields, strings.TrimSpace(field))
		if !more {
			return fields
		}
		line = rest
	}
}
