package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"comment11/internal/store"
)

// floatingPoint ends the text of a value that a file has in binary floating
// point. Such a number is no exact amount, rate or name of anything: the checks
// know it by these words, and only the function round_double takes them off.
const floatingPoint = " (floating point)"

// typedColumn is a column of a file whose columns have types.
type typedColumn struct {
	name string
	data arrow.DataType
}

// text is the SQL of the column's values as a CSV file would spell them, so that
// one grammar checks what comes from every format.
func (c typedColumn) text() string {
	value := store.Identifier(c.name)
	plain := "cast(" + value + " as varchar)"
	switch t := c.data.(type) {
	case arrow.DecimalType:
		if t.GetScale() > 2 { // zeros that the type's scale adds are no decimals of the value
			return "rtrim(rtrim(" + plain + ", '0'), '.')"
		}
		return plain
	case *arrow.Float32Type, *arrow.Float64Type:
		return plain + " || " + store.Literal(floatingPoint)
	case *arrow.TimestampType:
		return timeText(value, t)
	case *arrow.StringType, *arrow.LargeStringType, *arrow.NullType:
		return "nullif(" + plain + ", '')"
	default:
		return plain
	}
}

// timeText spells an instant with Z, and a local time, which is none, without.
// A fraction of a second is shown, so that the check refuses it, and so is what the
// engine calls infinite and what is in no year of four digits.
func timeText(value string, t *arrow.TimestampType) string {
	// From the year 1 to 9999, and all but the ends of what nanoseconds can count.
	count, unit, second, first, last, instant, fraction := "epoch_us("+value+")", "microseconds", int64(1_000_000), int64(-62_135_596_800_000_000), int64(253_402_300_799_999_999), "make_timestamp", "%f"
	if t.Unit == arrow.Nanosecond {
		count, unit, second, first, last, instant, fraction = "epoch_ns("+value+")", "nanoseconds", 1_000_000_000, -9_223_372_036_000_000_000, 9_223_372_036_000_000_000, "make_timestamp_ns", "%n"
	}
	zone := ""
	if t.TimeZone != "" {
		zone = "Z"
	}
	return fmt.Sprintf("case when %[9]s is not null and %[1]s is null then 'infinite' when %[1]s not between %[6]d and %[7]d then %[1]s || ' %[8]s since 1970' "+
		"when %[1]s %% %[2]d = 0 then strftime(%[3]s(%[1]s), '%%Y-%%m-%%dT%%H:%%M:%%S%[5]s') else strftime(%[3]s(%[1]s), '%%Y-%%m-%%dT%%H:%%M:%%S.%[4]s%[5]s') end",
		count, second, instant, fraction, zone, first, last, unit, value)
}

// typedColumns are those of a file, where every one can be read as text.
func typedColumns(schema *arrow.Schema) ([]typedColumn, error) {
	if schema.NumFields() == 0 {
		return nil, refuse("invalid_header", "the file has no columns")
	}
	columns := make([]typedColumn, schema.NumFields())
	names := make([]string, schema.NumFields())
	for i, field := range schema.Fields() {
		columns[i], names[i] = typedColumn{field.Name, field.Type}, field.Name
		if dictionary, ok := field.Type.(*arrow.DictionaryType); ok {
			columns[i].data = dictionary.ValueType
		}
		if err := refuseType(columns[i]); err != nil {
			return nil, err
		}
	}
	return columns, errors.Join(checkNames(names, ""), refuseRepository(names))
}

const nestedColumn = "column %q is nested (%s); a record has one value per column, deliver its parts as columns of their own"

// refuseType refuses columns whose values have no text of a CSV field.
func refuseType(c typedColumn) error {
	const most = 38 // digits of a decimal
	switch t := c.data.(type) {
	case arrow.NestedType:
		return refuse("nested_column", nestedColumn, c.name, t)
	case arrow.DecimalType:
		if t.GetPrecision() <= most && t.GetScale() >= 0 {
			return nil
		}
	case *arrow.StringType, *arrow.LargeStringType, *arrow.NullType, *arrow.BooleanType,
		*arrow.Int8Type, *arrow.Int16Type, *arrow.Int32Type, *arrow.Int64Type, *arrow.Uint8Type, *arrow.Uint16Type, *arrow.Uint32Type, *arrow.Uint64Type,
		*arrow.Float32Type, *arrow.Float64Type, *arrow.Date32Type, *arrow.Date64Type, *arrow.TimestampType:
		return nil
	}
	return refuse("unsupported_column", "column %q is %s, which is read as none of text, number, date, time and flag; deliver it as text", c.name, c.data)
}

// checkNames refuses names by which a mapping could not tell columns apart. where
// is the place of the header, for messages.
func checkNames(names []string, where string) error {
	for i, name := range names {
		if name == "" {
			return refuse("unnamed_column", "%scolumn %d of the header has no name", where, i+1)
		}
		if !utf8.ValidString(name) || strings.Contains(name, "\x00") {
			return refuse("invalid_header", "%scolumn %d has the name %q, which is no text of UTF-8", where, i+1, name)
		}
		if strings.EqualFold(name, asOfColumn) {
			return refuse("reserved_column", "%scolumn %q has the name by which expressions call the due date; rename it", where, name)
		}
		if first := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) }); first < i {
			return refuse("repeated_column", "%scolumn %q stands twice in the header, as columns %d and %d", where, name, first+1, i+1)
		}
	}
	return nil
}

// scanHashed hashes a file as it is on disk while scan tells its structure.
func scanHashed(path string, scan func() (scanned, error)) (scanned, error) {
	var result scanned
	var bytes int64
	hash := sha256.New()
	var both errgroup.Group
	both.Go(func() (err error) {
		result, err = scan()
		return err
	})
	both.Go(func() error { // a reader of its own: hashing takes as long as scanning
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		bytes, err = io.Copy(hash, file)
		return err
	})
	if err := both.Wait(); err != nil {
		return scanned{}, err
	}
	result.sha256, result.bytes = hex.EncodeToString(hash.Sum(nil)), bytes
	return result, nil
}

// decodedFile names the scratch file of what is decoded in Go.
func decodedFile(in Input, file *File) string {
	return filepath.Join(in.Scratch, "decoded-"+file.DataSet+"-"+file.Name+".parquet")
}
