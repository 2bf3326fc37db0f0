//go:build !unix

package store

import "io/fs"

// owner is not known on systems whose files have no user's number.
func owner(fs.FileInfo) string { return "an unknown user" }
