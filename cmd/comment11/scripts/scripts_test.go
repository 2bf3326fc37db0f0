// Package scripts has the tests of testdata/scripts, apart from those of the command
// because of the time that go test gives a package.
package scripts

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"comment11/internal/store"
	"comment11/internal/testkit"
)

// TestMain builds the command, with the race detector where the tests have it.
func TestMain(m *testing.M) {
	os.Exit(withCommand(m))
}

func withCommand(m *testing.M) int {
	folder, err := os.MkdirTemp("", "comment11-scripts-")
	if err == nil {
		defer os.RemoveAll(folder)
		build := exec.Command("go", "build", "-buildvcs=false", fmt.Sprintf("-race=%v", withRace), "-o", filepath.Join(folder, "comment11"), "comment11/cmd/comment11")
		var said []byte
		if said, err = build.CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, said)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the command that the scripts run cannot be built:", err)
		return 1
	}
	if err := os.Setenv("PATH", folder+string(filepath.ListSeparator)+os.Getenv("PATH")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// TestScripts runs testdata/scripts: what a person types, and what they see.
func TestScripts(t *testing.T) {
	var unlock func() error
	testscript.Run(t, testscript.Params{
		Dir:                 "../../../testdata/scripts",
		UpdateScripts:       *testkit.Update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			if testing.Short() && slices.Contains([]string{"growth", "diff", "plan", "letter", "packet", "query", "findings", "comparatives"}, strings.TrimPrefix(filepath.Base(env.WorkDir), "script-")) {
				env.T().Skip("many runs one after the other: go test without -short has them")
			}
			for name, folder := range map[string]string{"book": "../../../testdata/book", "growth": "../../../testdata/cases/growth"} {
				files, err := filepath.Glob(folder + "/*.*")
				if err != nil {
					return err
				}
				if err := os.MkdirAll(filepath.Join(env.WorkDir, name), 0o755); err != nil {
					return err
				}
				for _, file := range files {
					text, err := os.ReadFile(file)
					if err != nil {
						return err
					}
					if err := os.WriteFile(filepath.Join(env.WorkDir, name, filepath.Base(file)), text, 0o644); err != nil {
						return err
					}
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// code N COMMAND... runs a command that must end with the exit code.
			"code": func(ts *testscript.TestScript, negated bool, args []string) {
				want, err := strconv.Atoi(args[0])
				if negated || err != nil {
					ts.Fatalf("usage: code N COMMAND...")
				}
				ts.Check(expectCode(ts, want, args[1:]))
			},
			// refused QUERY holds that a query is refused as a fault of usage.
			"refused": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(expectCode(ts, 2, []string{"comment11", "query", args[0]}))
			},
			// hold FOLDER takes the lock of a warehouse until release.
			"hold": func(ts *testscript.TestScript, _ bool, args []string) {
				var err error
				unlock, err = store.Warehouse{Root: ts.MkAbs(args[0]), Disk: store.RealDisk}.Lock(time.Now())
				ts.Check(err)
			},
			"release": func(ts *testscript.TestScript, _ bool, _ []string) { ts.Check(unlock()) },
		},
	})
}

func expectCode(ts *testscript.TestScript, want int, command []string) error {
	err := ts.Exec(command[0], command[1:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		return err
	}
	if got != want {
		return fmt.Errorf("%q: exit code %d, expected %d", command, got, want)
	}
	return nil
}
