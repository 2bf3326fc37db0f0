package batch

import (
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
