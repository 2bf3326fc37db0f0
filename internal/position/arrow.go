package position

import (
	"github.com/apache/arrow-go/v18/arrow"
)

// ArrowSchema is the data set's schema in Arrow, typed. (Decoders of documents hand
// on text, internal/document.) Columns without a value are null; money and rates
// are decimals of 128 bits, because arrow-go writes no narrower ones to Parquet.
func (d DataSet) ArrowSchema() *arrow.Schema {
	fields := make([]arrow.Field, len(d.Columns))
	for i, c := range d.Columns {
		fields[i] = arrow.Field{Name: c.Name, Type: c.Type.Arrow(), Nullable: !c.Has(Required)}
	}
	return arrow.NewSchema(fields, nil)
}

// Arrow is the type's counterpart in Arrow.
func (t Type) Arrow() arrow.DataType {
	switch t {
	case Date:
		return arrow.FixedWidthTypes.Date32
	case Amount:
		return &arrow.Decimal128Type{Precision: 18, Scale: 2}
	case Rate:
		return &arrow.Decimal128Type{Precision: 18, Scale: 8}
	case Integer:
		return arrow.PrimitiveTypes.Int32
	case Flag:
		return arrow.FixedWidthTypes.Boolean
	case Time:
		return arrow.FixedWidthTypes.Timestamp_us
	case Total:
		return &arrow.Decimal128Type{Precision: 38, Scale: 2}
	case Whole:
		return arrow.PrimitiveTypes.Int64
	default:
		return arrow.BinaryTypes.String
	}
}
