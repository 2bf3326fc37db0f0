package batch

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"comment11/ingest"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/transform"
)

// columnFindings are of the columns that the files bring and nothing reads, and of those
// that earlier releases had of a data set and its files do not bring any more: a header
// that was renamed empties a column without a reject.
func (j *job) columnFindings() ([]transform.Finding, error) {
	found := map[[2]string]*transform.Finding{}
	note := func(code, subject, example string, records int64) {
		key := [2]string{code, subject}
		if found[key] == nil {
			found[key] = &transform.Finding{Code: code, Subject: subject, Example: example}
		}
		found[key].Positions += records
	}
	for _, f := range j.outcome.Files {
		var others []string
		for _, column := range f.Unread {
			if column.Meant == "" {
				others = append(others, column.Name)
				continue
			}
			note("column_misspelt", f.DataSet+"."+column.Meant, fmt.Sprintf("%q of %s", column.Name, f.Name), f.Taken)
		}
		if len(others) > 0 {
			note("column_not_read", f.Source, f.Name+": "+strings.Join(others, ", "), f.Taken)
		}
	}
	lost, err := j.lostColumns()
	if err != nil {
		return nil, err
	}
	for subject, release := range lost {
		set, _, _ := strings.Cut(subject, ".")
		note("column_lost", subject, "in release "+release, j.taken(set))
	}
	var list []transform.Finding
	for _, key := range slices.SortedFunc(maps.Keys(found), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		list = append(list, *found[key])
	}
	return list, nil
}

// lostColumns are the columns that the opening had, or a release of the date that was
// published before, as data set and name, each with the release. Where a source brought
// files then and brings none now, what is lost is no matter of headers.
func (j *job) lostColumns() (map[string]string, error) {
	shown, err := j.warehouse.Shown()
	if err != nil {
		return nil, err
	}
	filled, sources := map[string][]string{}, map[string]bool{}
	for _, f := range j.outcome.Files {
		filled[f.DataSet], sources[f.Source] = f.Filled(), true
	}
	m := j.outcome.Manifest
	lost := map[string]string{}
	for _, earlier := range shown {
		if earlier.AsOfDate != m.AsOfDate && (m.Opening == nil || earlier.Release != m.Opening.Release) {
			continue
		}
		files, err := inputFiles(earlier)
		if err != nil {
			return nil, err
		}
		without := map[string]bool{} // data sets that lack a source
		for _, f := range files {
			without[f.DataSet] = without[f.DataSet] || !sources[f.Source]
		}
		for name, columns := range filled {
			set, _ := position.Find(name)
			relation, _ := earlier.Relation(name + "_records")
			for _, described := range relation.Columns {
				column, _, _ := strings.Cut(described, " ")
				if _, known := set.Column(column); known && !without[name] && !slices.Contains(columns, column) {
					lost[name+"."+column] = earlier.Release
				}
			}
		}
	}
	return lost, nil
}

// taken counts the records of a data set.
func (j *job) taken(set string) (records int64) {
	for _, f := range j.outcome.Files {
		if f.DataSet == set {
			records += f.Taken
		}
	}
	return records
}

// inputFiles are the files that a release was made of.
func inputFiles(m store.Manifest) (files []ingest.File, err error) {
	if err = json.Unmarshal(m.Inputs, &files); err != nil {
		err = fmt.Errorf("release %s: the inputs of its manifest cannot be read: %w", m.Release, err)
	}
	return files, err
}
