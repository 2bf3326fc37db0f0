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

func newInit(shared *sharedFlags) *cobra.Command {
	var asOf, compare string
	var texts bool
	command := &cobra.Command{
		Use:   "init FOLDER, or init --commentary --as-of DATE",
		Short: "Write a starter folder that runs as it is, or first texts of a letter from the data",
		Long: `Write a starter folder that runs as it is. With --commentary: write a first text for
every item of a period end's letter that has none, from the published figures, to
commentary/DATE beside the config, for a person to edit. Texts are Markdown; numbers, and
words such as rose, are calls:

` + proseFunctions(),
		Args: func(_ *cobra.Command, args []string) error {
			if texts != (len(args) == 0) || len(args) > 1 {
				return errors.New("give a folder, or --commentary and --as-of")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if texts {
				return initCommentary(cmd, shared, asOf, compare)
			}
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
				folder, typed(filepath.Join(folder, "comment11.yaml")))
			return err
		},
	}
	flags := command.Flags()
	flags.BoolVar(&texts, "commentary", false, "write first texts of the letter instead")
	flags.StringVar(&asOf, "as-of", "", "with --commentary: the period end, YYYY-MM-DD")
	flags.StringVar(&compare, "compare", "", "with --commentary: "+compareUsage)
	return command
}
