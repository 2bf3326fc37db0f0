package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"comment11/internal/store"
)

// parquetFormat reads Parquet. Records are counted by the footer, and read by the engine.
var parquetFormat = format{
	name:    "parquet",
	inParts: true,
	typed:   true,
	header: func(_ Source, path string) ([]string, error) {
		found, err := scanParquet(Input{}, path)
		return found.header, err
	},
	scan: func(in Input, _ Source, path string) (scanned, error) {
		return scanHashed(path, func() (scanned, error) { return scanParquet(in, path) })
	},
	prepare: func(_ context.Context, _ *store.DB, in Input, _ Source, files []*File) error {
		for _, file := range files {
			file.decoded = file.path
			if file.compressed {
				file.decoded = decodedFile(in, file)
				if err := decompressTo(file.decoded, file.path); err != nil {
					return fmt.Errorf("%s: decompressing: %w", file.Name, err)
				}
			}
			if err := file.useParquet(); err != nil {
				return fmt.Errorf("%s: %w", file.Name, err)
			}
		}
		return nil
	},
	relation: parquetRelation,
}

// mostRecords bounds what a footer may speak of: a page of a few bytes can say that
// a value is repeated without end.
const mostRecords = 1 << 30

// rowNumber is the name that the engine gives the number of a row.
const rowNumber = "file_row_number"

// footer is what a Parquet file says of itself.
type footer struct {
	columns []typedColumn
	rows    int64
	marks   []mark // by rows: where row groups begin
}

func (f footer) header() []string {
	names := make([]string, len(f.columns))
	for i, column := range f.columns {
		names[i] = column.name
	}
	return names
}

func scanParquet(in Input, path string) (scanned, error) {
	if isCompressed(path) { // the footer stands at the end
		plain, err := os.CreateTemp(in.Scratch, "scan-*.parquet")
		if err != nil {
			return scanned{}, err
		}
		defer os.Remove(plain.Name())
		if err := errors.Join(plain.Close(), decompressTo(plain.Name(), path)); err != nil {
			return scanned{}, err
		}
		path = plain.Name()
	}
	found, err := readFooter(path)
	return scanned{header: found.header(), records: found.rows}, err
}

// decompressTo writes the text of a compressed file; what breaks off is refused.
func decompressTo(plain, path string) error {
	text, err := openText(path)
	if err != nil {
		return err
	}
	defer text.Close()
	out, err := os.Create(plain)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, text); err != nil {
		return errors.Join(refuse("unreadable_file", "cannot be read to its end: %v; deliver it again", err), out.Close())
	}
	return out.Close()
}

// readFooter reads the footer of a Parquet file and refuses a file that it does
// not describe.
func readFooter(path string) (footer, error) {
	in, err := os.Open(path)
	if err != nil {
		return footer{}, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return footer{}, err
	}
	return footerOf(in, info.Size())
}

func footerOf(in parquet.ReaderAtSeeker, size int64) (result footer, err error) {
	const magic = "PAR1"
	if size == 0 {
		return footer{}, refuse(emptyFile, "the file is empty; an empty delivery is taken only where the source says allow_empty: true")
	}
	begin, end := make([]byte, min(size, int64(len(magic)))), make([]byte, min(size, int64(len(magic))))
	if _, err := in.ReadAt(begin, 0); err != nil {
		return footer{}, err
	}
	if _, err := in.ReadAt(end, size-int64(len(end))); err != nil {
		return footer{}, err
	}
	switch {
	case string(begin) == "PARE":
		return footer{}, refuse("unreadable_file", "an encrypted Parquet file; deliver it without encryption of its own")
	case !bytes.HasPrefix([]byte(magic), begin):
		return footer{}, refuse("wrong_magic", "no Parquet file: it begins with %q, expected %q; set the format of the source", begin, magic)
	case size < 12 || string(end) != magic:
		return footer{}, refuse("unreadable_file", "the Parquet file breaks off: its footer does not end it; deliver it again")
	}
	// The decoder panics at some of what is no footer.
	defer func() {
		if fault := recover(); fault != nil {
			err = damagedFooter(fmt.Errorf("%v", fault))
		}
	}()
	reader, err := parquetfile.NewParquetReader(in)
	if err != nil {
		return footer{}, damagedFooter(err)
	}
	return describe(reader, size)
}

func damagedFooter(err error) error {
	return refuse("unreadable_file", "the footer of the Parquet file cannot be read: %v; deliver it again", err)
}

