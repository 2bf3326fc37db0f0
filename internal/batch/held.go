package batch

import (
	"context"

	"comment11/ingest"
	"comment11/internal/store"
)

// stillHeld says again what holds the newest release, which was made of the same
// inputs: that there is nothing to do is no success where nothing is published,
// and who tries again must not be told that all is well.
func (j *job) stillHeld(ctx context.Context) (err error) {
	m := j.outcome.Manifest
	j.outcome.Status = store.Held
	if j.outcome.Controls, err = readControls(ctx, j.db, j.warehouse, m); err != nil {
		return err
	}
	_, j.outcome.Open = j.approvals.accept(m.ReleaseHash, j.outcome.Controls, j.options.Now())
	if err := j.db.CreateView(ctx, "rejects", "select * from "+releaseFiles(j.warehouse, m, "rejects")); err != nil {
		return err
	}
	j.outcome.Rejects, err = ingest.FirstRejects(ctx, j.db, namedRejects)
	return err
}
