package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"comment11/internal/testkit"
)

// person runs the program as another user of the system.
type person struct {
	user, group uint32
}

func (p person) comment11(t *testing.T, program, folder string, args ...string) (code int, said string) {
	t.Helper()
	command := exec.Command(program, args...)
	command.Dir = folder
	command.Env = []string{"HOME=/nonexistent", "TMPDIR=/tmp", "PATH=" + os.Getenv("PATH")}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: p.user, Gid: p.group}}
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), string(out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, string(out)
}

// TestOtherUsers runs the night's job as a user without any right of root, reads
// its result as one of its group, and tries as each what must not be possible.
func TestOtherUsers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	operator, analyst, stranger := person{60001, 60001}, person{60002, 60001}, person{60003, 60003}
	folder := t.TempDir()
	program := filepath.Join(folder, "comment11")
	this, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copyFile(t, this, program)
	if err := errors.Join(os.Chmod(program, 0o755), os.Chmod(filepath.Dir(folder), 0o755), os.Chmod(folder, 0o755)); err != nil {
		t.Fatal(err)
	}
	book := filepath.Join(folder, "book")
	testkit.CopyBook(t, book, "../../testdata/book")
	if err := os.Chown(book, int(operator.user), int(operator.group)); err != nil {
		t.Fatal(err)
	}
	if code, said := operator.comment11(t, program, book, "run", "--as-of", "2007-09-30"); code != exitDone {
		t.Fatalf("the operator's run: exit %d\n%s", code, said)
	}
	for _, args := range [][]string{{"run", "--as-of", "2006-12-31"}, {"run", "--as-of", "2007-09-30", "--force"}, {"verify"}, {"status", "--start", "2007-09-28", "--end", "2007-09-30"}, {"gc", "--dry-run"}, {"catalog", "rebuild"}} {
		if code, said := operator.comment11(t, program, book, args...); code != exitDone {
			t.Errorf("the operator's %v: exit %d\n%s", args, code, said)
		}
	}
	// A delivery in a folder that the operator may not read is not one that is missing.
	closed := filepath.Join(folder, "closed")
	testkit.CopyBook(t, closed, "../../testdata/book")
	if err := errors.Join(os.Chown(closed, int(operator.user), int(operator.group)),
		os.Mkdir(filepath.Join(closed, "in"), 0o700), os.Rename(filepath.Join(closed, "counterparties.csv"), filepath.Join(closed, "in", "counterparties.csv"))); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(closed, "comment11.yaml"))
	if err == nil {
		err = os.WriteFile(filepath.Join(closed, "comment11.yaml"), []byte(strings.Replace(string(config), "files: counterparties.csv", "files: in/counterparties.csv, required: false", 1)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if code, said := operator.comment11(t, program, closed, "run", "--as-of", "2007-09-30"); code != exitData || !strings.Contains(said, "in: permission denied") {
		t.Errorf("the run of a delivery in a closed folder: exit %d\n%s", code, said)
	}
	for _, query := range []string{"select count(*) from facts", "select count(*) from cells_as_of('2007-09-30')", "explain analyze select 1"} {
		if code, said := analyst.comment11(t, program, book, "query", query); code != exitDone {
			t.Errorf("the analyst's %s: exit %d\n%s", query, code, said)
		}
	}
	attacks := []string{
		"insert into cells select * from cells", "create table t as select 1", "attach '/tmp/x.db'", "copy cells to '/tmp/comment11-attack.csv'",
		"explain analyze copy cells to '/tmp/comment11-attack.csv'", "export database '/tmp/comment11-attack'", "call enable_logging(storage = 'file')",
		"from '/etc/passwd'", "from read_text('/etc/passwd')", "from read_csv('/etc/passwd')", "install httpfs", "load httpfs", "set threads = 1",
		"select 1; copy cells to '/tmp/comment11-attack.csv'", "from read_parquet('https://example.com/x.parquet')",
	}
	for name, p := range map[string]person{"root": {0, 0}, "the operator": operator, "the analyst": analyst} {
		for _, attack := range attacks {
			if code, said := p.comment11(t, program, book, "query", attack); code != exitUsage || !strings.Contains(said, "refused") {
				t.Errorf("%s by %s: exit %d\n%s", attack, name, code, said)
			}
		}
		command := exec.Command(program, "shell")
		command.Dir = book
		command.Stdin = strings.NewReader(strings.Join(attacks, ";\n") + ";\n")
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: p.user, Gid: p.group}}
		out, err := command.CombinedOutput()
		// The second to last line holds two statements and is refused as a whole.
		if refused := strings.Count(string(out), "refused"); err == nil || refused != len(attacks) {
			t.Errorf("the shell of %s refused %d of %d: %v\n%s", name, refused, len(attacks), err, out)
		}
	}
	if left, err := filepath.Glob("/tmp/comment11-attack*"); err != nil || len(left) > 0 {
		t.Errorf("written: %v %v", left, err)
	}
	// The analyst cannot publish, nor a stranger read, nor anybody but root open the
	// catalog for writing.
	if code, said := analyst.comment11(t, program, book, "run", "--as-of", "2007-09-30", "--force"); code != exitInternal || !strings.Contains(said, "permission denied") {
		t.Errorf("the analyst's run: exit %d\n%s", code, said)
	}
	if code, said := stranger.comment11(t, program, book, "query", "select 1"); code != exitInternal || !strings.Contains(strings.ToLower(said), "permission denied") {
		t.Errorf("the stranger's query: exit %d\n%s", code, said)
	}
	for name, p := range map[string]person{"the operator": operator, "the analyst": analyst} {
		command := exec.Command("sh", "-c", `: >> warehouse/comment11.duckdb`)
		command.Dir = book
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: p.user, Gid: p.group}}
		if err := command.Run(); err == nil {
			t.Errorf("%s could open the catalog for writing", name)
		}
	}
}

// TestLinksOutOfFolders holds that a file that a config's folder only links to is
// not read: rules, maps and tables must lie in their folders.
func TestLinksOutOfFolders(t *testing.T) {
	for kind, file := range map[string]string{"rules": "purpose.yaml", "maps": "products.csv", "tables": "own.yaml"} {
		t.Run(kind, func(t *testing.T) {
			folder := t.TempDir()
			book := filepath.Join(folder, "book")
			testkit.CopyBook(t, book, "../../testdata/book")
			own := filepath.Join(book, kind)
			outside := filepath.Join(folder, "outside")
			if err := errors.Join(os.Mkdir(own, 0o755), os.WriteFile(outside, []byte("word,value\nsecret,of somebody else\n"), 0o600), os.Symlink(outside, filepath.Join(own, file))); err != nil {
				t.Fatal(err)
			}
			code, stdout, stderr := command(t, "run", "--config", filepath.Join(book, "comment11.yaml"), "--set", kind+"="+kind, "--as-of", "2007-09-30")
			if code == exitDone || !strings.Contains(stderr, "path escapes from parent") || strings.Contains(stdout+stderr, "somebody else") {
				t.Errorf("exit %d\n%s", code, stdout+stderr)
			}
		})
	}
}
