package ingest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	flatbuffers "github.com/google/flatbuffers/go"
)

// arrowFormat reads Arrow IPC, files and streams, told apart by their first bytes.
// A file is a stream between its magic bytes and its footer, and is read as one, so
// that either may be compressed. Records are counted by the messages' own words,
// and those of a part written with their types to the Parquet file that the engine
// reads.
var arrowFormat = format{
	name:    "arrow",
	inParts: true,
	typed:   true,
	header: func(_ Source, path string) ([]string, error) {
		found, err := scanArrow(path, math.MaxInt64) // the decoder must not come first
		return found.header, err
	},
	scan: func(in Input, _ Source, path string) (scanned, error) {
		return scanHashed(path, func() (scanned, error) { return scanArrow(path, in.markEvery()) })
	},
	relation: func(in Input, _ Source, p part) (string, func() error, error) {
		return decodedRelation(in, p, decodeArrow)
	},
}

const (
	arrowMagic    = "ARROW1"
	arrowPadded   = 8          // bytes of the magic, padded
	mostOfMessage = 64 << 20   // bytes of a message's description
	mostOfBody    = 2 << 30    // bytes of a message's columns
	mostOfBatch   = 1 << 28    // records of a compressed batch
	mostNesting   = 8          // columns within each other
	continuation  = 0xFFFFFFFF // begins a message
)

// Kinds of messages, and where things stand in the tables of the Arrow format
// (Message.fbs, Schema.fbs, File.fbs).
const (
	schemaMessage, dictionaryMessage, batchMessage = 1, 2, 3

	messageKind, messageHeader, messageBody                         = 6, 8, 10
	schemaFields, schemaMetadata                                    = 6, 8
	fieldName, fieldChildren, fieldMetadata                         = 4, 14, 16
	dictionaryData                                                  = 6
	batchLength, batchNodes, batchBuffers, batchCompression, counts = 4, 6, 8, 10, 12
	footerBatches                                                   = 10

	bytesOfPointer, bytesOfNode, bytesOfBuffer, bytesOfOffset, bytesOfCount = 24, 16, 16, 4, 8
)

// openArrow opens the stream of a file and gives where its first message begins.
func openArrow(path string) (text io.ReadCloser, in *bufio.Reader, begin int64, err error) {
	text, err = openText(path)
	if err != nil {
		return nil, nil, 0, err
	}
	in = bufio.NewReaderSize(text, 1<<20)
	head, err := in.Peek(arrowPadded)
	isFile := bytes.HasPrefix(head, []byte(arrowMagic))
	switch {
	case errors.Is(err, errBreaksOff):
		err = refuse("unreadable_file", "cannot be read to its end: %v; deliver it again", err)
	case len(head) == 0:
		err = refuse(emptyFile, "the file is empty; an empty delivery is taken only where the source says allow_empty: true")
	case len(head) < arrowPadded || !isFile && binary.LittleEndian.Uint32(head) != continuation:
		err = refuse("wrong_magic", "neither an Arrow file nor an Arrow stream: it begins with %q, expected %q or the bytes FF FF FF FF; set the format of the source", head, arrowMagic)
	case isFile:
		begin = arrowPadded
		_, err = in.Discard(arrowPadded)
	default:
		err = nil
	}
	if err != nil {
		return nil, nil, 0, errors.Join(err, text.Close())
	}
	return text, in, begin, nil
}

// arrowColumns reads the schema alone.
func arrowColumns(path string) (columns []typedColumn, err error) {
	text, in, _, err := openArrow(path)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	defer func() {
		if fault := recover(); fault != nil { // the decoder panics at some of what is no schema
			columns, err = nil, damagedArrow("%v", fault)
		}
	}()
	reader, err := ipc.NewReader(in)
	if err != nil {
		return nil, damagedArrow("%v", err)
	}
	defer reader.Release()
	return typedColumns(reader.Schema())
}

func damagedArrow(format string, arguments ...any) error {
	return refuse("unreadable_file", "the Arrow file is damaged or breaks off: %s; deliver it again", fmt.Sprintf(format, arguments...))
}

// scanArrow adds up what the record batches say of their lengths, without reading
// their columns, and sees that the stream ends as it must. The decoder comes after
// it: it would ask for whatever memory a damaged message speaks of.
func scanArrow(path string, markEvery int64) (scanned, error) {
	result, err := countArrow(path, markEvery)
	if err != nil {
		return scanned{}, err
	}
	columns, err := arrowColumns(path)
	result.header = footer{columns: columns}.header()
	return result, err
}

