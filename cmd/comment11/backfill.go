package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"comment11/internal/batch"
)

func newBackfill(shared *sharedFlags) *cobra.Command {
	var start, end string
	var options batch.Options
	command := &cobra.Command{
		Use:   "backfill --start DATE --end DATE",
		Short: "The nightly job for every due date of a period, going on after a failed one",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := shared.loadFor("text", "json", "csv")
			if err != nil {
				return err
			}
			from, to, err := period(start, end)
			if err != nil {
				return err
			}
			options.Program, options.Executable = program(), executableHash()
			options.Now, options.Warn = time.Now, warnTo(cmd.ErrOrStderr())
			days, err := batch.Backfill(cmd.Context(), config, from, to, options, func(d batch.Day, done, total int) {
				if !shared.quiet {
					fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d  %s  %s %s\n", done, total, d.AsOfDate, d.Status, strings.TrimSpace(d.Release+" "+d.Kind))
				}
			})
			return cmp.Or(err, sayDays(cmd, shared, days))
		},
	}
	flags := command.Flags()
	flags.StringVar(&start, "start", "", "first date, YYYY-MM-DD")
	flags.StringVar(&end, "end", "", "last date, YYYY-MM-DD")
	flags.BoolVar(&options.Force, "force", false, "make releases even where nothing changed")
	return command
}

// period reads the first and the last date of a period.
func period(start, end string) (from, to time.Time, err error) {
	if from, err = parseDate("start", start); err != nil {
		return from, to, err
	}
	if to, err = parseDate("end", end); err != nil {
		return from, to, err
	}
	if to.Before(from) {
		return from, to, fmt.Errorf("%w: --end %s is before --start %s", errUsage, end, start)
	}
	return from, to, nil
}

func sayDays(cmd *cobra.Command, shared *sharedFlags, days []batch.Day) error {
	counts := map[string]int{}
	failed := 0
	for _, d := range days {
		counts[d.Status]++
		if d.Failed() {
			failed++
		}
	}
	switch shared.output {
	case "json":
		if err := writeJSON(cmd.OutOrStdout(), days); err != nil {
			return err
		}
	case "csv":
		rows := [][]string{{"as_of_date", "status", "release", "kind", "error"}}
		for _, d := range days {
			rows = append(rows, []string{d.AsOfDate, d.Status, d.Release, d.Kind, d.Error})
		}
		if err := writeCSV(cmd.OutOrStdout(), rows); err != nil {
			return err
		}
	default:
		fmt.Fprintf(cmd.OutOrStdout(), "%d due dates: %d published, %d unchanged, %d held, %d failed\n",
			len(days), counts["published"], counts["unchanged"], counts["held"], counts["failed"])
	}
	if failed == 0 {
		return nil
	}
	for _, d := range days {
		if d.Failed() {
			fmt.Fprintf(cmd.ErrOrStderr(), "comment11: %s %s: %s\n", d.AsOfDate, d.Status, strings.TrimSpace(d.Error))
		}
	}
	return fmt.Errorf("%w%w", errSaid, batch.ErrData)
}
