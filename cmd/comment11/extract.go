package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"comment11/configs"
	"comment11/disclosures/render"
	"comment11/internal/batch"
	"comment11/internal/store"
)

func newExtract(shared *sharedFlags) *cobra.Command {
	var x extraction
	command := &cobra.Command{
		Use:   "extract --as-of DATE",
		Short: "The packet of a period end, from the published releases",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return x.run(cmd, shared) },
	}
	flags := command.Flags()
	flags.StringVar(&x.asOf, "as-of", "", "the period end, YYYY-MM-DD")
	flags.StringVar(&x.compare, "compare", "", compareUsage+": as the last packet of that period end displays it, else as published")
	flags.BoolVar(&x.restated, "restated", false, "show the date compared with as it stands, with corrected data, and the bridge from what its packet displays")
	flags.BoolVar(&x.recast, "recast", false, "show the date compared with by the rules, maps and tables of today, and the bridge from what its packet displays")
	flags.BoolVar(&x.draft, "draft", false, "extract also where figures rest on floors, unclassified facts or positions without a value beyond limits.cells, and mark what the letter lacks")
	flags.BoolVar(&x.traces, "trace", true, "let letter.html say where each figure comes from; false for a page without script, trades and rules")
	flags.StringVar(&x.audience, "audience", render.Internal, "who reads it: internal: everything; filing: cells, text and footnotes alone; auditor: keyed hashes in place of ids and names")
	flags.StringVar(&x.out, "out", "", "folder to write; without it one format is printed")
	flags.StringSliceVar(&x.formats, "format", nil, "formats: "+strings.Join(formatNames(render.Formats), ", ")+" (default all to a folder, text to the screen)")
	return command
}

// extraction is what extract is asked for.
type extraction struct {
	asOf, compare, out, audience    string
	formats                         []string // none: the whole packet to a folder, text to the screen
	draft, traces, restated, recast bool
}

func (x extraction) run(cmd *cobra.Command, shared *sharedFlags) error {
	config, err := shared.loadFor("text")
	if err != nil {
		return err
	}
	dates, err := packetDates(cmd, config, x.asOf, x.compare)
	if err != nil {
		return err
	}
	basis, err := comparativeBasis(len(dates) > 1, x.restated, x.recast)
	if err != nil {
		return err
	}
	folder, err := x.destination(config)
	if err != nil {
		return err
	}
	desk, done, err := batch.OpenDesk(cmd.Context(), config, packetOptions(cmd), dates, basis)
	if err != nil {
		return err
	}
	defer done()
	packet, err := x.packet(cmd.Context(), config, desk)
	if err != nil {
		return err
	}
	shows, err := batch.Edition(cmd.Context(), desk.Config, packet, x.audience)
	if err != nil {
		return err
	}
	if x.out == "" {
		return printPacket(cmd, shows, x.formats)
	}
	return x.write(cmd, config, desk.Config, packet, shows, folder)
}

// destination checks for whom and in which forms the packet is, and gives the folder that
// may be written, "" where the packet is printed.
func (x extraction) destination(config configs.Config) (folder string, err error) {
	if err := oneOf("audience", x.audience, render.Audiences...); err != nil {
		return "", err
	}
	for _, format := range x.formats {
		if err := oneOf("format", format, formatNames(render.FormatsFor(x.audience))...); err != nil {
			return "", err
		}
	}
	if x.out == "" {
		return "", nil
	}
	if folder, err = filepath.Abs(x.out); err != nil {
		return "", err
	}
	return folder, batch.MayWrite(config, folder, len(x.formats) == 0)
}

// packet reads the packet, with the letter and the questions where a form has them.
func (x extraction) packet(ctx context.Context, config configs.Config, desk batch.Desk) (render.Packet, error) {
	packet, err := desk.Packet(ctx)
	if err != nil {
		return packet, err
	}
	if resting := batch.Restless(packet, config.Limits.Cells); len(resting) > 0 && !x.draft {
		return packet, fmt.Errorf("%w: %d figures rest on more than the config's limits.cells allow, for example\n  %s\nmend the data, raise the limit, or extract a draft with --draft",
			batch.ErrData, len(resting), strings.Join(resting[:min(len(resting), 10)], "\n  "))
	}
	packet.Draft = x.draft
	if wantsLetter(render.FormatsFor(x.audience), x.formats, x.out) {
		if err := batch.AddLetter(ctx, desk.Config, &packet, x.draft, x.traces && x.audience == render.Internal); err != nil {
			return packet, err
		}
	}
	if x.out != "" && len(x.formats) == 0 || slices.Contains(x.formats, "questions") {
		err = batch.Questions(ctx, desk.Config, &packet)
	}
	return packet, err
}

