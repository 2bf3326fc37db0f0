package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// ErrNoCatalog marks a query on a warehouse in which nothing was published yet.
var ErrNoCatalog = errors.New("nothing was published")

// ErrTimeLimit marks a query that took longer than it may.
var ErrTimeLimit = errors.New("the query took too long")

// Session reads the catalog and nothing else: no other file, no network, no
// extension, no setting. It sees a newer catalog at the next question.
type Session struct {
	warehouse Warehouse
	settings  Settings
	limit     time.Duration
	temporary string
	opened    fs.FileInfo
	db        *DB
	vetter    vetter
	described bool
	// Relations are the catalog's, with their columns once described; Macros its macros.
	Relations []SessionRelation
	Macros    []string
}

// SessionRelation is a relation that may be asked.
type SessionRelation struct {
	Name    string
	Meaning string
	Columns []SessionColumn
}

// SessionColumn is a column of a relation.
type SessionColumn struct{ Name, Type, Meaning string }

// OpenSession opens the catalog. limit is the longest that one query may take; 0
// is as long as the context allows.
func (w Warehouse) OpenSession(ctx context.Context, s Settings, limit time.Duration) (*Session, error) {
	temporary, err := os.MkdirTemp("", "comment11-query-")
	if err != nil {
		return nil, err
	}
	s.TemporaryFolder = temporary
	session := &Session{warehouse: w, settings: s, limit: limit, temporary: temporary}
	if err := session.refresh(ctx); err != nil {
		return nil, errors.Join(err, session.Close())
	}
	return session, nil
}

// closeCatalog closes what the session has open.
func (s *Session) closeCatalog() (err error) {
	for _, db := range []*DB{s.db, s.vetter.parser} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	s.db, s.vetter, s.Relations = nil, vetter{}, nil
	return err
}

// Close ends the session.
func (s *Session) Close() error {
	return errors.Join(s.closeCatalog(), os.RemoveAll(s.temporary))
}

// refresh opens the catalog, again where another one took its place.
func (s *Session) refresh(ctx context.Context) (err error) {
	info, err := os.Stat(s.warehouse.Catalog())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is no catalog at %s; comment11 run publishes a release, and comment11 catalog rebuild makes the catalog of those that there are", ErrNoCatalog, s.warehouse.Catalog())
	}
	if err != nil {
		return err
	}
	if s.db != nil && os.SameFile(info, s.opened) {
		return nil
	}
	// The one before is closed first: under one path the engine opens one database.
	if err := s.closeCatalog(); err != nil {
		return err
	}
	if s.db, err = s.warehouse.openCatalog(ctx, s.settings); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeCatalog())
		}
	}()
	if err := s.warehouse.inPlace(ctx, s.db); err != nil {
		return err
	}
	s.opened = info
	names, err := Query(ctx, s.db, "select table_name, coalesce(comment, '') from (select table_name, comment from duckdb_tables() union all select view_name, comment from duckdb_views() where not internal) order by table_name")
	if err != nil {
		return err
	}
	var relations []string
	for _, row := range names.Rows {
		relations = append(relations, row[0].(string))
		s.Relations = append(s.Relations, SessionRelation{Name: row[0].(string), Meaning: row[1].(string)})
	}
	macros, err := Query(ctx, s.db, "select distinct function_name from duckdb_functions() where function_type = 'table_macro' and not internal order by function_name")
	if err != nil {
		return err
	}
	s.Macros = nil
	for _, row := range macros.Rows {
		s.Macros = append(s.Macros, row[0].(string))
	}
	if s.vetter, err = newVetter(ctx, relations, s.Macros); err != nil || !s.described {
		return err
	}
	return s.describe(ctx)
}

// Describe fills in the columns of the relations, for completion and description.
func (s *Session) Describe(ctx context.Context) error {
	if err := s.refresh(ctx); err != nil {
		return err
	}
	s.described = true
	return s.describe(ctx)
}