func countArrow(path string, markEvery int64) (scanned, error) {
	text, in, begin, err := openArrow(path)
	if err != nil {
		return scanned{}, err
	}
	defer text.Close()
	walk := arrowWalk{in: in, at: begin, markEvery: markEvery}
	walk.result.body = begin
	if err := walk.messages(); err != nil {
		return scanned{}, err
	}
	rest, err := io.ReadAll(io.LimitReader(in, mostOfMessage))
	switch {
	case err != nil:
		return scanned{}, damagedArrow("%v", err)
	case begin > 0:
		err = checkFooter(rest, walk.batches)
	case len(rest) > 0:
		err = damagedArrow("bytes after the end of the stream")
	}
	return walk.result, err
}

// arrowWalk goes over the messages of a stream.
type arrowWalk struct {
	in        *bufio.Reader
	at        int64 // bytes
	batches   int64
	markEvery int64 // records
	result    scanned
}

// messages goes up to the mark of the stream's end.
func (w *arrowWalk) messages() (err error) {
	defer func() {
		if fault := recover(); fault != nil { // flatbuffers panics beyond its buffer
			err = damagedArrow("message %d: %v", w.batches+1, fault)
		}
	}()
	for {
		head, description, err := readMessage(w.in)
		switch {
		case err != nil:
			return damagedArrow("%v after %d record batches", err, w.batches)
		case description == nil:
			w.result.textBytes = w.at
			return nil
		}
		message := flatbuffers.Table{Bytes: description, Pos: flatbuffers.GetUOffsetT(description)}
		body := message.GetInt64Slot(messageBody, 0)
		if body < 0 || body > mostOfBody {
			return damagedArrow("a message of %d bytes, expected at most %d", body, int64(mostOfBody))
		}
		if err := refuseNested(message); err != nil {
			return err
		}
		length, buffers := checkMessage(message, body)
		if message.GetByteSlot(messageKind, 0) == batchMessage {
			w.batch(length)
		}
		if skipped, err := skipBody(w.in, body, buffers); err != nil {
			return damagedArrow("it ends %d bytes before the end of a message, after %d record batches", body-skipped, w.batches)
		}
		w.at += int64(len(head)+len(description)) + body
	}
}

// refuseNested refuses columns that have others within them by their names: what is
// wrong with the lengths of their parts would say less.
func refuseNested(message flatbuffers.Table) error {
	if message.GetByteSlot(messageKind, 0) != schemaMessage {
		return nil
	}
	var schema flatbuffers.Table
	message.Union(&schema, flatbuffers.UOffsetT(message.Offset(messageHeader)))
	fields, count := vector(schema, schemaFields, bytesOfOffset)
	for i := range count {
		field := flatbuffers.Table{Bytes: schema.Bytes, Pos: schema.Indirect(fields + flatbuffers.UOffsetT(i*bytesOfOffset))}
		if _, children := vector(field, fieldChildren, bytesOfOffset); children > 0 {
			return refuse("nested_column", nestedColumn, field.String(field.Pos+flatbuffers.UOffsetT(field.Offset(fieldName))), "an Arrow type with columns of its own")
		}
	}
	return nil
}

// batch counts a record batch, at which a part of the file may begin.
func (w *arrowWalk) batch(length int64) {
	marks := w.result.marks
	if len(marks) == 0 || w.result.records-marks[len(marks)-1].before >= w.markEvery {
		w.result.marks = append(marks, mark{w.at, w.result.records})
	}
	w.result.records, w.batches = w.result.records+length, w.batches+1
}

// readMessage reads how a message describes itself: nil at the stream's end.
func readMessage(in *bufio.Reader) (head, description []byte, err error) {
	head = make([]byte, 8)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, nil, errors.New("no mark ends the stream")
	}
	size := binary.LittleEndian.Uint32(head[4:])
	switch {
	case binary.LittleEndian.Uint32(head) != continuation || size > mostOfMessage:
		return nil, nil, errors.New("no message begins")
	case size == 0:
		return head, nil, nil
	}
	description = make([]byte, size)
	if _, err := io.ReadFull(in, description); err != nil {
		return nil, nil, errors.New("it ends within a message")
	}
	return head, description, nil
}

