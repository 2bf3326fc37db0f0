package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"comment11/configs"
)

// starterFiles are what init writes, from the files of the program.
var starterFiles = []string{"comment11.yaml", "starter/positions_2007-09-30.csv"}

func newInit() *cobra.Command {
	return &cobra.Command{
		Use:   "init FOLDER",
		Short: "Write a starter folder that runs as it is",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := args[0]
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
			for _, name := range starterFiles {
				path := filepath.Join(folder, filepath.Base(name))
				if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
					return fmt.Errorf("%w: %s is there already; init writes into a folder without it", errUsage, path)
				}
			}
			for _, name := range starterFiles {
				text, err := fs.ReadFile(configs.Files, name)
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), text, 0o644); err != nil {
					return err
				}
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\nnext: comment11 run --config %s --as-of 2007-09-30 --tables\n",
				folder, filepath.Join(folder, "comment11.yaml"))
			return err
		},
	}
}
