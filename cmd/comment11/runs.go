package main

import (
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"comment11/internal/batch"
	"comment11/internal/store"
)

func newRuns(shared *sharedFlags) *cobra.Command {
	var held bool
	var asOf string
	command := &cobra.Command{
		Use:   "runs",
		Short: "Who ran, approved and extracted what, and how it ended",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := shared.loadFor("text", "json", "csv")
			if err != nil {
				return err
			}
			list, err := batch.Warehouse(config).Runs()
			if err != nil {
				return err
			}
			list = slices.DeleteFunc(list, func(r store.RunRecord) bool {
				return (held && r.Status != store.Held) || (asOf != "" && r.AsOfDate != asOf)
			})
			return sayRuns(cmd, shared, list)
		},
	}
	command.Flags().BoolVar(&held, "held", false, "only runs whose release is held")
	command.Flags().StringVar(&asOf, "as-of", "", "only runs of this date, YYYY-MM-DD")
	show := &cobra.Command{
		Use:   "show ID",
		Short: "One run or release: its record, manifest, breaks, approvals and packets",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := shared.loadFor("text", "json")
			if err != nil {
				return err
			}
			detail, err := batch.Show(cmd.Context(), config, args[0])
			if err != nil {
				return err
			}
			if shared.output == "json" {
				return writeJSON(cmd.OutOrStdout(), detail)
			}
			return sayRun(cmd, detail)
		},
	}
	command.AddCommand(show)
	return command
}

func sayRuns(cmd *cobra.Command, shared *sharedFlags, list []store.RunRecord) error {
	if shared.output == "json" {
		if list == nil {
			list = []store.RunRecord{}
		}
		return writeJSON(cmd.OutOrStdout(), list)
	}
	rows := [][]string{{"run", "as_of_date", "status", "release", "kind", "started_at", "user", "host"}}
	for _, r := range list {
		rows = append(rows, []string{r.ID, r.AsOfDate, r.Status, r.Release, r.Kind, instant(&r.StartedAt), r.User, r.Host})
	}
	if shared.output == "csv" {
		return writeCSV(cmd.OutOrStdout(), rows)
	}
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for _, value := range row {
			fmt.Fprintf(out, "%s\t", value)
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

func sayRun(cmd *cobra.Command, d batch.RunDetail) error {
	w := cmd.OutOrStdout()
	if r := d.Run; r != nil {
		fmt.Fprintf(w, "run %s of %s: %s\n  by %s on %s, process %d, started %s, ended %s\n  %d records of positions, %d rejected, %d facts, %d cells, %d controls broken\n",
			r.ID, r.AsOfDate, r.Status, r.User, r.Host, r.Process, instant(&r.StartedAt), instant(&r.FinishedAt), r.Records, r.Rejected, r.Facts, r.Cells, r.Broken)
		if r.Error != "" {
			fmt.Fprintf(w, "  %s\n", r.Error)
		}
	}
	if m := d.Manifest; m != nil {
		fmt.Fprintf(w, "release %s of %s: %s, %s; number %d of the chain\n  hash %s\n", m.Release, m.AsOfDate, m.Status, m.Kind, m.Sequence, m.ReleaseHash)
		if m.Follows != "" {
			fmt.Fprintf(w, "  takes the place of %s\n", m.Follows)
		}
		if m.Opening != nil {
			fmt.Fprintf(w, "  builds on %s\n", m.Opening.Release)
		}
		for _, a := range m.Approvals {
			fmt.Fprintf(w, "  accepted: %s, %s by %s: %s; asked for by %s, approved by %s at %s, until %s\n",
				a.Control, a.Subject, a.Amount, a.Reason, a.Preparer, a.Approver, instant(&a.ApprovedAt), instant(&a.ExpiresAt))
		}
	}
	for _, p := range d.Packets {
		fmt.Fprintf(w, "packet %s: extracted by %s on %s at %s to %s\n", p.ID, p.User, p.Host, instant(&p.ExtractedAt), p.Folder)
	}
	for _, text := range d.Broken {
		fmt.Fprintf(w, "broken: %s\n", text)
	}
	if d.ToSign != "" {
		fmt.Fprintf(w, "\nTo let it out, another person than the preparer, listed in the config, signs this in the approvals file:\n\n%s", d.ToSign)
	}
	return nil
}