// checkMessage panics, as flatbuffers does, where a message speaks of more than it
// has; it gives the records of a batch, and where its compressed buffers begin.
func checkMessage(message flatbuffers.Table, body int64) (length int64, compressed []int64) {
	var header, data flatbuffers.Table
	message.Union(&header, flatbuffers.UOffsetT(message.Offset(messageHeader)))
	switch message.GetByteSlot(messageKind, 0) {
	case schemaMessage:
		checkFields(header, schemaFields, mostNesting)
		vector(header, schemaMetadata, bytesOfOffset)
		return 0, nil
	case dictionaryMessage:
		at := header.Offset(dictionaryData)
		data = flatbuffers.Table{Bytes: header.Bytes, Pos: header.Indirect(header.Pos + flatbuffers.UOffsetT(at))}
	case batchMessage:
		data = header
	default:
		panic("a message of an unknown kind")
	}
	length = data.GetInt64Slot(batchLength, 0)
	compression := data.Offset(batchCompression) != 0
	if length < 0 || compression && length > mostOfBatch || !compression && length > 8*body {
		panic(fmt.Sprintf("%d records in %d bytes", length, body))
	}
	nodes, count := vector(data, batchNodes, bytesOfNode)
	for i := range count {
		if got := data.GetInt64(nodes + flatbuffers.UOffsetT(i*bytesOfNode)); got != length { // no column is nested
			panic(fmt.Sprintf("a column of %d values in a batch of %d records", got, length))
		}
	}
	vector(data, counts, bytesOfCount)
	buffers, count := vector(data, batchBuffers, bytesOfBuffer)
	for i := range count {
		at := buffers + flatbuffers.UOffsetT(i*bytesOfBuffer)
		from, size := data.GetInt64(at), data.GetInt64(at+8)
		if from < 0 || size < 0 || from > body-size {
			panic(fmt.Sprintf("a column of %d bytes from byte %d of %d", size, from, body))
		}
		if compression && size >= 8 {
			compressed = append(compressed, from)
		}
	}
	return length, compressed
}

// checkFields goes over the columns of a schema, and those within each.
func checkFields(table flatbuffers.Table, slot flatbuffers.VOffsetT, deepest int) {
	fields, count := vector(table, slot, bytesOfOffset)
	if deepest == 0 && count > 0 {
		panic("columns within each other without end")
	}
	for i := range count {
		field := flatbuffers.Table{Bytes: table.Bytes, Pos: table.Indirect(fields + flatbuffers.UOffsetT(i*bytesOfOffset))}
		vector(field, fieldMetadata, bytesOfOffset)
		checkFields(field, fieldChildren, deepest-1)
	}
}

// vector gives where a vector of a table begins, and how many elements it has.
func vector(table flatbuffers.Table, slot flatbuffers.VOffsetT, size int) (begin flatbuffers.UOffsetT, count int) {
	at := flatbuffers.UOffsetT(table.Offset(slot))
	if at == 0 {
		return 0, 0
	}
	begin, count = table.Vector(at), table.VectorLen(at)
	if count > (len(table.Bytes)-int(begin))/size {
		panic(fmt.Sprintf("%d elements in %d bytes", count, len(table.Bytes)))
	}
	return begin, count
}

// skipBody skips the columns of a message. Of compressed ones it reads how long
// they say that they are.
func skipBody(in *bufio.Reader, body int64, compressed []int64) (skipped int64, err error) {
	slices.Sort(compressed)
	var all int64
	for _, from := range slices.Compact(compressed) {
		n, err := io.CopyN(io.Discard, in, from-skipped)
		if skipped += n; err != nil {
			return skipped, err
		}
		stated, err := in.Peek(8)
		if err != nil {
			return skipped, err
		}
		const asItIs = -1 // not compressed after all
		if size := int64(binary.LittleEndian.Uint64(stated)); size != asItIs {
			if all += size; size < 0 || size > mostOfBody || all > mostOfBody {
				panic(fmt.Sprintf("columns of %d bytes, expected at most %d", all, int64(mostOfBody)))
			}
		}
	}
	n, err := io.CopyN(io.Discard, in, body-skipped)
	return skipped + n, err
}

// checkFooter holds the footer of a file against the record batches that it has.
func checkFooter(rest []byte, batches int64) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = damagedArrow("its footer: %v", fault)
		}
	}()
	described, complete := bytes.CutSuffix(rest, []byte(arrowMagic))
	if !complete || len(described) < 4 {
		return damagedArrow("its footer does not end it")
	}
	size := binary.LittleEndian.Uint32(described[len(described)-4:])
	described = described[:len(described)-4]
	if int(size) != len(described) {
		return damagedArrow("a footer of %d bytes in the place of %d", size, len(described))
	}
	table := flatbuffers.Table{Bytes: described, Pos: flatbuffers.GetUOffsetT(described)}
	if _, listed := vector(table, footerBatches, bytesOfPointer); int64(listed) != batches {
		return damagedArrow("its footer lists %d record batches, it has %d", listed, batches)
	}
	return nil
}

// arrowPart is the stream of a part of a file: of the record batches its own alone,
// but all that describes columns and dictionaries.
type arrowPart struct {
	in       *bufio.Reader
	at       int64 // bytes
	from, to int64
	message  []byte // what is still to be handed on of the message's description
	body     int64  // and of its body
}

