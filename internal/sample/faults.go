package sample

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/store"
)

// record is a position as it stands in a file, by column.
type record map[string]string

// fault is a kind of fault that a record can have, and what must come of it.
type fault struct {
	kind   string
	effect string // reject, exclusion, unreadable (taken, the value counts as none) or finding
	reason string // of the reject or exclusion, or the code of the finding
	column string
	// change makes a sound record faulty; text is what a fault needs to be told apart.
	change func(r record, text string)
	// line makes a faulty line of a sound one, where the fault is no field's.
	line func(line string) string
	// before and after are further records that the fault needs.
	before, after func(r record) record
}

func set(column, value string) func(record, string) {
	return func(r record, _ string) { r[column] = value }
}

// word puts a word that nobody knows into a column.
func word(column string) func(record, string) {
	return func(r record, text string) { r[column] = text }
}

func reject(reason, column, value string) fault {
	return fault{kind: column + " " + reason, effect: "reject", reason: reason, column: column, change: set(column, value)}
}

func unreadable(reason, column, value string) fault {
	return fault{kind: column + " " + reason, effect: "unreadable", reason: reason, column: column, change: set(column, value)}
}

func unknown(code, column string) fault {
	return fault{kind: code, effect: "finding", reason: code, column: column, change: word(column)}
}

func structural(kind, reason string, line func(string) string) fault {
	return fault{kind: kind, effect: "reject", reason: reason, line: line}
}

// faults are all kinds, in the order in which they are planted.
var faults = []fault{
	structural("too few fields", "too_few_fields", func(l string) string { return l[:strings.LastIndex(l, ",")] }),
	structural("too many fields", "too_many_fields", func(l string) string { return l + ",x" }),
	structural("extra empty fields", "too_many_fields", func(l string) string { return l + ",," }),
	structural("not UTF-8", "invalid_utf8", func(l string) string { return l + "\xE9" }),
	structural("text after a quote", "misplaced_quote", func(l string) string { return `"` + l[:10] + `"x` + l[10:] }),
	reject("missing_value", "position_id", ""), reject("missing_value", "role", ""), reject("missing_value", "currency", ""),
	reject("missing_value", "notional", ""),
	{kind: "no maturity", effect: "reject", reason: "missing_value", column: "maturity_date", change: func(r record, _ string) { r["maturity_date"], r["option_expiry_date"] = "", "" }},
	reject("unknown_value", "role", "Buyer"), reject("unknown_value", "status", "live"), reject("unknown_currency", "currency", "US$"),
	reject("not_an_amount", "notional", "10m"), reject("not_an_amount", "losses_to_date", "none"), reject("too_many_decimals", "notional", "1000000.005"),
	reject("amount_out_of_range", "notional", "999999999999999.00"), reject("negative_notional", "notional", "-1000000.00"),
	reject("not_a_date", "trade_date", "2007-09-30abc"), reject("not_a_date", "maturity_date", "20 June 2012"), reject("impossible_date", "maturity_date", "2012-02-30"),
	{kind: "maturity before the trade date", effect: "reject", reason: "maturity_before_trade_date", column: "maturity_date",
		change: func(r record, _ string) { r["maturity_date"], r["option_expiry_date"] = "1990-03-20", "" }},
	{kind: "no notional basis", effect: "reject", reason: "notional_basis_missing", column: "notional_basis",
		change: func(r record, _ string) {
			r["index_name"], r["index_series"], r["notional_basis"] = "CDX.NA.IG", "5", ""
		}},
	reject("not_a_rate", "attachment_point", "three"), reject("not_a_whole_number", "trade_version", "one"),
	{kind: "duplicate key", effect: "reject", reason: "duplicate_key", column: "position_id", after: maps.Clone[record]},
	{kind: "superseded", effect: "exclusion", reason: "superseded", before: func(r record) record {
		earlier := maps.Clone(r)
		earlier["trade_version"] = "0"
		return earlier
	}},
	{kind: "expired", effect: "exclusion", reason: "expired", change: func(r record, _ string) {
		r["status"], r["trade_date"], r["maturity_date"], r["option_expiry_date"] = "open", "1990-01-02", "1999-03-20", ""
	}},
	{kind: "not yet traded", effect: "exclusion", reason: "not_yet_traded", change: func(r record, _ string) {
		r["trade_date"], r["maturity_date"], r["option_expiry_date"] = "2049-01-04", "2059-03-20", ""
	}},
	unreadable("not_an_amount", "fair_value", "n/a"), unreadable("not_a_rate", "fixed_rate", "1%"), unreadable("not_a_date", "valuation_date", "yesterday"),
	unreadable("unknown_value", "fair_value_level", "4"), unreadable("unknown_value", "designation", "hedge"), unreadable("unknown_value", "seniority", "SNRFOR"),
	unknown("unknown_product", "product"), unknown("unknown_counterparty", "counterparty_id"), unknown("unknown_reference_entity", "reference_entity_id"),
	unknown("unknown_purpose", "purpose_code"), unknown("unknown_book", "book"), unknown("unknown_rating", "reference_rating"),
	{kind: "no value", effect: "finding", reason: "no_value", column: "fair_value", change: set("fair_value", "")},
}

