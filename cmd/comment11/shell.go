package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/peterh/liner"
	"github.com/spf13/cobra"

	"comment11/internal/store"
)

func newShell(shared *sharedFlags) *cobra.Command {
	var limits queryLimits
	command := &cobra.Command{
		Use:   "shell",
		Short: "Read-only questions to the published catalog, one after the other",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			mode := shared.output
			if mode == "text" {
				mode = "table"
			}
			if err := oneOf("output", mode, shellModes...); err != nil {
				return err
			}
			config, err := shared.load()
			if err != nil {
				return err
			}
			session, err := limits.open(cmd, config)
			if err != nil {
				return err
			}
			defer session.Close()
			s := &shell{session: session, mode: mode, stdout: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr()}
			if in, ok := cmd.InOrStdin().(*os.File); ok && isTerminal(in) && isTerminal(cmd.OutOrStdout()) {
				return s.interactive(cmd.Context())
			}
			return s.script(cmd.Context(), cmd.InOrStdin())
		},
	}
	limits.add(command)
	return command
}

// shellModes are the forms that a terminal can show.
var shellModes = []string{"table", "csv", "json"}

// shell reads statements, which end with a semicolon, and commands, which begin
// with a dot. It reads the catalog and nothing else; no command names a file.
type shell struct {
	session        *store.Session
	mode           string
	stdout, stderr io.Writer
	pending        strings.Builder
	failed         error // the first that went wrong
}

var shellCommands = []string{".describe", ".help", ".mode", ".quit", ".tables"}

const shellHelp = `statements end with a semicolon: one SELECT, SHOW, DESCRIBE, SUMMARIZE or EXPLAIN each
.tables [PART]      relations and macros, those whose name has the part
.describe RELATION  columns with their types and meanings
.mode FORM          table, csv or json
.quit
`

// script runs what comes from a pipe or file; it goes on after what went wrong and
// ends with it.
func (s *shell) script(ctx context.Context, in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if done := s.line(ctx, lines.Text()); done || ctx.Err() != nil {
			return s.failed
		}
	}
	if strings.TrimSpace(s.pending.String()) != "" {
		s.line(ctx, ";")
	}
	return errors.Join(s.failed, lines.Err())
}

// interactive edits lines, with history and completion.
func (s *shell) interactive(ctx context.Context) error {
	if err := s.session.Describe(ctx); err != nil {
		return err
	}
	editor := liner.NewLiner()
	defer editor.Close()
	editor.SetCtrlCAborts(true)
	editor.SetWordCompleter(s.complete)
	history := historyFile()
	if file, err := os.Open(history); err == nil {
		_, _ = editor.ReadHistory(file) // without a history it is a shell all the same
		_ = file.Close()
	}
	fmt.Fprintln(s.stdout, "read-only; .help tells what there is")
	for {
		prompt := "comment11> "
		if s.pending.Len() > 0 {
			prompt = "      ...> "
		}
		text, err := editor.Prompt(prompt)
		switch {
		case errors.Is(err, liner.ErrPromptAborted):
			s.pending.Reset()
			continue
		case errors.Is(err, io.EOF):
			fmt.Fprintln(s.stdout)
			return saveHistory(editor, history)
		case err != nil:
			return err
		}
		if strings.TrimSpace(text) != "" {
			editor.AppendHistory(text)
		}
		if s.line(ctx, text) {
			return saveHistory(editor, history)
		}
	}
}

// historyFile is where the user's history is kept, or "".
func historyFile() string {
	folder, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(folder, "comment11", "history")
}

// saveHistory keeps the history where there is a place for it.
func saveHistory(editor *liner.State, path string) error {
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keeping the history: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("keeping the history: %w", err)
	}
	_, err = editor.WriteHistory(file)
	return errors.Join(err, file.Close())
}

