package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"comment11/disclosures/render"
	"comment11/internal/batch"
)

func newStatus(shared *sharedFlags) *cobra.Command {
	var start, end string
	command := &cobra.Command{
		Use:   "status",
		Short: "How every due date stands: published, held, missing, late, superseded, changed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := shared.loadFor("text", "json", "csv")
			if err != nil {
				return err
			}
			now := time.Now()
			if end == "" {
				end = now.Format(time.DateOnly)
			}
			if start == "" {
				const days = 14
				last, err := parseDate("end", end)
				if err != nil {
					return err
				}
				start = last.AddDate(0, 0, -days).Format(time.DateOnly)
			}
			from, to, err := period(start, end)
			if err != nil {
				return err
			}
			list, err := batch.Status(cmd.Context(), config, from, to, now)
			if err != nil {
				return err
			}
			broken, err := batch.Warehouse(config).ChainFaults()
			if err != nil {
				return err
			}
			for _, fault := range broken {
				warnTo(cmd.ErrOrStderr())("the chain of releases is broken: " + fault + "; no run publishes until it is restored")
			}
			return sayStatus(cmd.OutOrStdout(), shared, list, batch.Warehouse(config).Catalog())
		},
	}
	flags := command.Flags()
	flags.StringVar(&start, "start", "", "first date, YYYY-MM-DD (default two weeks before the last)")
	flags.StringVar(&end, "end", "", "last date, YYYY-MM-DD (default today)")
	return command
}

func sayStatus(w io.Writer, shared *sharedFlags, list []batch.DateStatus, catalog string) error {
	switch shared.output {
	case "json":
		if list == nil {
			list = []batch.DateStatus{}
		}
		return writeJSON(w, list)
	case "csv":
		rows := [][]string{{"as_of_date", "status", "release", "kind", "published_at", "due_at", "late", "held_release", "superseded_opening", "changed_inputs"}}
		for _, d := range list {
			rows = append(rows, []string{d.AsOfDate, d.Status, d.Release, d.Kind, instant(d.PublishedAt), instant(&d.DueAt), strconv.FormatBool(d.Late),
				d.HeldRelease, strconv.FormatBool(d.SupersededOpening), strings.Join(d.Changed, "; ")})
		}
		return writeCSV(w, rows)
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "as of\tstatus\trelease\tkind\tpublished\twhat to look at")
	for _, d := range list {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", d.AsOfDate, d.Status, d.Release, d.Kind, instant(d.PublishedAt), strings.Join(remarks(d), "; "))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nto look at the figures: duckdb -readonly %s\n", typed(shown(catalog)))
	return err
}

func instant(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// remarks are what an operator should know of a date.
func remarks(d batch.DateStatus) []string {
	var list []string
	add := func(holds bool, format string, arguments ...any) {
		if holds {
			list = append(list, fmt.Sprintf(format, arguments...))
		}
	}
	add(d.HeldRelease != "", "release %s is held: comment11 runs show %[1]s", d.HeldRelease)
	add(d.Late && d.Status == "published", "late, due at %s", instant(&d.DueAt))
	add(d.Late && d.Status != "published", "overdue since %s", instant(&d.DueAt))
	add(!d.Late && d.Status == "missing", "due at %s", instant(&d.DueAt))
	add(d.SupersededOpening, "builds on a release that was replaced, or lacks a quarter's end that was published, since; run it again")
	for _, name := range d.Changed {
		add(true, "%s", name)
	}
	add(d.Error != "", "%s", d.Error)
	return list
}

// writeCSV is for a person to review: no spreadsheet takes an id or a reason for a formula.
func writeCSV(w io.Writer, rows [][]string) error {
	for _, row := range rows {
		for i, text := range row {
			if _, err := decimal.NewFromString(text); err != nil { // a negative amount stays one
				row[i] = render.Harmless(text)
			}
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}
