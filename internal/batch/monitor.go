package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"comment11/configs"
	"comment11/internal/store"
)

// Run does the nightly job for one due date, and tells who watches how it ended:
// a record of the run, metrics, one lineage event and, where it failed, the
// command of the config. An error that is ErrData or ErrUsage is for the user; a
// *store.BusyError means that another run is writing.
func Run(ctx context.Context, config configs.Config, options Options) (Outcome, error) {
	if options.Verb == "" {
		options.Verb = "run"
	}
	record := store.NewRun(options.Verb, options.AsOf.Format(time.DateOnly), options.Now())
	outcome, err := perform(ctx, config, options, &record)
	var busy *store.BusyError
	if options.DryRun || errors.As(err, &busy) {
		return outcome, err
	}
	fillRecord(&record, outcome, err, ctx.Err() != nil, options.Now())
	return outcome, errors.Join(err, tell(config, options, outcome, record))
}

// fillRecord notes how the run ended.
func fillRecord(record *store.RunRecord, o Outcome, err error, interrupted bool, now time.Time) {
	record.FinishedAt, record.Status, record.Seconds = now.UTC(), o.Status, o.Seconds
	if o.Repeated {
		record.Release, record.Kind = o.Manifest.Release, o.Manifest.Kind
	}
	if err != nil {
		record.Status, record.Error = "failed", err.Error()
	}
	if interrupted {
		record.Status = "interrupted"
	}
	for _, f := range o.Files {
		if f.DataSet == "positions" {
			record.Records += f.Records
			record.Rejected += f.Rejected
		}
	}
	facts, _ := o.Manifest.Relation("facts")
	record.Facts, record.Cells, record.Broken, record.Coverage = facts.Rows, int64(len(o.Cells)), int64(len(o.Broken())), o.Coverage()
}

// tell writes what others read about the run. Only the record of the run itself
// can fail it; of the rest a warning is enough, because what was published stands.
func tell(config configs.Config, options Options, o Outcome, record store.RunRecord) error {
	w := options.warehouse(config)
	warn := func(what string, err error) {
		if err != nil && options.Warn != nil {
			options.Warn(what + ": " + err.Error())
		}
	}
	var err error
	if _, statErr := os.Stat(w.Root); statErr == nil { // a fault of the config makes no warehouse
		err = w.WriteRun(record)
		warn("writing the metrics", writeMetrics(config, w, record))
		warn("writing the lineage event", appendLineage(config, w, o, record))
	}
	if record.Status == "failed" || record.Status == "held" || record.Status == "interrupted" {
		warn("the command on failure", commandOnFailure(config, record))
	}
	return err
}

// writeMetrics writes the state of the warehouse for the Prometheus textfile collector.
func writeMetrics(config configs.Config, w store.Warehouse, record store.RunRecord) error {
	runs, err := w.Runs()
	if err != nil {
		return err
	}
	manifests, err := w.Manifests()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	metric := func(name, help, labels string, value any) {
		if help != "" {
			fmt.Fprintf(&b, "# HELP comment11_%s %s\n# TYPE comment11_%s gauge\n", name, help, name)
		}
		fmt.Fprintf(&b, "comment11_%s%s %v\n", name, labels, value)
	}
	seconds := func(t time.Time) string { return fmt.Sprintf("%.3f", float64(t.UnixMilli())/1000) }
	var success time.Time
	for _, r := range runs {
		if (r.Status == store.Published || r.Status == "unchanged") && r.FinishedAt.After(success) {
			success = r.FinishedAt
		}
	}
	metric("last_run_finished_seconds", "When the last run ended, seconds since 1970.", "", seconds(record.FinishedAt))
	metric("last_run_duration_seconds", "How long the last run took.", "", fmt.Sprintf("%.3f", record.FinishedAt.Sub(record.StartedAt).Seconds()))
	for i, status := range []string{store.Published, "unchanged", store.Held, "failed", "interrupted"} {
		help := ""
		if i == 0 {
			help = "How the last run ended: 1 for its status."
		}
		value := 0
		if record.Status == status {
			value = 1
		}
		metric("last_run_status", help, `{status="`+status+`"}`, value)
	}
	metric("last_run_positions", "Records of positions that the last run read.", "", record.Records)
	metric("last_run_rejected", "Records of positions that the last run rejected.", "", record.Rejected)
	metric("last_run_facts", "Facts of the last run.", "", record.Facts)
	metric("last_run_broken_controls", "Controls that did not hold in the last run.", "", record.Broken)
	if !success.IsZero() {
		metric("last_success_seconds", "When a run last published or found nothing to do, seconds since 1970.", "", seconds(success))
	}
	published, held, newest := 0, map[string]bool{}, ""
	for _, m := range slices.SortedFunc(slices.Values(manifests), func(a, b store.Manifest) int { return a.Sequence - b.Sequence }) {
		if m.Status == store.Published {
			published++
			newest = max(newest, m.AsOfDate)
		}
		held[m.AsOfDate] = m.Status == store.Held
	}
	dates := 0
	for _, isHeld := range held {
		if isHeld {
			dates++
		}
	}
	metric("releases", "Releases that were published.", "", published)
	metric("dates_held", "As-of dates whose newest release is held.", "", dates)
	if date, err := time.Parse(time.DateOnly, newest); err == nil {
		metric("newest_as_of_date_seconds", "Newest as-of date that is published, seconds since 1970.", "", date.Unix())
	}
	path := config.Monitoring.Metrics
	if path == "" {
		path = filepath.Join(w.Root, "metrics.prom")
	}
	// The collector must never read half a file.
	aside := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	if err := w.Disk.Write(aside, b.Bytes(), 0o644&^w.Umask); err != nil {
		return err
	}
	return w.Disk.Rename(aside, path)
}

