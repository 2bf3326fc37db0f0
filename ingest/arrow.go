package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

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
		columns, err := arrowColumns(path)
		return footer{columns: columns}.header(), err
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
	arrowMagic     = "ARROW1"
	arrowPadded    = 8          // bytes of the magic, padded
	mostOfMessage  = 64 << 20   // bytes of a message's description
	mostOfBody     = 2 << 30    // bytes of a message's columns
	continuation   = 0xFFFFFFFF // begins a message
	recordBatch    = 3          // the kind of a message
	messageKind    = 6          // offset of a message's kind in its flatbuffer's table
	messageHeader  = 8
	messageBody    = 10 // its columns' bytes
	batchLength    = 4  // offset of a record batch's length in its own table
	footerBatches  = 10 // offset of the record batches in a footer's table
	bytesOfPointer = 24 // of a footer's pointer to a record batch
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
// their columns, and sees that the stream ends as it must.
func scanArrow(path string) (scanned, error) {
	columns, err := arrowColumns(path)
	if err != nil {
		return scanned{}, err
	}
	text, in, isFile, err := openArrow(path)
	if err != nil {
		return scanned{}, err
	}
	defer text.Close()
	records, batches, err := walkArrow(in)
	if err != nil {
		return scanned{}, err
	}
	rest, err := io.ReadAll(io.LimitReader(in, mostOfMessage))
	switch {
	case err != nil:
		return scanned{}, damagedArrow("%v", err)
	case isFile:
		err = checkFooter(rest, batches)
	case len(rest) > 0:
		err = damagedArrow("%d bytes after the end of the stream", len(rest))
	}
	return scanned{header: footer{columns: columns}.header(), records: records}, err
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
		if message.GetByteSlot(messageKind, 0) == recordBatch {
			var batch flatbuffers.Table
			message.Union(&batch, flatbuffers.UOffsetT(message.Offset(messageHeader)))
			length := batch.GetInt64Slot(batchLength, 0)
			if length < 0 {
				return 0, 0, damagedArrow("a record batch of %d records", length)
			}
			records, batches = records+length, batches+1
		}
		if skipped, err := io.CopyN(io.Discard, in, body); err != nil {
			return 0, 0, damagedArrow("it ends %d bytes before the end of a message, after %d record batches", body-skipped, batches)
		}
	}
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
	listed := 0
	if at := table.Offset(footerBatches); at != 0 {
		listed = table.VectorLen(flatbuffers.UOffsetT(at))
	}
	if int64(listed) != batches || listed*bytesOfPointer > len(described) {
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
		if err := writer.WriteBuffered(reader.RecordBatch()); err != nil {
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
