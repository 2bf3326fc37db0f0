package batch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/ingest"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
	"comment11/transform"
)

// Definitions are what a run works by, read from the config and its folders.
type Definitions struct {
	Config configs.Config
	AsOf   time.Time
	Rules  transform.Rules
	Maps   map[string]transform.Map
	Tables []disclosures.Table
	Scopes []transform.Scope
	Hashes []store.FileHash  // of config, rules, maps, tables and SQL
	Texts  map[string]string // of rules, maps of classification, tables and settings: a release keeps them
}

// Define reads rules, maps and tables. All faults of all files are in the error.
func Define(config configs.Config, asOf time.Time) (Definitions, error) {
	d := Definitions{Config: config, AsOf: asOf, Scopes: scopesAt(config, asOf)}
	rules, err := fs.Sub(configs.Files, "rules")
	if err != nil {
		return d, err
	}
	maps, err := fs.Sub(configs.Files, "maps")
	if err != nil {
		return d, err
	}
	ownRules, ruleErr := folder(config, config.Rules)
	ownMaps, mapErr := folder(config, config.Maps)
	ownTables, tableErr := folder(config, config.Tables)
	if err := errors.Join(ruleErr, mapErr, tableErr); err != nil {
		return d, err
	}
	folders := map[string][]fs.FS{"rules": append([]fs.FS{rules}, ownRules...), "maps": append([]fs.FS{maps}, ownMaps...),
		"tables": append([]fs.FS{disclosures.Embedded()}, ownTables...), "sql": {transform.SQL(), disclosures.SQL()}}
	if err := d.read(folders); err != nil {
		return d, err
	}
	if _, err := newMateriality(config.Materiality, d.Tables); err != nil {
		return d, err
	}
	d.Hashes, d.Texts, err = hashDefinitions(config, folders)
	return d, err
}

// read reads rules, maps and tables from their folders.
func (d *Definitions) read(folders map[string][]fs.FS) error {
	var ruleErr, mapErr, tableErr error
	d.Rules, ruleErr = transform.ReadRules(folders["rules"]...)
	d.Maps, mapErr = transform.ReadMaps(folders["maps"]...)
	d.Tables, tableErr = disclosures.ReadTables(disclosures.Defaults{Unit: d.Config.Unit, TwoWay: d.Config.CallReport.TwoWay}, d.scopeNames(), folders["tables"]...)
	return usageError(ruleErr, mapErr, tableErr)
}

// usageError joins errors of the configuration into one, or gives nil.
func usageError(list ...error) error {
	var joined error
	for _, err := range list {
		switch {
		case err == nil:
		case joined == nil:
			joined = fmt.Errorf("%w:\n%w", ErrUsage, err)
		default:
			joined = fmt.Errorf("%w\n%w", joined, err)
		}
	}
	return joined
}

// patterns are those of the files that are read of the folders.
var patterns = map[string]string{"maps": "*.csv", "rules": "*.y*ml", "sql": "*.sql", "tables": "*.yaml"}

// configName is what manifests call what of the config decides a release, whatever its
// file is called.
const configName = "comment11.yaml"

// operating are the keys of a config that say how, when and where a run goes, and nothing
// of what it comes to.
var operating = []string{"access", "approvals", "engine", "monitoring", "packet", "query", "retention", "schedule", "warehouse"}

// decidingPart is a config without remarks and without those keys, so that a release is
// made again when something else changed.
func decidingPart(text []byte) ([]byte, error) {
	var all map[string]any
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	for _, key := range operating {
		delete(all, key)
	}
	return json.Marshal(all)
}

