package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comment11/internal/store"
)

// sameBook copies the book of testdata/book with its positions written as the
// function says, and without control totals, which name the file.
func sameBook(t *testing.T, write func(folder, header string, records []string)) (config string) {
	t.Helper()
	folder := t.TempDir()
	files, err := filepath.Glob("../../testdata/book/*.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasPrefix(filepath.Base(file), "positions_") && filepath.Base(file) != "control_totals.csv" {
			copyFile(t, file, filepath.Join(folder, filepath.Base(file)))
		}
	}
	text, err := os.ReadFile("../../testdata/book/comment11.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, line := range strings.Split(string(text), "\n") {
		if !strings.Contains(line, "control_totals") {
			lines = append(lines, strings.Replace(line, "positions_{as_of}.csv", "positions_{as_of}*.csv", 1))
		}
	}
	config = filepath.Join(folder, "comment11.yaml")
	if err := os.WriteFile(config, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	positions, err := os.ReadFile("../../testdata/book/positions_2007-09-30.csv")
	if err != nil {
		t.Fatal(err)
	}
	records := strings.Split(strings.TrimSpace(string(positions)), "\n")
	// One record that cannot be read, so that rejects are compared too.
	bad := strings.Replace(strings.Replace(records[1], strings.SplitN(records[1], ",", 2)[0], "T-BAD", 1), "USD", "XXQ", 1)
	write(folder, records[0], append(records[1:], bad))
	return config
}

func writePositions(t *testing.T, folder, name, header string, records []string) {
	t.Helper()
	text := header + "\n" + strings.Join(records, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// published is what must be the same, byte for byte, and the content hashes.
type published struct {
	Cells, Controls, Rejects string
	Hashes                   map[string]string
}

func publish(t *testing.T, config string, args ...string) published {
	t.Helper()
	warehouse := t.TempDir()
	shared := append([]string{"--config", config, "--set", "warehouse=" + warehouse}, args...)
	mustRun(t, append([]string{"run", "--as-of", "2007-09-30", "--set", "limits.rejects.count=1", "--set", "limits.rejects.money=100000000",
		"--set", "limits.rejects.unpriced=1"}, shared...)...)
	p := published{Hashes: map[string]string{}}
	p.Cells = mustRun(t, append([]string{"extract", "--as-of", "2007-09-30", "--format", "csv"}, shared...)...)
	p.Controls = mustRun(t, append([]string{"query", "select * from controls order by control_id, subject", "-o", "csv"}, shared...)...)
	p.Rejects = mustRun(t, append([]string{"query", "select * from rejects order by data_set, file, record, fault", "-o", "csv"}, shared...)...)
	if strings.Count(p.Rejects, "\n") != 2 {
		t.Errorf("rejects: %s, expected one", p.Rejects)
	}
	text, err := os.ReadFile(filepath.Join(warehouse, "releases/as_of_date=2007-09-30/release=20070930-001/manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest store.Manifest
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	for _, relation := range manifest.Relations {
		p.Hashes[relation.Name] = fmt.Sprint(relation.Rows, " ", relation.ContentHash)
	}
	return p
}

// TestSameness holds that the same inputs give the same release with one thread
// or several, and the same cells however the records are ordered and split.
func TestSameness(t *testing.T) {
	config := sameBook(t, func(folder, header string, records []string) {
		writePositions(t, folder, "positions_2007-09-30.csv", header, records)
	})
	first := publish(t, config)
	for _, threads := range []string{"1", "2", "7"} {
		if diff := cmp.Diff(first, publish(t, config, "--set", "engine.threads="+threads)); diff != "" {
			t.Errorf("%s threads: %s", threads, diff)
		}
	}

	seed := uint64(20070930)
	random := rand.New(rand.NewPCG(seed, 0))
	shuffled := publish(t, sameBook(t, func(folder, header string, records []string) {
		random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		writePositions(t, folder, "positions_2007-09-30.csv", header, records)
	}))
	if diff := cmp.Diff(first.Cells, shuffled.Cells); diff != "" {
		t.Errorf("shuffled with seed %d: %s", seed, diff)
	}
	for _, relation := range []string{"facts", "cells"} {
		if first.Hashes[relation] != shuffled.Hashes[relation] {
			t.Errorf("shuffled with seed %d: relation %s: %s, then %s", seed, relation, first.Hashes[relation], shuffled.Hashes[relation])
		}
	}

	split := publish(t, sameBook(t, func(folder, header string, records []string) {
		for part := range 10 {
			from, to := part*len(records)/10, (part+1)*len(records)/10
			writePositions(t, folder, fmt.Sprintf("positions_2007-09-30_%d.csv", part), header, records[from:to])
		}
	}))
	if diff := cmp.Diff(first.Cells, split.Cells); diff != "" {
		t.Errorf("split in ten: %s", diff)
	}
}

// TestRerun holds that nothing changed means nothing done, and that a changed
// input makes a second release that says what it is.
func TestRerun(t *testing.T) {
	config := sameBook(t, func(folder, header string, records []string) {
		writePositions(t, folder, "positions_2007-09-30.csv", header, records[:len(records)-1])
	})
	if out := mustRun(t, "run", "--config", config, "--as-of", "2007-09-30"); !strings.Contains(out, "published release 20070930-001 (first)") {
		t.Error(out)
	}
	if out := mustRun(t, "run", "--config", config, "--as-of", "2007-09-30"); out != "2007-09-30: nothing changed since release 20070930-001 (published); nothing to do\n" {
		t.Error(out)
	}
	if out := mustRun(t, "run", "--config", config, "--as-of", "2007-09-30", "--force"); !strings.Contains(out, "published release 20070930-002 (rerun)") {
		t.Error(out)
	}
	adjustments := filepath.Join(filepath.Dir(config), "adjustments.csv")
	text, err := os.ReadFile(adjustments)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	if err := os.WriteFile(adjustments, []byte(strings.Join(lines[:2], "")), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := mustRun(t, "run", "--config", config, "--as-of", "2007-09-30"); !strings.Contains(out, "published release 20070930-003 (correction)") {
		t.Error(out)
	}
	// A setting of the command line decides figures as much as one of the file.
	for _, setting := range []string{"calendar.fiscal_year_end=06-30", "unit=thousands", "limits.rate_age_days=4"} {
		if out := mustRun(t, "run", "--config", config, "--as-of", "2007-09-30", "--set", setting); strings.Contains(out, "nothing changed") {
			t.Errorf("%s: %s", setting, out)
		}
	}
}
