package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"comment11/ingest/nport"
	"comment11/internal/document"
	"comment11/internal/store"
)

// nportFormat reads filings on SEC Form N-PORT.
var nportFormat = documents("nport", func(Input, Source) document.Format { return nport.Format }, nil)

// documents is a format of XML documents: decoded in Go to a Parquet file of text
// in the scratch folder, which DuckDB reads. settle, where there is one, judges
// what can be judged only of all files together, and gives the FROM item for one.
func documents(name string, decoder func(Input, Source) document.Format, settle func(context.Context, *store.DB, Source, []*File) error) format {
	columns := decoder(Input{}, Source{}).AllColumns()
	return format{
		name:   name,
		judged: true,
		header: func(_ Source, path string) ([]string, error) {
			_, err := os.Stat(path)
			return columns, err
		},
		scan: func(_ Input, _ Source, path string) (scanned, error) {
			return scanDocuments(path, decoder(Input{}, Source{}))
		},
		prepare: func(ctx context.Context, db *store.DB, in Input, source Source, files []*File) error {
			for _, file := range files {
				if err := decode(in, decoder(in, source), file); err != nil {
					return fmt.Errorf("%s: decoding: %w", file.Name, err)
				}
			}
			if settle == nil {
				return nil
			}
			return settle(ctx, db, source, files)
		},
		relation: func(_ Input, source Source, p part) (string, func() error, error) {
			end := func() error { return os.Remove(p.file.decoded) }
			if settle == nil {
				return store.PlainParquet(p.file.decoded), end, nil
			}
			return settledRecords(source, *p.file), end, nil
		},
	}
}

// scanDocuments hashes a file and counts its records by the text alone.
func scanDocuments(path string, f document.Format) (scanned, error) {
	return scanHashed(path, func() (scanned, error) {
		text, err := openText(path)
		if err != nil {
			return scanned{}, err
		}
		defer text.Close()
		found, records, err := f.Count(text)
		switch {
		case err != nil:
			return scanned{}, refuse("unreadable_file", "cannot be read to its end: %v; deliver it again", err)
		case found == 0:
			return scanned{}, refuse(emptyFile, "no document; an empty delivery is taken only where the source says allow_empty: true")
		}
		return scanned{header: f.AllColumns(), records: records}, nil
	})
}

// openText opens a file that may be compressed.
func openText(path string) (io.ReadCloser, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := decompressed(file, path)
	if err != nil {
		return nil, errors.Join(refuse("unreadable_file", "cannot be decompressed: %v; deliver it again", err), file.Close())
	}
	return textFile{wholeReader{text}, text, file}, nil
}

// textFile closes the file beneath the text as well.
type textFile struct {
	io.Reader
	text io.Closer
	file *os.File
}

func (t textFile) Close() error {
	return errors.Join(t.text.Close(), t.file.Close())
}

// decode writes the rows of a file to Parquet. Records that the count of the text
// cannot know of, the second legs of trades between our own entities, are added.
func decode(in Input, f document.Format, file *File) (err error) {
	text, err := openText(file.path)
	if err != nil {
		return err
	}
	defer text.Close()
	file.decoded = decodedFile(in, file)
	writer, err := createParquet(file.decoded, f.Schema())
	if err != nil {
		return err
	}
	summary, err := f.Decode(text, func(batch arrow.RecordBatch) error { return writer.Write(batch) })
	file.Records += summary.Additional
	return errors.Join(err, writer.Close()) // which closes the file, too
}

// createParquet creates the scratch file of what is decoded in Go.
func createParquet(path string, schema *arrow.Schema) (*pqarrow.FileWriter, error) {
	out, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	// Read once and thrown away: compression, dictionaries and statistics cost more than they save.
	properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Uncompressed), parquet.WithDictionaryDefault(false),
		parquet.WithStats(false), parquet.WithMaxRowGroupLength(rowGroupRows))
	writer, err := pqarrow.NewFileWriter(schema, out, properties, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return writer, nil
}

// rowGroupRows is the most rows that a row group of a scratch file has.
const rowGroupRows = 122_880
