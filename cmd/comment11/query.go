package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"comment11/internal/batch"
	"comment11/internal/store"
)

func newQuery(shared *sharedFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "query SQL",
		Short: "One read-only SELECT on the published catalog",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("output", shared.output, "text", "csv", "json"); err != nil {
				return err
			}
			config, err := shared.load()
			if err != nil {
				return err
			}
			settings := store.Settings{Threads: config.Engine.Threads, MemoryLimit: config.Engine.MemoryLimit}
			table, err := batch.Warehouse(config).Query(cmd.Context(), settings, args[0])
			if err != nil {
				return err
			}
			return writeTable(cmd.OutOrStdout(), table, shared.output)
		},
	}
}

// writeTable writes a query's result; decimals are written as they are, never
// through a floating number.
func writeTable(w io.Writer, table store.Table, form string) error {
	switch form {
	case "csv":
		out := csv.NewWriter(w)
		records := [][]string{table.Columns}
		for _, row := range table.Rows {
			records = append(records, texts(row))
		}
		return out.WriteAll(records)
	case "json":
		return writeJSON(w, objects(table))
	default:
		out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(out, strings.Join(table.Columns, "\t"))
		for _, row := range table.Rows {
			fmt.Fprintln(out, strings.Join(texts(row), "\t"))
		}
		return out.Flush()
	}
}

func texts(row []any) []string {
	list := make([]string, len(row))
	for i, value := range row {
		list[i] = textOf(value)
	}
	return list
}

func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case decimal.Decimal:
		return v.StringFixed(max(0, -v.Exponent()))
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.Format(time.DateOnly)
		}
		return v.Format(time.RFC3339)
	default:
		return fmt.Sprint(v)
	}
}

// objects makes one object per row; exact numbers stay texts.
func objects(table store.Table) []map[string]any {
	list := make([]map[string]any, len(table.Rows))
	for i, row := range table.Rows {
		list[i] = map[string]any{}
		for c, value := range row {
			switch value.(type) {
			case nil, bool, int8, int16, int32, int64, string:
				list[i][table.Columns[c]] = value
			default:
				list[i][table.Columns[c]] = textOf(value)
			}
		}
	}
	return list
}
