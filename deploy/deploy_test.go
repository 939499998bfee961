//go:build linux

// Package deploy has the deployment files of LockBay, and their tests. There is
// no code here.
package deploy

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/lockbay/lockbay/internal/testdb"
)

// program is the binary, built as in the Dockerfile.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "lockbay-deploy-")
	if err == nil {
		program = filepath.Join(dir, "lockbay")
		build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "../cmd/lockbay")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		var out []byte
		if out, err = build.CombinedOutput(); err != nil {
			err = fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	testdb.Stop()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// lockbay runs the program with the environment env only.
func lockbay(t *testing.T, env map[string]string, args ...string) (out string, code int) {
	t.Helper()
	c := exec.Command(program, args...)
	c.Env = []string{"HOME=" + t.TempDir()}
	for k, v := range env {
		c.Env = append(c.Env, k+"="+v)
	}
	b, err := c.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(b), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b), 0
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestNames: every setting, flag and command in the deployment files exists.
func TestNames(t *testing.T) {
	help, _ := lockbay(t, nil, "help", "serve")
	value := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(value, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	setting := regexp.MustCompile(`LOCKBAY_[A-Z_]+`)
	command := regexp.MustCompile(`(?m)(?:ExecStart=\S*/lockbay|"/lockbay",|^CMD|args:|lockbay\.db lockbay) ?\[?"?([a-z]+)`)
	for _, name := range []string{"Dockerfile", "compose.yaml", "kubernetes.yaml", "lockbay.service", "nginx.conf"} {
		text := read(t, name)
		for _, s := range setting.FindAllString(text, -1) {
			if out, _ := lockbay(t, map[string]string{s: value}, "version"); strings.Contains(out, "unknown setting") {
				t.Errorf("%s: %s is no setting: %s", name, s, out)
			}
		}
		commands := command.FindAllStringSubmatch(text, -1)
		if len(commands) == 0 && name != "nginx.conf" && name != "compose.yaml" {
			t.Errorf("%s runs nothing", name)
		}
		for _, c := range commands {
			if _, code := lockbay(t, nil, "help", c[1]); code != 0 {
				t.Errorf("%s: lockbay %s is no command", name, c[1])
			}
		}
		for _, f := range regexp.MustCompile(`lockbay [a-z]+ [a-z ]*(--[a-z-]+)`).FindAllStringSubmatch(text, -1) {
			if !strings.Contains(help, f[1]+" ") {
				t.Errorf("%s: %s is no flag", name, f[1])
			}
		}
	}
	if out, code := lockbay(t, map[string]string{"LOCKBAY_NO_SUCH": "1"}, "version"); code != 2 {
		t.Fatal("the test finds nothing:", code, out)
	}
}

// accepted wants the program to accept the settings of a deployment.
func accepted(t *testing.T, env map[string]string) {
	t.Helper()
	if len(env) < 2 {
		t.Fatalf("no settings: %v", env)
	}
	if out, code := lockbay(t, env, "version"); code != 0 {
		t.Errorf("%v: %s", slices.Sorted(maps.Keys(env)), out)
	}
}

func TestDockerfile(t *testing.T) {
	text := strings.ReplaceAll(read(t, "Dockerfile"), "\\\n", "")
	env := map[string]string{}
	for _, m := range regexp.MustCompile(`([A-Z_]+)=(\S+)`).FindAllStringSubmatch(regexp.MustCompile(`(?m)^ENV .*`).FindString(text), -1) {
		env[m[1]] = m[2]
	}
	accepted(t, env)
	wants(t, "data folder", env["XDG_DATA_HOME"], "/data")
	if env["LOCKBAY_DATABASE_URL"] != "" {
		t.Error("LOCKBAY_DATABASE_URL_FILE would conflict with LOCKBAY_DATABASE_URL")
	}
	for _, want := range []string{"\nFROM scratch\n", "\nUSER 65532:65532\n", "\nVOLUME /data\n", "ca-certificates.crt", `CMD ["/lockbay", "healthcheck"]`, "CGO_ENABLED=0"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	// FROM scratch has no loader.
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary wants a dynamic loader")
		}
	}
}

// document is parsed YAML.
type document map[string]any

func documents(t *testing.T, name string) (list []document) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(read(t, name)))
	for {
		var doc document
		switch err := d.Decode(&doc); {
		case err != nil && err.Error() == "EOF":
			return list
		case err != nil:
			t.Fatalf("%s: %v", name, err)
		}
		list = append(list, doc)
	}
}

