package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"comment11/configs"
	"comment11/internal/store"
)

// settingsText is the name under which a release keeps the settings that decide
// figures, beside the texts of rules, maps and tables.
const settingsText = "settings"

// figureSettings are the settings of a config that decide figures once records are
// read.
type figureSettings struct {
	ReportingCurrency string             `json:"reporting_currency"`
	Unit              string             `json:"unit"`
	Calendar          configs.Calendar   `json:"calendar"`
	Limits            configs.Limits     `json:"limits"`
	Purpose           configs.Purpose    `json:"purpose"`
	CallReport        configs.CallReport `json:"call_report"`
	Realized          *configs.Realized  `json:"realized,omitempty"` // nil in releases of before it was kept
	Scopes            []configs.Scope    `json:"scopes"`
	Approvers         []string           `json:"approvers"`
}

// keptSettings are the texts that a release keeps, with the settings alone.
func keptSettings(c configs.Config) (map[string]string, error) {
	text, err := json.Marshal(figureSettings{c.ReportingCurrency, c.Unit, c.Calendar, c.Limits, c.Purpose, c.CallReport, &c.Realized, c.Scopes, c.Approvers})
	return map[string]string{settingsText: string(text)}, err
}

// definitionRows is the relation definitions of a release: the texts that decided its
// figures, so that it can be computed again when the config says otherwise.
func definitionRows(texts map[string]string) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		list = append(list, fmt.Sprintf("(%s, %s)", store.Literal(name), store.Literal(texts[name])))
	}
	return "select * from (values " + strings.Join(list, ", ") + ") as v(name, definition)"
}

// errNoDefinitions marks a release that does not keep its definitions.
var errNoDefinitions = errors.New("the release does not keep its rules, maps, tables and settings")

// storedTexts are the definitions that a release keeps.
func storedTexts(ctx context.Context, db *store.DB, w store.Warehouse, m store.Manifest) (map[string]string, error) {
	if _, kept := m.Relation("definitions"); !kept {
		return nil, fmt.Errorf("%w: %s", errNoDefinitions, m.Release)
	}
	table, err := store.Query(ctx, db, "select name, definition from "+releaseFiles(w, m, "definitions"))
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, row := range table.Rows {
		texts[row[0].(string)] = row[1].(string)
	}
	return texts, nil
}

// settingsOf are the settings among the texts that a release keeps.
func settingsOf(texts map[string]string) (s figureSettings, err error) {
	if err = json.Unmarshal([]byte(texts[settingsText]), &s); err != nil {
		err = fmt.Errorf("the settings that the release keeps: %w", err)
	}
	return s, err
}

// definedBy are the definitions that texts of a release say, at a date. The config gives
// what decides no figure, folder is for their files.
func definedBy(config configs.Config, texts map[string]string, asOf time.Time, folder string) (d Definitions, err error) {
	s, err := settingsOf(texts)
	if err != nil {
		return d, err
	}
	config.ReportingCurrency, config.Unit, config.Calendar, config.Limits = s.ReportingCurrency, s.Unit, s.Calendar, s.Limits
	config.Purpose, config.CallReport, config.Scopes, config.Approvers = s.Purpose, s.CallReport, s.Scopes, s.Approvers
	if s.Realized != nil {
		config.Realized = *s.Realized
	}
	folders := map[string][]fs.FS{}
	for _, kind := range []string{"rules", "maps", "tables"} {
		if err := os.MkdirAll(filepath.Join(folder, kind), 0o700); err != nil {
			return d, err
		}
		folders[kind] = []fs.FS{os.DirFS(filepath.Join(folder, kind))}
	}
	for name, text := range texts {
		if kind, file, isFile := strings.Cut(name, "/"); isFile && folders[kind] != nil && file == filepath.Base(file) {
			if err := os.WriteFile(filepath.Join(folder, kind, file), []byte(text), 0o600); err != nil {
				return d, err
			}
		}
	}
	d = Definitions{Config: config, AsOf: asOf, Scopes: scopesAt(config, asOf), Texts: texts}
	return d, d.read(folders)
}
