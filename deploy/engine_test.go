//go:build linux

package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// engine is compose.yaml, run by Docker as a separate project.
type engine struct {
	t       *testing.T
	project string
	env     []string
	base    string // the page, through nginx
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	secrets := t.TempDir() // 0755 or less; the container's user must be able to read the files
	password := strings.Repeat("5ecre7", 4)
	for name, text := range map[string]string{
		"postgres-password": password, "telegram-token": "", "operator-token": "",
		"database-url": "postgres://lockbay:" + password + "@postgres:5432/lockbay?sslmode=disable",
	} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(text+"\n"), 0o644); err != nil { //nolint:gosec // the container's user reads it
			t.Fatal(err)
		}
	}
	addr := freeAddr(t)
	e := &engine{t: t, project: "lockbay-test", base: "http://" + addr,
		env: append(os.Environ(), "SECRETS="+secrets, "HTTP_ADDRESS="+addr, "IMAGE=lockbay-test", "VERSION=v0-test", "LOCKBAY_SUPPORT=@bay_help")}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%.6000s", e.compose("logs", "--tail", "30"))
		}
		e.compose("down", "--volumes", "--timeout", "20")
		_ = exec.Command("docker", "image", "rm", "lockbay-test").Run() // absent after a failed build
	})
	return e
}

func (e *engine) docker(args ...string) string {
	e.t.Helper()
	c := exec.Command("docker", args...)
	c.Env = e.env
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		e.t.Fatalf("docker %s: %v\n%s%s", strings.Join(args, " "), err, out, said.Bytes())
	}
	return strings.TrimSpace(string(out))
}

func (e *engine) compose(args ...string) string {
	e.t.Helper()
	return e.docker(append([]string{"compose", "--project-name", e.project, "--file", "compose.yaml"}, args...)...)
}

// inspect returns a property of a service's container.
func (e *engine) inspect(service, what string) string {
	e.t.Helper()
	return e.docker("inspect", "--format", what, e.compose("ps", "--all", "--quiet", service))
}

// await waits until a property of a service's container has a value.
func (e *engine) await(service, what, want string) {
	e.t.Helper()
	got := ""
	for began := time.Now(); time.Since(began) < patience; time.Sleep(200 * time.Millisecond) {
		if got = e.inspect(service, what); got == want {
			return
		}
	}
	e.t.Fatalf("%s: %s is %s, want %s", service, what, got, want)
}

// behindProxy is a client's address, as a proxy on this machine reports it.
type behindProxy string

func (p behindProxy) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", string(p))
	return http.DefaultTransport.RoundTrip(r)
}

// person returns visitor n, with its own address, because each address has a
// rate limit.
func (e *engine) person(n int) *visitor {
	v := newVisitor(e.base)
	v.client.Transport = behindProxy(fmt.Sprintf("198.51.%d.%d", 100+n/250, n%250))
	return v
}

// TestEngine builds the image and runs compose.yaml while people order,
// instances are killed and updated, and Redis goes away. It runs only on
// request, because it needs Docker, a minute or two, and the addresses of
// compose.yaml's network.
func TestEngine(t *testing.T) {
	if os.Getenv("LOCKBAY_TEST_ENGINE") == "" {
		t.Skip("LOCKBAY_TEST_ENGINE=1 runs the image and the compose file with Docker")
	}
	e := newEngine(t)
	instances := []string{"lockbay-1", "lockbay-2"}
	t.Log("Docker", e.docker("version", "--format", "{{.Server.Version}}"), "compose", e.compose("version", "--short"))
	e.compose("up", "--detach", "--build", "--wait")
	before := e.compose("ps", "--quiet")
	e.compose("up", "--detach", "--wait")
	wants(t, "the same command again: the containers", e.compose("ps", "--quiet"), before)

	for _, i := range instances {
		wants(t, i+"'s user", e.inspect(i, "{{.Config.User}}"), "65532:65532")
		wants(t, i+"'s health", e.inspect(i, "{{.State.Health.Status}}"), "healthy")
		wants(t, i+"'s version", e.compose("exec", "-T", i, "/lockbay", "version"), "lockbay v0-test")
		if out := e.compose("exec", "-T", i, "/lockbay", "doctor"); strings.Contains(out, "MEND") || !strings.Contains(out, "ok    redis") {
			t.Errorf("%s: doctor says\n%s", i, out)
		}
	}
	if all := e.docker(append([]string{"inspect"}, strings.Fields(before)...)...); strings.Contains(all, "5ecre7") {
		t.Error("docker inspect shows the password")
	}

	var started, done atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				n := int(started.Add(1))
				if id, err := e.person(n).order(n); err != nil || !strings.HasPrefix(id, "ESC-") {
					t.Errorf("person %d: %q %v", n, id, err)
					return
				}
				done.Add(1)
				time.Sleep(50 * time.Millisecond) // people are slow: this is not a load test
			}
		})
	}
	end := sync.OnceFunc(func() { close(stop); wg.Wait() })
	defer end()
	step := func(what string, do func()) { // and some people finish during it
		if t.Failed() {
			return
		}
		do()
		was := done.Load()
		for began := time.Now(); done.Load() < was+4 && !t.Failed() && time.Since(began) < patience; {
			time.Sleep(20 * time.Millisecond)
		}
		t.Logf("%s: %d escrows", what, done.Load())
	}
	step("running", func() {})
	step("killed", func() {
		for _, i := range instances {
			var pid int
			if _, err := fmt.Sscan(e.inspect(i, "{{.State.Pid}}"), &pid); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatalf("kill -9 of %s: %v; that takes root here", i, err)
			}
			e.await(i, "{{.RestartCount}} {{.State.Health.Status}}", "1 healthy")
		}
	})
	step("updated", func() {
		for _, i := range instances {
			e.compose("up", "--detach", "--no-deps", "--wait", "--force-recreate", i)
		}
	})
	step("without Redis", func() { e.compose("stop", "redis") })
	step("with an empty Redis", func() { e.compose("start", "redis") })
	end()

	// With one instance away, the balancer works and can restart.
	e.compose("stop", "lockbay-1")
	wants(t, "exit of a drained instance", e.inspect("lockbay-1", "{{.State.ExitCode}} {{.State.OOMKilled}}"), "0 false")
	e.compose("restart", "nginx")
	awaitStatus(t, e.base+"/", 200)
	n := int(started.Add(1))
	if _, err := e.person(n).order(n); err != nil {
		t.Error("with one instance: ", err)
	}
	done.Add(1)

	var list []struct{ Description string }
	if err := json.Unmarshal([]byte(e.compose("exec", "-T", "lockbay-2", "/lockbay", "escrows", "list", "--json", "--all")), &list); err != nil {
		t.Fatal(err)
	}
	once := map[string]bool{}
	for _, l := range list {
		once[l.Description] = true
	}
	if n = int(done.Load()); len(list) != n || len(once) != n || n < 20 {
		t.Errorf("%d escrows of %d people, %d ordered", len(list), len(once), n)
	}
}