// soundTrades are the first trades, which are never planted with a fault: the
// adjustments name some of them.
const soundTrades = 1000

// plant plants the faults in the positions of a date, and writes their key and
// the sender's control totals of what can be read all the same. The engine has
// no part in it: a faulty record is no row of any relation.
func (b Book) plant(ctx context.Context, db *store.DB, date time.Time) error {
	if b.Faults == 0 {
		return nil
	}
	day := date.Format(time.DateOnly)
	totals, err := readTotals(ctx, db, date)
	if err != nil {
		return err
	}
	records, err := store.Scalar[int64](ctx, db, "select cast(sum(records) as bigint) from totals where counterparty_number is null")
	if err != nil {
		return err
	}
	in, err := os.Open(b.path("positions_" + day))
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(b.path("positions_" + day + ".planted"))
	if err != nil {
		return err
	}
	key, err := os.Create(b.path(filepath.Join("key", "faults_"+day)))
	if err != nil {
		return errors.Join(err, out.Close())
	}
	p := planter{in: bufio.NewReaderSize(in, 1<<20), out: bufio.NewWriterSize(out, 1<<20), key: csv.NewWriter(key), totals: totals,
		file: "positions_" + day + ".csv", left: b.Faults, known: records,
		random: rand.New(rand.NewPCG(b.Seed, uint64(date.Unix())))}
	if err := errors.Join(p.run(), p.out.Flush(), out.Close(), key.Close()); err != nil {
		return err
	}
	if err := os.Rename(out.Name(), in.Name()); err != nil {
		return err
	}
	return b.writeTotals(totals, p.number, day)
}

// total is what the sender states for a currency.
type total struct{ notional, fairValue decimal.Decimal }

func readTotals(ctx context.Context, db *store.DB, date time.Time) (map[string]total, error) {
	table, err := store.Query(ctx, db, "select currency, notional, fair_value from control_totals_file("+literal(date)+")")
	if err != nil {
		return nil, err
	}
	totals := map[string]total{}
	for _, row := range table.Rows {
		totals[row[0].(string)] = total{row[1].(decimal.Decimal), row[2].(decimal.Decimal)}
	}
	return totals, nil
}

func (b Book) writeTotals(totals map[string]total, records int64, day string) error {
	text := "file,as_of,records,currency,notional,fair_value\n"
	for _, currency := range slices.Sorted(maps.Keys(totals)) {
		text += fmt.Sprintf("positions_%s.csv,%s,%d,%s,%s,%s\n", day, day, records, currency, totals[currency].notional.StringFixed(2), totals[currency].fairValue.StringFixed(2))
	}
	return os.WriteFile(b.path("control_totals_"+day), []byte(text), 0o644)
}

