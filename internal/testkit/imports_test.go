package testkit

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// module is the path in go.mod; behind it stands a package's folder.
const module = "comment11"

// rooms says which packages of ours the code of a folder may import. Test files
// are free. internal/testkit stands in no list: only tests import it.
var rooms = map[string][]string{
	"internal/position":   {"internal/strictyaml"},
	"internal/strictyaml": {},
	"internal/testkit":    {},
	// An expression's fault names its place in the YAML file and the nearest column.
	"internal/store": {"internal/position", "internal/strictyaml"},
	// What the decoders of XML share: documents, limits, record batches; no database.
	"internal/document":  {},
	"ingest/fpml":        {"internal/document", "internal/position"},
	"ingest/nport":       {"internal/document", "internal/position"},
	"ingest":             {"ingest/fpml", "ingest/nport", "internal/document", "internal/position", "internal/store"},
	"transform":          {"internal/position", "internal/store", "internal/strictyaml"},
	"disclosures":        {"internal/position", "internal/store", "internal/strictyaml"},
	"disclosures/render": {"disclosures"},
	// The prose of a packet knows figures by their addresses, and nothing else.
	"disclosures/commentary": {"internal/strictyaml"},
	"configs":                {"internal/position", "internal/strictyaml"},
	"internal/batch": {"configs", "disclosures", "disclosures/commentary", "disclosures/render", "ingest", "ingest/fpml", "ingest/nport",
		"internal/position", "internal/store", "internal/strictyaml", "transform"},
	"internal/sample": {"internal/store"},
	"cmd/comment11": {"configs", "disclosures", "disclosures/commentary", "disclosures/render", "ingest", "internal/batch",
		"internal/position", "internal/sample", "internal/store", "internal/strictyaml", "transform"},
	// Has tests alone.
	"cmd/comment11/scripts": {},
	// Writes a book of the test cases; no part of the product.
	"scripts/citi-2010":       {},
	"scripts/published-books": {},
}

// owners says in which folders, and those below them, something from outside
// may be used: a module with all its packages, a package of the standard
// library, or os.Exit.
var owners = []struct {
	what, folder string
	tests        bool // holds in test files too
}{
	{"database/sql", "internal/store", true},
	{"github.com/duckdb", "internal/store", true},
	{"github.com/spf13/cobra", "cmd", true},
	{"github.com/spf13/viper", "configs", true},
	{"github.com/xuri/excelize", "disclosures/render", true},
	{"github.com/go-analyze/charts", "disclosures/render", true},
	{"github.com/yuin/goldmark", "disclosures/render", true},
	{"os.Exit", "cmd", false},
}

// use is one import of a file, or one mention of os.Exit in it.
type use struct {
	File string // from the root of the repository
	Line int
	What string // an import path, or "os.Exit"
}

func TestImportDirection(t *testing.T) {
	tree := os.DirFS("../..")
	folders, uses, err := readTree(tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []string{"cmd/comment11", "internal/store", "internal/testkit"} {
		if !slices.Contains(folders, known) {
			t.Errorf("%s is not among the folders read (%q): the test looks at the wrong tree", known, folders)
		}
	}
	for _, fault := range faults(folders, uses) {
		t.Error(fault)
	}
}

// faults returns what in the folders and their uses goes against rooms and
// owners, each as a text that says where, what and what to do.
func faults(folders []string, uses []use) []string {
	var found []string
	for _, folder := range folders {
		if _, known := rooms[folder]; !known {
			found = append(found, fmt.Sprintf(
				"%s: this package has no line in rooms (internal/testkit/imports_test.go); add it, with what it may import", folder))
		}
	}
	for _, u := range uses {
		folder, test := path.Dir(u.File), strings.HasSuffix(u.File, "_test.go")
		if ours, ok := within(u.What, module); ok && !test && !slices.Contains(rooms[folder], ours) {
			found = append(found, fmt.Sprintf("%s:%d: %s may not import %s, only %q (rooms in internal/testkit/imports_test.go)",
				u.File, u.Line, folder, ours, rooms[folder]))
		}
		for _, owner := range owners {
			_, affected := within(u.What, owner.what)
			_, allowed := within(folder, owner.folder)
			if affected && !allowed && (owner.tests || !test) {
				found = append(found, fmt.Sprintf("%s:%d: %s belongs in %s alone (owners in internal/testkit/imports_test.go)",
					u.File, u.Line, u.What, owner.folder))
			}
		}
	}
	return found
}

// within tells whether a slash-separated path is root or below it, and returns
// the part below.
func within(name, root string) (below string, ok bool) {
	if name == root {
		return ".", true
	}
	return strings.CutPrefix(name, root+"/")
}

// readTree returns the folders with Go files of the module at the root of tree,
// and all uses in their files, whatever system they are built for.
func readTree(tree fs.FS) (folders []string, uses []use, err error) {
	seen := map[string]bool{}
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && foreign(tree, name):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		seen[path.Dir(name)] = true
		inFile, err := readFile(name, content)
		uses = append(uses, inFile...)
		return err
	})
	return slices.Sorted(maps.Keys(seen)), uses, err
}

