package ingest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"comment11/internal/store"
	"comment11/internal/testkit"
)

// readSource scans and reads the files of one source in an empty database.
func readSource(t testing.TB, source Source) (*store.DB, []File) {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, store.Settings{Threads: 1, MemoryLimit: "500MB"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	asOf := time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC)
	in := Input{Sources: []Source{source}, AsOf: asOf, PreviousBusinessDay: asOf, RatesFrom: asOf.AddDate(-1, 0, 0), Release: "R", Output: t.TempDir(), Scratch: t.TempDir()}
	files, err := Scan(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := Read(ctx, db, in, files); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Records != f.Taken+f.Excluded+f.Rejected {
			t.Errorf("%s: %d records, but %d taken, %d excluded, %d rejected", f.Name, f.Records, f.Taken, f.Excluded, f.Rejected)
		}
	}
	left, err := os.ReadDir(in.Scratch)
	if err != nil || len(left) > 0 {
		t.Errorf("left in the scratch folder: %v (%v)", left, err)
	}
	return db, files
}

// showRecords writes the records of all files in order: what was taken in the
// given columns, and what was not with its reasons; columns without any value
// are not shown.
func showRecords(t testing.TB, db *store.DB, dataSet, columns string) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, query := range []string{
		"select source_file, " + columns + " from " + dataSet + " order by all",
		"select file, record, reason, currency, notional from exclusions order by file, record",
		"select file, record, fault, reason, column_name, value, notional from rejects order by file, record, fault",
		"select file, record, reason, column_name, value from unreadable_values order by all",
	} {
		table, err := store.Query(context.Background(), db, query)
		if err != nil {
			t.Fatal(err)
		}
		if len(table.Rows) == 0 {
			continue
		}
		var shown []int
		for i := range table.Columns {
			if slices.ContainsFunc(table.Rows, func(row []any) bool { return row[i] != nil }) {
				shown = append(shown, i)
			}
		}
		line := func(text func(column int) string) {
			var cells []string
			for _, i := range shown {
				cells = append(cells, text(i))
			}
			b.WriteString(strings.Join(cells, " | ") + "\n")
		}
		line(func(i int) string { return table.Columns[i] })
		for _, row := range table.Rows {
			line(func(i int) string {
				switch v := row[i].(type) {
				case nil:
					return ""
				case time.Time:
					return v.Format(time.DateOnly)
				default:
					return fmt.Sprint(v)
				}
			})
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

// TestMessages reads the FpML files of every folder of testdata/messages as one
// source and compares what the messages come to with want.txt.
func TestMessages(t *testing.T) {
	folders, err := filepath.Glob("testdata/messages/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no case in testdata/messages (%v)", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			db, _ := readSource(t, Source{Name: "fpml", DataSet: "positions", Files: mustAbs(t, folder) + "/*.xml", Format: "fpml", SameNames: true,
				Parties: []string{"7LTWFZYICNSX8D621K86"}})
			got := showRecords(t, db, "positions", "position_id, trade_version, legal_entity, counterparty_id, role, currency, notional, fair_value, fair_value_currency, source_path")
			testkit.Golden(t, filepath.Join(folder, "want.txt"), got)
		})
	}
}

func mustAbs(t testing.TB, path string) string {
	t.Helper()
	absolute, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return absolute
}