func (r *arrowPart) Read(p []byte) (int, error) {
	for len(r.message) == 0 && r.body == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	if n := copy(p, r.message); n > 0 {
		r.message = r.message[n:]
		return n, nil
	}
	n, err := r.in.Read(p[:min(int64(len(p)), r.body)])
	r.body -= int64(n)
	return n, err
}

// next goes on to the next message of the part.
func (r *arrowPart) next() error {
	if r.at >= r.to {
		return io.EOF
	}
	head, description, err := readMessage(r.in)
	if err != nil {
		return err
	}
	message := flatbuffers.Table{Bytes: description, Pos: flatbuffers.GetUOffsetT(description)}
	body := message.GetInt64Slot(messageBody, 0)
	before := r.at < r.from && message.GetByteSlot(messageKind, 0) == batchMessage
	r.at += int64(len(head)+len(description)) + body
	if before {
		_, err := io.CopyN(io.Discard, r.in, body)
		return err
	}
	r.message, r.body = append(head, description...), body
	return nil
}

// decodeArrow writes the record batches of a part to Parquet, in their types.
func decodeArrow(p part, decoded string) (err error) {
	text, in, begin, err := openArrow(p.file.path)
	if err != nil {
		return err
	}
	defer text.Close()
	defer func() {
		if fault := recover(); fault != nil { // at buffers that are not as the message says
			err = damagedArrow("%v", fault)
		}
	}()
	reader, err := ipc.NewReader(&arrowPart{in: in, at: begin, from: p.from, to: p.to})
	if err != nil {
		return damagedArrow("%v", err)
	}
	defer reader.Release()
	writer, err := createParquet(decoded, reader.Schema())
	if err != nil {
		return err
	}
	for before := p.before; reader.Next(); {
		batch := reader.RecordBatch()
		if err := checkColumns(batch, before); err != nil {
			return errors.Join(err, writer.Close())
		}
		before += batch.NumRows()
		if err := writer.WriteBuffered(batch); err != nil {
			if disk := (*fs.PathError)(nil); !errors.As(err, &disk) { // a value that has no Parquet
				err = damagedArrow("%v", err)
			}
			return errors.Join(err, writer.Close())
		}
	}
	if err := reader.Err(); err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(damagedArrow("%v", err), writer.Close())
	}
	return writer.Close() // which closes the file, too
}

// checkColumns holds that the values of a batch lie within its bytes and are what
// their types say; before is how many records of the file are before it.
func checkColumns(batch arrow.RecordBatch, before int64) error {
	for i, column := range batch.Columns() {
		dictionary, ok := column.(*array.Dictionary)
		if ok {
			column = dictionary.Dictionary()
		}
		row, fault := faultyValue(column)
		switch {
		case fault == "":
		case ok:
			return damagedArrow("column %q: word %d of its dictionary: %s", batch.ColumnName(i), row+1, fault)
		default:
			return damagedArrow("record %d: column %q: %s", before+int64(row)+1, batch.ColumnName(i), fault)
		}
	}
	return nil
}

// faultyValue finds the first value that is none of its type, where the decoder
// would make another of it.
func faultyValue(column arrow.Array) (row int, fault string) {
	switch values := column.(type) {
	case interface{ ValidateFull() error }: // a text
		if values.ValidateFull() != nil {
			return faultyText(column)
		}
	case *array.Date64:
		for row, value := range values.Date64Values() {
			if days := value / millisecondsOfDay; values.IsValid(row) && (value%millisecondsOfDay != 0 || days > math.MaxInt32 || days < math.MinInt32) {
				return row, fmt.Sprintf("%d milliseconds since 1970 are no day", value)
			}
		}
	case *array.Timestamp:
		if values.DataType().(*arrow.TimestampType).Unit != arrow.Second {
			return 0, ""
		}
		for row, value := range values.TimestampValues() {
			if values.IsValid(row) && (value > lastSecond || value < firstSecond) {
				return row, fmt.Sprintf("%d seconds since 1970 are in no year of four digits", value)
			}
		}
	}
	return 0, ""
}

const (
	millisecondsOfDay = 86_400_000

	// The first second of the year 1 and the last of the year 9999, since 1970.
	firstSecond, lastSecond = -62_135_596_800, 253_402_300_799
)

// faultyText finds the first text that is not UTF-8, or that does not lie within
// the column's bytes, which is a panic.
func faultyText(column arrow.Array) (row int, fault string) {
	defer func() {
		if beyond := recover(); beyond != nil {
			fault = fmt.Sprint(beyond)
		}
	}()
	texts := column.(interface{ Value(int) string })
	for row = range column.Len() {
		if text := texts.Value(row); column.IsValid(row) && !utf8.ValidString(text) {
			return row, fmt.Sprintf("%q is not UTF-8", text)
		}
	}
	return 0, fmt.Sprint(column.(interface{ ValidateFull() error }).ValidateFull())
}