// describe reads the footer's columns and holds its row groups against the file.
func describe(reader *parquetfile.Reader, size int64) (footer, error) {
	metadata := reader.MetaData()
	schema, err := pqarrow.FromParquet(metadata.Schema, nil, nil)
	if err != nil {
		return footer{}, damagedFooter(err)
	}
	result := footer{rows: metadata.NumRows}
	if result.columns, err = typedColumns(schema); err != nil {
		return footer{}, err
	}
	for i, column := range result.columns {
		if strings.EqualFold(column.name, rowNumber) {
			return footer{}, refuse("reserved_column", "column %q has the name by which the engine calls the number of a row; rename it", column.name)
		}
		if metadata.Schema.Column(i).PhysicalType() == parquet.Types.Int96 { // says nothing of a zone
			result.columns[i].data = &arrow.TimestampType{Unit: arrow.Nanosecond}
		}
	}
	var rows int64
	for i := range reader.NumRowGroups() {
		group := metadata.RowGroup(i)
		result.marks = append(result.marks, mark{rows, rows})
		rows += group.NumRows()
		for c := range group.NumColumns() {
			chunk, err := group.ColumnChunk(c)
			if err != nil {
				return footer{}, damagedFooter(err)
			}
			from := chunk.DataPageOffset()
			if chunk.HasDictionaryPage() && chunk.DictionaryPageOffset() > 0 {
				from = min(from, chunk.DictionaryPageOffset())
			}
			if from < 4 || chunk.TotalCompressedSize() < 0 || from > size-chunk.TotalCompressedSize() || chunk.NumValues() != group.NumRows() {
				return footer{}, damagedFooter(fmt.Errorf("row group %d, column %q: %d values in %d bytes from byte %d, of %d rows and %d bytes",
					i+1, result.columns[c].name, chunk.NumValues(), chunk.TotalCompressedSize(), from, group.NumRows(), size))
			}
		}
	}
	if result.rows < 0 || result.rows > mostRecords {
		return footer{}, damagedFooter(fmt.Errorf("%d records, expected at most %d", result.rows, int64(mostRecords)))
	}
	if rows != result.rows {
		return footer{}, damagedFooter(fmt.Errorf("%d records, in its row groups %d", result.rows, rows))
	}
	return result, nil
}

// useParquet makes the rows of the file's Parquet file what parts are made of.
func (f *File) useParquet() error {
	found, err := readFooter(f.decoded)
	if err != nil {
		return err
	}
	f.columns, f.body, f.textBytes, f.marks, f.compressed = found.columns, 0, found.rows, found.marks, false
	return nil
}

// parquetRelation reads the rows of a part, each value as a CSV file would spell it.
func parquetRelation(_ Input, _ Source, p part) (string, func() error, error) {
	from := store.PlainParquet(p.file.decoded)
	if !p.whole {
		from = fmt.Sprintf("%[1]s where %[2]s >= %[3]d and %[2]s < %[4]d",
			store.ReadParquet([]string{p.file.decoded}), rowNumber, p.from, p.to)
	}
	return textsFrom(p.file.columns, from), func() error { return nil }, nil
}

// textsFrom is the FROM item for typed columns as text.
func textsFrom(columns []typedColumn, from string) string {
	texts := make([]string, len(columns))
	for i, column := range columns {
		texts[i] = column.text() + " as " + store.Identifier(column.name)
	}
	return "(select " + strings.Join(texts, ", ") + " from " + from + ")"
}

// decodedRelation has a part of a file decoded in Go to a Parquet file of its own,
// which the engine reads in its place: parts are decoded side by side.
func decodedRelation(in Input, p part, decode func(p part, decoded string) error) (string, func() error, error) {
	decoded := filepath.Join(in.Scratch, fmt.Sprintf("part-%03d.parquet", p.number))
	end := func() error { return os.Remove(decoded) }
	if err := decode(p, decoded); err != nil {
		_ = end() // it may not be there
		return "", nil, fileError(p.file.Name, err)
	}
	found, err := readFooter(decoded)
	if err == nil && found.rows != p.records {
		err = fmt.Errorf("%d records were decoded, %d counted", found.rows, p.records)
	}
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("%s: reading what was decoded: %w", p.file.Name, err), end())
	}
	return textsFrom(found.columns, store.PlainParquet(decoded)), end, nil
}
