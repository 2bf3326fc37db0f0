package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"comment11/disclosures/render"
)

var besideFormula = regexp.MustCompile(`(</f>)<v>[^<]*</v>`)

// calculatedElsewhere takes the values beside all formulas of a workbook out, lets
// LibreOffice calculate them, and holds what it comes to against those taken out.
func calculatedElsewhere(t *testing.T, workbook string) {
	t.Helper()
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("the workbook was not opened in LibreOffice: there is no soffice in the path")
	}
	content := readFile(t, workbook)
	in, err := zip.NewReader(strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var made bytes.Buffer
	out := zip.NewWriter(&made)
	formulas := 0
	for _, part := range in.File {
		text := unzipped(t, part)
		formulas += len(besideFormula.FindAllString(text, -1))
		to, err := out.Create(part.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, besideFormula.ReplaceAllString(text, "$1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil || formulas < 500 {
		t.Fatalf("%d formulas have a value beside them: %v", formulas, err)
	}
	folder := t.TempDir()
	asked := filepath.Join(folder, "asked", "tables.xlsx")
	if err := os.Mkdir(filepath.Dir(asked), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(asked, made.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+filepath.Join(folder, "profile"), "--headless", "--convert-to", "xlsx",
		"--outdir", filepath.Join(folder, "answer"), asked).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	faults, compared, err := render.ValueFaults([]byte(content), []byte(readFile(t, filepath.Join(folder, "answer", "tables.xlsx"))))
	if err != nil || compared != formulas {
		t.Fatalf("%d of %d formulas were compared: %v", compared, formulas, err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}
