package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"comment11/internal/batch"
)

func newValidate(shared *sharedFlags) *cobra.Command {
	var asOf string
	command := &cobra.Command{
		Use:   "validate",
		Short: "Read config, rules, maps, tables and approvals and bind every expression, touching no data",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := shared.loadFor("text")
			if err != nil {
				return err
			}
			date := time.Now().UTC().Truncate(24 * time.Hour)
			if asOf != "" {
				if date, err = parseDate("as-of", asOf); err != nil {
					return err
				}
			}
			if err := batch.Validate(cmd.Context(), config, date, warnTo(cmd.ErrOrStderr())); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is valid\n", shown(config.File))
			return err
		},
	}
	command.Flags().StringVar(&asOf, "as-of", "", "check the rules in force and the files of this date, YYYY-MM-DD (default today)")
	return command
}
