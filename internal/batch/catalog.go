package batch

import (
	"fmt"

	"comment11/ingest"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/transform"
)

// CatalogViews are the relations that the catalog derives from the files of
// releases: every data set that was loaded, and the facts.
func CatalogViews() []store.CatalogView {
	views := []store.CatalogView{{Name: "facts", Relation: "facts", Query: func(m store.Manifest, from string) (string, error) {
		var scopes []transform.Scope
		for _, name := range m.Scopes {
			scopes = append(scopes, transform.Scope{Name: name})
		}
		facts, _ := m.Relation("facts")
		return transform.FactsQuery(scopes, from, facts.ColumnNames())
	}}}
	for _, name := range []string{"realized_facts", "movements", "evidence", "slices", "evidence_notes", "identical_underlyings", "finding_cells", "rules_used", "rule_conflicts"} {
		views = append(views, store.CatalogView{Name: name, Relation: name, Query: func(_ store.Manifest, from string) (string, error) {
			return "select * exclude (file_row_number) from " + from, nil
		}})
	}
	for _, set := range position.DataSets {
		views = append(views, store.CatalogView{Name: set.Name, Relation: set.Name + "_records", Query: takenRecords(set)})
	}
	return views
}

// takenRecords selects the records of a data set that were taken. A record that
// another one of its key superseded or rejected is in conflicts.
func takenRecords(set position.DataSet) func(store.Manifest, string) (string, error) {
	return func(m store.Manifest, from string) (string, error) {
		relation, _ := m.Relation(set.Name + "_records")
		return fmt.Sprintf("select %s, source_file, as_of_date, release from (%s) where record_status = 'taken'", set.Select(relation.ColumnNames()),
			ingest.WithoutConflicts(set.Name, "(select * replace ("+ingest.RowInFile+" as file_row_number) from "+from+")", "conflicts_all_releases", "release")), nil
	}
}
