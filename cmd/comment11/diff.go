package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"comment11/disclosures"
	"comment11/disclosures/render"
	"comment11/internal/batch"
	"comment11/internal/strictyaml"
)

func newDiff(shared *sharedFlags) *cobra.Command {
	var asOf, table string
	trades := 0
	command := &cobra.Command{
		Use:   "diff RELEASE RELEASE, diff --as-of DATE, or diff PACKET PACKET",
		Short: "What moved between two releases, cell by cell, why, and by which trades",
		Long:  "What moved between two releases, cell by cell, why, and by which trades. With --as-of: from what was first reported of the date to what stands. With the folders of two packets: the blackline, cells, texts and footnotes that were added, removed or changed.",
		Args: func(_ *cobra.Command, args []string) error {
			if (asOf == "") != (len(args) == 2) || (asOf != "" && len(args) != 0) {
				return fmt.Errorf("give two releases, or --as-of and a date")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("output", shared.output, "text", "json", "csv"); err != nil {
				return err
			}
			if len(args) == 2 && (isFolder(args[0]) || isFolder(args[1])) {
				return blackline(cmd, shared, args[0], args[1], table)
			}
			if trades < 0 {
				return fmt.Errorf("%w: --trades is a number from 0", errUsage)
			}
			if asOf != "" {
				if _, err := parseDate("as-of", asOf); err != nil {
					return err
				}
			}
			config, err := shared.load()
			if err != nil {
				return err
			}
			before, after, err := batch.Compared(config, asOf, args)
			if err != nil {
				return err
			}
			if err := batch.HoldTable(cmd.Context(), config, table, nil, before, after); err != nil {
				return err
			}
			how := batch.DiffOptions{Trades: trades}
			if shared.output != "text" {
				how.Trades = -1
			}
			options := batch.Options{Program: program(), Executable: executableHash(), Now: time.Now, Warn: warnTo(cmd.ErrOrStderr())}
			bridge, err := batch.Diff(cmd.Context(), config, options, before, after, how)
			if err != nil {
				return err
			}
			if table != "" {
				other := func(c batch.CellChange) bool { return c.Table != table }
				bridge.Cells, bridge.Derived = slices.DeleteFunc(bridge.Cells, other), slices.DeleteFunc(bridge.Derived, other)
				bridge.Rounded = slices.DeleteFunc(bridge.Rounded, func(cell string) bool { return !strings.HasPrefix(cell, table+"/") })
			}
			return sayBridge(cmd, shared, bridge)
		},
	}
	flags := command.Flags()
	flags.StringVar(&asOf, "as-of", "", "from first reported to what stands of this date, YYYY-MM-DD")
	flags.StringVar(&table, "table", "", "only cells of this table")
	flags.IntVar(&trades, "trades", 3, "trades named per cell, the largest first; -o json and csv name all")
	return command
}

// isFolder tells packets from names of releases.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func blackline(cmd *cobra.Command, shared *sharedFlags, before, after, table string) error {
	packets := make([]render.Packet, 2)
	for i, folder := range []string{before, after} {
		if !isFolder(folder) {
			return fmt.Errorf("%w: there is no folder %s to compare with the packet %s; give the folders of two packets, or two releases", errUsage, folder, []string{before, after}[1-i])
		}
		if _, _, err := batch.ReadPacketManifest(folder); err != nil {
			return err
		}
		var err error
		if packets[i], err = batch.ReadPacket(folder); err != nil {
			return err
		}
	}
	var known []string
	for _, t := range slices.Concat(packets[0].Tables, packets[1].Tables) {
		known = append(known, t.ID)
	}
	if table != "" && !slices.Contains(known, table) {
		return fmt.Errorf("%w: neither packet has a table %q; %s", errUsage, table, strictyaml.Hint(table, known))
	}
	differences := render.Compare(packets[0], packets[1])
	if table != "" {
		differences = slices.DeleteFunc(differences, func(d render.Difference) bool { return d.Table != table })
	}
	w := cmd.OutOrStdout()
	switch shared.output {
	case "json":
		if differences == nil {
			differences = []render.Difference{}
		}
		return writeJSON(w, differences)
	case "csv":
		rows := [][]string{{"kind", "change", "table", "where", "before", "after"}}
		for _, d := range differences {
			rows = append(rows, []string{d.Kind, d.Change, d.Table, d.Where, d.Before, d.After})
		}
		return writeCSV(w, rows)
	}
	counts := map[string]int{}
	for _, d := range differences {
		counts[d.Change]++
	}
	fmt.Fprintf(w, "%s to %s: %d added, %d removed, %d changed\n", before, after, counts["added"], counts["removed"], counts["changed"])
	for _, d := range differences {
		switch d.Change {
		case "added":
			fmt.Fprintf(w, "+ %s %s: %s\n", d.Kind, d.Where, d.After)
		case "removed":
			fmt.Fprintf(w, "- %s %s: %s\n", d.Kind, d.Where, d.Before)
		default:
			fmt.Fprintf(w, "~ %s %s: %s to %s\n", d.Kind, d.Where, d.Before, d.After)
		}
	}
	return nil
}

