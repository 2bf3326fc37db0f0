package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"comment11/internal/batch"
	"comment11/internal/store"
)

func newSign(shared *sharedFlags) *cobra.Command {
	var role, name string
	command := &cobra.Command{
		Use:   "sign PACKET --as ROLE",
		Short: "Verify a packet and append a signature to the log in the warehouse",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := shared.loadFor("text", "json")
			if err != nil {
				return err
			}
			if err := oneOf("as", role, batch.Roles...); err != nil {
				return err
			}
			if name == "" {
				name = store.Me(time.Now()).User
			}
			signature, v, err := batch.Sign(cmd.Context(), config, args[0], role, name, program(), time.Now())
			if err != nil {
				return err
			}
			if len(v.Faults) > 0 {
				return sayFaults(cmd, v.Faults)
			}
			if shared.output == "json" {
				return writeJSON(cmd.OutOrStdout(), signature)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "signed by %s: manifest %s\n", signature, signature.Packet)
			return err
		},
	}
	command.Flags().StringVar(&role, "as", "", "role: preparer, reviewer or controller; preparer and reviewer are two persons")
	command.Flags().StringVar(&name, "name", "", "who signs (default the user)")
	return command
}
