package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"comment11/internal/batch"
	"comment11/internal/testkit"
)

// TestPrepare holds that the run of a period end prepares what packets show of it and of
// the year-end, another run or a dry one nothing, and that prepare does it when asked.
func TestPrepare(t *testing.T) {
	folder := t.TempDir()
	testkit.CopyBook(t, folder, "../../testdata/book")
	config, prepared := filepath.Join(folder, "comment11.yaml"), filepath.Join(folder, "warehouse", "prepared")
	kept := func() string {
		paths, err := filepath.Glob(filepath.Join(prepared, "*.traces.json"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range paths {
			paths[i] = strings.TrimSuffix(filepath.Base(paths[i]), ".traces.json")
		}
		return strings.Join(paths, " ")
	}
	remove := func() {
		if err := os.RemoveAll(prepared); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) { mustRun(t, append([]string{"run", "--config", config, "--as-of"}, args...)...) }
	run("2006-12-31")
	run("2007-09-30")
	if said := mustRun(t, "prepare", "--config", config, "--as-of", "2007-09-30"); !strings.HasPrefix(said, "nothing to prepare: ") || kept() != "" {
		t.Errorf("of a small book: %s %s", said, kept())
	}
	from := batch.PrepareFrom
	batch.PrepareFrom = 0
	defer func() { batch.PrepareFrom = from }()
	run("2007-09-30", "--dry-run") // unchanged
	run("2007-09-30", "--dry-run", "--force")
	if kept() != "" {
		t.Errorf("a dry run prepares %s", kept())
	}
	run("2007-09-30") // unchanged too
	if kept() != "20061231-001 20070930-001" {
		t.Errorf("a run prepares %s", kept())
	}
	remove()
	run("2006-12-31", "--force")
	if kept() != "20061231-002" {
		t.Errorf("a run of a year-end prepares %s", kept())
	}
	remove()
	if said := mustRun(t, "prepare", "--config", config, "--as-of", "2007-09-30", "--compare", "none"); said != "prepared 20070930-001\n" || kept() != "20070930-001" {
		t.Errorf("%s %s", said, kept())
	}
}