func sayBridge(cmd *cobra.Command, shared *sharedFlags, b batch.Bridge) error {
	w := cmd.OutOrStdout()
	switch shared.output {
	case "json":
		return writeJSON(w, b)
	case "csv":
		rows := [][]string{{"table", "block", "row", "column", "measure", "fact", "cause", "before", "after", "difference"}}
		for _, c := range b.Cells {
			for _, t := range c.Trades {
				rows = append(rows, []string{c.Table, c.Block, c.Row, c.Column, c.Measure, t.Fact, t.Cause, t.Before.StringFixed(2), t.After.StringFixed(2), t.Difference.StringFixed(2)})
			}
		}
		for _, c := range b.Derived { // no fact stands behind them
			for _, cause := range batch.Factors {
				if amount, known := c.Causes[cause]; known {
					rows = append(rows, []string{c.Table, c.Block, c.Row, c.Column, c.Measure, "", cause, "", "", amount.StringFixed(2)})
				}
			}
		}
		return writeCSV(w, rows)
	}
	fmt.Fprintf(w, "%s to %s: %s moved", b.Before, b.After, disclosures.Counted(len(b.Cells)+len(b.Derived), "cell"))
	if len(b.Derived) > 0 {
		fmt.Fprintf(w, ", %d of them shares, ranks, movements and what is netted first (-o json and csv have their causes)", len(b.Derived))
	}
	fmt.Fprintln(w)
	if len(b.Rounded) > 0 {
		fmt.Fprintf(w, "%d more are shown otherwise, rounded so that their table foots; -o json names them\n", len(b.Rounded))
	}
	if len(b.Changed) > 0 {
		fmt.Fprintf(w, "what changed: %s\n", strings.Join(b.Changed, ", "))
	}
	if len(b.Factors) > 0 {
		fmt.Fprintf(w, "one factor at a time, in this order: %s\n", strings.Join(b.Factors, ", "))
	}
	for _, note := range b.Notes {
		fmt.Fprintln(w, "note:", note)
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range b.Cells {
		fmt.Fprintf(out, "\n%s/%s/%s/%s\t%s\tto %s\tby %s\n", c.Table, c.Block, c.Row, c.Column, c.Before.StringFixed(2), c.After.StringFixed(2), c.Difference.StringFixed(2))
		for _, cause := range batch.Factors {
			if amount, known := c.Causes[cause]; known {
				fmt.Fprintf(out, "  %s\t\t\t%s\n", cause, amount.StringFixed(2))
			}
		}
		for _, t := range c.Trades {
			fmt.Fprintf(out, "    %s, %s\t%s\tto %s\tby %s\n", t.Fact, t.Cause, t.Before.StringFixed(2), t.After.StringFixed(2), t.Difference.StringFixed(2))
		}
		if more := c.Count - int64(len(c.Trades)); more > 0 {
			fmt.Fprintf(out, "    and %d more\n", more)
		}
	}
	return out.Flush()
}
