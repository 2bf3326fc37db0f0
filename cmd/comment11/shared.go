package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"comment11/configs"
	"comment11/internal/store"
)

// sharedFlags are the flags of every verb.
type sharedFlags struct {
	config, output string
	quiet, verbose bool
	set            []string
}

// loadFor is load for a verb that writes its result in one of the forms.
func (f *sharedFlags) loadFor(forms ...string) (configs.Config, error) {
	if err := oneOf("output", f.output, forms...); err != nil {
		return configs.Config{}, err
	}
	return f.load()
}

// load reads the config with the settings of the command line.
func (f *sharedFlags) load() (configs.Config, error) {
	settings := map[string]string{}
	for _, text := range f.set {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return configs.Config{}, fmt.Errorf("%w: --set %q: expected KEY=VALUE", errUsage, text)
		}
		settings[key] = value
	}
	if _, err := os.Stat(f.config); errors.Is(err, fs.ErrNotExist) {
		return configs.Config{}, fmt.Errorf("%w: no config at %s; name one with --config, or write a starter folder with comment11 init", errUsage, f.config)
	}
	config, err := configs.Load(f.config, settings)
	var path *fs.PathError
	if errors.As(err, &path) {
		err = fmt.Errorf("the config cannot be read: %w", err)
	}
	return config, err
}

// oneOf checks a flag with a closed list of values.
func oneOf(flag, value string, known ...string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("%w: --%s %q: expected one of %s", errUsage, flag, value, strings.Join(known, ", "))
}

// parseDate reads a date flag.
func parseDate(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, fmt.Errorf("%w: --%s is missing; give a date as YYYY-MM-DD", errUsage, flag)
	}
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: --%s %q: expected a date as YYYY-MM-DD", errUsage, flag, text)
	}
	return date, nil
}

// version is the program's version, from its build information.
func version() string {
	p := program()
	return strings.TrimSpace(p.Version + " " + p.Revision)
}

// program identifies this executable, but for its own hash.
func program() store.Program {
	p := store.Program{Version: "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		p.Version = info.Main.Version
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				p.Revision = setting.Value
			}
		}
	}
	return p
}

// executableHash starts to hash this executable and gives a function that waits
// for its SHA-256, "" where it cannot be read.
func executableHash() func() string {
	go store.ExecutableHash()
	return store.ExecutableHash
}

// shown is a path as the user would type it: relative where that is shorter.
func shown(path string) string {
	folder, err := os.Getwd()
	if err != nil {
		return path
	}
	relative, err := filepath.Rel(folder, path)
	if err != nil || len(relative) >= len(path) {
		return path
	}
	return relative
}

var asItIs = regexp.MustCompile(`^[\pL\pN_/.][\pL\pN_/.,:@%+=-]*$`)

// typed is a path as it is typed in a shell.
func typed(path string) string {
	if asItIs.MatchString(filepath.ToSlash(path)) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
