package configs

import "embed"

// Files are the annotated default config, the rules, the maps and the example positions that come with
// the program.
//
//go:embed comment11.yaml maps rules starter
var Files embed.FS
