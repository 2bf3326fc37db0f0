package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"comment11/internal/store"
	"comment11/transform"
)

// cells finds the cells that count facts of the position, by the predicates that
// the release stored with its cells: those that the tables were computed with.
func (e *explainer) cells(ctx context.Context, _ transform.Explained) error {
	cells, _ := e.files("cells")
	tables, _ := e.files("tables")
	listed, err := store.Query(ctx, e.db, fmt.Sprintf(`
select t.relation, c.table_id, c.block_id, c.row_id, c.column_id, c.row_label, c.column_label, c.measure, c.predicate, c.exact, c.memo, c.total_column,
  exists (select 1 from %[1]s as part where part.table_id = c.table_id and part.block_id = c.block_id and part.parent_row_id = c.row_id) as has_parts
from %[1]s as c join %[2]s as t on t.table_id = c.table_id
order by c.table_number, c.block_number, c.row_number, c.column_number, c.table_id, c.block_id, c.row_id, c.column_id`, cells, tables))
	if err != nil {
		return err
	}
	byRelation := map[string][][]any{}
	for _, row := range listed.Rows {
		byRelation[row[0].(string)] = append(byRelation[row[0].(string)], row)
	}
	amounts := map[string]func(row []any) (facts int, amount decimal.Decimal, known bool){}
	for relation, rows := range byRelation {
		traced, err := e.trace(ctx, relation, rows)
		if err != nil {
			return fmt.Errorf("cells of %s: %w", relation, err)
		}
		if traced == nil {
			e.answer.Position.Untraced = append(e.answer.Position.Untraced, relation)
		}
		amounts[relation] = traced
	}
	slices.Sort(e.answer.Position.Untraced)
	for _, row := range listed.Rows {
		text := func(i int) string { return row[i].(string) }
		traced := amounts[text(0)]
		if traced == nil {
			continue
		}
		facts, amount, known := traced(row)
		if facts == 0 || !known {
			continue
		}
		e.answer.Position.Cells = append(e.answer.Position.Cells, ExplainedCell{Table: text(1), Block: text(2), Row: text(3), Column: text(4), RowLabel: text(5), ColumnLabel: text(6),
			Measure: text(7), Total: row[11].(bool) || row[12].(bool), Memo: row[10].(bool), Facts: facts, Amount: amount, Exact: row[9].(decimal.Decimal)})
	}
	return nil
}

// trace evaluates the predicates of cells over the rows that a relation has of the
// position. It gives what a cell counts of them, or nil where the relation has no
// rows of single positions. A measure that is no column, such as a share, is none.
func (e *explainer) trace(ctx context.Context, relation string, cells [][]any) (func(row []any) (facts int, amount decimal.Decimal, known bool), error) {
	from := "explained_facts"
	if relation != "facts" {
		r, stored := e.manifest.Relation(relation)
		if !stored || !slices.Contains(r.ColumnNames(), "position_id") {
			return nil, nil
		}
		from = "explained_" + relation
		if err := e.db.CreateTable(ctx, from, "select * from "+releaseFiles(e.warehouse, e.manifest, relation)+" where position_id = "+store.Literal(e.question.Position)); err != nil {
			return nil, err
		}
	}
	columns, err := columnsOf(ctx, e.db, store.Identifier(from))
	if err != nil {
		return nil, err
	}
	var predicates, measures, amounts []string
	for _, row := range cells {
		measure, predicate := row[7].(string), row[8].(string)
		predicates = append(predicates, predicate)
		if slices.Contains(columns, measure) && !slices.Contains(measures, measure) {
			measures = append(measures, measure)
			amounts = append(amounts, "cast(coalesce("+store.Identifier(measure)+", 0) as decimal(38, 2))")
		}
	}
	slices.Sort(predicates)
	predicates = slices.Compact(predicates)
	members, err := memberships(ctx, e.db, store.Identifier(from), predicates)
	if err != nil {
		return nil, err
	}
	// A table in memory keeps the order of its rows, so that both answers are of the same.
	rows, err := store.Query(ctx, e.db, "select "+strings.Join(append(amounts, "null"), ", ")+" from "+store.Identifier(from))
	if err != nil {
		return nil, err
	}
	return func(cell []any) (facts int, amount decimal.Decimal, known bool) {
		measure := cell[7].(string)
		place := slices.Index(measures, measure)
		predicate, _ := slices.BinarySearch(predicates, cell[8].(string))
		for i, row := range rows.Rows {
			if _, counted := slices.BinarySearch(members[i], predicate); !counted {
				continue
			}
			facts++
			if place >= 0 {
				amount = amount.Add(row[place].(decimal.Decimal))
			}
		}
		if measure == "count" {
			return facts, decimal.NewFromInt(int64(facts)), true
		}
		return facts, amount, place >= 0
	}, nil
}
