package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"comment11/disclosures/commentary"
	"comment11/disclosures/render"
	"comment11/internal/batch"
)

// proseFunctions lists what a text may call.
func proseFunctions() string {
	var b strings.Builder
	usages, meanings := commentary.Functions()
	for i, usage := range usages {
		fmt.Fprintf(&b, "  %s\n      %s\n", usage, meanings[i])
	}
	return b.String()
}

// initCommentary writes the first texts of a period end's letter.
func initCommentary(cmd *cobra.Command, shared *sharedFlags, asOf, compare string) error {
	config, err := shared.loadFor("text")
	if err != nil {
		return err
	}
	dates, err := packetDates(cmd, config, asOf, compare)
	if err != nil {
		return err
	}
	desk, done, err := batch.OpenDesk(cmd.Context(), config, packetOptions(cmd), dates, render.AsReported)
	if err != nil {
		return err
	}
	defer done()
	packet, err := desk.Packet(cmd.Context())
	if err != nil {
		return err
	}
	written, err := batch.DraftCommentary(config, packet)
	if err != nil {
		return err
	}
	for _, file := range written {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), "wrote", shown(file)); err != nil {
			return err
		}
	}
	if len(written) == 0 {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "every item has a text in %s; nothing was written\n", shown(batch.CommentaryFolder(config, asOf)))
	}
	return err
}