// write writes the edition that shows to the folder, and records it in the warehouse.
func (x extraction) write(cmd *cobra.Command, config, desk configs.Config, packet, shows render.Packet, folder string) (err error) {
	var written []string
	id := ""
	record := func(files []store.FileHash) (err error) {
		// Again, because somebody may have signed meanwhile what is there.
		if err := batch.MayWrite(config, folder, len(x.formats) == 0); err != nil {
			return err
		}
		for _, f := range files {
			written = append(written, f.Name)
		}
		id, err = batch.RecordPacket(config, packet, folder, files, time.Now())
		return err
	}
	if len(x.formats) > 0 {
		err = writeDocuments(shows, folder, x.formats, record)
	} else {
		err = writeEdition(cmd, desk, packet, shows, folder, record)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s to %s, recorded as %s\n", strings.Join(written, ", "), shown(x.out), id)
	return err
}

// comparativeBasis is what the column of the date compared with shows, if there is one.
func comparativeBasis(compares, restated, recast bool) (string, error) {
	switch {
	case (restated || recast) && !compares:
		return "", fmt.Errorf("%w: --restated and --recast say what is shown of the date compared with, and there is none; give it with --compare", errUsage)
	case restated && recast:
		return "", fmt.Errorf("%w: --restated shows corrected data by the rules as they were, --recast the data as reported by the rules of today; give one of them", errUsage)
	case restated:
		return render.Restated, nil
	case recast:
		return render.Recast, nil
	}
	return render.AsReported, nil
}

// packetOptions are what computing figures of a packet again needs.
func packetOptions(cmd *cobra.Command) batch.Options {
	return batch.Options{Program: program(), Executable: executableHash(), Now: time.Now, Warn: warnTo(cmd.ErrOrStderr())}
}

const (
	noDate       = "none" // compares with no date
	compareUsage = "the date to compare with, YYYY-MM-DD, or " + noDate + " (default: the last fiscal year-end, where it is published)"
)

// packetDates are the dates of a packet: the period end, and the one compared with if any.
func packetDates(cmd *cobra.Command, config configs.Config, asOf, compare string) ([]string, error) {
	end, err := parseDate("as-of", asOf)
	if err != nil {
		return nil, err
	}
	switch compare {
	case noDate:
		return []string{asOf}, nil
	case asOf:
		return nil, fmt.Errorf("%w: --compare %s is the period end itself; name an earlier date", errUsage, compare)
	case "":
		dates, err := withYearEnd(config, end)
		if err != nil || len(dates) > 1 {
			return dates, err
		}
		published, err := batch.IsPublished(config, asOf)
		if published {
			fmt.Fprintf(cmd.ErrOrStderr(), "comment11: the packet compares with no date: no release of %s, the last fiscal year-end, is published\n",
				config.Calendar.PreviousYearEnd(end).Format(time.DateOnly))
		}
		return dates, err
	}
	before, err := parseDate("compare", compare)
	if err != nil {
		return nil, fmt.Errorf("%w, or %s", err, noDate)
	}
	if !before.Before(end) {
		return nil, fmt.Errorf("%w: --compare %s: expected a date before --as-of %s, because changes lead from it", errUsage, compare, asOf)
	}
	return []string{asOf, compare}, nil
}

// withYearEnd are a period end and the fiscal year-end before it, where it is published.
func withYearEnd(config configs.Config, end time.Time) ([]string, error) {
	dates, yearEnd := []string{end.Format(time.DateOnly)}, config.Calendar.PreviousYearEnd(end).Format(time.DateOnly)
	published, err := batch.IsPublished(config, yearEnd)
	if published {
		dates = append(dates, yearEnd)
	}
	return dates, err
}

// wantsLetter tells whether one of the formats is the letter.
func wantsLetter(edition []render.Format, formats []string, out string) bool {
	return slices.ContainsFunc(edition, func(f render.Format) bool {
		return f.IsLetter() && (slices.Contains(formats, f.Name) || len(formats) == 0 && out != "")
	})
}

// writeEdition writes a whole packet, with its proof. Beside a filing it writes what the
// controller must know of it.
func writeEdition(cmd *cobra.Command, config configs.Config, packet, shows render.Packet, folder string, record func([]store.FileHash) error) error {
	if err := batch.WritePacket(cmd.Context(), config, shows, packet, folder, program(), record); err != nil || shows.Audience != render.Filing {
		return err
	}
	path, figures, err := batch.WriteForController(cmd.Context(), config, packet, folder)
	if err == nil {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "for the controller: %s lists %d figures that rest on fewer than %d counterparties, or whose counterparties are not counted\n",
			shown(path), figures, config.Packet.LeastCounterparties)
	}
	return err
}

func formatNames(formats []render.Format) []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return names
}

func printPacket(cmd *cobra.Command, packet render.Packet, formats []string) error {
	if len(formats) == 0 {
		formats = []string{"text"}
	}
	if len(formats) > 1 {
		return fmt.Errorf("%w: several formats need a folder; give --out", errUsage)
	}
	i := slices.Index(formatNames(render.Formats), formats[0])
	return render.Formats[i].Write(cmd.OutOrStdout(), packet)
}

// writeDocuments writes all files aside first and records them, so that a failed extract
// leaves none.
func writeDocuments(packet render.Packet, out string, formats []string, record func([]store.FileHash) error) (err error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	aside := func(name string) string { return filepath.Join(out, "."+name) }
	var files []store.FileHash
	defer func() {
		for _, f := range files {
			err = errors.Join(err, store.RealDisk.Remove(aside(f.Name)))
		}
	}()
	for _, format := range render.Formats {
		if !slices.Contains(formats, format.Name) {
			continue
		}
		var b bytes.Buffer
		if err := format.Write(&b, packet); err != nil {
			return err
		}
		files = append(files, store.FileHash{Name: format.File})
		if err := os.WriteFile(aside(format.File), b.Bytes(), 0o644); err != nil {
			return err
		}
		hash, err := store.HashFile(aside(format.File))
		if err != nil {
			return err
		}
		files[len(files)-1].Bytes, files[len(files)-1].SHA256 = hash.Bytes, hash.SHA256
	}
	if err := record(files); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Rename(aside(f.Name), filepath.Join(out, f.Name)); err != nil {
			return err
		}
	}
	return nil
}
