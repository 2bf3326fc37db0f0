package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"comment11/internal/testkit"
)

// TestBadInput runs every folder of testdata/bad: the smallest input with one
// fault. want.txt has the exit code, the message, and what became of every
// record. What is refused or held leaves nothing published.
func TestBadInput(t *testing.T) {
	for i, folder := range folders(t, "../../testdata/bad") {
		if testing.Short() && i%4 != 0 {
			continue // what runs at the same time is the same in all of them
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			work := t.TempDir()
			copyFile(t, "../../testdata/bad/comment11.yaml", filepath.Join(work, "comment11.yaml"))
			for _, pattern := range []string{"*.csv*", "*.xml", "*.jsonl"} {
				inputs, err := filepath.Glob(filepath.Join(folder, pattern))
				if err != nil {
					t.Fatal(err)
				}
				for _, input := range inputs {
					copyFile(t, input, filepath.Join(work, filepath.Base(input)))
				}
			}
			config := filepath.Join(work, "comment11.yaml")
			code, _, stderr := command(t, "run", "--config", config, "--as-of", "2007-09-30")
			var got bytes.Buffer
			fmt.Fprintf(&got, "exit %d\n%s", code, strings.ReplaceAll(stderr, work+string(filepath.Separator), ""))
			if _, err := os.Stat(filepath.Join(work, "warehouse", "comment11.duckdb")); (err == nil) != (code == exitDone) {
				t.Errorf("exit code %d, but the catalog is there: %t", code, err == nil)
			}
			describeRecords(t, &got, config)
			if strings.HasPrefix(filepath.Base(folder), "good-") && (code != exitDone || stderr != "") {
				t.Errorf("exit code %d with words: %s", code, stderr)
			}
			testkit.Golden(t, filepath.Join(folder, "want.txt"), got.Bytes())
		})
	}
}

// describeRecords forces a second run without limits, and writes down what
// became of the records. A file that is refused has none.
func describeRecords(t *testing.T, w *bytes.Buffer, config string) {
	code, stdout, _ := command(t, "run", "--config", config, "--as-of", "2007-09-30", "--force", "-o", "json",
		"--set", "limits.rejects.count=9", "--set", "limits.rejects.money=999999999", "--set", "limits.rejects.unpriced=9", "--set", "limits.no_value=9")
	if stdout == "" {
		return
	}
	record := decodeRecord(t, stdout)
	for _, f := range record.Files {
		if f.Records != f.Taken+f.Excluded+f.Rejected {
			t.Errorf("%s: %d records, but %d taken, %d excluded, %d rejected", f.Name, f.Records, f.Taken, f.Excluded, f.Rejected)
		}
		fmt.Fprintf(w, "%s: %d records, %d taken, %d excluded, %d rejected\n", f.Name, f.Records, f.Taken, f.Excluded, f.Rejected)
	}
	for _, f := range record.Findings {
		fmt.Fprintf(w, "finding %s %s: %s: %d, %s, first %s\n", f.Severity, f.Code, f.Subject, f.Positions, f.Money.Decimal.StringFixed(2), f.Example)
	}
	if code != exitDone {
		return
	}
	for _, relation := range []string{"rejects", "exclusions"} {
		_, rows, _ := command(t, "query", "--config", config, "-o", "csv",
			"select * exclude (as_of_date, release) from "+relation+" order by all")
		if lines := strings.SplitN(rows, "\n", 2); len(lines) == 2 && lines[1] != "" {
			fmt.Fprintf(w, "%s: %s\n%s", relation, lines[0], lines[1])
		}
	}
}
