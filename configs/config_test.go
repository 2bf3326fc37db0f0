package configs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comment11/internal/testkit"
)

// TestLoad reads testdata/*.good.yaml, which must give exactly the config
// beside it, and *.bad.yaml, which must give exactly the messages beside it.
func TestLoad(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			config, err := Load(file, nil)
			golden := strings.TrimSuffix(file, ".yaml")
			if strings.HasSuffix(golden, ".bad") {
				if err == nil {
					t.Fatal("was read")
				}
				testkit.Golden(t, golden+".txt", []byte(err.Error()+"\n"))
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			testkit.Golden(t, golden+".json", asJSON(t, config))
		})
	}
}

// asJSON is the config without what depends on the machine.
func asJSON(t *testing.T, config Config) []byte {
	t.Helper()
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte(strings.ReplaceAll(string(text), config.Folder, "FOLDER")), '\n')
}

// TestAnnotatedDefault holds that comment11.yaml says what the defaults are: it
// must give what a file with the same sources and nothing else gives.
func TestAnnotatedDefault(t *testing.T) {
	written, err := Load("comment11.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	minimal, err := Load("testdata/minimal.good.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Config{&written, &minimal} {
		for _, path := range []*string{&c.Warehouse, &c.Approvals} {
			if *path, err = filepath.Rel(c.Folder, *path); err != nil {
				t.Fatal(err)
			}
		}
		c.File, c.Folder = "", ""
		s := &c.Sources[0]
		s.Name.Line, s.Name.Column, s.Name.File, s.Files.Line, s.Files.Column, s.Files.File, s.OnHoliday.Line, s.OnHoliday.Column, s.OnHoliday.File = 0, 0, "", 0, 0, "", 0, 0, ""
	}
	if diff := cmp.Diff(minimal, written); diff != "" {
		t.Errorf("comment11.yaml (+) is not the default (-): %s", diff)
	}
	text, err := os.ReadFile("comment11.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		parts := strings.Split(s.key, ".")
		if !strings.Contains(string(text), parts[len(parts)-1]+":") {
			t.Errorf("comment11.yaml does not name %s", s.key)
		}
	}
}

// TestEnvironment holds that every setting can be set by the environment, that
// the command line comes before it, and that a slip is told.
func TestEnvironment(t *testing.T) {
	values := map[string]string{
		"access.umask": "077", "approvals": "signed.yaml", "monitoring.lineage": "events.jsonl", "monitoring.metrics": "node.prom", "monitoring.on_failure_seconds": "17",
		"query.memory_limit": "5GB", "query.seconds": "18", "retention.grace_hours": "19", "retention.years": "20",
		"schedule.business_days": "21", "schedule.time": "22:30", "schedule.time_zone": "Europe/Berlin",
		"calendar.fiscal_year_end": "10-31", "engine.memory_limit": "3GB", "engine.temporary_limit": "4GB", "engine.threads": "7",
		"limits.cells.floors": "14", "limits.cells.no_value": "15", "limits.cells.unclassified": "16", "limits.no_value": "8", "limits.internal_breaks": "7.25", "limits.ledger": "3.50", "limits.unexplained": "8.75", "roll_forward": "never", "realized.cash_only": "leave", "realized.delivered_since": "2006-01-02", "call_report.two_way": "bought", "limits.rate_age_days": "9", "limits.rejects.count": "10", "limits.rejects.money": "11.50",
		"limits.rejects.unpriced": "12", "limits.unclassified": "13", "maps": "testdata",
		"packet.auditor_key": "auditor.key", "packet.concentration": "0.33", "packet.least_counterparties": "23", "packet.materiality": "24.50", "packet.signing_key": "mine.pem", "packet.trusted_keys": "ours.pem",
		"purpose.evidence": "frozen", "purpose.offset": "split", "purpose.over_hedge": "flag", "purpose.over_hedge_tolerance": "0.14", "reporting_currency": "EUR",
		"rules": "testdata", "tables": "testdata", "unit": "billions", "warehouse": "elsewhere",
	}
	before, err := Load("testdata/minimal.good.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "testdata"), 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/minimal.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "comment11.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		t.Run(s.key, func(t *testing.T) {
			value, ok := values[s.key]
			if !ok {
				t.Fatal("this test has no value for the setting")
			}
			name := "COMMENT11_" + strings.ToUpper(strings.ReplaceAll(s.key, ".", "__"))
			t.Setenv(name, value)
			byEnvironment, err := Load(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := string(asJSON(t, byEnvironment))
			if got == string(asJSON(t, before)) || !strings.Contains(got, value) {
				t.Errorf("%s=%s changes nothing: %s", name, value, got)
			}
			t.Setenv(name, s.fallback)
			byFlag, err := Load(file, map[string]string{s.key: value})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(byEnvironment, byFlag); diff != "" {
				t.Errorf("--set %s=%s (+) is not %s (-): %s", s.key, value, name, diff)
			}
		})
	}
	t.Setenv("COMMENT11_WAREHOUS", "x")
	t.Setenv("COMMENT11_UNIT", "cents")
	t.Setenv("COMMENT11_MAPS", "nowhere")
	t.Setenv("COMMENT11_MONITORING__METRICS", "warehouse/metrics.prom")
	_, err = Load(file, map[string]string{"engine.thread": "1", "rules": "nowhere", "warehouse": ""})
	want := `--set: unknown key "engine.thread"; did you mean "engine.threads"?
--set rules: rules: "nowhere": no such folder beside the config
--set warehouse: warehouse: "": expected a path
environment: unknown variable COMMENT11_WAREHOUS; did you mean "COMMENT11_WAREHOUSE"?
environment COMMENT11_MAPS: maps: "nowhere": no such folder beside the config
environment COMMENT11_MONITORING__METRICS: monitoring.metrics: "warehouse/metrics.prom": lies in the warehouse, where only publishing writes; expected a file elsewhere, or empty
environment COMMENT11_UNIT: unit: "cents": expected one of dollars, thousands, millions, billions`
	if err == nil || err.Error() != want {
		t.Errorf("%v\nexpected\n%s", err, want)
	}
}
