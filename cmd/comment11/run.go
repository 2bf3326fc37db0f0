package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/disclosures/render"
	"comment11/ingest"
	"comment11/internal/batch"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/transform"
)

func newRun(shared *sharedFlags) *cobra.Command {
	var asOf, compare string
	var options batch.Options
	var tables bool
	command := &cobra.Command{
		Use:   "run --as-of DATE",
		Short: "The nightly job: files to a published release",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := shared.loadFor("text", "json")
			if err != nil {
				return err
			}
			if options.AsOf, err = parseDate("as-of", asOf); err != nil {
				return err
			}
			if options.AsConfigured = compare == asConfigured; options.AsConfigured {
				compare = ""
			}
			if options.Compare, err = comparedDate(options.AsOf, compare, options.Path); err != nil {
				return err
			}
			options.Program, options.Executable = program(), executableHash()
			options.Now = time.Now
			options.Warn = warnTo(cmd.ErrOrStderr())
			progress := newProgress(cmd.ErrOrStderr(), shared.quiet, shared.verbose)
			options.Progress = progress.report
			outcome, err := batch.Run(cmd.Context(), config, options)
			progress.close()
			if err != nil {
				if shared.output == "json" && outcome.Manifest.AsOfDate != "" {
					return withRecord(cmd.OutOrStdout(), outcome, err)
				}
				return err
			}
			if err := say(cmd.OutOrStdout(), cmd.ErrOrStderr(), shared, config, outcome, tables); err != nil {
				return err
			}
			prepareOutcome(cmd, config, outcome, options)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&asOf, "as-of", "", "the due date, YYYY-MM-DD")
	flags.BoolVar(&options.Force, "force", false, "make a release even where nothing changed")
	flags.BoolVar(&options.DryRun, "dry-run", false, "do everything but publish")
	flags.BoolVar(&tables, "tables", false, "print the tables")
	flags.StringVar(&compare, "compare", "", "roll the notional forward from this date, YYYY-MM-DD, now and whenever the date is run again (default: as the last release of the date was asked to, else as roll_forward in the config says; "+asConfigured+": as the config says)")
	flags.StringVar(&options.Path, "path", "", "how, with --compare: "+strings.Join(position.MovementPaths, ", ")+" (default: events where the data set lifecycle is there, else daily where every night is published, else two_point)")
	return command
}

// asConfigured is the date of --compare that forgets one that was asked for.
const asConfigured = "config"

// comparedDate checks from when and how the notional is to be rolled forward.
func comparedDate(asOf time.Time, compare, path string) (time.Time, error) {
	if path != "" && compare == "" {
		return time.Time{}, fmt.Errorf("%w: --path needs --compare", errUsage)
	}
	if compare == "" {
		return time.Time{}, nil
	}
	date, err := parseDate("compare", compare)
	if err == nil && !date.Before(asOf) {
		err = fmt.Errorf("%w: --compare %s: expected a date before --as-of", errUsage, compare)
	}
	if err == nil && path != "" {
		err = oneOf("path", path, position.MovementPaths...)
	}
	return date, err
}

// runRecord is the result of a run for machines.
type runRecord struct {
	Status   string               `json:"status"`
	Error    string               `json:"error,omitempty"` // of a run that failed
	AsOfDate string               `json:"as_of_date"`
	Release  string               `json:"release"`
	Kind     string               `json:"kind"`
	Counts   counts               `json:"counts"`
	Files    []ingest.File        `json:"files"`
	Controls []controlRecord      `json:"controls"`
	Findings []transform.Finding  `json:"findings"`
	Coverage []store.RuleCoverage `json:"coverage"`
	Seconds  map[string]float64   `json:"seconds"`
}

type counts struct {
	Records  int64 `json:"records"`
	Taken    int64 `json:"taken"`
	Excluded int64 `json:"excluded"`
	Rejected int64 `json:"rejected"`
	Facts    int64 `json:"facts"`
	Cells    int64 `json:"cells"`
}

type controlRecord struct {
	position.Control
	Difference decimal.Decimal `json:"difference"`
	Holds      bool            `json:"holds"`
}

