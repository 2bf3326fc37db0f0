// Package document reads files of XML documents for the decoders. It cuts a file
// into documents, holds each to limits, hands its records to the decoder as small
// trees by local names, and writes the rows that the decoder makes of them as
// Arrow record batches of text. Documents are decoded side by side and come out
// in the order of the file; memory does not grow with their number.
//
// A document cannot hurt its neighbours: what is wrong with it becomes a rejected
// row for each record that it was to have. It cannot reach out either: document
// types, and with them entities of its own, are refused.
//
// How many records a file has is told twice, by different means: Count reads the
// text alone, Decode parses it.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"
)

// Limits bound what is read as one document. A document beyond them is one
// rejected record.
type Limits struct {
	Bytes    int // of one document
	Depth    int // of elements within each other
	Elements int // of one record, with those of the document that are in none
	Records  int // of one document
}

// Format is what a decoder knows of its documents.
type Format struct {
	// Records are the elements that are records, by local name, with how many
	// records each is. What lies within one is part of it. A document without any
	// is one record by itself.
	Records map[string]int
	Limits  Limits
	Columns []string // of the rows' values
	// Open begins a document.
	Open func(number int) Reader
}

// Reader makes the rows of one document. What it is handed it must not keep: the
// tree of a record is gone with the next.
type Reader interface {
	// Record is called for each record element, in their order.
	Record(record *Node, path string)
	// Rows is called at the end of a sound document, with what of it is no record,
	// and gives as many rows as its record elements stand for.
	Rows(root *Node) []Row
}

// Outcomes of a record.
const (
	Position = "position" // an open trade
	Excluded = "excluded" // left out on purpose
	Rejected = "rejected" // cannot be taken
)

// Reasons for which a whole document is rejected.
const (
	Malformed       = "malformed_document"
	TooLarge        = "document_too_large"
	TooDeep         = "document_too_deep"
	TooManyRecords  = "too_many_records"
	TooManyElements = "too_many_elements"
	DocumentType    = "document_type_declared"
	UnknownDocument = "unknown_document"
)

// Row is what became of one record.
type Row struct {
	Outcome string
	Reason  string  // of an exclusion
	Faults  []Fault // of a reject, and what is to be noted with a position
	Path    string  // document number, colon, element path
	Values  []string
	// Additional marks a row that is more than Count counts, such as the second
	// leg of a trade between two of our entities.
	Additional bool
}

// Fault is what is wrong with a record, or to be noted with one that is taken.
type Fault struct {
	Reason, Column, Value string
	Rejects               bool
}

// Summary is what a file came to.
type Summary struct {
	Documents  int64
	Records    int64 // all rows
	Additional int64 // of them, rows that Count does not count
}

// How much of a file is read before its documents are decoded: little of a small
// file, and of a large one enough for all processors.
const (
	firstBlock = 64 << 10
	blockSize  = 16 << 20
)

// Decode reads a file and hands its rows on, in batches and in order.
func (f Format) Decode(r io.Reader, emit func(arrow.RecordBatch) error) (Summary, error) {
	var summary Summary
	batches := newBatches(f.Columns, emit)
	defer batches.release()
	err := f.split(r, func(documents [][]byte) error {
		for group := range slices.Chunk(documents, groupDocuments) {
			for _, row := range f.group(int(summary.Documents), group) {
				summary.Records++
				if row.Additional {
					summary.Additional++
				}
				if err := batches.add(row); err != nil {
					return err
				}
			}
			summary.Documents += int64(len(group))
		}
		return nil
	})
	if err != nil {
		return summary, err
	}
	return summary, batches.flush()
}

// groupDocuments is how many documents are decoded before their rows are handed on.
const groupDocuments = 512

