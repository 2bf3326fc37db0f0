package ingest

import (
	"context"
	"slices"

	"comment11/internal/store"
)

// format is how files of one kind are read. A new one is a file of its own that
// makes one, and a line in formats; configs knows it by a line in its list.
//
// A file's records become a relation of text columns, in their order. Mappings,
// checks, statuses and controls are the same for every format from there on.
type format struct {
	name string
	// header gives the columns of a file without reading its records.
	header func(source Source, path string) ([]string, error)
	// scan reads a file once: its hash, its header, and how many records it has, by
	// other means than those that read them. What must not be read is a *refusal.
	scan func(in Input, source Source, path string) (scanned, error)
	// prepare reads what can be read only of all files of a source together; nil
	// where there is nothing of the kind.
	prepare func(ctx context.Context, db *store.DB, in Input, source Source, files []*File) error
	// relation gives the FROM item for the sound records of a part of a file. end is
	// called when they are read; its error means that not all were.
	relation func(in Input, source Source, p part) (from string, end func() error, err error)
	// inParts says that any database can read the relation, of any part of a file,
	// and that an empty field is NULL in it.
	inParts bool
	// typed says that the columns of a file have types, and one may be floating point.
	typed bool
	// judged says that the relation has the columns record_outcome, record_reason
	// and record_faults: the reader has already told what became of each record.
	judged bool
}

// formats are all that a source can have.
var formats = []format{delimited("csv"), delimited("tsv"), delimited(referenceRates), fpmlFormat, nportFormat, parquetFormat, jsonLinesFormat, arrowFormat}

// format finds that of a source, which the config has checked.
func (s Source) format() format {
	i := slices.IndexFunc(formats, func(f format) bool { return f.name == s.Format })
	return formats[max(i, 0)]
}

// delimited is the format of text with one record per line, its names in the first.
func delimited(name string) format {
	return format{
		name:    name,
		header:  func(s Source, path string) ([]string, error) { return readHeader(path, s.dialect()) },
		inParts: true,
		scan: func(in Input, s Source, path string) (scanned, error) {
			found, err := scanFile(path, s.dialect(), in.markEvery())
			if err == nil && s.DataSet == "positions" {
				err = refuseRepository(found.header)
			}
			return found, err
		},
		relation: func(in Input, s Source, p part) (string, func() error, error) {
			path, end, err := p.feed(in.Scratch)
			return readCSV(s, p.file.header, path), end, err
		},
	}
}