func recordOf(o batch.Outcome) runRecord {
	record := runRecord{Status: o.Status, AsOfDate: o.Manifest.AsOfDate, Release: o.Manifest.Release, Kind: o.Manifest.Kind,
		Files: append([]ingest.File{}, o.Files...), Seconds: o.Seconds, Controls: []controlRecord{}, Findings: []transform.Finding{}}
	for _, f := range o.Files {
		if f.DataSet == "positions" {
			record.Counts.Records += f.Records
			record.Counts.Taken += f.Taken
			record.Counts.Excluded += f.Excluded
			record.Counts.Rejected += f.Rejected
		}
	}
	facts, _ := o.Manifest.Relation("facts")
	cells, _ := o.Manifest.Relation("cells")
	record.Counts.Facts, record.Counts.Cells = facts.Rows, cells.Rows
	for _, c := range o.Controls {
		record.Controls = append(record.Controls, controlRecord{c, c.Difference(), c.Holds()})
	}
	record.Findings = append(record.Findings, o.Findings...)
	record.Coverage = o.Coverage()
	return record
}

func writeJSON(w io.Writer, value any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(value)
}

// withRecord writes the run record of a failed run, which made no release, and
// passes its error on.
func withRecord(w io.Writer, o batch.Outcome, err error) error {
	record := recordOf(o)
	record.Status, record.Error, record.Release, record.Kind = "failed", err.Error(), "", ""
	if writeErr := writeJSON(w, record); writeErr != nil {
		return writeErr
	}
	return err
}

// say tells how the run ended; a release that is held is an error.
func say(stdout, stderr io.Writer, shared *sharedFlags, config configs.Config, o batch.Outcome, tables bool) error {
	if shared.output == "json" {
		if err := writeJSON(stdout, recordOf(o)); err != nil {
			return err
		}
	} else if err := sayText(stdout, shared, config, o, tables); err != nil {
		return err
	}
	switch {
	case o.Status == store.Held:
		fmt.Fprintf(stderr, "comment11: release %s of %s is held, %v:\n", o.Manifest.Release, o.Manifest.AsOfDate, batch.ErrData)
	case o.Status == "dry_run" && len(o.Open) > 0:
		fmt.Fprintf(stderr, "comment11: a release of %s would be held:\n", o.Manifest.AsOfDate)
	default:
		return nil
	}
	for _, c := range o.Open {
		fmt.Fprintf(stderr, "  %s\n", controlLine(c))
	}
	sayRejects(stderr, o.Rejects)
	if o.Status == store.Held {
		sayApprovals(stderr, config, o.Manifest, o.Open)
	}
	return fmt.Errorf("%w%w", errSaid, batch.ErrData)
}

// sayApprovals tells what would let a held release out.
func sayApprovals(w io.Writer, config configs.Config, m store.Manifest, open []position.Control) {
	if slices.ContainsFunc(open, func(c position.Control) bool { return c.Class == "integrity" }) {
		fmt.Fprintln(w, "  a break of integrity cannot be accepted; what made it must be mended")
		return
	}
	fmt.Fprintf(w, "  mend the delivery and run again; or comment11 runs show %s prints what a second person would sign in %s\n", m.Release, filepath.Base(config.Approvals))
}

// sayBroken names the controls that do not hold and hold nothing back: warnings, and
// breaks that were accepted. The others are told with what they hold.
func sayBroken(w io.Writer, o batch.Outcome) {
	said := false
	for _, c := range o.Broken() {
		if slices.ContainsFunc(o.Open, func(open position.Control) bool { return open.ID == c.ID && open.Subject == c.Subject }) {
			continue
		}
		if !said {
			fmt.Fprintln(w, "\ncontrols that do not hold")
			said = true
		}
		state := c.Severity
		if state == "hold" {
			state = "accepted"
		}
		fmt.Fprintf(w, "  %s %s\n", state, controlLine(c))
	}
}

// warnTo writes warnings for the operator.
func warnTo(w io.Writer) func(string) {
	return func(text string) { fmt.Fprintln(w, "comment11: warning:", text) }
}

// sayRejects names the first rejects and counts the rest.
func sayRejects(w io.Writer, rejects []ingest.Reject) {
	named := map[int64]bool{}
	for _, r := range rejects {
		named[r.Record] = true
		fmt.Fprintf(w, "  %s\n", r)
	}
	if len(rejects) > 0 && rejects[0].RecordsInTotal > int64(len(named)) {
		fmt.Fprintf(w, "  and others, %d rejected records in all; the relation rejects has them\n", rejects[0].RecordsInTotal)
	}
}

func controlLine(c position.Control) string {
	text := fmt.Sprintf("%s, %s: %s %s, %s %s, difference %s", c.ID, c.Subject, c.LeftMeaning, c.Left, c.RightMeaning, c.Right, c.Difference())
	if c.ID == "within_limit" {
		text = fmt.Sprintf("%s: %s %s, the limit is %s (limits.%s)", c.ID, c.LeftMeaning, c.Left, c.Tolerance, c.Subject)
	} else if c.Tolerance.IsPositive() {
		text += ", tolerance " + c.Tolerance.String()
	}
	return text
}