// line takes the next line and tells whether it was the last.
func (s *shell) line(ctx context.Context, text string) (done bool) {
	trimmed := strings.TrimSpace(text)
	if s.pending.Len() == 0 && strings.HasPrefix(trimmed, ".") {
		words := strings.Fields(trimmed)
		if words[0] == ".quit" || words[0] == ".exit" {
			return true
		}
		s.tell(s.command(ctx, words))
		return false
	}
	if trimmed == "" && s.pending.Len() == 0 {
		return false
	}
	s.pending.WriteString(text + "\n")
	if !strings.HasSuffix(trimmed, ";") {
		return false
	}
	statement := s.pending.String()
	s.pending.Reset()
	sink, err := newSink(s.stdout, s.mode)
	if err == nil && strings.Trim(statement, " \t\n;") != "" {
		err = s.session.Run(ctx, statement, sink)
	}
	s.tell(err)
	return false
}

func (s *shell) tell(err error) {
	if err == nil {
		return
	}
	fmt.Fprintf(s.stderr, "comment11: %v\n", err)
	if s.failed == nil {
		s.failed = fmt.Errorf("%w%w", errSaid, err)
	}
}

func (s *shell) command(ctx context.Context, words []string) error {
	argument := ""
	if len(words) > 1 {
		argument = words[1]
	}
	switch words[0] {
	case ".help":
		_, err := io.WriteString(s.stdout, shellHelp)
		return err
	case ".mode":
		if err := oneOf("mode", argument, shellModes...); err != nil {
			return err
		}
		s.mode = argument
		return nil
	case ".tables":
		if err := s.session.Describe(ctx); err != nil {
			return err
		}
		out := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
		for _, r := range s.session.Relations {
			if strings.Contains(r.Name, argument) {
				fmt.Fprintf(out, "%s\t%s\n", r.Name, r.Meaning)
			}
		}
		for _, m := range s.session.Macros {
			if strings.Contains(m, argument) {
				fmt.Fprintf(out, "%s(...)\tmacro; docs/DATA.md\n", m)
			}
		}
		return out.Flush()
	case ".describe":
		return s.describe(ctx, argument)
	}
	return fmt.Errorf("%w: %s is no command; they are %s", errUsage, words[0], strings.Join(shellCommands, ", "))
}

func (s *shell) describe(ctx context.Context, name string) error {
	if err := s.session.Describe(ctx); err != nil {
		return err
	}
	i := slices.IndexFunc(s.session.Relations, func(r store.SessionRelation) bool { return strings.EqualFold(r.Name, name) })
	if i < 0 {
		return fmt.Errorf("%w: %q is no relation of the catalog; .tables lists them", errUsage, name)
	}
	fmt.Fprintln(s.stdout, s.session.Relations[i].Meaning)
	out := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	for _, c := range s.session.Relations[i].Columns {
		fmt.Fprintf(out, "%s\t%s\t%s\n", c.Name, c.Type, c.Meaning)
	}
	return out.Flush()
}

// complete completes the word before the cursor: commands, relations, macros, columns.
func (s *shell) complete(line string, position int) (head string, completions []string, tail string) {
	runes := []rune(line)
	position = min(position, len(runes))
	begin := position
	for begin > 0 && (runes[begin-1] == '_' || runes[begin-1] == '.' && begin == 1 || isWord(runes[begin-1])) {
		begin--
	}
	word := strings.ToLower(string(runes[begin:position]))
	return string(runes[:begin]), s.candidates(word), string(runes[position:])
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func (s *shell) candidates(word string) []string {
	var list []string
	add := func(name string) {
		if strings.HasPrefix(name, word) {
			list = append(list, name)
		}
	}
	if strings.HasPrefix(word, ".") {
		for _, c := range shellCommands {
			add(c)
		}
		return list
	}
	for _, r := range s.session.Relations {
		add(r.Name)
		for _, c := range r.Columns {
			add(c.Name)
		}
	}
	for _, m := range s.session.Macros {
		add(m)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