// foreign tells whether the go command passes a folder by.
func foreign(tree fs.FS, folder string) bool {
	base := path.Base(folder)
	_, err := fs.Stat(tree, path.Join(folder, "go.mod"))
	return err == nil || base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
}

// readFile returns the uses in one Go file. Its errors are those of its syntax.
func readFile(name string, content []byte) ([]use, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, content, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var uses []use
	add := func(node ast.Node, what string) {
		uses = append(uses, use{name, files.Position(node.Pos()).Line, what})
	}
	nameOfOS := ""
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		add(spec, imported)
		if imported == "os" {
			nameOfOS = "os"
			if spec.Name != nil {
				nameOfOS = spec.Name.Name
			}
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok && selector.Sel.Name == "Exit" {
			if left, ok := selector.X.(*ast.Ident); ok && left.Name == nameOfOS {
				add(node, "os.Exit")
			}
		}
		return true
	})
	return uses, nil
}

func TestFaultsAreFound(t *testing.T) {
	const end = " (rooms in internal/testkit/imports_test.go)"
	const ownersEnd = " alone (owners in internal/testkit/imports_test.go)"
	for _, test := range []struct{ name, file, what, want string }{
		{"a room may use what its line says", "transform/rules.go", "comment11/internal/store", ""},
		{"the standard library is free", "transform/rules.go", "strings", ""},
		{"a name that only begins like ours is not ours", "transform/rules.go", "comment11more/configs", ""},
		{"against the direction", "internal/store/a.go", "comment11/internal/batch",
			`internal/store/a.go:7: internal/store may not import internal/batch, only ["internal/position" "internal/strictyaml"]` + end},
		{"a leaf that imports", "internal/strictyaml/a.go", "comment11/internal/position",
			`internal/strictyaml/a.go:7: internal/strictyaml may not import internal/position, only []` + end},
		{"the module's own root", "configs/a.go", "comment11",
			`configs/a.go:7: configs may not import ., only ["internal/position" "internal/strictyaml"]` + end},
		{"a decoder with a database", "ingest/fpml/a.go", "comment11/internal/store",
			`ingest/fpml/a.go:7: ingest/fpml may not import internal/store, only ["internal/document" "internal/position"]` + end},
		{"a folder below a permitted room", "disclosures/render/a.go", "comment11/disclosures/more",
			`disclosures/render/a.go:7: disclosures/render may not import disclosures/more, only ["disclosures"]` + end},
		{"testkit in a test", "transform/a_test.go", "comment11/internal/testkit", ""},
		{"testkit elsewhere", "scripts/citi-2010/a.go", "comment11/internal/testkit",
			`scripts/citi-2010/a.go:7: scripts/citi-2010 may not import internal/testkit, only []` + end},
		{"viper at home", "configs/config.go", "github.com/spf13/viper", ""},
		{"viper away", "cmd/comment11/a.go", "github.com/spf13/viper",
			"cmd/comment11/a.go:7: github.com/spf13/viper belongs in configs" + ownersEnd},
		{"duckdb at home", "internal/store/a_test.go", "github.com/duckdb/duckdb-go/v2", ""},
		{"duckdb in another's test", "internal/batch/a_test.go", "github.com/duckdb/duckdb-go/v2",
			"internal/batch/a_test.go:7: github.com/duckdb/duckdb-go/v2 belongs in internal/store" + ownersEnd},
		{"a part of database/sql", "ingest/nport/a.go", "database/sql/driver",
			"ingest/nport/a.go:7: database/sql/driver belongs in internal/store" + ownersEnd},
		{"excelize away", "disclosures/a.go", "github.com/xuri/excelize/v2",
			"disclosures/a.go:7: github.com/xuri/excelize/v2 belongs in disclosures/render" + ownersEnd},
		{"cobra at home", "cmd/comment11/main.go", "github.com/spf13/cobra", ""},
		{"cobra away", "configs/a.go", "github.com/spf13/cobra",
			"configs/a.go:7: github.com/spf13/cobra belongs in cmd" + ownersEnd},
		{"os.Exit at home", "cmd/comment11/main.go", "os.Exit", ""},
		{"os.Exit in a test", "internal/store/a_test.go", "os.Exit", ""},
		{"os.Exit away", "internal/batch/a.go", "os.Exit",
			"internal/batch/a.go:7: os.Exit belongs in cmd" + ownersEnd},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := strings.Join(faults([]string{path.Dir(test.file)}, []use{{test.file, 7, test.what}}), "\n")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestUnknownPackageIsFound(t *testing.T) {
	want := []string{"ingest/swift: this package has no line in rooms (internal/testkit/imports_test.go); add it, with what it may import"}
	if diff := cmp.Diff(want, faults([]string{"ingest", "ingest/swift"}, nil)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A cycle in the table itself would permit any direction along it.
func TestRoomsHaveNoCycle(t *testing.T) {
	var visit func(room string, above []string)
	visit = func(room string, above []string) {
		if slices.Contains(above, room) {
			t.Fatalf("rooms permits a cycle: %q", append(above, room))
		}
		for _, below := range rooms[room] {
			if _, known := rooms[below]; !known {
				t.Errorf("rooms: %s may import %s, which has no line", room, below)
			}
			visit(below, append(slices.Clone(above), room))
		}
	}
	for room := range rooms {
		visit(room, nil)
	}
}

func TestReadTree(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	tree := fstest.MapFS{
		"go.mod":               file("module comment11"),
		"configs/config.go":    file("package configs\nimport (\n\t\"os\"\n\n\t_ \"comment11/internal/position\"\n)\nfunc f() { os.Exit(1) }"),
		"configs/windows.go":   file("//go:build windows\n\npackage configs\n\nimport system \"os\"\nvar leave = system.Exit"),
		"cmd/comment11/any.go": file("package main\nvar os struct{ Exit int }\nvar code = os.Exit"),
		"configs/README.md":    file("no Go"),
		"tools/go.mod":         file("module comment11/tools"),
		"tools/a.go":           file("package tools"),
		"testdata/a.go":        file("no Go either"),
		".ci/a.go":             file("package ci"),
	}
	folders, uses, err := readTree(tree)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"cmd/comment11", "configs"}, folders); diff != "" {
		t.Errorf("folders (-want +got)\n%s", diff)
	}
	want := []use{
		{"configs/config.go", 3, "os"},
		{"configs/config.go", 5, "comment11/internal/position"},
		{"configs/config.go", 7, "os.Exit"},
		{"configs/windows.go", 5, "os"},
		{"configs/windows.go", 6, "os.Exit"},
	}
	if diff := cmp.Diff(want, uses); diff != "" {
		t.Errorf("uses (-want +got)\n%s", diff)
	}
	tree["configs/broken.go"] = file("package")
	if _, _, err := readTree(tree); err == nil || !strings.Contains(err.Error(), "configs/broken.go") {
		t.Errorf("a file that is no Go must be named; got %v", err)
	}
}
