package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"comment11/disclosures"
	"comment11/internal/batch"
)

func newPlan(shared *sharedFlags) *cobra.Command {
	var asOf string
	var how batch.PlanOptions
	command := &cobra.Command{
		Use:   "plan --as-of DATE",
		Short: "What the run of a date would change, in money from cell to cell, before it does",
		Long: "What the run of a date would change, in money from cell to cell, before it does: with the rules, maps, tables, settings and inputs at hand,\n" +
			"against the newest published release of the date; and which earlier period ends would change too. Nothing is written in the warehouse.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := shared.loadFor("text", "json", "csv")
			if err != nil {
				return err
			}
			if how.Positions < 0 || how.PeriodEnds < 0 {
				return fmt.Errorf("%w: --positions and --period-ends are numbers from 0", errUsage)
			}
			options := batch.Options{Program: program(), Executable: executableHash(), Now: time.Now, Warn: warnTo(cmd.ErrOrStderr())}
			if options.AsOf, err = parseDate("as-of", asOf); err != nil {
				return err
			}
			progress := newProgress(cmd.ErrOrStderr(), shared.quiet, shared.verbose)
			options.Progress = progress.report
			plan, err := batch.MakePlan(cmd.Context(), config, options, how)
			progress.close()
			if err != nil {
				return err
			}
			if how.Table != "" {
				ofTable(&plan.Comparison, how.Table)
				for i := range plan.PeriodEnds {
					ofTable(&plan.PeriodEnds[i], how.Table)
				}
			}
			switch shared.output {
			case "json":
				return writeJSON(cmd.OutOrStdout(), plan)
			case "csv":
				return writeCSV(cmd.OutOrStdout(), planRecords(plan))
			}
			return sayPlan(cmd.OutOrStdout(), plan)
		},
	}
	flags := command.Flags()
	flags.StringVar(&asOf, "as-of", "", "the due date, YYYY-MM-DD")
	flags.StringVar(&how.Table, "table", "", "only this table")
	flags.IntVar(&how.Positions, "positions", 3, "positions named behind each move, the largest first; their number is always told")
	flags.IntVar(&how.PeriodEnds, "period-ends", 8, "earlier period ends that are evaluated again, the latest first")
	return command
}

// ofTable leaves what is of one table.
func ofTable(c *batch.Comparison, table string) {
	c.Moves = slices.DeleteFunc(c.Moves, func(m batch.Move) bool { return m.Table != table })
	c.Cells = slices.DeleteFunc(c.Cells, func(cell batch.PlannedCell) bool { return cell.Table != table })
}

func cellName(c batch.Cell) string {
	if c == batch.Outside {
		return "outside of the block"
	}
	return c.Row + ", " + c.Column
}

func sayPlan(w io.Writer, plan batch.Plan) error {
	verdict := "the run would publish a " + plan.Kind
	switch {
	case len(plan.Holds) > 0:
		verdict = "the run would be held"
	case plan.Kind == "unchanged":
		verdict = "nothing changed, and the run would do nothing"
	}
	fmt.Fprintf(w, "plan of %s, against release %s: %s\n", plan.AsOfDate, plan.Release, verdict)
	for _, c := range plan.Holds {
		fmt.Fprintf(w, "  held by %s\n", controlLine(c))
	}
	fmt.Fprintf(w, "%d records, %d taken, %d excluded, %d rejected; %d facts\n", plan.Counts["records"], plan.Counts["taken"], plan.Counts["excluded"], plan.Counts["rejected"], plan.Counts["facts"])
	if len(plan.Changed) > 0 {
		fmt.Fprintf(w, "what changed: %s\n", strings.Join(plan.Changed, ", "))
	}
	sayMoves(w, plan.Comparison)
	if err := sayOther(w, plan.Comparison); err != nil {
		return err
	}
	sayPeriodEnds(w, plan)
	_, err := fmt.Fprintf(w, "\n%s; nothing was written\n", wouldChange(plan.Comparison))
	return err
}

func wouldChange(c batch.Comparison) string {
	text := disclosures.Counted(len(c.Cells), "cell") + " would change"
	if len(c.Rounded) > 0 {
		text += fmt.Sprintf(", %d more would be shown otherwise, rounded so that their table foots (-o json names them)", len(c.Rounded))
	}
	return text
}

