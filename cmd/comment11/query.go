package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"comment11/configs"
	"comment11/internal/batch"
	"comment11/internal/store"
)

func newQuery(shared *sharedFlags) *cobra.Command {
	var limits queryLimits
	command := &cobra.Command{
		Use:   "query SQL",
		Short: "One read-only SELECT on the published catalog",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			sink, err := newSink(out, shared.output)
			if err != nil {
				return err
			}
			if (shared.output == "parquet" || shared.output == "arrow") && isTerminal(out) {
				return fmt.Errorf("%w: -o %s writes bytes that no terminal shows; send them to a file: comment11 query -o %[2]s ... > file", errUsage, shared.output)
			}
			config, err := shared.load()
			if err != nil {
				return err
			}
			session, err := limits.open(cmd, config)
			if err != nil {
				return err
			}
			defer session.Close()
			return session.Run(cmd.Context(), args[0], sink)
		},
	}
	limits.add(command)
	return command
}

// queryLimits are what a query may take, where it is less or more than the config says.
type queryLimits struct {
	memory string
	time   time.Duration
}

func (l *queryLimits) add(command *cobra.Command) {
	command.Flags().StringVar(&l.memory, "memory-limit", "", "memory that a query may take, for example 2GB (default query.memory_limit)")
	command.Flags().DurationVar(&l.time, "time-limit", 0, "longest that a query may take, for example 30s (default query.seconds)")
}

func (l *queryLimits) open(cmd *cobra.Command, config configs.Config) (*store.Session, error) {
	if l.memory != "" {
		if expected := configs.ExpectSize(l.memory); expected != "" {
			return nil, fmt.Errorf("%w: --memory-limit %q: expected %s", errUsage, l.memory, expected)
		}
		config.Query.MemoryLimit = l.memory
	}
	limit := time.Duration(config.Query.Seconds) * time.Second
	if l.time > 0 {
		limit = l.time
	}
	settings := store.Settings{Threads: config.Engine.Threads, MemoryLimit: config.Query.MemoryLimit, TemporaryLimit: config.Engine.TemporaryLimit}
	return batch.Warehouse(config).OpenSession(cmd.Context(), settings, limit)
}

// resultForms are the forms of a query's result.
var resultForms = []string{"table", "csv", "json", "parquet", "arrow"}

// newSink writes a result in one of the forms; text is the table.
func newSink(w io.Writer, form string) (store.Sink, error) {
	if form == "text" {
		form = "table"
	}
	if err := oneOf("output", form, resultForms...); err != nil {
		return nil, err
	}
	switch form {
	case "csv":
		return newCSVSink(w), nil
	case "json":
		return &jsonSink{w: w}, nil
	case "parquet":
		return store.NewParquetSink(w), nil
	case "arrow":
		return store.NewArrowSink(w), nil
	default:
		return newTableSink(w), nil
	}
}
