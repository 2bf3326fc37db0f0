package store

import (
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/shopspring/decimal"
)

// NewArrowSink writes a result as an Arrow IPC stream.
func NewArrowSink(w io.Writer) Sink {
	return &columnar{open: func(schema *arrow.Schema) (batchWriter, error) {
		return ipc.NewWriter(w, ipc.WithSchema(schema)), nil
	}}
}

// NewParquetSink writes a result as a Parquet file.
func NewParquetSink(w io.Writer) Sink {
	return &columnar{open: func(schema *arrow.Schema) (batchWriter, error) {
		return pqarrow.NewFileWriter(schema, w, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd)), pqarrow.DefaultWriterProps())
	}}
}

// batchWriter is what both formats write to.
type batchWriter interface {
	Write(arrow.RecordBatch) error
	Close() error
}

// columnar gathers rows into record batches.
type columnar struct {
	open    func(*arrow.Schema) (batchWriter, error)
	schema  *arrow.Schema
	builder *array.RecordBuilder
	writer  batchWriter
	rows    int
}

const rowsInBatch = 64 * 1024

var decimalType = regexp.MustCompile(`^DECIMAL\((\d+),\s*(\d+)\)$`)

// arrowType is the type of a column; what has none of its own is written as text.
func arrowType(duckdb string) arrow.DataType {
	switch duckdb {
	case "BOOLEAN":
		return arrow.FixedWidthTypes.Boolean
	case "TINYINT", "SMALLINT", "INTEGER":
		return arrow.PrimitiveTypes.Int32
	case "BIGINT":
		return arrow.PrimitiveTypes.Int64
	case "HUGEINT", "UBIGINT":
		return &arrow.Decimal128Type{Precision: 38}
	case "DOUBLE", "FLOAT":
		return arrow.PrimitiveTypes.Float64
	case "DATE":
		return arrow.FixedWidthTypes.Date32
	case "TIMESTAMP":
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE":
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	}
	if match := decimalType.FindStringSubmatch(duckdb); match != nil {
		precision, _ := strconv.Atoi(match[1])
		scale, _ := strconv.Atoi(match[2])
		return &arrow.Decimal128Type{Precision: int32(precision), Scale: int32(scale)}
	}
	return arrow.BinaryTypes.String
}

func (c *columnar) Begin(columns []Column) error {
	fields := make([]arrow.Field, len(columns))
	for i, column := range columns {
		fields[i] = arrow.Field{Name: column.Name, Type: arrowType(column.Type), Nullable: true}
	}
	c.schema = arrow.NewSchema(fields, nil)
	c.builder = array.NewRecordBuilder(memory.DefaultAllocator, c.schema)
	var err error
	c.writer, err = c.open(c.schema)
	return err
}

func (c *columnar) Row(values []any) error {
	for i, value := range values {
		if err := appendValue(c.builder.Field(i), value); err != nil {
			return fmt.Errorf("column %s: %w", c.schema.Field(i).Name, err)
		}
	}
	if c.rows++; c.rows < rowsInBatch {
		return nil
	}
	return c.flush()
}

func (c *columnar) flush() error {
	batch := c.builder.NewRecordBatch()
	defer batch.Release()
	c.rows = 0
	return c.writer.Write(batch)
}

func (c *columnar) End() error {
	defer c.builder.Release()
	if c.rows > 0 {
		if err := c.flush(); err != nil {
			return err
		}
	}
	return c.writer.Close()
}

// appendValue appends a value that the driver gave to a column of the type that
// arrowType chose for it.
func appendValue(builder array.Builder, value any) error {
	if value == nil {
		builder.AppendNull()
		return nil
	}
	switch b := builder.(type) {
	case *array.StringBuilder:
		b.Append(fmt.Sprint(value))
		return nil
	case *array.BooleanBuilder:
		if v, ok := value.(bool); ok {
			b.Append(v)
			return nil
		}
	case *array.Int32Builder:
		switch v := value.(type) {
		case int8:
			b.Append(int32(v))
			return nil
		case int16:
			b.Append(int32(v))
			return nil
		case int32:
			b.Append(v)
			return nil
		}
	case *array.Int64Builder:
		if v, ok := value.(int64); ok {
			b.Append(v)
			return nil
		}
	case *array.Float64Builder:
		switch v := value.(type) {
		case float64:
			b.Append(v)
			return nil
		case float32:
			b.Append(float64(v))
			return nil
		}
	case *array.Date32Builder:
		if v, ok := value.(time.Time); ok {
			b.Append(arrow.Date32FromTime(v))
			return nil
		}
	case *array.TimestampBuilder:
		if v, ok := value.(time.Time); ok {
			b.Append(arrow.Timestamp(v.UnixMicro()))
			return nil
		}
	case *array.Decimal128Builder:
		return appendDecimal(b, value)
	}
	return fmt.Errorf("a %T cannot be written as %s", value, builder.Type())
}

func appendDecimal(b *array.Decimal128Builder, value any) error {
	scale := b.Type().(*arrow.Decimal128Type).Scale
	var unscaled *big.Int
	switch v := value.(type) {
	case decimal.Decimal:
		shifted := v.Shift(scale)
		if !shifted.IsInteger() {
			return fmt.Errorf("%s has more than %d decimals", v, scale)
		}
		unscaled = shifted.BigInt()
	case uint64:
		unscaled = new(big.Int).SetUint64(v)
	default:
		return fmt.Errorf("a %T is no decimal", value)
	}
	const most = 127
	if unscaled.BitLen() > most {
		return fmt.Errorf("%s does not fit into 38 digits", unscaled)
	}
	b.Append(decimal128.FromBigInt(unscaled))
	return nil
}
