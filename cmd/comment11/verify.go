package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"comment11/internal/batch"
)

func newVerify(shared *sharedFlags) *cobra.Command {
	var choice batch.Choice
	command := &cobra.Command{
		Use:   "verify",
		Short: "Recompute hashes, controls, cells and footing of releases",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := shared.loadFor("text", "json")
			if err != nil {
				return err
			}
			if choice.AsOf != "" {
				if _, err := parseDate("as-of", choice.AsOf); err != nil {
					return err
				}
			}
			progress := newProgress(cmd.ErrOrStderr(), shared.quiet, shared.verbose)
			v, err := batch.Verify(cmd.Context(), config, choice, func(release string) { progress.report("verify "+release, 0) })
			progress.close()
			if err != nil {
				return err
			}
			return sayVerification(cmd, shared, v)
		},
	}
	flags := command.Flags()
	flags.StringVar(&choice.AsOf, "as-of", "", "only releases of this date, YYYY-MM-DD")
	flags.StringVar(&choice.Release, "release", "", "only this release")
	return command
}

func sayVerification(cmd *cobra.Command, shared *sharedFlags, v batch.Verification) error {
	if shared.output == "json" {
		if err := writeJSON(cmd.OutOrStdout(), v); err != nil {
			return err
		}
	} else if !shared.quiet {
		fmt.Fprintf(cmd.OutOrStdout(), "%d releases, %d files, %d cells, %d controls; %d releases that retention removed\n",
			v.Releases, v.Files, v.Cells, v.Controls, v.Removed)
		for _, note := range v.Notes {
			fmt.Fprintf(cmd.OutOrStdout(), "note: %s\n", note)
		}
	}
	if len(v.Faults) == 0 {
		return nil
	}
	for _, fault := range v.Faults {
		fmt.Fprintf(cmd.ErrOrStderr(), "comment11: %s\n", fault)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "comment11: %d faults\n", len(v.Faults))
	return fmt.Errorf("%w%w", errSaid, batch.ErrData)
}
