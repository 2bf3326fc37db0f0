package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"comment11/disclosures"
	"comment11/disclosures/render"
	"comment11/internal/batch"
)

func newVerify(shared *sharedFlags) *cobra.Command {
	var choice batch.Choice
	var signatures string
	command := &cobra.Command{
		Use:   "verify [PACKET]",
		Short: "Recompute hashes, controls, cells and footing of releases, or every figure of a packet",
		Long:  "Recompute hashes, controls, cells and footing of releases. With the folder of a packet: every figure of all its documents, from the facts that it brings along; no config and no warehouse are needed, but with them it also says whether the figures still stand and who signed them.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return verifyPacket(cmd, shared, args[0], signatures)
			}
			config, err := shared.loadFor("text", "json")
			if err != nil {
				return err
			}
			if choice.AsOf != "" {
				if _, err := parseDate("as-of", choice.AsOf); err != nil {
					return err
				}
			}
			progress := newProgress(cmd.ErrOrStderr(), shared.quiet, shared.verbose)
			v, err := batch.Verify(cmd.Context(), config, choice, func(release string) { progress.report("verify "+release, 0) })
			progress.close()
			if err != nil {
				return err
			}
			return sayVerification(cmd, shared, v)
		},
	}
	flags := command.Flags()
	flags.StringVar(&choice.AsOf, "as-of", "", "only releases of this date, YYYY-MM-DD")
	flags.StringVar(&signatures, "signatures", "", "of a packet: a copy of the log of signatures (default that of the config's warehouse)")
	flags.StringVar(&choice.Release, "release", "", "only this release")
	return command
}

func sayVerification(cmd *cobra.Command, shared *sharedFlags, v batch.Verification) error {
	if shared.output == "json" {
		if err := writeJSON(cmd.OutOrStdout(), v); err != nil {
			return err
		}
	} else if !shared.quiet {
		fmt.Fprintf(cmd.OutOrStdout(), "%s, %s, %s, %s; %s that retention removed\n",
			disclosures.Counted(v.Releases, "release"), disclosures.Counted(v.Files, "file"), disclosures.Counted(v.Cells, "cell"),
			disclosures.Counted(v.Controls, "control"), disclosures.Counted(v.Removed, "release"))
		for _, note := range v.Notes {
			fmt.Fprintf(cmd.OutOrStdout(), "note: %s\n", note)
		}
	}
	if len(v.Faults) == 0 {
		return nil
	}
	return sayFaults(cmd, v.Faults)
}

func sayFaults(cmd *cobra.Command, faults []string) error {
	for _, fault := range faults {
		fmt.Fprintf(cmd.ErrOrStderr(), "comment11: %s\n", fault)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "comment11: %s\n", disclosures.Counted(len(faults), "fault"))
	return fmt.Errorf("%w%w", errSaid, batch.ErrData) // exit code 1
}

// verifyPacket needs no config; where there is one, its warehouse is asked too.
func verifyPacket(cmd *cobra.Command, shared *sharedFlags, folder, signatures string) error {
	if err := oneOf("output", shared.output, "text", "json"); err != nil {
		return err
	}
	with := batch.Prover{Program: program(), Signatures: signatures}
	_, missing := os.Stat(shared.config)
	if missing == nil || cmd.Flags().Changed("config") {
		config, err := shared.load()
		if err != nil {
			return err
		}
		with.Config = &config
	}
	if signatures != "" {
		if _, err := os.Stat(signatures); err != nil {
			return fmt.Errorf("%w: --signatures: %w", errUsage, err)
		}
	}
	v, err := batch.VerifyPacket(cmd.Context(), folder, with)
	if err != nil {
		return err
	}
	if shared.output == "json" {
		err = writeJSON(cmd.OutOrStdout(), v)
	} else if !shared.quiet {
		sayPacket(cmd.OutOrStdout(), v)
	}
	if err != nil || len(v.Faults) == 0 {
		return err
	}
	return sayFaults(cmd, v.Faults)
}

func sayPacket(w io.Writer, v batch.PacketVerification) {
	against := ""
	if v.Compare != "" {
		against = " against " + v.Compare
	}
	fmt.Fprintf(w, "packet of %s%s, %s edition, manifest %s\n", v.AsOf, against, v.Audience, v.SHA256)
	fmt.Fprintf(w, "%s, %s, %s computed from the packet's own facts\n", disclosures.Counted(v.Files, "file"), disclosures.Counted(v.Figures, "figure"), disclosures.Counted(v.Computed, "cell"))
	if v.Audience == render.Filing && !v.Warehouse {
		fmt.Fprintln(w, "a filing edition brings no facts along: its documents were held against each other; with the config they are held against the releases")
	}
	for _, note := range v.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	fmt.Fprintln(w, v.Status)
}
