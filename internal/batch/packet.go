package batch

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/disclosures/render"
	"comment11/internal/store"
)

// Packet reads the tables of the newest published releases of the dates: the
// period end first, then the date compared with. Titles and notes are those of
// the period end's release.
func Packet(ctx context.Context, config configs.Config, dates ...string) (render.Packet, error) {
	warehouse := Warehouse(config)
	settings := store.Settings{Threads: config.Engine.Threads, MemoryLimit: config.Engine.MemoryLimit}
	read := func(query string) (store.Table, error) {
		return warehouse.Query(ctx, settings, query)
	}
	var dated []render.Dated
	for _, date := range dates {
		cells, err := read(`
select table_id, block_id, block_title, row_id, row_label, column_id, column_label, table_number, block_number, row_number, column_number,
  depth, measure, predicate, exact, displayed, unit, moved, memo
from cells where as_of_date = date '` + date + `' order by table_number, block_number, row_number, column_number`)
		if err != nil {
			return render.Packet{}, err
		}
		if len(cells.Rows) == 0 {
			return render.Packet{}, fmt.Errorf("%w: no release of %s is published; run it first: comment11 run --as-of %s", ErrData, date, date)
		}
		d := render.Dated{Date: date}
		for _, row := range cells.Rows {
			d.Cells = append(d.Cells, cellOf(row))
		}
		dated = append(dated, d)
	}
	tables, err := read("select table_id, title, clauses, scope, unit, notes, missing from tables where as_of_date = date '" + dates[0] + "' order by table_number")
	if err != nil {
		return render.Packet{}, err
	}
	var heads []disclosures.Head
	for _, row := range tables.Rows {
		heads = append(heads, disclosures.Head{ID: row[0].(string), Title: row[1].(string), Clauses: split(row[2].(string), ", "),
			Scope: row[3].(string), Unit: row[4].(string), Notes: split(row[5].(string), "\n"), Missing: split(row[6].(string), ", ")})
	}
	return render.New(heads, dated...), nil
}

func split(text, separator string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, separator)
}

func cellOf(row []any) disclosures.Cell {
	text := func(i int) string { return row[i].(string) }
	number := func(i int) int { return int(row[i].(int32)) }
	return disclosures.Cell{TableID: text(0), BlockID: text(1), BlockTitle: text(2), RowID: text(3), RowLabel: text(4), ColumnID: text(5), ColumnLabel: text(6),
		TableNumber: number(7), BlockNumber: number(8), RowNumber: number(9), ColumnNumber: number(10), Depth: number(11),
		Measure: text(12), Predicate: text(13), Exact: row[14].(decimal.Decimal), Displayed: row[15].(int64), Unit: text(16),
		Moved: row[17].(int64), Memo: row[18].(bool)}
}
