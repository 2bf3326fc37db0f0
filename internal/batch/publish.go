package batch

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"comment11/disclosures"
	"comment11/internal/position"
	"comment11/internal/store"
	"comment11/transform"
)

// publish writes the relations that are not written yet, and publishes the
// release or keeps it back.
func (j *job) publish(ctx context.Context) error {
	changed, err := j.compareWithPublished(ctx)
	if err != nil {
		return err
	}
	relations, err := j.writeRelations(ctx)
	if err != nil {
		return err
	}
	m := &j.outcome.Manifest
	if j.options.Executable != nil {
		m.Program.Executable = j.options.Executable()
	}
	if err := j.describing.Wait(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(relations)) {
		m.Relations = append(m.Relations, *j.described[name])
	}
	if err := j.db.CheckKeys(ctx, j.output, *m); err != nil {
		return err
	}
	if m.Inputs, err = json.Marshal(j.outcome.Files); err != nil {
		return err
	}
	m.ReleaseHash = releaseHash(*m)
	j.decide(changed)
	j.outcome.Status = m.Status
	if j.options.DryRun {
		j.outcome.Status = "dry_run"
		return nil
	}
	// The time is written before the release takes its place, so that there is
	// one however the run ends; what was known when is asked by it.
	j.record.Release, j.record.Kind, j.record.PublishedAt = m.Release, m.Kind, j.options.Now().UTC()
	if err := j.warehouse.WriteRun(*j.record); err != nil {
		return err
	}
	if *m, err = j.warehouse.Publish(j.output, *m); err != nil {
		return fmt.Errorf("publishing the release: %w", err)
	}
	j.outcome.Folder = j.warehouse.ReleaseFolder(m.AsOfDate, m.Release)
	j.finish("publish")
	if m.Status == store.Held || j.options.LeaveCatalog {
		return nil
	}
	if err := j.warehouse.RebuildCatalog(ctx, j.settings(), CatalogViews()); err != nil {
		return fmt.Errorf("release %s stands, the catalog does not show it; the next run or comment11 catalog rebuild makes it anew: %w", m.Release, err)
	}
	j.finish("catalog")
	return nil
}

