package batch

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/shopspring/decimal"

	"comment11/ingest"
	"comment11/internal/position"
	"comment11/internal/store"
)

// stillHeld says again what holds the newest release, which was made of the same
// inputs: that there is nothing to do is no success where nothing is published,
// and who tries again must not be told that all is well.
func (j *job) stillHeld(ctx context.Context) error {
	j.outcome.Status = store.Held
	controls, err := store.Query(ctx, j.db, "select control_id, subject, class, severity, left_meaning, left_value, right_meaning, right_value, tolerance from "+
		j.released("controls")+" order by control_id, subject")
	if err != nil {
		return err
	}
	for _, row := range controls.Rows {
		c := position.Control{ID: row[0].(string), Subject: row[1].(string), Class: row[2].(string), Severity: row[3].(string),
			LeftMeaning: row[4].(string), RightMeaning: row[6].(string)}
		for i, side := range map[int]*decimal.Decimal{5: &c.Left, 7: &c.Right, 8: &c.Tolerance} {
			var ok bool
			if *side, ok = row[i].(decimal.Decimal); !ok {
				return fmt.Errorf("a side of the control %s is a %T", c.ID, row[i])
			}
		}
		j.outcome.Controls = append(j.outcome.Controls, c)
	}
	_, j.outcome.Open = j.approvals.accept(j.outcome.Manifest.ReleaseHash, j.outcome.Controls, j.options.Now())
	if err := j.db.CreateView(ctx, "rejects", "select * from "+j.released("rejects")); err != nil {
		return err
	}
	j.outcome.Rejects, err = ingest.FirstRejects(ctx, j.db, namedRejects)
	return err
}

// released is the FROM item for a relation of the release in the outcome.
func (j *job) released(name string) string {
	relation, _ := j.outcome.Manifest.Relation(name) // every release has controls and rejects
	var files []string
	for _, file := range relation.Files {
		files = append(files, filepath.Join(j.outcome.Folder, file))
	}
	return store.ReadParquet(files)
}
