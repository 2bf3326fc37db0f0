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

	"comment11/configs"
	"comment11/disclosures/render"
	"comment11/internal/store"
)

// leastKeyBytes is the least that a key of an auditor's edition may have: as many as
// the hash gives.
const leastKeyBytes = 32

// named are the relations whose rows are named after somebody, with what stands for
// the name in a filing.
var named = map[string]string{"counterparty_ranks": "Counterparty", "reference_ranks": "Reference name", "credit_event_payouts": "Reference name", "growth_drivers": "Name"}

// hashedColumns are the columns that name a trade, a counterparty or a reference, in any
// relation of a proof. Our own legal entities are no secret to an auditor, and predicates
// may name them.
var hashedColumns = []string{"position_id", "adjustment_id", "event_id", "mirror_id", "counterparty_id", "reference_entity_id", "netting_set_id", "name",
	"underlying", "basket_id", "reference_obligation_id", "book", "hedged_item_id", "related_position_id"}

// Edition is the packet as an audience may see it.
func Edition(ctx context.Context, config configs.Config, packet render.Packet, audience string) (render.Packet, error) {
	packet.Audience = audience
	if audience == render.Internal {
		return packet, nil
	}
	names, err := rowNames(ctx, config, packet)
	if err != nil {
		return packet, err
	}
	if audience == render.Filing {
		label := numbered(names)
		if packet.Letter != nil { // its prose can quote the label of a row
			letter := *packet.Letter
			if _, err := respond(packet.Relabelled(label), &letter, sourcesOf(letter)); err != nil {
				return packet, err
			}
			packet.Letter = &letter
		}
		return packet.Filed(label), nil
	}
	hash, err := auditorHash(config)
	if err != nil {
		return packet, err
	}
	return packet.Hashed(hash.Of, func(table, label string) bool { return names[table].labels[label] }), nil
}

// tableNames are the labels of a table's rows that are somebody's name.
type tableNames struct {
	instead string
	labels  map[string]bool
}

// numbered gives each name of a table a number, in the order in which the table has them:
// one name has one number at both dates, and no other name has it.
func numbered(names map[string]tableNames) func(table, label string) string {
	numbers := map[[2]string]int{}
	last := map[string]int{}
	return func(table, label string) string {
		if !names[table].labels[label] {
			return label
		}
		name := [2]string{table, label}
		if numbers[name] == 0 {
			last[table]++
			numbers[name] = last[table]
		}
		return fmt.Sprintf("%s %d", names[table].instead, numbers[name])
	}
}

// rowNames finds the tables whose rows are named after counterparties or references.
func rowNames(ctx context.Context, config configs.Config, packet render.Packet) (map[string]tableNames, error) {
	session, err := Warehouse(config).OpenSession(ctx, engine(config), 0)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	all := map[string]tableNames{}
	for _, date := range packetDates(packet) {
		tables, err := session.Query(ctx, "select table_id, relation from tables where as_of_date = date "+store.Literal(date)+" order by table_id")
		if err != nil {
			return nil, err
		}
		for _, row := range tables.Rows {
			table, relation := row[0].(string), row[1].(string)
			instead, isNamed := named[relation]
			if !isNamed || !hasRelation(session, relation) {
				continue
			}
			if all[table].labels == nil {
				all[table] = tableNames{instead, map[string]bool{}}
			}
			names, err := session.Query(ctx, "select distinct name from "+relation+" where name is not null and as_of_date = date "+store.Literal(date)+" order by name")
			if err != nil {
				return nil, err
			}
			for _, name := range names.Rows {
				all[table].labels[name[0].(string)] = true
			}
		}
	}
	return all, nil
}

// auditorHash reads the key of the edition for an auditor.
func auditorHash(config configs.Config) (store.KeyedHash, error) {
	path := config.Packet.AuditorKey
	if path == "" {
		return store.KeyedHash{}, usageError(errors.New("packet.auditor_key: is empty; an edition for an auditor needs a file with a key of 32 bytes or more"))
	}
	key, err := readSecret("packet.auditor_key", path)
	if err != nil {
		return store.KeyedHash{}, err
	}
	if len(key) < leastKeyBytes {
		return store.KeyedHash{}, usageError(fmt.Errorf("packet.auditor_key: %s has %d bytes; expected %d or more", path, len(key), leastKeyBytes))
	}
	return store.NewKeyedHash(key), nil
}

// readSecret reads the file of a setting that only its owner may be able to read.
func readSecret(setting, path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, usageError(fmt.Errorf("%s: %w", setting, err))
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, usageError(fmt.Errorf("%s: %s has the permissions %04o; a key may be readable by its owner alone: chmod 600", setting, path, info.Mode().Perm()))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError(fmt.Errorf("%s: %w", setting, err))
	}
	return text, nil
}

