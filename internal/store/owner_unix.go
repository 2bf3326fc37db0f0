//go:build unix

package store

import (
	"io/fs"
	"os/user"
	"strconv"
	"syscall"
)

// owner is who owns a file, by name where the system knows one.
func owner(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "an unknown user"
	}
	id := strconv.FormatUint(uint64(stat.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return "user " + u.Username
	}
	return "user " + id
}
