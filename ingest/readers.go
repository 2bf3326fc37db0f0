package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"

	"golang.org/x/sync/errgroup"

	"comment11/internal/store"
)

// part is a run of a file's records that one thread reads: one thread writes
// records in their order without holding any back, which several threads pay for
// with a fifth of the whole copy. So a large file is read in parts at the same
// time, each by a database of one thread.
type part struct {
	file     *File
	number   int   // of the output, from 1 over all files
	before   int64 // sound records of the file in earlier parts
	records  int64 // sound records of the part
	from, to int64 // its bytes in the decompressed text, or its rows (see File)
	whole    bool  // it is all of the file
}

// smallestPart is the fewest records that are worth a database of their own.
const smallestPart = 250_000

// mark is where a sound record begins, and how many are before it.
type mark struct{ offset, before int64 }

// marksInPart is how many places a part of the smallest size can be ended at.
const marksInPart = 5

// markEvery is the distance of marks, in records.
func (in Input) markEvery() int64 {
	return max(1, cmp.Or(in.SmallestPart, smallestPart)/marksInPart)
}

// divide gives the parts of the files for a number of readers. A compressed file
// is one part: it can only be read from its beginning.
func divide(in Input, files []File) []part {
	var parts []part
	for i := range files {
		file := &files[i]
		sound := file.Records - int64(len(file.structural))
		marks := []mark{{file.body, 0}}
		number := min(int64(in.Readers), sound/(in.markEvery()*marksInPart))
		if source := in.source(file.Source); !source.format().inParts || source.Format == referenceRates || file.compressed {
			number = 1
		}
		for n := int64(1); n < number; n++ {
			at := sort.Search(len(file.marks), func(i int) bool { return file.marks[i].before >= n*sound/number })
			marks = append(marks, file.marks[min(at, len(file.marks)-1)])
		}
		marks = append(marks, mark{file.textBytes, sound})
		for n, end := range marks[1:] {
			parts = append(parts, part{file: file, number: len(parts) + 1, before: marks[n].before, records: end.before - marks[n].before,
				from: marks[n].offset, to: end.offset, whole: len(marks) == 2})
		}
	}
	return parts
}

// output is the Parquet file that the part is written to.
func (p part) output(in Input) string {
	return filepath.Join(in.Output, fmt.Sprintf("%s_records-%03d.parquet", p.file.DataSet, p.number))
}

// readFiles writes the records of all files, the longest parts first. db reads
// alone where nothing is worth being divided.
func readFiles(ctx context.Context, db *store.DB, in Input, files []File) error {
	parts := divide(in, files)
	readers := []*store.DB{db}
	if len(parts) > len(files) {
		var err error
		readers, err = openReaders(ctx, in)
		defer func() {
			for _, reader := range readers {
				_ = reader.Close() // it has written what it was to write, or there is an error already
			}
		}()
		if err != nil {
			return err
		}
	}
	for _, p := range parts {
		p.file.outputs = append(p.file.outputs, p.output(in))
	}
	group, ctx := errgroup.WithContext(ctx)
	read := func(reader *store.DB, p part) error {
		err := errors.Join(ctx.Err(), readPart(ctx, reader, in, p))
		report(in.Progress, "read "+p.file.Name, p.records)
		return err
	}
	inParts := func(p part) bool { return in.source(p.file.Source).format().inParts }
	queue := make(chan part, len(parts))
	for _, p := range slices.SortedStableFunc(slices.Values(parts), func(a, b part) int { return cmp.Compare(b.records, a.records) }) {
		if inParts(p) {
			queue <- p
		}
	}
	close(queue)
	for _, reader := range readers {
		group.Go(func() error {
			for p := range queue {
				if err := read(reader, p); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error { // what needs relations of the run's own database
		for _, p := range parts {
			if inParts(p) {
				continue
			}
			if err := read(db, p); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

func openReaders(ctx context.Context, in Input) ([]*store.DB, error) {
	var readers []*store.DB
	for range in.Readers {
		reader, err := in.OpenReader(ctx)
		if err != nil {
			return readers, err
		}
		readers = append(readers, reader)
	}
	return readers, nil
}
