package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"golang.org/x/sync/errgroup"

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
				return "read_parquet(" + store.Literal(p.file.decoded) + ")", end, nil
			}
			return settledRecords(source, *p.file), end, nil
		},
	}
}

// scanDocuments hashes a file and counts its records by the text alone.
func scanDocuments(path string, f document.Format) (scanned, error) {
	result := scanned{header: f.AllColumns()}
	var both errgroup.Group
	both.Go(func() error {
		text, err := openText(path)
		if err != nil {
			return err
		}
		defer text.Close()
		var found int64
		found, result.records, err = f.Count(text)
		switch {
		case err != nil:
			return refuse("unreadable_file", "cannot be read to its end: %v; deliver it again", err)
		case found == 0:
			return refuse(emptyFile, "no document; an empty delivery is taken only where the source says allow_empty: true")
		}
		return nil
	})
	both.Go(func() error {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		hash := sha256.New()
		result.bytes, err = io.Copy(hash, file)
		result.sha256 = hex.EncodeToString(hash.Sum(nil))
		return err
	})
	err := both.Wait()
	return result, err
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
	file.decoded = filepath.Join(in.Scratch, "decoded-"+file.DataSet+"-"+file.Name+".parquet")
	out, err := os.Create(file.decoded)
	if err != nil {
		return err
	}
	// Read once and thrown away: compression, dictionaries and statistics cost more than they save.
	properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Uncompressed), parquet.WithDictionaryDefault(false), parquet.WithStats(false))
	writer, err := pqarrow.NewFileWriter(f.Schema(), out, properties, pqarrow.DefaultWriterProps())
	if err != nil {
		return errors.Join(err, out.Close())
	}
	summary, err := f.Decode(text, func(batch arrow.RecordBatch) error { return writer.Write(batch) })
	file.Records += summary.Additional
	return errors.Join(err, writer.Close()) // which closes the file, too
}
