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

// placedCell is a figure and where it stands.
type placedCell struct {
	at   render.Place
	cell render.Cell
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
			cells[relation] = append(cells[relation], placedCell{at, cell})
		}
	})
	return do(db, cells)
}

// keyed is what the facts of one key, for example a counterparty, come to in each of
// the cells in hand.
type keyed struct {
	key     string
	amounts []int64 // cents of the cell's measure; 0 of counts and shares
	rests   []bool  // whether it adds anything to the cell
}

// byKey groups a relation by a key and by the columns that the cells' predicates name,
// and adds up each key, in the order of keys, what falls into each cell. Facts without
// a key are passed over.
func byKey(ctx context.Context, db *store.DB, relation, key string, cells []placedCell, each func(keyed)) error {
	var columns, measures, predicates []string
	for _, c := range cells {
		columns = append(columns, columnsNamed(c.cell.Predicate)...)
		if summed(c.cell.Measure) {
			measures = append(measures, c.cell.Measure)
		}
		predicates = append(predicates, c.cell.Predicate)
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	slices.Sort(measures)
	measures = slices.Compact(measures)
	var sums, cents strings.Builder
	measure := make([]int, len(cells)) // of each cell, -1 where it has none
	for i, c := range cells {
		measure[i] = slices.Index(measures, c.cell.Measure)
	}
	for i, m := range measures {
		fmt.Fprintf(&sums, ", sum(%s) as sum_%d", store.Identifier(m), i)
		fmt.Fprintf(&cents, ", cast(coalesce(sum_%d, 0) * 100 as bigint)", i)
	}
	codes, err := store.NewCodes(ctx, db, relation, columns, nil)
	if err != nil {
		return err
	}
	numbers, named := codes.Numbered()
	list := strings.Join(numbers, ", ")
	if err := db.CreateTable(ctx, "of_keys", fmt.Sprintf("select %s, %s as group_key%s from %s where %[2]s is not null group by %[5]s, group_key",
		strings.Join(named, ", "), key, sums.String(), relation, list)); err != nil {
		return err
	}
	if err := db.CreateTable(ctx, "groups_of_keys", fmt.Sprintf("select row_number() over () as group_number, %s, %s from (select distinct %[1]s from of_keys)",
		list, strings.Join(codes.Words(numbers, columns), ", "))); err != nil {
		return err
	}
	members, err := memberships(ctx, db, "(from groups_of_keys order by group_number)", predicates)
	if err != nil {
		return err
	}
	now := keyed{amounts: make([]int64, len(cells)), rests: make([]bool, len(cells))}
	begun := false
	err = store.Stream(ctx, db, "select cast(group_key as varchar), group_number"+cents.String()+" from of_keys join groups_of_keys using ("+list+") order by group_key", eachRow(func(row []any) error {
		name := row[0].(string)
		if begun && name != now.key {
			each(now)
			clear(now.amounts)
			clear(now.rests)
		}
		begun, now.key = true, name
		for _, i := range members[row[1].(int64)-1] {
			if measure[i] < 0 {
				now.rests[i] = true
				continue
			}
			value := row[2+measure[i]].(int64)
			now.amounts[i] += value
			now.rests[i] = now.rests[i] || value != 0
		}
		return nil
	}))
	if err == nil && begun {
		each(now)
	}
	return err
}

// summed tells whether a measure is a sum of money, and no count or share.
func summed(measure string) bool {
	return measure != "count" && !strings.HasPrefix(measure, disclosures.ShareMeasure)
}

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
	rest := make([]int64, len(cells))
	err := byKey(ctx, db, relation, "coalesce(counterparty_id, '')", cells, func(k keyed) {
		for i, rests := range k.rests {
			if rests {
				rest[i]++
			}
		}
	})
	for i, c := range cells {
		counts[c.at] = rest[i]
	}
	return err
}
