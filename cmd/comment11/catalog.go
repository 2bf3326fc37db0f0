package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"comment11/disclosures"
	"comment11/internal/batch"
)

func newCatalog(shared *sharedFlags) *cobra.Command {
	command := &cobra.Command{
		Use:   "catalog",
		Short: "The catalog that analysts open",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root := ""
	rebuild := &cobra.Command{
		Use:   "rebuild",
		Short: "Build the catalog anew from the releases, for example after the warehouse was moved",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := shared.loadFor("text")
			if err != nil {
				return err
			}
			if root != "" {
				if config.Warehouse, err = filepath.Abs(root); err != nil {
					return err
				}
				if !isFolder(root) { // else a slip would make an empty one
					return fmt.Errorf("%w: --root %s: there is no such folder", errUsage, root)
				}
			}
			count, err := batch.RebuildCatalog(cmd.Context(), config, batch.Options{Now: time.Now, Warn: warnTo(cmd.ErrOrStderr())})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s shows %s\n", shown(batch.Warehouse(config).Catalog()), disclosures.Counted(count, "release"))
			return err
		},
	}
	rebuild.Flags().StringVar(&root, "root", "", "folder of the warehouse, where it is not the config's")
	command.AddCommand(rebuild)
	return command
}
