package batch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"comment11/ingest"
)

// TestRecordControls holds that the control breaks where a record is missing or
// counted twice.
func TestRecordControls(t *testing.T) {
	for _, test := range []struct {
		file  ingest.File
		holds bool
	}{
		{ingest.File{Records: 3, Taken: 1, Excluded: 1, Rejected: 1}, true},
		{ingest.File{Records: 4, Taken: 1, Excluded: 1, Rejected: 1}, false},
		{ingest.File{Records: 2, Taken: 1, Excluded: 1, Rejected: 1}, false},
	} {
		controls := recordControls([]ingest.File{test.file})
		if len(controls) != 1 || controls[0].Holds() != test.holds || controls[0].Class != "integrity" {
			t.Errorf("%+v: %+v", test.file, controls)
		}
	}
}

// TestRunbookHasControls holds that the runbook says of every control what to do.
func TestRunbookHasControls(t *testing.T) {
	runbook, err := os.ReadFile("../../docs/RUNBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	made := regexp.MustCompile(`Control\{\{?ID: "([a-z_]+)"|Integrity\("([a-z_]+)"|\nselect '([a-z_]+)', legal_entity`)
	found := 0
	for _, folder := range []string{".", "../../transform", "../../disclosures"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range made.FindAllStringSubmatch(string(text), -1) {
				found++
				if name := m[1] + m[2] + m[3]; !strings.Contains(string(runbook), "`"+name+"`") {
					t.Errorf("%s makes the control %s, which the runbook does not have", file, name)
				}
			}
		}
	}
	if found < 12 {
		t.Errorf("%d controls are found in the code", found)
	}
}
