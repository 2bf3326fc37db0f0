package ingest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// sharedData is real data that is no part of the repository.
const sharedData = "../../shared/data"

func skipWithoutSharedData(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(sharedData); err != nil {
		t.Skipf("the shared data is not at %s: %v", sharedData, err)
	}
}

// TestRealMessages reads each folder of public FpML documents as one source: every
// record is accounted for (readSource holds that), whoever repeats whose identifiers.
func TestRealMessages(t *testing.T) {
	skipWithoutSharedData(t)
	folders, err := filepath.Glob(filepath.Join(sharedData, "fpml", "*"))
	if err != nil {
		t.Fatal(err)
	}
	documents := 0
	for _, folder := range folders {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			continue
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			_, files := readSource(t, Source{Name: "fpml", DataSet: "positions", Files: mustAbs(t, folder) + "/*.xml", Format: "fpml", SameNames: true,
				Parties: []string{"XYZ Bank", "Party A", "959800NKRMZ8NEKQ0A23", "HEDG-GLOB", "ABCD Securities Inc.", "New Bank, New York"}})
			var taken, excluded, rejected int64
			for _, f := range files {
				taken, excluded, rejected = taken+f.Taken, excluded+f.Excluded, rejected+f.Rejected
			}
			documents += len(files)
			t.Logf("%d documents: %d taken, %d excluded, %d rejected", len(files), taken, excluded, rejected)
		})
	}
	if documents != 151 {
		t.Errorf("%d documents, expected 151", documents)
	}
}

// TestRealFiling: of a real filing the ten credit swaps are taken and 1,675 other
// holdings excluded. They mature after the due date of the test, 2007-09-30.
func TestRealFiling(t *testing.T) {
	skipWithoutSharedData(t)
	_, files := readSource(t, Source{Name: "nport", DataSet: "positions", Files: mustAbs(t, filepath.Join(sharedData, "nport")) + "/*.xml", Format: "nport", SameNames: true})
	if f := files[0]; f.Taken != 10 || f.Excluded != 1675 || f.Rejected != 0 {
		t.Errorf("%d taken, %d excluded, %d rejected; expected 10, 1675, 0", f.Taken, f.Excluded, f.Rejected)
	}
}

// TestRealRepositoryFile: the header of a swap data repository's public file is known.
func TestRealRepositoryFile(t *testing.T) {
	skipWithoutSharedData(t)
	path := mustAbs(t, filepath.Join(sharedData, "swap-repository", "ppd_cds_sample.csv"))
	source := Source{Name: "repository", DataSet: "positions", Files: path, Format: "csv", Delimiter: ',', Quote: '"', SameNames: true}
	_, err := Scan(Input{Sources: []Source{source}})
	var file *FileError
	if !errors.As(err, &file) || file.Reason != "swap_repository_file" {
		t.Errorf("%v; expected the file to be refused", err)
	}
}
