package ingest

import "strings"

// refuseRepository refuses the public files of a swap data repository (CFTC 17
// CFR 43, SEC Regulation SBSR): they have neither a side nor a counterparty, so
// that no row of theirs can be a position of ours, whatever the mapping says.
func refuseRepository(header []string) error {
	known := map[string]bool{}
	for _, name := range header {
		known[strings.NewReplacer("_", " ", "-", " ").Replace(strings.ToLower(name))] = true
	}
	identifier := known["dissemination identifier"] || known["dissemination id"]
	original := known["original dissemination identifier"] || known["original dissemination id"]
	if !identifier || !original {
		return nil
	}
	return refuse("swap_repository_file", "a swap data repository's public file, by its columns of dissemination identifiers: it names neither side nor counterparty, "+
		"and a side is never guessed; deliver the trades from the system of record")
}
