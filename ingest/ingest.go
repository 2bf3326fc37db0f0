// Package ingest takes source files to data sets. For every file of every
// source, or each part of a large one, it leaves a Parquet file with all its sound
// records in their order, typed as the contract says, each taken, excluded or
// rejected, and on top of them the relations
//
//	<data set>_records   every sound record, with its status
//	<data set>           the records that were taken
//	conflicts            records that another record of the same key rejected or superseded
//	structural_rejects   records that could not be split into fields
//	rejects, exclusions  what was not taken, with file, record number and reason
//
// Nothing is dropped: scanned = taken + excluded + rejected, for every file.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"comment11/internal/position"
	"comment11/internal/store"
)

// Source is where a data set comes from and how its columns are made.
type Source struct {
	Name       string
	DataSet    string
	Files      string // path or glob; {as_of} and {as_of_yyyymmdd} stand for the due date
	OnHoliday  string // "", "previous", or the pattern for due dates that are no business day
	Format     string // by its name among formats
	Delimiter  byte
	Quote      byte // 0: quotes mean nothing
	Where      Expression
	Columns    []Mapping
	SameNames  bool // contract columns that are not mapped are taken from file columns of the same name
	AllowEmpty bool
	Optional   bool // no matching file is no error
	// Parties are our own identifiers and names, for formats whose records name both sides.
	Parties []string
}

// Mapping makes a contract column from the columns of the source.
type Mapping struct {
	Column string
	Expression
}

// Expression is a SQL expression and where it stands in the config.
type Expression struct {
	Text         string
	File         string
	Line, Column int
}

// Input is what a run reads, and for which date.
type Input struct {
	Sources []Source
	AsOf    time.Time // the due date
	// PreviousBusinessDay is the last business day on or before AsOf.
	PreviousBusinessDay time.Time
	// RatesFrom is the first day whose rates are kept from a history of rates.
	RatesFrom time.Time
	Release   string
	Root      string // folder that relative files are in
	Output    string // folder for the Parquet files
	Scratch   string // folder for copies that are removed afterwards
	Maps      map[string]Map
	Progress  func(stage string, records int64) // may be called by several readers at a time
	// Readers is how many parts of files may be read at a time, by databases of one
	// thread that OpenReader opens.
	Readers    int
	OpenReader func(context.Context) (*store.DB, error)
	// SmallestPart is the fewest records of a part, 0: as many as are worth it.
	SmallestPart int64
}

// File is one file as it was read.
type File struct {
	Source   string `json:"source"`
	DataSet  string `json:"data_set"`
	Name     string `json:"name"`
	SHA256   string `json:"sha256"`
	Bytes    int64  `json:"bytes"`
	Records  int64  `json:"records"` // as the scanner counted them
	Taken    int64  `json:"taken"`
	Excluded int64  `json:"excluded"`
	Rejected int64  `json:"rejected"`

	Unread []UnreadColumn `json:"columns_not_read,omitempty"`

	path       string
	state      fs.FileInfo   // as it was before it was scanned
	outputs    []string      // Parquet files, in the order of the records
	decoded    string        // Parquet file that is read in its place, of formats that have one
	columns    []typedColumn // of that file, where the columns of the format have types
	header     []string
	structural []structuralFault
	unsound    []span
	// head and body are the first bytes of the header and behind it, in the
	// decompressed text, and textBytes is where its records end; of Parquet they count rows.
	head, body, textBytes int64
	marks                 []mark
	compressed            bool
	mapped                mapped
	written               []string // columns of the contract that the output has
	// filtered counts records that a history of rates holds outside of the period kept.
	filtered int64
}

// Outputs are the Parquet files that hold the sound records of the file, in order.
func (f File) Outputs() []string { return f.outputs }

// Filled are the columns of the contract that the files of its data set fill.
func (f File) Filled() []string { return f.written }

// FileError is a file that could not be taken as a whole.
type FileError struct {
	File    string
	Reason  string // of the closed list in docs/DATA.md
	Message string
}

func (e *FileError) Error() string { return e.File + ": " + e.Message }

