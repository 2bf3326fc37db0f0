package batch

import (
	"slices"

	"comment11/internal/store"
)

// frozenEvidence gives the newest published release before the due date, where
// the config wants its evidence to decide: always, or between the ends of fiscal
// periods. Its amounts are in the reporting currency, so that only a release in the same
// one counts. Where there is none, this run tests the purposes itself.
func (j *job) frozenEvidence() (store.Manifest, error) {
	struck := j.Config.Purpose.Evidence == "nightly" || (j.Config.Purpose.Evidence == "period_end" && j.Config.Calendar.IsPeriodEnd(j.options.AsOf))
	if struck {
		return store.Manifest{}, nil
	}
	manifests, err := j.warehouse.Manifests()
	if err != nil {
		return store.Manifest{}, err
	}
	for _, m := range slices.Backward(manifests) {
		_, hasEvidence := m.Relation("slices")
		if m.Status == store.Published && m.ReportingCurrency == j.Config.ReportingCurrency && m.AsOfDate < j.outcome.Manifest.AsOfDate && hasEvidence {
			return m, nil
		}
	}
	return store.Manifest{}, nil
}