// hashDefinitions hashes the config and every file of the folders, in order of
// their names; of two files of one name the later folder's counts. It gives the texts
// that a release keeps as well.
func hashDefinitions(config configs.Config, folders map[string][]fs.FS) ([]store.FileHash, map[string]string, error) {
	text, err := os.ReadFile(config.File)
	if err != nil {
		return nil, nil, err
	}
	decides, err := decidingPart(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", config.File, err)
	}
	hashes := []store.FileHash{hashText(configName, decides)}
	settings, err := json.Marshal(map[string]any{"call_report": config.CallReport, "fiscal_year_end": config.Calendar.FiscalYearEnd, "limits": config.Limits,
		"purpose": config.Purpose, "realized": config.Realized, "roll_forward": config.RollForward, "reporting_currency": config.ReportingCurrency, "unit": config.Unit})
	if err != nil {
		return nil, nil, err
	}
	hashes = append(hashes, hashText("settings in force", settings))
	kept, err := keptSettings(config)
	if err != nil {
		return nil, nil, err
	}
	for _, kind := range []string{"maps", "rules", "sql", "tables"} {
		texts := map[string][]byte{}
		for _, folder := range folders[kind] {
			err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
				if err != nil || entry.IsDir() {
					return err
				}
				if read, err := path.Match(patterns[kind], path.Base(name)); err != nil || !read {
					return err // a folder may hold more, even a warehouse
				}
				texts[name], err = fs.ReadFile(folder, name)
				return err
			})
			if err != nil {
				return nil, nil, err
			}
		}
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			hash := hashText(path.Join(kind, path.Base(name)), texts[name])
			hashes = append(hashes, hash)
			if kind != "sql" && (kind != "maps" || transform.IsVocabulary(strings.TrimSuffix(path.Base(name), ".csv"))) {
				kept[hash.Name] = string(texts[name])
			}
		}
	}
	return hashes, kept, nil
}

func hashText(name string, text []byte) store.FileHash {
	sum := sha256.Sum256(text)
	return store.FileHash{Name: name, Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:])}
}

