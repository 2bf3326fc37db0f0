package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"comment11/internal/batch"
)

func newGC(shared *sharedFlags) *cobra.Command {
	dryRun := false
	command := &cobra.Command{
		Use:   "gc",
		Short: "Take releases that retention no longer asks for out of the catalog, then their files",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := shared.loadFor("text", "json")
			if err != nil {
				return err
			}
			list, err := batch.Collect(cmd.Context(), config, dryRun, batch.Options{Now: time.Now, Warn: warnTo(cmd.ErrOrStderr())})
			if shared.output == "json" {
				if list == nil {
					list = []batch.Collected{}
				}
				if err := writeJSON(cmd.OutOrStdout(), list); err != nil {
					return err
				}
				return err
			}
			words := map[string]string{"leaves_catalog": "leaves the catalog", "removes_files": "its files are removed", "waits": "its files wait", "stays": "stays"}
			for _, c := range list {
				until := ""
				if !c.RemoveAt.IsZero() {
					until = "; files from " + instant(&c.RemoveAt)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s %s, %d bytes: %s%s\n", c.Release, words[c.Action], c.Bytes, c.Reason, until)
			}
			if err == nil && dryRun {
				fmt.Fprintln(cmd.OutOrStdout(), "dry run: nothing was changed")
			}
			return err
		},
	}
	command.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be done")
	return command
}