// ErrUsage marks errors of the configuration rather than of the data.
var ErrUsage = errors.New("configuration")

// Scan finds and scans the files of all sources, several at a time, reading none
// of their records. All files that must be refused are named in one error.
func Scan(in Input) ([]File, error) {
	type scanned struct {
		file File
		err  error
	}
	var list []*scanned
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, source := range in.Sources {
		found, err := source.resolve(in)
		if err != nil {
			list = append(list, &scanned{err: err})
		}
		for _, path := range found {
			one := &scanned{}
			list = append(list, one)
			group.Go(func() error {
				one.file, one.err = scanSource(in, source, path)
				return nil
			})
		}
	}
	_ = group.Wait() // each has its own error
	var files []File
	var faults []error
	for _, one := range list {
		if one.err != nil {
			faults = append(faults, one.err)
			continue
		}
		files = append(files, one.file)
	}
	return files, errors.Join(append(faults, repeatedNames(files)...)...)
}

// Read reads the scanned files and makes the relations. It fills in how many
// records of each file were taken, excluded and rejected.
func Read(ctx context.Context, db *store.DB, in Input, files []File) error {
	if err := compileSources(ctx, db, in, files); err != nil {
		return err
	}
	if err := prepare(ctx, db, in, files); err != nil {
		return err
	}
	written := writtenColumns(in, files)
	for i := range files {
		files[i].written = written[files[i].DataSet]
	}
	err := readFiles(ctx, db, in, files)
	if changed := changedWhileRead(files); changed != nil {
		return changed // what the engine made of it is not worth telling
	}
	if err != nil {
		return err
	}
	for _, file := range files {
		if len(file.columns) > 0 && file.decoded != file.path { // decompressed, and all its parts are read
			if err := os.Remove(file.decoded); err != nil {
				return err
			}
		}
	}
	if err := relate(ctx, db, files); err != nil {
		return err
	}
	return count(ctx, db, files)
}

// prepare lets each source's format read its files together.
func prepare(ctx context.Context, db *store.DB, in Input, files []File) error {
	for _, source := range in.Sources {
		format := source.format()
		if format.prepare == nil {
			continue
		}
		var own []*File
		for i := range files {
			if files[i].Source == source.Name && len(files[i].header) > 0 {
				own = append(own, &files[i])
			}
		}
		if len(own) == 0 {
			continue
		}
		if err := format.prepare(ctx, db, in, source, own); err != nil {
			return err
		}
	}
	return nil
}

// changedWhileRead names the files that are no longer what was scanned and hashed:
// a delivery that was not whole yet.
func changedWhileRead(files []File) error {
	var faults []error
	for _, f := range files {
		now, err := os.Stat(f.path)
		switch {
		case err != nil:
			faults = append(faults, fileError(f.Name, err))
		case now.Size() != f.state.Size() || !now.ModTime().Equal(f.state.ModTime()):
			faults = append(faults, &FileError{File: f.Name, Reason: "changed_while_read", Message: fmt.Sprintf(
				"changed while it was read: %d bytes of %s, then %d of %s; deliver it under another name and rename it when it is whole, and run again",
				f.state.Size(), f.state.ModTime().UTC().Format(time.RFC3339), now.Size(), now.ModTime().UTC().Format(time.RFC3339))})
		}
	}
	return errors.Join(faults...)
}

// Validate compiles the mappings of the sources whose files are there, by their
// headers alone, and gives those files.
func Validate(ctx context.Context, db *store.DB, in Input) (files []File, err error) {
	var faults []error
	for _, source := range in.Sources {
		source.Optional = true
		found, err := source.resolve(in)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		for _, path := range found {
			header, err := source.format().header(source, path)
			if err != nil {
				faults = append(faults, fileError(filepath.Base(path), err))
				continue
			}
			files = append(files, File{Source: source.Name, DataSet: source.DataSet, Name: filepath.Base(path), path: path, header: header})
		}
	}
	return files, errors.Join(append(faults, compileSources(ctx, db, in, files))...)
}

func report(progress func(string, int64), stage string, records int64) {
	if progress != nil {
		progress(stage, records)
	}
}