// group decodes documents side by side and gives their rows in order; before is
// the number of documents before them.
func (f Format) group(before int, documents [][]byte) []Row {
	rows := make([][]Row, len(documents))
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for i, text := range documents {
		workers.Go(func() error {
			rows[i] = f.rows(before+i+1, text)
			return nil
		})
	}
	_ = workers.Wait() // none of them fails
	return slices.Concat(rows...)
}

// Count tells how many documents and records a file has by its text alone.
func (f Format) Count(r io.Reader) (documents, records int64, err error) {
	err = f.split(r, func(list [][]byte) error {
		documents += int64(len(list))
		for _, text := range list {
			records += int64(f.count(text))
		}
		return nil
	})
	return documents, records, err
}

// rows are those of one document, sound or not.
func (f Format) rows(number int, text []byte) []Row {
	p := parser{format: f, number: number, reader: f.Open(number)}
	if fault := p.parse(text); fault.Reason != "" {
		return f.rejected(number, text, fault)
	}
	return p.reader.Rows(&p.root)
}

// rejected are the rows of a document that cannot be taken as a whole: one for
// each record that its text has, as far as that can be told.
func (f Format) rejected(number int, text []byte, fault Fault) []Row {
	rows := make([]Row, f.count(text))
	for i := range rows {
		rows[i] = Row{Outcome: Rejected, Path: fmt.Sprintf("%d:", number), Faults: []Fault{fault}, Values: make([]string, len(f.Columns))}
		if len(rows) > 1 {
			rows[i].Path = fmt.Sprintf("%d: record %d", number, i+1)
		}
	}
	return rows
}

// split cuts a file into documents. Each but the first begins with its XML
// declaration, which can stand nowhere else: so a document that breaks off does
// not swallow the next. A document beyond the limit is handed on as nil.
func (f Format) split(r io.Reader, each func([][]byte) error) error {
	var pending []byte // what is read of the document that is not complete
	skipping := false  // the document is beyond the limit
	searched, size := 0, firstBlock
	r = inUTF8(r)
	for atEnd := false; !atEnd; size = min(4*size, blockSize) {
		block := make([]byte, len(pending)+size)
		copy(block, pending)
		n, err := io.ReadFull(r, block[len(pending):])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			atEnd = true
		} else if err != nil {
			return err
		}
		block = block[:len(pending)+n]
		var documents [][]byte
		start := 0
		for {
			next := declaration(block, max(searched, start+1))
			if next < 0 {
				break
			}
			documents = f.complete(documents, block[start:next], &skipping)
			start, searched = next, next
		}
		if atEnd {
			documents = f.complete(documents, block[start:], &skipping)
			start = len(block)
		}
		if len(documents) > 0 {
			if err := each(documents); err != nil {
				return err
			}
		}
		pending = block[start:]
		if len(pending) > f.Limits.Bytes {
			skipping = true
			pending = pending[len(pending)-len(declarationMark):]
		}
		searched = max(0, len(pending)-len(declarationMark))
	}
	return nil
}

// complete adds a document that is read to its end, without the byte order mark
// of the one that follows. Blank text is none.
func (f Format) complete(documents [][]byte, text []byte, skipping *bool) [][]byte {
	tooLarge := *skipping || len(text) > f.Limits.Bytes
	*skipping = false
	text = bytes.TrimSuffix(text, byteOrderMark)
	switch {
	case tooLarge:
		return append(documents, nil)
	case len(bytes.TrimSpace(bytes.TrimPrefix(text, byteOrderMark))) == 0:
		return documents
	default:
		return append(documents, text)
	}
}

var (
	declarationMark = []byte("<?xml ")
	byteOrderMark   = []byte("\xEF\xBB\xBF")
)

// declaration finds an XML declaration from an offset on, or -1.
func declaration(text []byte, from int) int {
	for from < len(text) {
		at := bytes.Index(text[from:], declarationMark[:5])
		if at < 0 || from+at+5 >= len(text) {
			return -1
		}
		at += from
		if c := text[at+5]; c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			return at
		}
		from = at + 5
	}
	return -1
}
