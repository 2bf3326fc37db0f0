package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/shopspring/decimal"
)

// Queryer is what reading needs of a database.
type Queryer interface {
	QueryContext(ctx context.Context, query string, arguments ...any) (*sql.Rows, error)
}

// Scalar gives the one value of a query of one row and one column.
func Scalar[T any](ctx context.Context, q Queryer, query string, arguments ...any) (T, error) {
	var value T
	rows, err := q.QueryContext(ctx, query, arguments...)
	if err != nil {
		return value, failed(err, query)
	}
	defer rows.Close()
	if !rows.Next() {
		return value, noRow(rows.Err(), query)
	}
	if err := rows.Scan(&value); err != nil {
		return value, failed(err, query)
	}
	return value, lacking(rows.Err())
}

// noRow says why a query that has one row gave none.
func noRow(err error, query string) error {
	if err != nil {
		return failed(err, query)
	}
	return fmt.Errorf("no row from: %s", abridged(query))
}

// Table is the result of a query, held in memory: for results of few rows.
type Table struct {
	Columns []string
	Types   []string // DuckDB's names of the types
	Rows    [][]any  // decimals as decimal.Decimal, NULL as nil
}

// Query runs a query and holds its result.
func Query(ctx context.Context, q Queryer, query string, arguments ...any) (Table, error) {
	rows, err := q.QueryContext(ctx, query, arguments...)
	if err != nil {
		return Table{}, failed(err, query)
	}
	var h held
	err = handOn(rows, &h)
	return h.Table, lacking(err)
}

// exactValue turns the driver's decimals and wide integers into decimal.Decimal.
func exactValue(value any) any {
	switch v := value.(type) {
	case duckdb.Decimal:
		return decimal.NewFromBigInt(v.Value, -int32(v.Scale))
	case *big.Int:
		return decimal.NewFromBigInt(v, 0)
	default:
		return value
	}
}

// Column is a column of a result: its name and DuckDB's name of its type.
type Column struct{ Name, Type string }

// Sink takes a result as it comes.
type Sink interface {
	Begin(columns []Column) error
	Row(values []any) error // exact numbers as decimal.Decimal, NULL as nil
	End() error
}

// Stream runs a query and hands its rows on as they come.
func Stream(ctx context.Context, db *DB, text string, sink Sink) error {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return lacking(err)
	}
	return lacking(handOn(rows, sink))
}

// handOn hands rows on to a sink as they come, and closes them. The sink keeps no row:
// the next one takes its place.
func handOn(rows *sql.Rows, sink Sink) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	columns := make([]Column, len(types))
	row, pointers := make([]any, len(types)), make([]any, len(types))
	for i, t := range types {
		columns[i], pointers[i] = Column{t.Name(), t.DatabaseTypeName()}, &row[i]
	}
	if err := sink.Begin(columns); err != nil {
		return err
	}
	for rows.Next() {
		if err := rows.Scan(pointers...); err != nil {
			return err
		}
		for i, value := range row {
			row[i] = exactValue(value)
		}
		if err := sink.Row(row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return sink.End()
}

// held keeps a result in memory.
type held struct{ Table }

func (h *held) Begin(columns []Column) error {
	for _, c := range columns {
		h.Columns, h.Types = append(h.Columns, c.Name), append(h.Types, c.Type)
	}
	return nil
}

func (h *held) Row(values []any) error {
	h.Rows = append(h.Rows, slices.Clone(values))
	return nil
}

func (h *held) End() error { return nil }