// fingerprint is the hash of all that decides the figures of a release.
func fingerprint(m store.Manifest, files []ingest.File) string {
	h := sha256.New()
	fmt.Fprintln(h, m.AsOfDate, m.BusinessDay, m.Program.Version, m.Program.Revision, m.Program.DuckDB, m.EvidenceOf)
	for _, c := range m.Configuration {
		fmt.Fprintln(h, c.Name, c.SHA256)
	}
	for _, f := range files {
		fmt.Fprintln(h, f.Source, f.DataSet, f.Name, f.SHA256)
	}
	if m.RollForward != nil {
		fmt.Fprintln(h, m.RollForward.Path)
		for _, r := range m.RollForward.Releases() {
			fmt.Fprintln(h, r.AsOfDate, r.ContentHash)
		}
	}
	for _, r := range m.Quarters {
		fmt.Fprintln(h, r.AsOfDate, r.ContentHash)
		if r.RestatedSince {
			fmt.Fprintln(h, "restated since")
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// scopesAt are the scopes with the entities that belong to them at the date.
func scopesAt(config configs.Config, asOf time.Time) []transform.Scope {
	var scopes []transform.Scope
	for _, s := range config.Scopes {
		scope := transform.Scope{Name: s.Name, All: len(s.LegalEntities) == 0}
		for _, e := range s.LegalEntities {
			scope.Members = append(scope.Members, transform.Member(e))
			if (e.From.IsZero() || !e.From.After(asOf)) && (e.Until.IsZero() || !e.Until.Before(asOf)) {
				scope.LegalEntities = append(scope.LegalEntities, e.Entity)
			}
		}
		scopes = append(scopes, scope)
	}
	return scopes
}

func (d Definitions) scopeNames() []string {
	var names []string
	for _, s := range d.Scopes {
		names = append(names, s.Name)
	}
	return names
}

// members are, by scope, SQL that tells whether legal_entity belongs to it.
func (d Definitions) members() map[string]string {
	by := map[string]string{}
	for _, s := range d.Scopes {
		by[s.Name] = s.IsMember("legal_entity")
	}
	return by
}

func (j *job) ingestInput() ingest.Input {
	in := ingestInput(j.Config, j.options.AsOf, j.Maps)
	in.Release, in.Output, in.Scratch, in.Progress = j.release, j.output, j.staging, j.options.Progress
	var settings store.Settings
	settings, in.Readers = j.settings().Shared(j.threads)
	in.OpenReader = func(ctx context.Context) (*store.DB, error) { return store.Open(ctx, settings) }
	return in
}

// ingestInput takes the sources of a config as plain values.
func ingestInput(config configs.Config, asOf time.Time, maps map[string]transform.Map) ingest.Input {
	in := ingest.Input{AsOf: asOf, PreviousBusinessDay: config.Calendar.PreviousBusinessDay(asOf), Root: config.Folder, Maps: map[string]ingest.Map{},
		RatesFrom: config.Calendar.FiscalYearStart(asOf).AddDate(-2, 0, -config.Limits.RateAgeDays)}
	for name, words := range maps {
		in.Maps[name] = words
	}
	for _, s := range config.Sources {
		source := ingest.Source{Name: s.Name.Value, DataSet: s.DataSet, Files: s.Files.Value, OnHoliday: s.OnHoliday.Value, Format: s.Format,
			Parties: s.Parties, SameNames: s.SameNames, AllowEmpty: s.AllowEmpty, Optional: !s.Required,
			Where: ingest.Expression{Text: s.Where.Value, File: s.Where.File, Line: s.Where.Line, Column: s.Where.Column}}
		if s.Delimiter != "" {
			source.Delimiter = s.Delimiter[0]
		}
		if s.Quote != "none" && s.Quote != "" {
			source.Quote = s.Quote[0]
		}
		for _, entry := range s.Columns {
			source.Columns = append(source.Columns, ingest.Mapping{Column: entry.Key.Value, Expression: ingest.Expression{
				Text: entry.Value.Value, File: entry.Value.File, Line: entry.Value.Line, Column: entry.Value.Column}})
		}
		in.Sources = append(in.Sources, source)
	}
	return in
}

func (d Definitions) transformInput(release, output string) transform.Input {
	return transform.Input{AsOf: d.AsOf, PreviousBusinessDay: d.Config.Calendar.PreviousBusinessDay(d.AsOf),
		BusinessDays: d.Config.Calendar.BusinessDays(d.Config.Calendar.FiscalYearStart(d.AsOf), d.AsOf),
		QuarterStart: d.Config.Calendar.FiscalQuarterStart(d.AsOf), YearStart: d.Config.Calendar.FiscalYearStart(d.AsOf), Release: release,
		ReportingCurrency: d.Config.ReportingCurrency, RateAgeDays: d.Config.Limits.RateAgeDays,
		InternalBreaks: d.Config.Limits.InternalBreaks, Scopes: d.Scopes,
		Approvers: d.Config.Approvers, Rules: d.Rules, Maps: d.Maps, Output: output,
		Realized: d.realized(),
		Evidence: transform.Evidence{OverHedgeTolerance: d.Config.Purpose.OverHedgeTolerance,
			SplitHedges: d.Config.Purpose.OverHedge == "split", SplitOffsets: d.Config.Purpose.Offset == "split"}}
}

// realized says how realized events are read, and when the same periods a year before
// began and ended.
func (d Definitions) realized() transform.Realized {
	calendar := d.Config.Calendar
	asOf := d.AsOf.AddDate(0, 0, 1).AddDate(-1, 0, -1) // the last day of February is that of its year
	first := func(day time.Time) time.Time {
		for !calendar.IsBusinessDay(day) {
			day = day.AddDate(0, 0, 1)
		}
		return day
	}
	start, quarter := calendar.FiscalYearStart(asOf), calendar.FiscalQuarterStart(asOf)
	return transform.Realized{DerivesCash: d.Config.Realized.CashOnly == "derive", DeliveredSince: d.Config.Realized.DeliveredSince,
		YearBefore: transform.YearBefore{Start: start, QuarterStart: quarter, AsOf: asOf, FirstBusinessDay: first(start), FirstOfQuarter: first(quarter)}}
}

// Validate reads everything that a run works by and binds every expression, over
// no data.
func Validate(ctx context.Context, config configs.Config, asOf time.Time, warn func(string)) error {
	d, err := Define(config, asOf)
	if err != nil {
		return err
	}
	settings := store.Settings{Threads: 1, MemoryLimit: config.Engine.MemoryLimit}
	var tableErr error
	var beside sync.WaitGroup
	beside.Go(func() { tableErr = d.validateTables(ctx, settings) })
	defer beside.Wait()
	db, err := store.Open(ctx, settings)
	if err != nil {
		return err
	}
	defer db.Close()
	var tables []string
	for _, set := range position.DataSets {
		tables = append(tables, set.CreateTable(set.Name))
	}
	if err := db.RunAll(ctx, tables); err != nil {
		return err
	}
	in := d.transformInput("", "")
	in.AllRules = true
	_, ruleErr := transform.Prepare(ctx, db, in)
	files, sourceErr := ingest.Validate(ctx, db, ingestInput(config, asOf, d.Maps))
	if warn != nil {
		warnOfHeaders(files, warn)
		warnOfAbsent(config, warn)
		d.warnOfMaps(warn)
	}
	approvals, err := readApprovals(config)
	var approvalErr error
	if faults := approvals.allFaults(); len(faults) > 0 {
		approvalErr = faults
	}
	if strangers := approvals.allStrangers(); len(strangers) > 0 && warn != nil {
		warn("entries of the approvals file that accept nothing any more; what they let out stands:\n" + strangers.Error())
	}
	beside.Wait()
	return errors.Join(err, usageError(ruleErr, tableErr, sourceErr, approvalErr))
}

// warnOfHeaders tells of columns that nothing reads and that are spelled nearly like one
// that the data set lacks.
func warnOfHeaders(files []ingest.File, warn func(string)) {
	for _, f := range files {
		for _, column := range f.Unread {
			if column.Meant != "" {
				warn(fmt.Sprintf("%s: nothing reads the column %q, and none is called %q: correct the header, or map it under columns of source %s", f.Name, column.Name, column.Meant, f.Source))
			}
		}
	}
}

// warnOfMaps tells of maps that neither classification nor a source's columns look into.
func (d Definitions) warnOfMaps(warn func(string)) {
	var expressions strings.Builder
	for _, source := range d.Config.Sources {
		for _, text := range append(source.Columns, strictyaml.Entry{Value: source.Where}) {
			expressions.WriteString(text.Value.Value + "\n")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Maps)) {
		if !transform.IsVocabulary(name) && !strings.Contains(expressions.String(), store.Literal(name)) {
			warn(fmt.Sprintf("%s: nothing looks into this map: no source has lookup(%s, ...), and classification has none of this name; %s",
				path.Join(fromConfig(d.Config, d.Config.Maps), name+".csv"), store.Literal(name), strictyaml.Hint(name, transform.Vocabularies())))
		}
	}
}

// warnOfAbsent tells of keys and of a command that the config names and this machine has
// not: another one may sign, and the command is needed on the night that fails.
func warnOfAbsent(config configs.Config, warn func(string)) {
	for _, key := range []struct{ name, path string }{
		{"packet.auditor_key", config.Packet.AuditorKey}, {"packet.signing_key", config.Packet.SigningKey}, {"packet.trusted_keys", config.Packet.TrustedKeys},
	} {
		if key.path == "" {
			continue
		}
		if _, err := os.Stat(key.path); err != nil {
			warn(fmt.Sprintf("%s: %v", key.name, err))
		}
	}
	if words := config.Monitoring.OnFailure; len(words) > 0 {
		if _, err := exec.LookPath(words[0]); err != nil {
			warn(fmt.Sprintf("monitoring.on_failure: %v", err))
		}
	}
}

func (d Definitions) validateTables(ctx context.Context, settings store.Settings) error {
	db, err := store.Open(ctx, settings)
	if err != nil {
		return err
	}
	return errors.Join(disclosures.Validate(ctx, db, d.Tables, d.scopeNames()), db.Close())
}
