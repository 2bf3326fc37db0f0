package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"comment11/disclosures"
	"comment11/disclosures/render"
	"comment11/internal/batch"
)

func newTrace(shared *sharedFlags) *cobra.Command {
	question := batch.TraceQuestion{}
	command := &cobra.Command{
		Use:   "trace TABLE ROW COLUMN",
		Short: "Where a figure comes from: its predicate, its facts, its rounding, its rules",
		Long: `Where a figure comes from: what it counts, in words and in SQL, the facts that add to
its exact value, how it was rounded, and the rules that decided. A row below another
is written with its path, such as sold/credit_default_swaps. -o csv writes all facts.`,
		Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			question.Table, question.Row, question.Column = args[0], args[1], args[2]
			if question.AsOf != "" {
				if _, err := parseDate("as-of", question.AsOf); err != nil {
					return err
				}
			}
			config, err := shared.loadFor("text", "json", "csv")
			if err != nil {
				return err
			}
			if shared.output == "csv" {
				return batch.WriteFacts(cmd.Context(), config, question, newCSVSink(cmd.OutOrStdout()))
			}
			trace, err := batch.FindCell(cmd.Context(), config, question)
			if err != nil {
				return err
			}
			if shared.output == "json" {
				return writeJSON(cmd.OutOrStdout(), trace)
			}
			return sayTrace(cmd.OutOrStdout(), trace)
		},
	}
	flags := command.Flags()
	flags.StringVar(&question.Block, "block", "", "block of the table, where several have the row and column")
	flags.StringVar(&question.AsOf, "as-of", "", "as-of date, YYYY-MM-DD (default the newest that is published)")
	flags.StringVar(&question.Release, "release", "", "release, instead of the newest of the date")
	flags.IntVar(&question.Largest, "largest", batch.MostTraced, "how many facts to name, the largest first")
	return command
}

func sayTrace(w io.Writer, t batch.Trace) error {
	fmt.Fprintf(w, "%s\n%s: %s, %s\n%s/%s/%s/%s at %s, release %s\n\n", t.TableTitle, t.BlockTitle, t.RowLabel, t.ColumnLabel, t.Table, t.Block, t.Row, t.Column, t.AsOf, t.Release)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(what, format string, arguments ...any) {
		fmt.Fprintf(out, "%s\t%s\n", what, fmt.Sprintf(format, arguments...))
	}
	line("shown", "%s %s", t.Shown, render.Unit(t.Unit))
	line("exact", "%s", measured(t.Measure, t.Exact))
	line("rounding", "%s", roundingText(t))
	for _, m := range t.Marks {
		line("rests on", "%s", m)
	}
	if t.Share != nil {
		line("share", "100 x %s (%s) / %s (%s)", t.Share.Part.StringFixed(2), t.Share.PartColumn, t.Share.Whole.StringFixed(2), t.Share.WholeRow)
	}
	line("counts", "%s of %s: %s", measureName(t), t.Relation, t.Words)
	line("facts", "%d, which come to %s", t.Facts, t.Sum.StringFixed(2))
	if t.Query != "" {
		line("ask", "%s", t.Query)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if len(t.Rules) > 0 {
		fmt.Fprintln(w, "\nRules that decided:")
		for _, r := range t.Rules {
			fmt.Fprintf(out, "  %s\t%s\t%s\t%s\t%s\n", r.Attribute, r.Rule, disclosures.Counted(r.Facts, "fact"), r.Sum.StringFixed(2), r.Because)
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	if err := sayRows(w, fmt.Sprintf("Largest of %d:", t.Facts), t.Columns, t.Largest); err != nil || t.Behind == nil {
		return err
	}
	return sayRows(w, fmt.Sprintf("Largest of %d %s:", t.Behind.Facts, t.Behind.Meaning), t.Behind.Columns, t.Behind.Largest)
}

func sayRows(w io.Writer, head string, columns []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\n%s\n", head)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "  %s\n", strings.Join(columns, "\t"))
	for _, row := range rows {
		fmt.Fprintf(out, "  %s\n", strings.Join(row, "\t"))
	}
	return out.Flush()
}

func measureName(t batch.Trace) string {
	if t.Measure == "count" {
		return "number"
	}
	return strings.ReplaceAll(t.Measure, "_", " ")
}

// roundingText says how the displayed figure follows from the exact one.
func roundingText(t batch.Trace) string {
	if t.Moved == 0 {
		return "half away from zero to whole " + render.Unit(t.Unit)
	}
	return fmt.Sprintf("half away from zero gives %d; moved by %+d so that totals foot and the same figure shows the same everywhere", t.Rounded, t.Moved)
}