// resolve gives the files of the source for the due date, in order of their names.
func (s Source) resolve(in Input) ([]string, error) {
	pattern, date := s.Files, in.AsOf
	if !in.PreviousBusinessDay.Equal(in.AsOf) && s.OnHoliday != "" {
		if s.OnHoliday == "previous" {
			date = in.PreviousBusinessDay
		} else {
			pattern = s.OnHoliday
		}
	}
	pattern = strings.NewReplacer(
		"{as_of}", date.Format(time.DateOnly),
		"{as_of_yyyymmdd}", date.Format("20060102"),
	).Replace(pattern)
	if !filepath.IsAbs(pattern) { // the folder of the config stands for itself
		root := strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(in.Root)
		pattern = filepath.Join(root, pattern)
	}
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("%w: source %s: files %q: %w", ErrUsage, s.Name, s.Files, err)
	}
	if len(found) == 0 { // what may not be read is not missing
		folder := filepath.Dir(pattern)
		if _, err := os.ReadDir(folder); errors.Is(err, os.ErrPermission) {
			return nil, fileError(folder, err)
		}
	}
	if len(found) == 0 && !s.Optional {
		return nil, &FileError{File: filepath.Base(pattern), Reason: "missing_file", Message: fmt.Sprintf(
			"no such file, expected by source %s (files: %s) for %s; deliver it, or set required: false on the source",
			s.Name, s.Files, in.AsOf.Format(time.DateOnly))}
	}
	slices.Sort(found)
	return found, nil
}

// scanSource scans one file and refuses what must not be read.
func scanSource(in Input, s Source, path string) (File, error) {
	name := filepath.Base(path)
	state, err := os.Stat(path)
	if err != nil {
		return File{}, fileError(name, err)
	}
	scan, err := s.format().scan(in, s, path)
	var refused *refusal
	if errors.As(err, &refused) && s.AllowEmpty && refused.reason == emptyFile {
		return File{Source: s.Name, DataSet: s.DataSet, Name: name, path: path, state: state}, nil
	}
	if err != nil {
		return File{}, fileError(name, err)
	}
	if scan.records == 0 && !s.AllowEmpty {
		return File{}, &FileError{File: name, Reason: "header_only", Message: "a header and no record; " +
			"an empty delivery is taken only where the source says allow_empty: true"}
	}
	report(in.Progress, "scan "+name, scan.records)
	return File{Source: s.Name, DataSet: s.DataSet, Name: name, SHA256: scan.sha256, Bytes: scan.bytes,
		Records: scan.records, path: path, header: scan.header, structural: scan.faults, unsound: scan.unsound,
		head: scan.head, body: scan.body, textBytes: scan.textBytes, marks: scan.marks, compressed: isCompressed(path), state: state}, nil
}

// fileError names the file that could not be scanned.
func fileError(name string, err error) error {
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return &FileError{File: name, Reason: refused.reason, Message: refused.message}
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
		return &FileError{File: name, Reason: "unreadable_file", Message: err.Error()}
	default:
		return fmt.Errorf("%s: %w", name, err)
	}
}

func (s Source) dialect() dialect {
	return dialect{delimiter: s.Delimiter, quote: s.Quote, trailingDelimiter: s.Format == referenceRates}
}

// repeatedNames refuses two files of one name in one data set: rejects and
// control totals name files without their folders.
func repeatedNames(files []File) []error {
	var faults []error
	seen := map[string]bool{}
	for _, f := range files {
		key := f.DataSet + "/" + f.Name
		if seen[key] {
			faults = append(faults, &FileError{File: f.Name, Reason: "repeated_file", Message: fmt.Sprintf(
				"two files of data set %s have this name; rename one, figures are traced by file name", f.DataSet)})
		}
		seen[key] = true
	}
	return faults
}

// source finds the source of a file.
func (in Input) source(name string) Source {
	i := slices.IndexFunc(in.Sources, func(s Source) bool { return s.Name == name })
	return in.Sources[i]
}

// dataSet finds a data set that the config has already checked.
func dataSet(name string) position.DataSet {
	set, _ := position.Find(name)
	return set
}
