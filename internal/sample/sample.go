// Package sample writes synthetic books with one consistent life over any number
// of as-of dates: positions, all other data sets, a config that runs, and the key
// of what a run must find. The book is made by the SQL in sql/, which says how;
// everything in it is drawn from the seed alone.
package sample

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/store"
)

//go:embed sql/*.sql comment11.yaml.tmpl
var files embed.FS

// Book is what is asked for.
type Book struct {
	Folder    string
	Positions int         // open at the last date
	Dates     []time.Time // as-of dates, in order
	Seed      uint64
	Faults    int // records of each date's positions that are planted with a fault
	Threads   int // 0: all processors
}

// ErrRequest marks a book that cannot be made as it is asked for.
var ErrRequest = errors.New("sample")

// The letter's figures: 1.92 trillion USD at the end of 2006 and 3.5 trillion at
// the end of September 2007, in between and beyond at the same daily growth.
var (
	letterStart = time.Date(2006, 12, 31, 0, 0, 0, 0, time.UTC)
	letterEnd   = time.Date(2007, 9, 30, 0, 0, 0, 0, time.UTC)
)

const (
	growthADay  = 0.0022 // ln(3.5 / 1.92) over 273 days
	closingADay = 0.0003
)

// datedFiles have a file per as-of date, files one for all; each is made by the
// table macro <name>_file or the table of that name.
var (
	datedFiles = []string{"holdings", "lifecycle", "realized", "collateral", "ledger", "pnl_explain", "adjustments", "control_totals"}
	plainFiles = []string{"counterparties", "reference_entities", "indices", "books", "fx_rates", "holidays"}
)

// plainQueries are the queries of the files that do not depend on a date.
var plainQueries = map[string]string{
	"counterparties":     "select * exclude (number) from counterparties order by counterparty_id",
	"reference_entities": "select * exclude (number) from reference_entities order by reference_entity_id",
	"indices":            "from indices",
	"books":              "from books",
	"fx_rates":           "from fx_rates order by rate_date, currency",
	"holidays":           "from holidays_file()",
}

// Write writes the book into its folder, which must not have a config yet.
func Write(ctx context.Context, book Book) error {
	if err := book.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(book.Folder, "key"), 0o755); err != nil {
		return err
	}
	left, err := fs.Glob(os.DirFS(book.Folder), ".temporary-*") // of one that was killed
	for _, name := range left {
		err = errors.Join(err, os.RemoveAll(filepath.Join(book.Folder, name)))
	}
	if err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(book.Folder, ".temporary-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temporary) }() // nothing of the book is in it
	db, err := book.open(ctx, temporary)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, name := range plainFiles {
		if err := book.copy(ctx, db, plainQueries[name], name); err != nil {
			return err
		}
	}
	previous := quarterEndBefore(book.Dates[0])
	if err := db.CreateTable(ctx, "opening", "from notionals_at("+literal(previous)+")"); err != nil {
		return err
	}
	for _, date := range book.Dates {
		if err := book.writeDate(ctx, db, previous, date); err != nil {
			return err
		}
		previous = date
	}
	return book.writeConfig(ctx, db)
}

func (b Book) check() error {
	switch {
	case b.Positions < 1000:
		return fmt.Errorf("%w: --positions %d: expected at least 1000, so that every instrument, role and purpose occurs", ErrRequest, b.Positions)
	case len(b.Dates) == 0:
		return fmt.Errorf("%w: no as-of date; give --as-of with one or more", ErrRequest)
	case !slices.IsSortedFunc(b.Dates, time.Time.Compare) || len(slices.CompactFunc(slices.Clone(b.Dates), time.Time.Equal)) < len(b.Dates):
		return fmt.Errorf("%w: --as-of: dates must come in order, each once", ErrRequest)
	case b.Faults < 0 || b.Faults > (b.Positions-soundTrades)/10:
		return fmt.Errorf("%w: --faults %d: expected 0 to %d, a tenth of the positions but for the first %d", ErrRequest, b.Faults, max(0, b.Positions-soundTrades)/10, soundTrades)
	}
	config := filepath.Join(b.Folder, "comment11.yaml")
	if _, err := os.Lstat(config); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is there already; a book is written into a folder without one", ErrRequest, config)
	}
	return nil
}

// open opens a database that knows the book and may spill into a folder.
func (b Book) open(ctx context.Context, temporary string) (*store.DB, error) {
	db, err := store.Open(ctx, store.Settings{Threads: b.Threads, MemoryLimit: "1300MB", TemporaryFolder: temporary})
	if err != nil {
		return nil, err
	}
	first, last := b.Dates[0], b.Dates[len(b.Dates)-1]
	since := time.Date(first.Year(), 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -30)
	days := last.Sub(since).Hours() / 24
	var statements []string
	for _, parameter := range [][2]string{
		{"seed", fmt.Sprintf("cast(%d as ubigint)", b.Seed)}, {"positions", fmt.Sprint(b.Positions)},
		{"first_date", literal(first)}, {"last_date", literal(last)}, {"since", literal(since)},
		{"growth", fmt.Sprintf("%ge0", growthADay)}, {"closing", fmt.Sprintf("%ge0", closingADay)}, {"notional_scale", "1e3"},
		// those that went since, at the rate closing of a book that grew all the time
		{"closed_positions", fmt.Sprintf("cast(positions() * closing() * (1 - exp(-growth() * %g)) / growth() as bigint) // 100 * 100", days)},
	} {
		statements = append(statements, "create macro "+parameter[0]+"() as "+parameter[1])
	}
	names, err := fs.Glob(files, "sql/*.sql")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
		statements = append(statements, string(text))
	}
	if err := db.Run(ctx, statements...); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := b.scale(ctx, db, last); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// scale sets the size of trades so that the book at the last date has the