func sayText(w io.Writer, shared *sharedFlags, config configs.Config, o batch.Outcome, tables bool) error {
	if o.Repeated {
		_, err := fmt.Fprintf(w, "%s: nothing changed since release %s (%s); nothing to do\n", o.Manifest.AsOfDate, o.Manifest.Release, o.Manifest.Status)
		return err
	}
	if tables {
		var heads []disclosures.Head
		definitions, err := batch.Define(config, mustDate(o.Manifest.AsOfDate))
		if err != nil {
			return err
		}
		for _, t := range definitions.Tables {
			heads = append(heads, t.Head(config.ReportingCurrency))
		}
		if err := render.Text(w, render.New(heads, render.Dated{Date: o.Manifest.AsOfDate, Opening: o.Manifest.OpeningDate(), Cells: o.Cells})); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	if shared.quiet {
		return nil
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "file\trecords\ttaken\texcluded\trejected\t")
	for _, f := range o.Files {
		fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t\n", f.Name, f.Records, f.Taken, f.Excluded, f.Rejected)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := sayTotals(w, o); err != nil {
		return err
	}
	sayFindings(w, o.Findings)
	sayCoverage(w, o.Coverage())
	sayBroken(w, o)
	record := recordOf(o)
	fmt.Fprintf(w, "\n%s, %s; %s, %d hold\n", disclosures.Counted(record.Counts.Facts, "fact"), disclosures.Counted(record.Counts.Cells, "cell"),
		disclosures.Counted(len(o.Controls), "control"), len(o.Controls)-len(o.Broken()))
	switch o.Status {
	case store.Published:
		fmt.Fprintf(w, "published release %s (%s)\nnext: comment11 extract --config %s --as-of %s --out packet --draft\n",
			o.Manifest.Release, o.Manifest.Kind, typed(shown(config.File)), o.Manifest.AsOfDate)
	case "dry_run":
		fmt.Fprintf(w, "dry run: nothing was published\nnext: comment11 run --config %s --as-of %s\n", typed(shown(config.File)), o.Manifest.AsOfDate)
	case store.Held:
		fmt.Fprintf(w, "held release %s\nnext, once what holds it is mended: comment11 run --config %s --as-of %s\n",
			o.Manifest.Release, typed(shown(config.File)), o.Manifest.AsOfDate)
	}
	return nil
}

// sayTotals prints what the facts come to, by direction.
func sayTotals(w io.Writer, o batch.Outcome) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "\n%s\tfacts\tnotional\treceivable\tpayable\t\n", o.Manifest.ReportingCurrency)
	all := batch.Total{Direction: "all"}
	line := func(t batch.Total) {
		fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%s\t\n", t.Direction, t.Facts, t.Notional.StringFixed(2), t.Receivable.StringFixed(2), t.Payable.StringFixed(2))
	}
	for _, t := range o.Totals {
		line(t)
		all.Facts += t.Facts
		all.Notional, all.Receivable, all.Payable = all.Notional.Add(t.Notional), all.Receivable.Add(t.Receivable), all.Payable.Add(t.Payable)
	}
	line(all)
	return out.Flush()
}

func mustDate(text string) time.Time {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err) // the manifest's own date
	}
	return date
}

func sayFindings(w io.Writer, findings []transform.Finding) {
	if len(findings) == 0 {
		return
	}
	fmt.Fprintln(w, "\nfindings")
	order := []string{"hold", "warn", "info"}
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, func(a, b transform.Finding) int {
		return slices.Index(order, a.Severity) - slices.Index(order, b.Severity)
	})
	for _, f := range sorted {
		money := ""
		if f.Money.Valid {
			money = ", " + f.Money.Decimal.StringFixed(2)
		}
		fmt.Fprintf(w, "  %s %s: %s: %d%s, first %s; %s\n", f.Severity, f.Code, f.Subject, f.Positions, money, strings.TrimSpace(f.Example), f.Message)
	}
}

// sayCoverage tells, where rules leave gaps or never fire, of which attributes.
func sayCoverage(w io.Writer, coverage []store.RuleCoverage) {
	said := false
	for _, c := range coverage {
		if c.Gaps == 0 {
			continue
		}
		if !said {
			fmt.Fprintln(w, "\nno rule decided")
			said = true
		}
		fmt.Fprintf(w, "  %s: %d of %d positions, %s\n", c.Attribute, c.Gaps, c.Positions, c.GapMoney.StringFixed(2))
	}
}
