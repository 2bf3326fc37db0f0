// Command comment11 answers comment 11 of a letter of the SEC's staff: it takes
// trade-level positions of credit derivatives, classifies them and aggregates
// them into the disclosure tables, every figure traceable to its trades.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // the time zone of the schedule must be known wherever this runs

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"comment11/internal/batch"
	"comment11/internal/sample"
	"comment11/internal/store"
	"comment11/internal/strictyaml"
)

// Exit codes are a contract with schedulers.
const (
	exitDone        = 0   // done, or nothing to do
	exitData        = 1   // data or controls failed, nothing published
	exitUsage       = 2   // usage or config
	exitInternal    = 3   // internal or I/O
	exitBusy        = 75  // another run is writing, try again
	exitInterrupted = 130 // interrupted
)

func main() {
	collectLater()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// collectLater lets memory grow to 64 MB before the first garbage collection, and from
// then on by as much as is in use, as ever: most commands end before it is worth one.
func collectLater() {
	if os.Getenv("GOGC") != "" {
		return
	}
	usual := debug.SetGCPercent(1600) // of the 4 MB that it starts from
	runtime.AddCleanup(new(*byte), func(percent int) { debug.SetGCPercent(percent) }, usual)
}

// run is the whole command: results go to stdout, log and progress to stderr.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	code := exitCode(ctx, err)
	switch {
	case code == exitInterrupted: // what was cut short tells nobody anything
		fmt.Fprintln(stderr, "comment11: interrupted; run again, what is left over is swept")
	case err != nil && !errors.Is(err, errSaid):
		fmt.Fprintf(stderr, "comment11: %v%s\n", err, whoMay(err))
	}
	return code
}

// whoMay says who this is and who may do what, where a permission is wanting.
func whoMay(err error) string {
	if !errors.Is(err, fs.ErrPermission) {
		return ""
	}
	return fmt.Sprintf("; this runs as %s, and a warehouse is written by its owner and read by its group", store.Me(time.Now()).User)
}

// errSaid marks a failure that the verb has already told the user about.
var errSaid = errors.New("told")

func exitCode(ctx context.Context, err error) int {
	var busy *store.BusyError
	var faults strictyaml.Faults
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &busy):
		return exitBusy
	case errors.Is(err, batch.ErrData), errors.Is(err, batch.ErrPacket), errors.Is(err, store.ErrNoCatalog), errors.Is(err, store.ErrTimeLimit):
		return exitData
	case errors.Is(err, batch.ErrUsage), errors.Is(err, errUsage), errors.Is(err, store.ErrRefused), errors.Is(err, store.ErrQuery), errors.Is(err, sample.ErrRequest), errors.As(err, &faults):
		return exitUsage
	default:
		return exitInternal
	}
}

// errUsage marks a command line that cannot be understood.
var errUsage = errors.New("usage")

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "comment11",
		Short:         "Credit-derivatives disclosure tables from trade-level positions",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	shared := &sharedFlags{}
	flags := root.PersistentFlags()
	flags.StringVar(&shared.config, "config", "comment11.yaml", "the config file")
	flags.StringVarP(&shared.output, "output", "o", "text", "form of the result: text, json or csv; of query also table, parquet and arrow")
	flags.BoolVarP(&shared.quiet, "quiet", "q", false, "say nothing but the result and errors")
	flags.BoolVarP(&shared.verbose, "verbose", "v", false, "say more")
	flags.StringArrayVar(&shared.set, "set", nil, "a setting as KEY=VALUE, for example engine.threads=1")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w; see %s --help", errUsage, inWords(err), cmd.CommandPath())
	})
	root.AddCommand(newInit(shared), newValidate(shared), newRun(shared), newQuery(shared), newExtract(shared), newSample(shared),
		newBackfill(shared), newStatus(shared), newRuns(shared), newVerify(shared), newGC(shared), newPrepare(shared), newCatalog(shared), newShell(shared), newDiff(shared), newExplain(shared), newPlan(shared), newTrace(shared), newSign(shared))
	for _, command := range append(root.Commands(), root) {
		command.Args = usageArgs(command.Args)
	}
	return root
}

// inWords says what a flag's value should have been, in place of Go's function that
// could not read it.
func inWords(err error) error {
	var parsed *strconv.NumError
	if !errors.As(err, &parsed) {
		return err
	}
	what, _, _ := strings.Cut(err.Error(), ": strconv.")
	if parsed.Func == "ParseBool" {
		return fmt.Errorf("%s: expected true or false", what)
	}
	return fmt.Errorf("%s: expected a whole number", what)
}

// usageArgs makes wrong arguments a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			if !cmd.HasParent() && len(args) > 0 {
				return fmt.Errorf("%w: unknown command %q; %s", errUsage, args[0], strictyaml.Hint(args[0], verbs(cmd)))
			}
			return fmt.Errorf("%w: %w; see %s --help", errUsage, err, cmd.CommandPath())
		}
		return nil
	}
}

// verbs are the names of the commands that the program has of its own.
func verbs(root *cobra.Command) []string {
	var names []string
	for _, command := range root.Commands() {
		names = append(names, command.Name())
	}
	return names
}

// isTerminal tells whether a person looks at the stream.
func isTerminal(w any) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