// letter's total.
func (b Book) scale(ctx context.Context, db *store.DB, last time.Time) error {
	unscaled, err := store.Scalar[float64](ctx, db,
		"select sum(t.first_notional * t.change_percent / 100 / c.per_euro) * 1.40 / 1e3 from trades as t join currencies as c on c.currency = t.currency where t.is_open")
	if err != nil {
		return err
	}
	days := last.Sub(letterStart).Hours() / 24 / (letterEnd.Sub(letterStart).Hours() / 24)
	return db.Run(ctx, fmt.Sprintf("create or replace macro notional_scale() as %ge0 * power(%ge0, %ge0)", 1.92e12/unscaled, 3.5/1.92, days))
}

// writeDate writes the files of one date and their keys.
func (b Book) writeDate(ctx context.Context, db *store.DB, previous, date time.Time) error {
	day, since := literal(date), literal(previous)
	if err := b.copy(ctx, db, "from positions_file("+day+")", "positions_"+date.Format(time.DateOnly)); err != nil {
		return err
	}
	for name, query := range map[string]string{
		"totals": "from totals_at(" + day + ")", "singled_out": "from singled_out_at(" + day + ")",
		"changes": "from changes_at(" + since + ", " + day + ")", "realized": "from realized_at(" + day + ")",
	} {
		if err := db.CreateTable(ctx, name, query); err != nil {
			return err
		}
	}
	if err := b.plant(ctx, db, date); err != nil {
		return err
	}
	for _, name := range datedFiles {
		arguments := day
		if name == "lifecycle" || name == "realized" {
			arguments = ""
		}
		if name == "control_totals" && b.Faults > 0 {
			continue // written where the faults are planted
		}
		if err := b.copy(ctx, db, fmt.Sprintf("from %s_file(%s)", name, arguments), name+"_"+date.Format(time.DateOnly)); err != nil {
			return err
		}
	}
	for name, arguments := range map[string]string{"movements": since + ", " + day, "realized": day, "evidence": day} {
		if err := b.copy(ctx, db, fmt.Sprintf("from %s_key(%s)", name, arguments), filepath.Join("key", name+"_"+date.Format(time.DateOnly))); err != nil {
			return err
		}
	}
	return db.CreateTable(ctx, "opening", "from totals where counterparty_number is null")
}

func (b Book) path(name string) string { return filepath.Join(b.Folder, name+".csv") }

// copy writes the rows of a query as <name>.csv. No field needs quotes, so that
// each record can be put together by all threads and only be written by one:
// twice as fast as the engine's CSV.
func (b Book) copy(ctx context.Context, db *store.DB, query, name string) error {
	described, err := store.Query(ctx, db, "describe "+query)
	if err != nil {
		return err
	}
	var columns []string
	for _, row := range described.Rows {
		columns = append(columns, row[0].(string))
	}
	return db.Run(ctx, fmt.Sprintf("copy (select concat(%s) as %s from (%s)) to %s (format csv, header, delimiter '\x01', quote '')",
		strings.Join(columns, ", ',', "), store.Identifier(strings.Join(columns, ",")), query, store.Literal(b.path(name))))
}

func (b Book) writeConfig(ctx context.Context, db *store.DB) error {
	text, err := template.ParseFS(files, "comment11.yaml.tmpl")
	if err != nil {
		return err
	}
	breaks, err := store.Query(ctx, db, `
select cast(2 * ceil(coalesce(sum(notional_break + value_break), 0) * 3) as decimal(18, 0)) from (
  select 500000 as notional_break, 12345.67 as value_break from singled_out where is_broken)`)
	if err != nil {
		return err
	}
	holidays, err := store.Query(ctx, db, "select string_agg(cast(holiday as varchar), ', ' order by holiday) from holidays_file()")
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(b.Folder, "comment11.yaml"))
	if err != nil {
		return err
	}
	err = text.Execute(out, map[string]any{
		"Positions": b.Positions, "Seed": b.Seed, "Faults": b.Faults, "Rejects": 2 * b.Faults, "RejectedMoney": "1000000000000000.00",
		"InternalBreaks": breaks.Rows[0][0].(decimal.Decimal).StringFixed(2), "DatedFiles": datedFiles, "Files": plainFiles,
		"Holidays": holidays.Rows[0][0],
	})
	return errors.Join(err, out.Close())
}

func literal(d time.Time) string { return "date '" + d.Format(time.DateOnly) + "'" }

// quarterEndBefore is the last day of the calendar quarter before a date's own.
func quarterEndBefore(d time.Time) time.Time {
	return time.Date(d.Year(), (d.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -1)
}