func (s *Session) describe(ctx context.Context) error {
	table, err := Query(ctx, s.db, "select table_name, column_name, data_type, coalesce(comment, '') from duckdb_columns() where not internal order by table_name, column_index")
	if err != nil {
		return err
	}
	columns := map[string][]SessionColumn{}
	for _, row := range table.Rows {
		columns[row[0].(string)] = append(columns[row[0].(string)], SessionColumn{row[1].(string), row[2].(string), row[3].(string)})
	}
	for i := range s.Relations {
		s.Relations[i].Columns = columns[s.Relations[i].Name]
	}
	return nil
}

// Run vets a query and runs it.
func (s *Session) Run(ctx context.Context, text string, sink Sink) error {
	if err := s.refresh(ctx); err != nil {
		return err
	}
	if err := s.vetter.vet(ctx, text); err != nil {
		return err
	}
	limited, cancel := ctx, func() {}
	if s.limit > 0 {
		limited, cancel = context.WithTimeout(ctx, s.limit)
	}
	defer cancel()
	err := Stream(limited, s.db, text, sink)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return fmt.Errorf("%w: it was stopped after %s; ask for less, or raise query.seconds in the config", ErrTimeLimit, s.limit)
	}
	return asQuestion(err)
}

// ErrQuery marks a query that the engine cannot answer as it was asked.
var ErrQuery = errors.New("the query cannot be answered")

// asQuestion marks the errors that are the question's, not the machine's.
func asQuestion(err error) error {
	var engine *duckdb.Error
	if !errors.As(err, &engine) {
		return err
	}
	switch engine.Type {
	case duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax, duckdb.ErrorTypeConversion,
		duckdb.ErrorTypeOutOfRange, duckdb.ErrorTypeInvalidInput, duckdb.ErrorTypeMismatchType, duckdb.ErrorTypeDivideByZero,
		duckdb.ErrorTypePermission, duckdb.ErrorTypeParameterNotResolved, duckdb.ErrorTypeNotImplemented:
		return fmt.Errorf("%w: %w", ErrQuery, err)
	}
	return err
}

// Query runs one vetted query on the catalog as it was opened, whatever was
// published since, and holds its result.
func (s *Session) Query(ctx context.Context, text string) (Table, error) {
	if s.db == nil { // what took its place could not be opened
		if err := s.refresh(ctx); err != nil {
			return Table{}, err
		}
	}
	if err := s.vetter.vet(ctx, text); err != nil {
		return Table{}, err
	}
	h := &held{}
	err := Stream(ctx, s.db, text, h)
	return h.Table, asQuestion(err)
}

// inPlace holds that views of the catalog read the releases of this warehouse. Paths tell
// what is asked; a path by another link is looked at.
func (w Warehouse) inPlace(ctx context.Context, db *DB) error {
	views, err := Query(ctx, db, "select view_name, contains(sql, "+Literal(strings.ReplaceAll(w.Releases()+string(filepath.Separator), "'", "''"))+
		") from duckdb_views() where not internal and contains(sql, 'read_parquet') order by view_name limit 1")
	if err != nil || len(views.Rows) == 0 || views.Rows[0][1] == true {
		return err
	}
	if _, err := Query(ctx, db, "select * from "+Identifier(views.Rows[0][0].(string))+" limit 0"); err != nil {
		return fmt.Errorf("the warehouse was moved or copied: the catalog %s names files that are not below %s; make it anew, with comment11 catalog rebuild or by the next run", w.Catalog(), w.Releases())
	}
	return nil
}

// openCatalog opens the catalog read-only, able to read releases and nothing else.
// The order matters: what a setting allows must be set before it is locked.
func (w Warehouse) openCatalog(ctx context.Context, s Settings) (*DB, error) {
	if err := w.checkPath(); err != nil {
		return nil, err
	}
	db, err := open(ctx, w.Catalog(), url.Values{"access_mode": {"read_only"}}, s)
	if err != nil {
		return nil, err
	}
	allowed := []string{w.Releases() + string(filepath.Separator)}
	if w.Linked != "" { // the engine asks what a link leads to
		allowed = append(allowed, w.Linked+string(filepath.Separator))
	}
	if s.TemporaryFolder != "" {
		allowed = append(allowed, strings.TrimSuffix(s.TemporaryFolder, "/")+"/")
	}
	err = db.Run(ctx,
		"set global allowed_directories = "+List(allowed),
		"set global enable_external_access = false",
		"set global lock_configuration = true")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}
