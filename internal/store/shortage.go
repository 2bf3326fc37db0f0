package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// shortageError says in words for an operator what the machine, or a limit of the config,
// did not give. What the engine says of its own settings and the statement is left out.
type shortageError struct {
	text string
	err  error
}

func (e *shortageError) Error() string { return e.text }
func (e *shortageError) Unwrap() error { return e.err }

// shortages are what an engine's message has where something does not suffice, and what
// to do; the first one counts.
var shortages = []struct {
	has []string
	do  func(message string) string
}{
	{[]string{"max_temp_directory_size"}, func(string) string {
		return "raise engine.temporary_limit in the config, if the disk has the room"
	}},
	{[]string{"No space left on device", "Disk quota exceeded", "File too large"}, func(message string) string {
		if strings.Contains(message, os.TempDir()) {
			return "make room there, or name another folder for temporary files in the environment variable TMPDIR"
		}
		return "make room there and run again"
	}},
	{[]string{"Out of Memory Error", "failed to allocate", "could not allocate"}, func(string) string {
		return "raise engine.memory_limit in the config (of a query, query.memory_limit), or lower engine.threads"
	}},
	{[]string{"Too many open files"}, func(string) string {
		return "let the process open more files (ulimit -n, or LimitNOFILE of the service)"
	}},
	{[]string{"Permission denied", "Read-only file system"}, func(string) string {
		return "give the user who runs this the permission"
	}},
	{[]string{"to type DECIMAL(18,2) failed: value is out of range"}, func(string) string {
		return "money has at most 16 digits before the point: look for an amount that is wrong, or report in another currency"
	}},
	{[]string{"Input/output error"}, func(string) string { return "look at the disk" }},
}

// lacking turns an error of the engine for want of memory, disk, files, permission or digits into
// a shortageError; any other stays as it is.
func lacking(err error) error {
	var engine *duckdb.Error
	if !errors.As(err, &engine) || !slices.Contains([]duckdb.ErrorType{duckdb.ErrorTypeOutOfMemory, duckdb.ErrorTypeIO, duckdb.ErrorTypeTransaction, duckdb.ErrorTypeConversion}, engine.Type) {
		return err // of a transaction, for what its commit lacked
	}
	for _, s := range shortages {
		for _, has := range s.has {
			if strings.Contains(engine.Msg, has) {
				first, _, _ := strings.Cut(engine.Msg, "\n")
				return &shortageError{fmt.Sprintf("%s; %s", strings.TrimSuffix(first, "."), s.do(engine.Msg)), err}
			}
		}
	}
	return err
}

// failed says which statement failed, unless what it lacked says enough.
func failed(err error, statement string) error {
	var short *shortageError
	if errors.As(lacking(err), &short) {
		return short
	}
	return fmt.Errorf("%w\nin: %s", err, abridged(statement))
}
