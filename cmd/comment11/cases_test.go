package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"comment11/internal/testkit"
)

// TestCases runs every folder of testdata/cases that has a file dates.txt: one
// run for each date in it, in order, and compares what is published with the
// files in want/<date>. A newcomer adds a case by adding a folder.
func TestCases(t *testing.T) {
	for _, folder := range folders(t, "../../testdata/cases") {
		text, err := os.ReadFile(filepath.Join(folder, "dates.txt"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			skipWithoutSharedData(t, folder)
			config, warehouse := filepath.Join(folder, "comment11.yaml"), "warehouse="+t.TempDir()
			for _, date := range strings.Fields(string(text)) {
				mustRun(t, "run", "--config", config, "--set", warehouse, "--as-of", date)
				want := filepath.Join(folder, "want", date)
				testkit.Golden(t, filepath.Join(want, "cells.csv"),
					[]byte(mustRun(t, "extract", "--draft", "--config", config, "--set", warehouse, "--as-of", date, "--compare", "none", "--format", "csv")))
				for name, query := range publishedRelations {
					got := mustRun(t, "query", "--config", config, "--set", warehouse, "-o", "csv", strings.ReplaceAll(query, "DATE", "date '"+date+"'"))
					testkit.Golden(t, filepath.Join(want, name+".csv"), []byte(got))
				}
			}
		})
	}
}

// publishedRelations are what a case compares beside its cells, each ordered by
// a unique key.
var publishedRelations = map[string]string{
	"controls": "select * exclude (as_of_date, release) from controls where as_of_date = DATE order by control_id, subject",
	"findings": "select * exclude (as_of_date, release) from findings where as_of_date = DATE order by code, subject",
	"finding_cells": `select code, subject, table_id, measure, count(*) as cells, max(abs(amount)) as largest from finding_cells
		where as_of_date = DATE group by all order by all`,
	"rules_used": `select attribute, rule, place, positions, money from rules_used
		where as_of_date = DATE and (positions > 0 or rule = 'none') order by attribute, place`,
	"rule_conflicts": "select * exclude (as_of_date, release) from rule_conflicts where as_of_date = DATE order by attribute, rule, shadowed_rule",
	"evidence":       "select * exclude (as_of_date, release) from evidence where as_of_date = DATE order by scope, test, outcome, subject, matched_with",
	"slices": `select position_id, slice, purpose, purpose_rule, purpose_detail, notional, fair_value, maximum_exposure from facts
		where as_of_date = DATE and position_id in (select sliced_id from slices where as_of_date = DATE) order by position_id, slice`,
	"identical_underlyings": "select * exclude (as_of_date, release) from identical_underlyings where as_of_date = DATE order by scope, underlying",
	"rejects":               "select * exclude (as_of_date, release) from rejects where as_of_date = DATE order by data_set, file, record, fault",
	"exclusions":            "select data_set, file, reason, count(*) as records, sum(notional) as notional from exclusions where as_of_date = DATE group by all order by all",
	"realized_facts": `select event_id, event_period, in_quarter, classification, instrument, direction, purpose, result, realized_local, realized_gain_loss, scope_group
		from realized_facts where as_of_date = DATE order by event_id`,
	"facts": `select instrument, instrument_rule, direction, direction_economic, obligation, purpose, purpose_rule, counterparty_type, rating_grade, rating_grade_rule,
		maturity_bucket, count(*) as facts, sum(notional) as notional, sum(fair_value) as fair_value, sum(maximum_exposure) as maximum_exposure
		from facts where as_of_date = DATE group by all order by all`,
}

// sharedData is real data that is no part of the repository.
const sharedData = "../../../shared/data"

// skipWithoutSharedData skips a case whose config reads the shared data where it
// is absent.
func skipWithoutSharedData(t *testing.T, folder string) {
	t.Helper()
	config, err := os.ReadFile(filepath.Join(folder, "comment11.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(sharedData); err != nil && strings.Contains(string(config), "shared/data") {
		t.Skipf("the shared data is not at %s: %v", sharedData, err)
	}
}

// TestFolderOfTemporaryFiles holds that a name=value in the path of decoded documents is
// no column of theirs: plan has them in the folder for temporary files.
func TestFolderOfTemporaryFiles(t *testing.T) {
	folder := "../../testdata/cases/documents"
	skipWithoutSharedData(t, folder)
	text, err := os.ReadFile(filepath.Join(folder, "dates.txt"))
	if err != nil {
		t.Fatal(err)
	}
	date, temporary := strings.Fields(string(text))[0], filepath.Join(t.TempDir(), "currency=EUR")
	arguments := []string{"--config", filepath.Join(folder, "comment11.yaml"), "--set", "warehouse=" + t.TempDir(), "--as-of", date}
	mustRun(t, append([]string{"run"}, arguments...)...)
	if err := os.Mkdir(temporary, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", temporary)
	if said := mustRun(t, append([]string{"plan", "--set", "unit=dollars"}, arguments...)...); !strings.Contains(said, "0 cells would change") {
		t.Errorf("a plan of what is published says:\n%s", said)
	}
}