// appendLineage appends one OpenLineage run event, as one line of JSON.
func appendLineage(config configs.Config, w store.Warehouse, o Outcome, record store.RunRecord) error {
	type dataset struct {
		Namespace string         `json:"namespace"`
		Name      string         `json:"name"`
		Facets    map[string]any `json:"facets,omitempty"`
	}
	const schema = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
	producer := "urn:comment11:" + strings.ReplaceAll(o.Manifest.Program.Version, " ", "-")
	eventType := map[string]string{store.Published: "COMPLETE", "unchanged": "COMPLETE", "interrupted": "ABORT"}[record.Status]
	if eventType == "" {
		eventType = "FAIL"
	}
	inputs, outputs := []dataset{}, []dataset{}
	for _, f := range o.Files {
		inputs = append(inputs, dataset{Namespace: "file", Name: f.Source + "/" + f.Name, Facets: map[string]any{
			"comment11_input": map[string]any{"_producer": producer, "_schemaURL": schema, "sha256": f.SHA256, "records": f.Records, "dataSet": f.DataSet}}})
	}
	if record.Status == store.Published {
		for _, r := range o.Manifest.Relations {
			outputs = append(outputs, dataset{Namespace: "comment11", Name: fmt.Sprintf("releases/as_of_date=%s/release=%s/%s", record.AsOfDate, record.Release, r.Name),
				Facets: map[string]any{"comment11_content": map[string]any{"_producer": producer, "_schemaURL": schema, "rows": r.Rows, "contentHash": r.ContentHash}}})
		}
	}
	runFacets := map[string]any{"comment11_run": map[string]any{"_producer": producer, "_schemaURL": schema, "asOfDate": record.AsOfDate, "status": record.Status, "run": record.ID}}
	if record.Error != "" {
		runFacets["errorMessage"] = map[string]any{"_producer": producer, "_schemaURL": "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json",
			"message": record.Error, "programmingLanguage": "go"}
	}
	line, err := json.Marshal(map[string]any{
		"eventType": eventType, "eventTime": record.FinishedAt.Format("2006-01-02T15:04:05.000Z"), "producer": producer, "schemaURL": schema,
		"run": map[string]any{"runId": uuid.NewSHA1(uuid.NameSpaceURL, []byte("comment11/"+record.Host+"/"+record.ID)).String(), "facets": runFacets},
		"job": map[string]any{"namespace": "comment11", "name": record.Verb}, "inputs": inputs, "outputs": outputs,
	})
	if err != nil {
		return err
	}
	path := config.Monitoring.Lineage
	if path == "" {
		path = filepath.Join(w.Root, "openlineage.jsonl")
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644&^w.Umask)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}

// commandOnFailure starts the command of the config with the run record on its
// stdin. It may not hang the run: when its time is over it is killed, and what it
// started and left behind is not waited for.
func commandOnFailure(config configs.Config, record store.RunRecord) error {
	words := config.Monitoring.OnFailure
	if len(words) == 0 {
		return nil
	}
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	limit := time.Duration(config.Monitoring.OnFailureSeconds) * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Dir = config.Folder
	command.Stdin = bytes.NewReader(append(text, '\n'))
	said := &excerpt{most: 2000}
	command.Stdout, command.Stderr = said, said
	command.WaitDelay = time.Second // for children that keep the pipes open
	killWithChildren(command)
	err = command.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("%s was killed after %s", words[0], limit)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s: no such command", words[0])
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", words[0], err, strings.TrimSpace(said.text.String()))
	}
	return nil
}

// excerpt keeps the beginning of what is written and lets the rest go.
type excerpt struct {
	text bytes.Buffer
	most int
}

func (e *excerpt) Write(p []byte) (int, error) {
	if room := e.most - e.text.Len(); room > 0 {
		e.text.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
