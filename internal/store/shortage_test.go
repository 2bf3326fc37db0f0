package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duckdb/duckdb-go/v2"
)

// TestShortage holds that what does not suffice is told by the setting that gives more of
// it, without SQL and without the engine's own settings.
func TestShortage(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, Settings{Threads: 1, MemoryLimit: "20MB", TemporaryFolder: t.TempDir(), TemporaryLimit: "1MB"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const query = "select i, repeat(cast(i as varchar), 20) as text from range(3000000) as t(i) order by hash(i)"
	_, scalar := Scalar[int64](ctx, db, "select count(distinct text) from ("+query+")")
	for what, err := range map[string]error{"Run": db.CreateTable(ctx, "t", query), "Scalar": scalar, "Stream": Stream(ctx, db, query, &held{})} {
		var short *shortageError
		if err == nil || !errors.As(err, &short) || strings.Contains(err.Error(), "select") || strings.Contains(err.Error(), "SET ") ||
			!strings.Contains(err.Error(), "engine.memory_limit") && !strings.Contains(err.Error(), "engine.temporary_limit") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, c := range []struct {
		kind      duckdb.ErrorType
		says, has string
	}{
		{duckdb.ErrorTypeOutOfMemory, "Out of Memory Error: failed to offload data block of size 256.0 KiB.\nThis limit was set by the 'max_temp_directory_size' setting.\nSET max_temp_directory_size", "failed to offload data block of size 256.0 KiB; raise engine.temporary_limit"},
		{duckdb.ErrorTypeOutOfMemory, "Out of Memory Error: could not allocate block of size 30.5 MiB (4.0 KiB/19.0 MiB used)\n\nPossible solutions:\n* SET", "(4.0 KiB/19.0 MiB used); raise engine.memory_limit in the config (of a query, query.memory_limit)"},
		{duckdb.ErrorTypeIO, `IO Error: Could not write file "` + filepath.Join(os.TempDir(), "comment11-plan-1/facts") + `": No space left on device`, "No space left on device; make room there, or name another folder for temporary files in the environment variable TMPDIR"},
		{duckdb.ErrorTypeIO, `IO Error: Could not write file "/warehouse/staging/x": No space left on device`, "No space left on device; make room there and run again"},
		{duckdb.ErrorTypeIO, "IO Error: Cannot open file \"x\": Too many open files\n\nLINE 1: select", "Too many open files; let the process open more files (ulimit -n"},
		{duckdb.ErrorTypeIO, `IO Error: Cannot open file "x": Permission denied`, "Permission denied; give the user"},
		{duckdb.ErrorTypeConversion, `Conversion Error: Casting value "19399999999999807.94" to type DECIMAL(18,2) failed: value is out of range! when casting from source column sum(notional)` + "\n\nLINE 19: cast(", `Casting value "19399999999999807.94" to type DECIMAL(18,2) failed: value is out of range! when casting from source column sum(notional); money has at most 16 digits before the point`},
		{duckdb.ErrorTypeConversion, `Conversion Error: Could not convert string "x" to INT32`, "in: select 1"},
		{duckdb.ErrorTypeIO, "IO Error: No files found that match the pattern", "in: select 1"},
		{duckdb.ErrorTypeBinder, "Binder Error: no column", "in: select 1"},
	} {
		engine := &duckdb.Error{Type: c.kind, Msg: c.says}
		err := failed(engine, "select 1")
		if !strings.Contains(err.Error(), c.has) || strings.Contains(c.has, "in: ") != strings.Contains(err.Error(), "select 1") || strings.Contains(err.Error(), "SET") || !errors.Is(err, error(engine)) {
			t.Errorf("%q is told as %q", c.says, err)
		}
	}
}