// sayMoves prints the matrix of each block, and the largest positions behind a move.
func sayMoves(w io.Writer, c batch.Comparison) {
	block := ""
	for _, m := range c.Moves {
		if name := m.Table + "/" + m.Block + ", " + m.Measure; name != block {
			block = name
			fmt.Fprintf(w, "\n%s\n", block)
		}
		fmt.Fprintf(w, "  %s -> %s\n    %s of %s, by %s\n", cellName(m.From), cellName(m.To), measured(m.Measure, m.Amount), disclosures.Counted(m.Positions, "position"), causesText(m.Measure, m.Causes))
		var named []string
		for _, p := range m.Behind {
			named = append(named, p.Name()+" "+measured(m.Measure, p.Amount))
		}
		if more := m.Positions - int64(len(named)); more > 0 && len(named) > 0 {
			named = append(named, fmt.Sprintf("and %d more", more))
		}
		if len(named) > 0 {
			fmt.Fprintf(w, "    %s\n", strings.Join(named, ", "))
		}
	}
}

func causesText(measure string, causes map[string]decimal.Decimal) string {
	var list []string
	for _, cause := range batch.Causes {
		amount, known := causes[cause]
		switch {
		case !known:
		case len(causes) == 1:
			return cause
		default:
			list = append(list, cause+" "+measured(measure, amount))
		}
	}
	return strings.Join(list, ", ")
}

// sayOther prints the cells in which amounts change that no other cell had.
func sayOther(w io.Writer, c batch.Comparison) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	said := false
	for _, cell := range c.Cells {
		if len(cell.Other) == 0 {
			continue
		}
		if !said {
			fmt.Fprintln(out, "\ncells that change for other reasons than money moving to or from another")
			said = true
		}
		var list []string
		for _, cause := range batch.Causes {
			if amount, known := cell.Other[cause]; known {
				list = append(list, cause+" "+measured(cell.Measure, amount))
			}
		}
		fmt.Fprintf(out, "  %s/%s\t%s, %s\t%s\n", cell.Table, cell.Block, cell.Row, cell.Column, strings.Join(list, ", "))
	}
	return out.Flush()
}

// sayPeriodEnds tells which earlier period ends would change, and by how much.
func sayPeriodEnds(w io.Writer, plan batch.Plan) {
	for i, c := range plan.PeriodEnds {
		if i == 0 {
			fmt.Fprintln(w, "\nearlier period ends, evaluated again from their stored records")
		}
		if c.Error != "" {
			fmt.Fprintf(w, "  %s (release %s) cannot be evaluated: %s\n", c.AsOfDate, c.Release, c.Error)
			continue
		}
		fmt.Fprintf(w, "  %s (release %s): %s\n", c.AsOfDate, c.Release, wouldChange(c))
		type block struct{ table, block, measure string }
		var order []block
		moved, positions := map[block]decimal.Decimal{}, map[block]int64{}
		for _, m := range c.Moves {
			at := block{m.Table, m.Block, m.Measure}
			if !slices.Contains(order, at) {
				order = append(order, at)
			}
			moved[at], positions[at] = moved[at].Add(m.Amount.Abs()), positions[at]+m.Positions
		}
		for _, at := range order {
			fmt.Fprintf(w, "    %s/%s, %s: %s moved, %s\n", at.table, at.block, at.measure, measured(at.measure, moved[at]), disclosures.Counted(positions[at], "position"))
		}
	}
	if len(plan.Left) > 0 {
		fmt.Fprintf(w, "%d earlier period ends were not evaluated again (--period-ends): %s\n", len(plan.Left), strings.Join(plan.Left, ", "))
	}
}

// planRecords are the moves, the positions behind them, and the other changes, one
// record each.
func planRecords(plan batch.Plan) [][]string {
	records := [][]string{{"as_of_date", "release", "kind", "table", "block", "measure", "from_row", "from_column", "to_row", "to_column", "position", "cause", "amount", "positions"}}
	for _, c := range append([]batch.Comparison{plan.Comparison}, plan.PeriodEnds...) {
		for _, m := range c.Moves {
			record := func(kind, position, cause string, amount decimal.Decimal, positions int64) {
				records = append(records, []string{c.AsOfDate, c.Release, kind, m.Table, m.Block, m.Measure, m.From.Row, m.From.Column, m.To.Row, m.To.Column,
					position, cause, measured(m.Measure, amount), strconv.FormatInt(positions, 10)})
			}
			record("move", "", strings.Join(slices.Sorted(maps.Keys(m.Causes)), " "), m.Amount, m.Positions)
			for _, p := range m.Behind {
				record("position", p.Name(), "", p.Amount, 1)
			}
		}
		for _, cell := range c.Cells {
			for _, cause := range slices.Sorted(maps.Keys(cell.Other)) {
				records = append(records, []string{c.AsOfDate, c.Release, "change", cell.Table, cell.Block, cell.Measure, "", "", cell.Row, cell.Column, "", cause,
					measured(cell.Measure, cell.Other[cause]), ""})
			}
		}
	}
	return records
}
