package document

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Names of the columns that stand before those of the format.
const (
	PathColumn    = "source_path"
	OutcomeColumn = "record_outcome"
	ReasonColumn  = "record_reason"
	FaultsColumn  = "record_faults"
)

// Separators of packed faults: between faults, and between reason, column, value
// and effect of one.
const (
	FaultSeparator = "\x1e"
	FieldSeparator = "\x1f"
)

// AllColumns are the columns of the record batches: where the record stands and
// what became of it, then those of the format.
func (f Format) AllColumns() []string {
	return append([]string{PathColumn, OutcomeColumn, ReasonColumn, FaultsColumn}, f.Columns...)
}

// Schema is that of the record batches: all columns are text, null where nothing
// is stated.
func (f Format) Schema() *arrow.Schema {
	names := f.AllColumns()
	fields := make([]arrow.Field, len(names))
	for i, name := range names {
		fields[i] = arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

// batchRows is how many rows a record batch has, the last one apart.
const batchRows = 16384

// batches collects rows to record batches.
type batches struct {
	builder *array.RecordBuilder
	columns []*array.StringBuilder
	rows    int
	emit    func(arrow.RecordBatch) error
}

func newBatches(columns []string, emit func(arrow.RecordBatch) error) *batches {
	b := batches{builder: array.NewRecordBuilder(memory.DefaultAllocator, Format{Columns: columns}.Schema()), emit: emit}
	for _, field := range b.builder.Fields() {
		b.columns = append(b.columns, field.(*array.StringBuilder))
	}
	return &b
}

func (b *batches) release() { b.builder.Release() }

func (b *batches) add(row Row) error {
	for i, text := range append([]string{row.Path, row.Outcome, row.Reason, packed(row.Faults)}, row.Values...) {
		if text == "" {
			b.columns[i].AppendNull()
		} else {
			b.columns[i].Append(text)
		}
	}
	if b.rows++; b.rows == batchRows {
		return b.flush()
	}
	return nil
}

func (b *batches) flush() error {
	if b.rows == 0 {
		return nil
	}
	b.rows = 0
	batch := b.builder.NewRecordBatch()
	defer batch.Release()
	return b.emit(batch)
}

// packed are the faults as one text.
func packed(faults []Fault) string {
	if len(faults) == 0 {
		return ""
	}
	clean := strings.NewReplacer(FaultSeparator, " ", FieldSeparator, " ", "\x00", " ").Replace
	list := make([]string, len(faults))
	for i, f := range faults {
		effect := "finding"
		if f.Rejects {
			effect = "reject"
		}
		list[i] = strings.Join([]string{f.Reason, clean(f.Column), clean(f.Value), effect}, FieldSeparator)
	}
	return strings.Join(list, FaultSeparator)
}