// describe counts and hashes written relations, beside the stages that follow.
func (j *job) describe(ctx context.Context, files map[string][]string) {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool { return j.described[name] != nil })
	for _, name := range names {
		j.described[name] = &store.Relation{}
	}
	j.describing.Go(func() error {
		for _, name := range names {
			var err error
			if *j.described[name], err = j.db.DescribeRelation(ctx, name, files[name]); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeRelations writes and describes what is in memory, and gives the files of every
// relation.
func (j *job) writeRelations(ctx context.Context) (map[string][]string, error) {
	files := j.recordFiles()
	facts, err := j.factFiles()
	if err != nil {
		return nil, err
	}
	maps.Copy(files, facts)
	queries, err := j.countedRelations()
	if err != nil {
		return nil, err
	}
	queries["definitions"] = definitionRows(j.Texts)
	for _, name := range []string{"rejects", "exclusions", "conflicts", "structural_rejects", "unreadable_values", "conversions", "evidence", "slices", "evidence_notes", "identical_underlyings"} {
		queries[name] = "select * from " + name
	}
	for _, name := range j.derived {
		queries[name] = "select * from " + name
	}
	key := fmt.Sprintf(", date '%s' as as_of_date, %s as release", j.options.AsOf.Format(time.DateOnly), store.Literal(j.release))
	var writing errgroup.Group // most are of few rows, which leave a processor free
	writing.SetLimit(2)
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		paths := []string{filepath.Join(j.output, name+".parquet")}
		described := &store.Relation{}
		files[name], j.described[name] = paths, described
		writing.Go(func() error {
			err := j.db.WriteParquet(ctx, "select *"+key+" from ("+queries[name]+")", paths[0], nil)
			if err == nil {
				*described, err = j.db.DescribeRelation(ctx, name, paths)
			}
			return err
		})
	}
	return files, writing.Wait()
}

// countedRelations are the relations whose rows are no records or facts but what was
// counted of them, each as a SELECT.
func (j *job) countedRelations() (map[string]string, error) {
	queries := map[string]string{}
	var err error
	for name, values := range map[string][][]any{
		"cells": cellRows(j.outcome.Cells), "cell_marks": markRows(j.outcome.Cells), "tables": tableRows(j.notedTables(), j.loaded(), j.Config.ReportingCurrency),
		"controls": controlRows(j.outcome.Controls), "findings": findingRows(j.outcome.Findings),
		"finding_cells": touchedRows(j.outcome.Touched), "rules_used": ruleRows(j.outcome.Rules), "rule_conflicts": conflictRows(j.outcome.Conflicts),
	} {
		set, _ := position.Find(name)
		if queries[name], err = store.Rows(set.Columns, values); err != nil {
			return nil, fmt.Errorf("relation %s: %w", name, err)
		}
	}
	return queries, nil
}

// recordFiles are the files of the records of every data set.
func (j *job) recordFiles() map[string][]string {
	files := map[string][]string{}
	for _, f := range j.outcome.Files {
		name := f.DataSet + "_records"
		files[name] = append(files[name], f.Outputs()...)
	}
	return files
}

// factFiles are the files of facts, realized facts and movements.
func (j *job) factFiles() (map[string][]string, error) {
	facts, err := fs.Glob(os.DirFS(j.output), "facts-*.parquet")
	for i, name := range facts {
		facts[i] = filepath.Join(j.output, name)
	}
	files := map[string][]string{"facts": facts, "realized_facts": {filepath.Join(j.output, "realized_facts.parquet")}}
	if j.outcome.Manifest.RollForward != nil {
		files["movements"] = []string{filepath.Join(j.output, "movements.parquet")}
	}
	return files, err
}

func cellRows(cells []disclosures.Cell) [][]any {
	var values [][]any
	for _, c := range cells {
		values = append(values, []any{c.TableID, c.BlockID, c.RowID, c.ColumnID, c.RowNumber, c.ColumnNumber, c.TableNumber, c.BlockNumber, c.Depth,
			c.BlockTitle, c.RowLabel, c.ColumnLabel, c.Measure, c.Predicate, c.Exact, c.Displayed, c.Unit, c.Moved, c.Memo, c.ParentRowID, c.TotalColumn, c.Code})
	}
	return values
}

func markRows(cells []disclosures.Cell) [][]any {
	var values [][]any
	for _, c := range cells {
		for _, m := range c.Marks {
			values = append(values, []any{c.TableID, c.BlockID, c.RowID, c.ColumnID, m.ID, m.Facts, m.Amount})
		}
	}
	return values
}

func tableRows(tables []disclosures.Table, loaded []string, currency string) [][]any {
	var values [][]any
	for number, t := range tables {
		var clauses, notes []string
		for _, c := range t.Clauses {
			clauses = append(clauses, c.Value)
		}
		for _, n := range t.Notes {
			notes = append(notes, n.Value)
		}
		values = append(values, []any{t.ID.Value, number, t.Relation.Value, t.Title.Value, strings.Join(clauses, ", "), t.Scope.Value, t.OptionView.Value,
			currency + " " + t.Unit.Value, strings.Join(notes, "\n"), strings.Join(t.Missing(loaded), ", ")})
	}
	return values
}

func controlRows(controls []position.Control) [][]any {
	var values [][]any
	for _, c := range controls {
		values = append(values, []any{c.ID, c.Subject, c.Class, c.Severity, c.LeftMeaning, c.Left, c.RightMeaning, c.Right, c.Difference(), c.Tolerance, c.Holds()})
	}
	return values
}

func findingRows(findings []transform.Finding) [][]any {
	var values [][]any
	for _, f := range findings {
		var money, material any
		if f.Money.Valid {
			money = f.Money.Decimal
		}
		if f.Material != nil {
			material = *f.Material
		}
		values = append(values, []any{f.Code, f.Subject, f.Severity, f.Positions, money, material, f.Example, f.Message})
	}
	return values
}

func touchedRows(touched []disclosures.Touched) [][]any {
	var values [][]any
	for _, t := range touched {
		key := noteKey(t.Note)
		values = append(values, []any{key[0], key[1], t.TableID, t.BlockID, t.RowID, t.ColumnID, t.Measure, t.Amount})
	}
	return values
}

func ruleRows(rules []transform.RuleUse) [][]any {
	var values [][]any
	for _, r := range rules {
		values = append(values, []any{r.Attribute, r.Rule, r.Place, r.From, r.Until, r.InForce, r.Positions, r.Money})
	}
	return values
}

func conflictRows(conflicts []transform.RuleConflict) [][]any {
	var values [][]any
	for _, c := range conflicts {
		values = append(values, []any{c.Attribute, c.Rule, c.Shadowed, c.Positions, c.Money})
	}
	return values
}
