package batch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"comment11/configs"
	"comment11/disclosures"
	"comment11/disclosures/render"
	"comment11/internal/store"
)

// restingFigure is a figure and on how many counterparties it rests.
type restingFigure struct {
	at             render.Place
	displayed      int64
	unit           string
	counterparties string // a number, or that they cannot be told apart
}

// notCounted stands for the number of counterparties behind a figure of a relation
// that does not tell them apart.
const notCounted = "not counted"

// placedCell is a figure with the relation that its predicate is over.
type placedCell struct {
	at       render.Place
	cell     render.Cell
	relation string
}

// inRelease does something with the relations of the release of one date of the packet,
// and its cells by the relation that they are computed from.
func inRelease(ctx context.Context, config configs.Config, packet render.Packet, release render.Release, do func(db *store.DB, cells map[string][]placedCell) error) error {
	w := Warehouse(config)
	m, err := manifestOf(w, release.Name)
	if err != nil {
		return err
	}
	db, done, err := reading(ctx, config)
	if err != nil {
		return err
	}
	defer done()
	if err := releaseViews(ctx, db, w, m, ""); err != nil {
		return err
	}
	table, err := store.Query(ctx, db, "select table_id, relation from tables order by table_id")
	if err != nil {
		return err
	}
	relations := map[string]string{}
	for _, row := range table.Rows {
		relations[row[0].(string)] = row[1].(string)
	}
	cells := map[string][]placedCell{}
	packet.Each(func(at render.Place, cell render.Cell) {
		if relation := relations[at.Table]; at.Date == release.AsOf && relation != "" {
			cells[relation] = append(cells[relation], placedCell{at, cell, relation})
		}
	})
	return do(db, cells)
}

// groupedBy makes a relation that has one row per combination of the columns that the
// cells' predicates name and of a key, with the sum of every measure.
func groupedBy(ctx context.Context, db *store.DB, relation, key string, cells []placedCell) (groups string, err error) {
	var columns, measures []string
	for _, c := range cells {
		for _, match := range quotedColumn.FindAllStringSubmatch(c.cell.Predicate, -1) {
			columns = append(columns, store.Identifier(match[1]+match[2]))
		}
		if summed(c.cell.Measure) {
			measures = append(measures, c.cell.Measure)
		}
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	slices.Sort(measures)
	var sums strings.Builder
	for _, m := range slices.Compact(measures) {
		fmt.Fprintf(&sums, ", sum(%s) as %s", store.Identifier(m), store.Identifier("sum_"+m))
	}
	groups = relation + "_by_key"
	return groups, db.CreateTable(ctx, groups, fmt.Sprintf("select %[1]s, %[2]s as group_key%[3]s from %[4]s group by %[1]s, group_key",
		strings.Join(columns, ", "), key, sums.String(), relation))
}

// summed tells whether a measure is a sum of money, and no count or share.
func summed(measure string) bool {
	return measure != "count" && !strings.HasPrefix(measure, disclosures.ShareMeasure)
}

// valuesAtOnce are how many figures one query asks for.
const valuesAtOnce = 400

// fewCounterparties finds the figures of a packet, other than nil, that rest on fewer
// counterparties than the config allows.
func fewCounterparties(ctx context.Context, config configs.Config, packet render.Packet) (few []restingFigure, err error) {
	for _, release := range packet.Releases {
		err := inRelease(ctx, config, packet, release, func(db *store.DB, cells map[string][]placedCell) error {
			counts := map[render.Place]int64{}
			for _, relation := range []string{"facts", "realized_facts", "downgraded_netting_sets"} {
				if err := countCounterparties(ctx, db, relation, cells[relation], counts); err != nil {
					return err
				}
			}
			packet.Each(func(at render.Place, cell render.Cell) {
				count, counted := counts[at]
				if at.Date != release.AsOf || cell.Displayed == 0 || (counted && count >= int64(config.Packet.LeastCounterparties)) {
					return
				}
				figure := restingFigure{at, cell.Displayed, cell.Unit, notCounted}
				if counted {
					figure.counterparties = fmt.Sprint(count)
				}
				few = append(few, figure)
			})
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("counterparties of release %s: %w", release.Name, err)
		}
	}
	return few, nil
}

// countCounterparties counts, for every figure over the relation, the counterparties
// that add to it; all without an id are one.
func countCounterparties(ctx context.Context, db *store.DB, relation string, cells []placedCell, counts map[render.Place]int64) error {
	if len(cells) == 0 {
		return nil
	}
	groups, err := groupedBy(ctx, db, relation, "coalesce(counterparty_id, '')", cells)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(cells, valuesAtOnce) {
		var values []string
		for _, c := range some {
			adds := ""
			if summed(c.cell.Measure) {
				adds = " and " + store.Identifier("sum_"+c.cell.Measure) + " <> 0"
			}
			values = append(values, fmt.Sprintf("count(distinct group_key) filter (where (%s)%s)", c.cell.Predicate, adds))
		}
		table, err := store.Query(ctx, db, "select "+strings.Join(values, ", ")+" from "+groups)
		if err != nil {
			return err
		}
		for i, c := range some {
			counts[c.at] = table.Rows[0][i].(int64)
		}
	}
	return nil
}