var firstPlanted = fmt.Sprintf("T%09d", soundTrades)

// planter copies a file and plants faults on the way.
type planter struct {
	in     *bufio.Reader
	out    *bufio.Writer
	key    *csv.Writer
	file   string
	header []string
	totals map[string]total
	random *rand.Rand
	known  int64 // records of the sound file
	read   int64
	number int64 // records written
	left   int   // faults to be planted
	next   int   // kind to be planted
}

func (p *planter) run() error {
	if err := p.key.Write([]string{"file", "record", "kind", "effect", "reason", "column_name", "subject"}); err != nil {
		return err
	}
	for {
		line, err := p.in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			p.key.Flush()
			if p.left > 0 && p.key.Error() == nil {
				return fmt.Errorf("%w: %d faults found no record", ErrRequest, p.left)
			}
			return p.key.Error()
		}
		if err != nil {
			return err
		}
		line = strings.TrimSuffix(line, "\n")
		switch {
		case p.header == nil:
			p.header = strings.Split(line, ",")
			err = p.write(line)
			p.number = 0
		// each record is as likely as any other; internal trades must go on pairing
		case p.left > 0 && p.random.Int64N(p.known-p.read) < int64(p.left) && line >= firstPlanted && !strings.Contains(line, ",OWN-"):
			p.read++
			p.left--
			err = p.plant(line)
		default:
			p.read++
			err = p.write(line)
		}
		if err != nil {
			return err
		}
	}
}

func (p *planter) write(line string) error {
	p.number++
	_, err := p.out.WriteString(line + "\n")
	return err
}

// plant writes a record with the next fault, and what must come of it.
func (p *planter) plant(line string) error {
	f := faults[p.next%len(faults)]
	p.next++
	r := p.parse(line)
	p.add(r, -1)
	text := fmt.Sprintf("NOBODY-KNOWS-%d", p.next)
	if f.before != nil {
		if err := p.writeRecord(f.before(r), f, ""); err != nil {
			return err
		}
		p.add(r, 1)
		return p.write(line)
	}
	if f.change != nil {
		f.change(r, text)
	}
	if f.line != nil {
		if err := p.write(f.line(line)); err != nil {
			return err
		}
		return p.note(f, "")
	}
	subject := ""
	if f.effect == "finding" && f.column != "" {
		subject = r[f.column]
	}
	if err := p.writeRecord(r, f, subject); err != nil || f.after == nil {
		return err
	}
	return p.writeRecord(f.after(r), f, "")
}

// writeRecord writes a faulty record and its line of the key.
func (p *planter) writeRecord(r record, f fault, subject string) error {
	fields := make([]string, len(p.header))
	for i, name := range p.header {
		fields[i] = r[name]
	}
	p.add(r, 1)
	if err := p.write(strings.Join(fields, ",")); err != nil {
		return err
	}
	return p.note(f, subject)
}

func (p *planter) note(f fault, subject string) error {
	return p.key.Write([]string{p.file, fmt.Sprint(p.number), f.kind, f.effect, f.reason, f.column, subject})
}

func (p *planter) parse(line string) record {
	r := record{}
	for i, field := range strings.Split(line, ",") {
		r[p.header[i]] = field
	}
	return r
}

var amount = regexp.MustCompile(`^-?\d{1,14}(\.\d{1,2})?$`)

// add adds a record to the totals, or takes it off, as far as it can be read.
func (p *planter) add(r record, sign int64) {
	t, known := p.totals[r["currency"]]
	if !known {
		return
	}
	read := func(text string) decimal.Decimal {
		if !amount.MatchString(text) {
			return decimal.Zero
		}
		return decimal.RequireFromString(text).Mul(decimal.NewFromInt(sign))
	}
	p.totals[r["currency"]] = total{t.notional.Add(read(r["notional"])), t.fairValue.Add(read(r["fair_value"]))}
}
