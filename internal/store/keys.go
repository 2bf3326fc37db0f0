package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// CheckKeys holds that every row in the files of a release says itself which
// date and release it is of: readers take both from the folder's name, which
// would win over the file's silently. All relations are asked in one query.
func (db *DB) CheckKeys(ctx context.Context, folder string, m Manifest) error {
	var queries []string
	for i, r := range m.Relations {
		var paths []string
		for _, file := range r.Files {
			paths = append(paths, filepath.Join(folder, file))
		}
		queries = append(queries, fmt.Sprintf(
			"select %d as place, count(*) as wrong from %s where as_of_date is distinct from date '%s' or release is distinct from %s",
			i, PlainParquet(paths...), m.AsOfDate, Literal(m.Release)))
	}
	if len(queries) == 0 {
		return nil
	}
	table, err := Query(ctx, db, "select place, wrong from ("+strings.Join(queries, " union all ")+") where wrong > 0 order by place limit 1")
	if err != nil {
		return fmt.Errorf("the keys of release %s: %w", m.Release, err)
	}
	if len(table.Rows) > 0 {
		place, _ := table.Rows[0][0].(int32)
		return fmt.Errorf("relation %s of release %s: %d rows name another date or release", m.Relations[place].Name, m.Release, table.Rows[0][1])
	}
	return nil
}