// at follows names and indexes into parsed YAML; nil for a missing value.
func at(v any, path ...any) any {
	for _, p := range path {
		switch x := v.(type) {
		case document:
			v = x[p.(string)]
		case map[string]any:
			v = x[p.(string)]
		case []any:
			if p.(int) >= len(x) {
				return nil
			}
			v = x[p.(int)]
		default:
			return nil
		}
	}
	return v
}

func wants(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

var variable = regexp.MustCompile(`\$\{([A-Z_]+)(?::[-?]([^}]*))?\}`)

// environment returns a service's environment, with variables filled in from
// given.
func environment(service any, given map[string]string) map[string]string {
	env := map[string]string{}
	list, _ := at(service, "environment").(document)
	for k, v := range list {
		env[k] = variable.ReplaceAllStringFunc(fmt.Sprint(v), func(m string) string {
			name := variable.FindStringSubmatch(m)
			if v := given[name[1]]; v != "" {
				return v
			}
			return name[2]
		})
	}
	return env
}

func TestCompose(t *testing.T) {
	doc := documents(t, "compose.yaml")[0]
	services := at(doc, "services").(document)
	// Secrets are files, hidden from docker inspect. Without Telegram they are
	// empty.
	secrets := at(doc, "secrets").(document)
	dir := t.TempDir()
	for name, text := range map[string]string{"database-url": "postgres://lockbay:x@postgres:5432/lockbay", "telegram-token": "", "operator-token": "", "postgres-password": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		wants(t, "secret "+name, at(secrets, name, "file"), "${SECRETS:-./secrets}/"+name)
		if !regexp.MustCompile(`(?m)^#.*\b` + name + `\b`).MatchString(read(t, "compose.yaml")) {
			t.Errorf("the instructions do not make %s", name)
		}
	}
	for name, s := range services {
		for k, v := range environment(s, nil) {
			file, is := strings.CutPrefix(v, "/run/secrets/")
			if list, _ := at(s, "secrets").([]any); is != strings.HasSuffix(k, "_FILE") || is && (secrets[file] == nil || !slices.Contains(list, any(file))) {
				t.Errorf("%s: %s is %s", name, k, v)
			}
		}
	}
	for _, name := range []string{"lockbay-1", "lockbay-2"} {
		s := services[name]
		// the first run, and one with all settings
		for _, given := range []map[string]string{
			{},
			{"LOCKBAY_PUBLIC_URL": "https://pay.example", "LOCKBAY_CURRENCY": "EUR", "LOCKBAY_TIME_ZONE": "Europe/Vilnius"},
		} {
			env := environment(s, given)
			for k, v := range env {
				env[k] = strings.Replace(v, "/run/secrets/", dir+"/", 1)
			}
			accepted(t, env)
			wants(t, name+"'s proxies", env["LOCKBAY_TRUSTED_PROXIES"],
				fmt.Sprint(at(services, "nginx", "networks", "inner", "ipv4_address"), ",", at(doc, "networks", "inner", "ipam", "config", 0, "gateway")))
		}
		wants(t, name+"'s host name", at(s, "hostname"), name)
		if grace := fmt.Sprint(at(s, "stop_grace_period")); grace != "15s" {
			t.Errorf("%s is killed after %s: draining takes up to ten seconds", name, grace)
		}
		if !strings.Contains(read(t, "nginx.conf"), "server "+name+":8080 ") {
			t.Errorf("nginx.conf does not know %s", name)
		}
		if host := fmt.Sprintf("%s:%v", name, at(s, "networks", "inner", "ipv4_address")); !slices.Contains(at(services, "nginx", "extra_hosts").([]any), any(host)) {
			t.Errorf("nginx does not know %s while it is away", host)
		}
	}
	// By TCP: at its first start the image briefly runs a server on the socket.
	wants(t, "PostgreSQL's health", at(services, "postgres", "healthcheck", "test", 4), "127.0.0.1")
	for name, s := range services {
		if at(s, "image") == nil {
			t.Errorf("%s has no image", name)
		}
		wants(t, name+"'s restart policy", at(s, "restart"), "unless-stopped")
		if at(s, "logging", "options", "max-size") == nil {
			t.Errorf("%s's log grows without end", name)
		}
		if deps, ok := at(s, "depends_on").([]any); ok {
			for _, d := range deps {
				if services[d.(string)] == nil {
					t.Errorf("%s depends on %v, which is not there", name, d)
				}
			}
		}
	}
}

func TestKubernetes(t *testing.T) {
	byKind := map[string]document{}
	for _, d := range documents(t, "kubernetes.yaml") {
		byKind[d["kind"].(string)] = d
		if at(d, "apiVersion") == nil || at(d, "metadata", "name") != "lockbay" {
			t.Errorf("%v has no version or another name", d["kind"])
		}
	}
	deployment := byKind["Deployment"]
	pod := at(deployment, "spec", "template", "spec")
	box := at(pod, "containers", 0)
	env := map[string]string{}
	for k, v := range at(byKind["ConfigMap"], "data").(document) {
		env[k] = v.(string) // Kubernetes rejects numbers here
	}
	accepted(t, env)
	secret := map[string]string{"database-url": "postgres://lockbay:x@postgres/lockbay", "redis-url": "rediss://redis:6379",
		"telegram-token": "123:abc", "operator-token": strings.Repeat("o", 24)}
	for _, e := range at(box, "env").([]any) {
		key := at(e, "valueFrom", "secretKeyRef", "key").(string)
		if secret[key] == "" || at(e, "valueFrom", "secretKeyRef", "name") != "lockbay" {
			t.Errorf("%v: unknown secret %s", at(e, "name"), key)
		}
		env[at(e, "name").(string)] = secret[key]
		delete(secret, key)
	}
	accepted(t, env)
	if len(secret) > 0 {
		t.Errorf("unused secrets: %v", secret)
	}
	// Settings for updates without downtime.
	wants(t, "replicas", at(deployment, "spec", "replicas"), 2)
	wants(t, "maxUnavailable", at(deployment, "spec", "strategy", "rollingUpdate", "maxUnavailable"), 0)
	wants(t, "readiness", at(box, "readinessProbe", "httpGet", "path"), "/readyz")
	wants(t, "liveness", at(box, "livenessProbe", "httpGet", "path"), "/healthz")
	pause, grace := at(box, "lifecycle", "preStop", "sleep", "seconds").(int), at(pod, "terminationGracePeriodSeconds").(int)
	if pause < 2 || grace < pause+12 {
		t.Errorf("%d s before it stops, killed after %d: draining takes up to ten", pause, grace)
	}
	// All parts use the same label and the same port names.
	label := "map[app:lockbay]"
	wants(t, "pods' label", at(deployment, "spec", "template", "metadata", "labels"), label)
	wants(t, "Deployment's selector", at(deployment, "spec", "selector", "matchLabels"), label)
	wants(t, "budget's selector", at(byKind["PodDisruptionBudget"], "spec", "selector", "matchLabels"), label)
	wants(t, "Service's selector", at(byKind["Service"], "spec", "selector"), label)
	wants(t, "Service's port", at(byKind["Service"], "spec", "ports", 0, "targetPort"), at(box, "ports", 0, "name"))
	wants(t, "port", ":"+fmt.Sprint(at(box, "ports", 0, "containerPort")), strings.TrimPrefix(env["LOCKBAY_LISTEN"], "0.0.0.0"))
	wants(t, "admin port", ":"+fmt.Sprint(at(box, "ports", 1, "containerPort")), strings.TrimPrefix(env["LOCKBAY_ADMIN_LISTEN"], "0.0.0.0"))
	wants(t, "Ingress", at(byKind["Ingress"], "spec", "rules", 0, "http", "paths", 0, "backend", "service", "name"), "lockbay")
	wants(t, "public URL", "https://"+fmt.Sprint(at(byKind["Ingress"], "spec", "rules", 0, "host")), env["LOCKBAY_PUBLIC_URL"])
}

func TestSystemd(t *testing.T) {
	unit := read(t, "lockbay.service")
	env := map[string]string{"LOCKBAY_LOG_FORMAT": "json"}
	for _, m := range regexp.MustCompile(`(?m)^Environment=(LOCKBAY_[A-Z_]+)=(\S+)`).FindAllStringSubmatch(unit, -1) {
		env[m[1]] = m[2]
	}
	accepted(t, env)
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Fatal("systemd-analyze is not installed: the Debian package systemd has it")
	}
	file := filepath.Join(t.TempDir(), "lockbay.service")
	if err := os.WriteFile(file, bytes.ReplaceAll([]byte(unit), []byte("/usr/local/bin/lockbay"), []byte(program)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
