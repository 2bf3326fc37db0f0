package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shopspring/decimal"

	"comment11/internal/store"
)

// textOf writes a value as it is; a decimal never goes through a floating number.
func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case decimal.Decimal:
		return v.StringFixed(max(0, -v.Exponent()))
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.Format(time.DateOnly)
		}
		return v.Format(time.RFC3339)
	default:
		return fmt.Sprint(v)
	}
}

// measured is a figure of a measure: an amount to the cent, or a count.
func measured(measure string, figure decimal.Decimal) string {
	if measure == "count" {
		return figure.String()
	}
	return figure.StringFixed(2)
}

func texts(row []any) []string {
	list := make([]string, len(row))
	for i, value := range row {
		list[i] = textOf(value)
	}
	return list
}

func columnNames(columns []store.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// tableSink lays a result out in columns.
type tableSink struct{ out *tabwriter.Writer }

func newTableSink(w io.Writer) *tableSink { return &tableSink{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)} }

func (s *tableSink) Begin(columns []store.Column) error {
	_, err := fmt.Fprintln(s.out, strings.Join(columnNames(columns), "\t"))
	return err
}

func (s *tableSink) Row(values []any) error {
	_, err := fmt.Fprintln(s.out, strings.Join(texts(values), "\t"))
	return err
}

func (s *tableSink) End() error { return s.out.Flush() }

// csvSink writes a result as CSV with a header.
type csvSink struct{ out *csv.Writer }

func newCSVSink(w io.Writer) *csvSink { return &csvSink{csv.NewWriter(w)} }

func (s *csvSink) Begin(columns []store.Column) error { return s.out.Write(columnNames(columns)) }
func (s *csvSink) Row(values []any) error             { return s.out.Write(texts(values)) }
func (s *csvSink) End() error {
	s.out.Flush()
	return s.out.Error()
}

// jsonSink writes one object per row, its keys in the order of the columns; exact
// numbers stay texts.
type jsonSink struct {
	w     io.Writer
	names []string
	rows  int
}

func (s *jsonSink) Begin(columns []store.Column) error {
	s.names = columnNames(columns)
	_, err := io.WriteString(s.w, "[")
	return err
}

func (s *jsonSink) Row(values []any) error {
	var b bytes.Buffer
	if s.rows++; s.rows > 1 {
		b.WriteString(",")
	}
	b.WriteString("\n  {")
	for i, value := range values {
		if i > 0 {
			b.WriteString(",")
		}
		switch value.(type) {
		case nil, bool, int8, int16, int32, int64, string:
		default:
			value = textOf(value)
		}
		name, err := jsonText(s.names[i])
		if err != nil {
			return err
		}
		text, err := jsonText(value)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\n    %s: %s", name, text)
	}
	b.WriteString("\n  }")
	_, err := s.w.Write(b.Bytes())
	return err
}

func (s *jsonSink) End() error {
	end := "\n]\n"
	if s.rows == 0 {
		end = "]\n"
	}
	_, err := io.WriteString(s.w, end)
	return err
}

func jsonText(value any) (string, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err := out.Encode(value)
	return strings.TrimSpace(b.String()), err
}
