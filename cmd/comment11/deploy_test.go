package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const deploy = "../../configs/deploy/"

func readDeploy(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(deploy + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// asScheduled runs the command line of a scheduler as it would, on a night after
// 2007-09-30, and again, when there is nothing to do.
func asScheduled(t *testing.T, line string) {
	t.Helper()
	folder := t.TempDir()
	mustRun(t, "init", filepath.Join(folder, "etc"))
	this, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(folder, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(this, filepath.Join(bin, "comment11")); err != nil {
		t.Fatal(err)
	}
	date := "#!/bin/sh\ncase \"$*\" in\n'-d yesterday +%F') echo 2007-09-30 ;;\n'-d 7 days ago +%F') echo 2007-09-29 ;;\n*) exit 1 ;;\nesac\n"
	if err := os.WriteFile(filepath.Join(bin, "date"), []byte(date), 0o755); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(line, "/etc/comment11/comment11.yaml") {
		t.Fatalf("the command does not name the config: %s", line)
	}
	for range 2 {
		command := exec.Command("/bin/sh", "-c", strings.ReplaceAll(line, "/etc/comment11", filepath.Join(folder, "etc")))
		command.Env = []string{"PATH=" + bin + ":/usr/bin:/bin"}
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	if got := mustRun(t, "query", "--config", filepath.Join(folder, "etc/comment11.yaml"), "-o", "csv", "select release from runs"); got != "release\n20070930-001\n" {
		t.Errorf("published: %s", got)
	}
}

// TestSystemd reads the units as systemd does, runs their command, and lets
// systemd check them where it is there.
func TestSystemd(t *testing.T) {
	units := map[string]map[string]string{}
	for _, name := range []string{"comment11.service", "comment11.timer"} {
		units[name] = map[string]string{}
		section := ""
		for number, line := range strings.Split(readDeploy(t, name), "\n") {
			key, value, found := strings.Cut(line, "=")
			switch {
			case line == "" || strings.HasPrefix(line, "#"):
			case regexp.MustCompile(`^\[(Unit|Service|Timer|Install)\]$`).MatchString(line):
				section = line
			case !found || section == "":
				t.Errorf("%s:%d: %q is no setting of a section", name, number+1, line)
			default:
				units[name][section+key] = value
			}
		}
	}
	service, timer := units["comment11.service"], units["comment11.timer"]
	for key, want := range map[string]string{"[Service]Type": "exec", "[Service]UMask": "0027", "[Service]RestartForceExitStatus": strconv.Itoa(exitBusy)} {
		if service[key] != want {
			t.Errorf("comment11.service: %s=%s, expected %s", key, service[key], want)
		}
	}
	if timer["[Timer]Unit"] != "comment11.service" || timer["[Timer]OnCalendar"] == "" || timer["[Timer]Persistent"] != "true" {
		t.Errorf("comment11.timer: %v", timer)
	}
	line, found := strings.CutPrefix(service["[Service]ExecStart"], "/bin/sh -c '")
	if !found || !strings.HasSuffix(line, "'") {
		t.Fatalf("ExecStart=%s", service["[Service]ExecStart"])
	}
	asScheduled(t, strings.NewReplacer("$$", "$", "%%", "%").Replace(strings.TrimSuffix(line, "'")))
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Logf("systemd is not here to check the units: %v", err)
		return
	}
	out, err := exec.Command(analyze, "verify", "--man=no", deploy+"comment11.service", deploy+"comment11.timer").CombinedOutput()
	for _, line := range strings.Split(string(out), "\n") {
		if strings.Contains(line, "comment11.") && !strings.Contains(line, "not executable") {
			t.Errorf("systemd-analyze: %s (%v)", line, err)
		}
	}
	if out, err := exec.Command(analyze, "calendar", timer["[Timer]OnCalendar"]).CombinedOutput(); err != nil {
		t.Errorf("OnCalendar: %v\n%s", err, out)
	}
}

var cronFields = regexp.MustCompile(`^([0-5]?\d) ([01]?\d|2[0-3]) (\*|[0-9,-]+) (\*|[0-9,-]+) (\*|[0-7,-]+) `)

// TestCrontab reads the line as cron does and runs its command.
func TestCrontab(t *testing.T) {
	jobs := 0
	for _, line := range strings.Split(readDeploy(t, "comment11.crontab"), "\n") {
		if line == "" || strings.HasPrefix(line, "#") || regexp.MustCompile(`^[A-Z]+=`).MatchString(line) {
			continue
		}
		jobs++
		fields := cronFields.FindString(line)
		if fields == "" {
			t.Fatalf("no five fields of cron: %s", line)
		}
		user, command, _ := strings.Cut(strings.TrimPrefix(line, fields), " ")
		if user != "comment11" {
			t.Errorf("runs as %s", user)
		}
		// cron ends the command at a bare percent sign and gives the rest to its stdin.
		if strings.Contains(strings.ReplaceAll(command, `\%`, ""), "%") {
			t.Errorf("a percent sign is not escaped: %s", command)
		}
		asScheduled(t, strings.ReplaceAll(command, `\%`, "%"))
	}
	if jobs != 1 {
		t.Errorf("%d jobs, expected one", jobs)
	}
}

// TestCronJob reads the manifest, holds that its parts fit each other, runs its
// command, and lets kubectl read it where it is there.
func TestCronJob(t *testing.T) {
	type named struct {
		Name      string `yaml:"name"`
		MountPath string `yaml:"mountPath"`
	}
	var manifest struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Spec       struct {
			Schedule          string `yaml:"schedule"`
			ConcurrencyPolicy string `yaml:"concurrencyPolicy"`
			JobTemplate       struct {
				Spec struct {
					PodFailurePolicy struct {
						Rules []struct {
							Action      string `yaml:"action"`
							OnExitCodes struct {
								ContainerName string `yaml:"containerName"`
								Operator      string `yaml:"operator"`
								Values        []int  `yaml:"values"`
							} `yaml:"onExitCodes"`
						} `yaml:"rules"`
					} `yaml:"podFailurePolicy"`
					Template struct {
						Spec struct {
							RestartPolicy string `yaml:"restartPolicy"`
							Containers    []struct {
								Name         string   `yaml:"name"`
								Command      []string `yaml:"command"`
								Args         []string `yaml:"args"`
								VolumeMounts []named  `yaml:"volumeMounts"`
							} `yaml:"containers"`
							Volumes []named `yaml:"volumes"`
						} `yaml:"spec"`
					} `yaml:"template"`
				} `yaml:"spec"`
			} `yaml:"jobTemplate"`
		} `yaml:"spec"`
	}
	if err := yaml.Unmarshal([]byte(readDeploy(t, "comment11.cronjob.yaml")), &manifest); err != nil {
		t.Fatal(err)
	}
	job := manifest.Spec.JobTemplate.Spec
	pod := job.Template.Spec
	if manifest.APIVersion != "batch/v1" || manifest.Kind != "CronJob" || manifest.Spec.ConcurrencyPolicy != "Forbid" ||
		!cronFields.MatchString(manifest.Spec.Schedule+" ") || len(pod.Containers) != 1 {
		t.Fatalf("%+v", manifest)
	}
	// A policy for failures of pods asks for pods that are never restarted in place.
	if rules := job.PodFailurePolicy.Rules; pod.RestartPolicy != "Never" || len(rules) != 1 || rules[0].Action != "FailJob" || rules[0].OnExitCodes.Operator != "In" ||
		rules[0].OnExitCodes.ContainerName != pod.Containers[0].Name || fmt.Sprint(rules[0].OnExitCodes.Values) != fmt.Sprint([]int{exitData, exitUsage}) {
		t.Errorf("%+v", job.PodFailurePolicy)
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		if !slices.ContainsFunc(pod.Volumes, func(v named) bool { return v.Name == mount.Name }) {
			t.Errorf("no volume %s for %s", mount.Name, mount.MountPath)
		}
	}
	if command := strings.Join(pod.Containers[0].Command, " "); command != "/bin/sh -c" || len(pod.Containers[0].Args) != 1 {
		t.Fatalf("%s %q", command, pod.Containers[0].Args)
	}
	asScheduled(t, pod.Containers[0].Args[0])
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Logf("kubectl is not here to read the manifest: %v", err)
		return
	}
	command := exec.Command(kubectl, "create", "--dry-run=client", "--validate=false", "-o", "name", "-f", deploy+"comment11.cronjob.yaml")
	command.Env = append(os.Environ(), "KUBECONFIG=/dev/null")
	if out, err := command.CombinedOutput(); err != nil && !strings.Contains(string(out), "connection refused") {
		t.Errorf("kubectl: %v\n%s", err, out)
	}
}
