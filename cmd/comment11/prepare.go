package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"comment11/configs"
	"comment11/internal/batch"
	"comment11/internal/store"
)

func newPrepare(shared *sharedFlags) *cobra.Command {
	var asOf, compare string
	command := &cobra.Command{
		Use:   "prepare --as-of DATE",
		Short: "What packets of a period end show and take long to find, found once",
		Long: "Finds where the figures of a packet come from and what in them is concentrated, and keeps it in the warehouse, so that extract need not. " +
			"A run of a fiscal period end does so; prepare is for what was published by backfill or by another build of the program.",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := shared.loadFor("text")
			if err != nil {
				return err
			}
			dates, err := packetDates(cmd, config, asOf, compare)
			if err != nil {
				return err
			}
			releases, err := batch.Prepare(cmd.Context(), config, packetOptions(cmd), dates)
			if err != nil {
				return err
			}
			if len(releases) == 0 {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "nothing to prepare: of fewer than %d facts extract finds all in a second or two\n", batch.PrepareFrom)
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "prepared", strings.Join(releases, ", "))
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&asOf, "as-of", "", "the period end, YYYY-MM-DD")
	flags.StringVar(&compare, "compare", "", compareUsage)
	return command
}

// prepareOutcome prepares what a run of a fiscal period end published, and the year-end
// that its packets compare with. It is published by then, so that what fails is no failure
// of the run.
func prepareOutcome(cmd *cobra.Command, config configs.Config, outcome batch.Outcome, options batch.Options) {
	facts, _ := outcome.Manifest.Relation("facts")
	if options.DryRun || facts.Rows < batch.PrepareFrom || !slices.Contains([]string{store.Published, "unchanged"}, outcome.Status) || !config.Calendar.IsPeriodEnd(options.AsOf) {
		return
	}
	dates, err := withYearEnd(config, options.AsOf)
	if err == nil {
		_, err = batch.Prepare(cmd.Context(), config, options, dates)
	}
	if err != nil {
		options.Warn(fmt.Sprintf("the release is published; what packets show of it was not prepared, so that extract takes longer: %v", err))
	}
}
