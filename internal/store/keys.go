package store

import (
	"context"
	"fmt"
	"path/filepath"
)

// CheckKeys holds that every row in the files of a release says itself which
// date and release it is of: readers take both from the folder's name, which
// would win over the file's silently.
func (db *DB) CheckKeys(ctx context.Context, folder string, m Manifest) error {
	for _, r := range m.Relations {
		var paths []string
		for _, file := range r.Files {
			paths = append(paths, filepath.Join(folder, file))
		}
		wrong, err := Scalar[int64](ctx, db, fmt.Sprintf(
			"select count(*) from read_parquet(%s, hive_partitioning = false) where as_of_date is distinct from date '%s' or release is distinct from %s",
			List(paths), m.AsOfDate, Literal(m.Release)))
		if err != nil {
			return fmt.Errorf("the keys of relation %s: %w", r.Name, err)
		}
		if wrong > 0 {
			return fmt.Errorf("relation %s of release %s: %d rows name another date or release", r.Name, m.Release, wrong)
		}
	}
	return nil
}