// hashedProof writes the relations of a release with keyed hashes in place of ids and
// names, in their order by all that is left, so that it is the same each time, and a
// manifest of its own.
func hashedProof(ctx context.Context, config configs.Config, w store.Warehouse, m store.Manifest, names []string, proof string) error {
	hash, err := auditorHash(config)
	if err != nil {
		return err
	}
	db, done, err := reading(ctx, config)
	if err != nil {
		return err
	}
	defer done()
	relations, err := proofRelations(ctx, db, w, m, names)
	if err != nil {
		return err
	}
	to := store.Warehouse{Root: proof}.ReleaseFolder(m.AsOfDate, m.Release)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	out := store.Manifest{Version: m.Version, AsOfDate: m.AsOfDate, BusinessDay: m.BusinessDay, Release: m.Release, Kind: m.Kind, Status: m.Status,
		ReportingCurrency: m.ReportingCurrency, Scopes: m.Scopes, Inputs: json.RawMessage("[]")}
	if m.RollForward != nil { // its figures say from which date they lead
		out.RollForward = &store.RollForward{Path: m.RollForward.Path, Opening: store.ReadRelease{AsOfDate: m.OpeningDate()}}
	}
	for _, r := range relations {
		var replaced, columns []string
		for _, described := range r.Columns {
			column, columnType, _ := strings.Cut(described, " ")
			columns = append(columns, store.Identifier(column))
			switch {
			case slices.Contains(hashedColumns, column) && !strings.HasPrefix(columnType, "DECIMAL"): // an amount of the book is no book
				replaced = append(replaced, hash.SQL(store.Identifier(column))+" as "+store.Identifier(column))
			case column == "findings": // names what they are about
				replaced = append(replaced, "cast(null as varchar) as findings")
			case r.Name == "cells" && column == "row_label":
				replaced = append(replaced, hashedLabels(hash, w, m)+" as row_label")
			}
		}
		query := "select * from " + releaseFiles(w, m, r.Name)
		if len(replaced) > 0 {
			query = fmt.Sprintf("select * replace (%s) from %s", strings.Join(replaced, ", "), releaseFiles(w, m, r.Name))
		}
		file := r.Name + ".parquet"
		// The statement holds the key, so that its error must not be shown.
		if err := db.WriteParquet(ctx, query+" order by "+strings.Join(columns, ", "), filepath.Join(to, file), nil); err != nil {
			if errors.Is(err, context.Canceled) {
				return err
			}
			return fmt.Errorf("relation %s could not be written with hashed ids (the statement is not shown, because it holds the key)", r.Name)
		}
		described, err := db.DescribeRelation(ctx, r.Name, []string{filepath.Join(to, file)})
		if err != nil {
			return err
		}
		hashed, err := store.HashFile(filepath.Join(to, file))
		if err != nil {
			return err
		}
		hashed.Name = file
		out.Relations, out.Files = append(out.Relations, described), append(out.Files, hashed)
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, packetManifestName), append(text, '\n'), 0o644)
}

// hashedLabels is SQL for the label of a row, hashed where it is somebody's name.
func hashedLabels(hash store.KeyedHash, w store.Warehouse, m store.Manifest) string {
	var b strings.Builder
	b.WriteString("case")
	for _, relation := range slices.Sorted(maps.Keys(named)) {
		if _, there := m.Relation(relation); there {
			fmt.Fprintf(&b, " when table_id in (select table_id from %s where relation = %s) and row_label in (select name from %s where name is not null) then %s",
				releaseFiles(w, m, "tables"), store.Literal(relation), releaseFiles(w, m, relation), hash.SQL("row_label"))
		}
	}
	b.WriteString(" when false then '' else row_label end")
	return b.String()
}

// WriteForController writes beside a filing, and never in it, which of its figures rest
// on fewer counterparties than the config allows: whoever knows all but one of them
// can tell the last one's.
func WriteForController(ctx context.Context, config configs.Config, packet render.Packet, folder string) (path string, figures int, err error) {
	few, err := fewCounterparties(ctx, config, packet)
	if err != nil {
		return "", 0, err
	}
	path = filepath.Clean(folder) + ".few-counterparties.csv"
	var b strings.Builder
	b.WriteString("as_of_date,table,block,row,column,displayed,unit,counterparties\n")
	for _, f := range few {
		fmt.Fprintf(&b, "%s,%s,%s,%s,%s,%d,%s,%s\n", f.at.Date, f.at.Table, f.at.Block, f.at.Row, f.at.Column, f.displayed, f.unit, f.counterparties)
	}
	return path, len(few), os.WriteFile(path, []byte(b.String()), fs.FileMode(0o640))
}
