package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	flatbuffers "github.com/google/flatbuffers/go"

	"comment11/internal/store"
)

// arrowFormat reads Arrow IPC, files and streams, told apart by their first bytes.
// A file is a stream between its magic bytes and its footer, and is read as one, so
// that either may be compressed. Records are counted by the messages' own words,
// and written with their types to the Parquet file that the engine reads.
var arrowFormat = format{
	name:    "arrow",
	inParts: true,
	typed:   true,
	header: func(_ Source, path string) ([]string, error) {
		found, err := scanArrow(path)
		return found.header, err
	},
	scan: func(_ Input, _ Source, path string) (scanned, error) {
		return scanHashed(path, func() (scanned, error) { return scanArrow(path) })
	},
	prepare: func(_ context.Context, _ *store.DB, in Input, _ Source, files []*File) error {
		for _, file := range files {
			if err := decodeArrow(in, file); err != nil {
				return fmt.Errorf("%s: decoding: %w", file.Name, err)
			}
		}
		return nil
	},
	relation: parquetRelation,
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
	fieldChildren, fieldMetadata                                    = 14, 16
	dictionaryData                                                  = 6
	batchLength, batchNodes, batchBuffers, batchCompression, counts = 4, 6, 8, 10, 12
	footerBatches                                                   = 10

	bytesOfPointer, bytesOfNode, bytesOfBuffer, bytesOfOffset, bytesOfCount = 24, 16, 16, 4, 8
)

// openArrow opens the stream of a file.
func openArrow(path string) (io.ReadCloser, *bufio.Reader, bool, error) {
	text, err := openText(path)
	if err != nil {
		return nil, nil, false, err
	}
	in := bufio.NewReaderSize(text, 1<<20)
	begin, err := in.Peek(arrowPadded)
	isFile := bytes.HasPrefix(begin, []byte(arrowMagic))
	switch {
	case errors.Is(err, errBreaksOff):
		err = refuse("unreadable_file", "cannot be read to its end: %v; deliver it again", err)
	case len(begin) == 0:
		err = refuse(emptyFile, "the file is empty; an empty delivery is taken only where the source says allow_empty: true")
	case len(begin) < arrowPadded || !isFile && binary.LittleEndian.Uint32(begin) != continuation:
		err = refuse("wrong_magic", "neither an Arrow file nor an Arrow stream: it begins with %q, expected %q or the bytes FF FF FF FF; set the format of the source", begin, arrowMagic)
	case isFile:
		_, err = in.Discard(arrowPadded)
	default:
		err = nil
	}
	if err != nil {
		return nil, nil, false, errors.Join(err, text.Close())
	}
	return text, in, isFile, nil
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
func scanArrow(path string) (scanned, error) {
	records, err := countArrow(path)
	if err != nil {
		return scanned{}, err
	}
	columns, err := arrowColumns(path)
	return scanned{header: footer{columns: columns}.header(), records: records}, err
}

func countArrow(path string) (records int64, err error) {
	text, in, isFile, err := openArrow(path)
	if err != nil {
		return 0, err
	}
	defer text.Close()
	records, batches, err := walkArrow(in)
	if err != nil {
		return 0, err
	}
	rest, err := io.ReadAll(io.LimitReader(in, mostOfMessage))
	switch {
	case err != nil:
		return 0, damagedArrow("%v", err)
	case isFile:
		err = checkFooter(rest, batches)
	case len(rest) > 0:
		err = damagedArrow("bytes after the end of the stream")
	}
	return records, err
}

// walkArrow goes over the messages up to the mark of the stream's end.
func walkArrow(in *bufio.Reader) (records, batches int64, err error) {
	defer func() {
		if fault := recover(); fault != nil { // flatbuffers panics beyond its buffer
			err = damagedArrow("message %d: %v", batches+1, fault)
		}
	}()
	for {
		var head [8]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return 0, 0, damagedArrow("no mark ends the stream after %d record batches", batches)
		}
		size := binary.LittleEndian.Uint32(head[4:])
		if binary.LittleEndian.Uint32(head[:]) != continuation || size > mostOfMessage {
			return 0, 0, damagedArrow("no message begins after %d record batches", batches)
		}
		if size == 0 {
			return records, batches, nil
		}
		description := make([]byte, size)
		if _, err := io.ReadFull(in, description); err != nil {
			return 0, 0, damagedArrow("it ends within a message after %d record batches", batches)
		}
		message := flatbuffers.Table{Bytes: description, Pos: flatbuffers.GetUOffsetT(description)}
		body := message.GetInt64Slot(messageBody, 0)
		if body < 0 || body > mostOfBody {
			return 0, 0, damagedArrow("a message of %d bytes, expected at most %d", body, int64(mostOfBody))
		}
		length, buffers := checkMessage(message, body)
		if message.GetByteSlot(messageKind, 0) == batchMessage {
			records, batches = records+length, batches+1
		}
		if skipped, err := skipBody(in, body, buffers); err != nil {
			return 0, 0, damagedArrow("it ends %d bytes before the end of a message, after %d record batches", body-skipped, batches)
		}
	}
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

// decodeArrow writes the record batches of a file to Parquet, in their types.
func decodeArrow(in Input, file *File) (err error) {
	text, stream, _, err := openArrow(file.path)
	if err != nil {
		return err
	}
	defer text.Close()
	defer func() {
		if fault := recover(); fault != nil { // at buffers that are not as the message says
			err = damagedArrow("%v", fault)
		}
	}()
	reader, err := ipc.NewReader(stream)
	if err != nil {
		return damagedArrow("%v", err)
	}
	defer reader.Release()
	writer, err := createParquet(in, file, reader.Schema())
	if err != nil {
		return err
	}
	for reader.Next() {
		batch := reader.RecordBatch()
		if err := checkColumns(batch); err != nil {
			return errors.Join(err, writer.Close())
		}
		if err := writer.WriteBuffered(batch); err != nil {
			return errors.Join(err, writer.Close())
		}
	}
	if err := reader.Err(); err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(damagedArrow("%v", err), writer.Close())
	}
	if err := writer.Close(); err != nil { // which closes the file, too
		return err
	}
	return file.useParquet()
}

// checkColumns holds that the texts of a batch lie within its bytes.
func checkColumns(batch arrow.RecordBatch) error {
	for i, column := range batch.Columns() {
		if dictionary, ok := column.(*array.Dictionary); ok {
			column = dictionary.Dictionary()
		}
		if texts, ok := column.(interface{ ValidateFull() error }); ok {
			if err := texts.ValidateFull(); err != nil {
				return damagedArrow("column %q: %v", batch.ColumnName(i), err)
			}
		}
	}
	return nil
}
