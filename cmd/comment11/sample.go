package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"comment11/disclosures"
	"comment11/internal/sample"
)

func newSample(shared *sharedFlags) *cobra.Command {
	book := sample.Book{}
	var dates []string
	command := &cobra.Command{
		Use:   "sample",
		Short: "Write a synthetic book with its key",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, text := range dates {
				date, err := parseDate("as-of", text)
				if err != nil {
					return err
				}
				book.Dates = append(book.Dates, date)
			}
			started := time.Now()
			if err := sample.Write(cmd.Context(), book); err != nil {
				return err
			}
			if shared.quiet {
				return nil
			}
			config := typed(shown(filepath.Join(book.Folder, "comment11.yaml")))
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "wrote %s at %s, and what belongs to them, in %.1f s\nnext: comment11 run --config %s --as-of %s\n",
				disclosures.Counted(book.Positions, "position"), dates[len(dates)-1], time.Since(started).Seconds(), config, dates[0])
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&book.Folder, "out", "book", "folder to write")
	flags.IntVar(&book.Positions, "positions", 20_000, "open positions at the last date")
	flags.StringSliceVar(&dates, "as-of", []string{"2006-12-31", "2007-09-30"}, "as-of dates in order, YYYY-MM-DD,...")
	flags.Uint64Var(&book.Seed, "seed", 11, "seed of everything that is drawn")
	flags.IntVar(&book.Threads, "threads", 0, "threads to use; 0: all processors")
	flags.IntVar(&book.Faults, "faults", 0, "records of each date's positions to plant with a fault")
	return command
}
