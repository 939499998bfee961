//go:build linux

package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lockbay/lockbay/internal/instance"
)

// patience bounds a hang; a slow machine needs far less.
const patience = time.Minute

// served is one lockbay serve.
type served struct {
	*instance.Instance
	t *testing.T
}

// freeAddr returns a free loopback address.
func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := instance.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

func newInstance(t *testing.T, args ...string) *served {
	t.Helper()
	in, err := instance.New(program, append([]string{"serve"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	in.Env, in.Log = []string{"HOME=/nonexistent"}, &log
	i := &served{in, t}
	t.Cleanup(func() {
		i.Kill()
		if t.Failed() {
			t.Logf("%s said:\n%.3000s", i.Addr, &log)
		}
	})
	i.start()
	return i
}

func (i *served) start() {
	i.t.Helper()
	if _, err := i.Start(i.t.Context()); err != nil {
		i.t.Fatal(err)
	}
}

// end signals the process and waits for its end.
func (i *served) end(how syscall.Signal) {
	if how == syscall.SIGKILL {
		i.Kill()
	} else if err := i.Stop(); err != nil {
		i.t.Error(err)
	}
}

func awaitStatus(t *testing.T, url string, want int) {
	t.Helper()
	var last any
	for began := time.Now(); time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(url)
		if last = err; err == nil {
			_ = res.Body.Close()
			if last = res.StatusCode; last == want {
				return
			}
		}
	}
	t.Fatalf("%s: %v, want %d", url, last, want)
}

// visitor is a person with a plain HTTP client for a browser.
type visitor struct {
	base    string
	client  *http.Client
	body    string
	status  int
	patient bool // repeats a form after a 503, as the page says
}

func newVisitor(base string) *visitor {
	jar, _ := cookiejar.New(nil) // never fails without options
	return &visitor{base: base, client: &http.Client{Jar: jar, Timeout: patience}}
}

// take sends a request and reads the page. A kill in the middle of an answer cuts the page off, which no load balancer can
// mend: then the visitor reloads it, which sends the same request again.
func (v *visitor) take(send func() (*http.Response, error)) error {
	for began := time.Now(); ; {
		res, err := send()
		if err != nil {
			return err
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if errors.Is(err, io.ErrUnexpectedEOF) && time.Since(began) < patience {
			continue
		}
		v.body, v.status = string(b), res.StatusCode
		return err
	}
}

func (v *visitor) get() error {
	return v.take(func() (*http.Response, error) { return v.client.Get(v.base + "/") })
}

func (v *visitor) attr(name string) string { return first(`data-`+name+`="([^"]*)"`, v.body) }

func first(pattern, text string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// post sends the form of the page with one field added.
func (v *visitor) post(field, value string) error {
	form := url.Values{field: {value}}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`).FindAllStringSubmatch(v.body, -1) {
		form.Set(m[1], strings.ReplaceAll(m[2], "&#43;", "+"))
	}
	send := func() (*http.Response, error) { return v.client.PostForm(v.base+"/", form) }
	err := v.take(send)
	for end := time.Now().Add(patience); v.patient && err == nil && v.status == http.StatusServiceUnavailable && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
		err = v.take(send)
	}
	return err
}

// order goes from Create to a confirmed escrow.
func (v *visitor) order(n int) (escrow string, err error) {
	if err := v.get(); err != nil {
		return "", err
	}
	return v.walk(n, 0, 6)
}

// walk does the steps from one to another and checks the step after each. It
// returns the id of the draft, or of the escrow.
func (v *visitor) walk(n, from, to int) (id string, err error) {
	for _, step := range []struct{ field, value, then string }{
		{"action", "create", "seller_input"},
		{"text", fmt.Sprintf("@seller_%d", n), "amount_input"},
		{"text", "125.50 usd", "description_input"},
		{"text", fmt.Sprintf("Чайник 🫖 number %d", n), "delivery_time"},
		{"action", "delivery:48", "trade_review"},
		{"action", "confirm", "payment_pending"},
	}[from:to] {
		if err := v.post(step.field, step.value); err != nil {
			return "", fmt.Errorf("%s %s: %w", step.field, step.value, err)
		}
		if v.status != 200 || v.attr("step") != step.then {
			return "", fmt.Errorf("%s %s: status %d at %q, want %s\n%.600s", step.field, step.value, v.status, v.attr("step"), step.then, v.body)
		}
		if step.then == "trade_review" && !strings.Contains(v.body, fmt.Sprintf("number %d<", n)) {
			return "", fmt.Errorf("the review of %d does not show what was typed", n)
		}
	}
	return v.attr("draft"), nil
}

// escrows lists the confirmed escrows.
func escrows(t *testing.T, database string) (list []struct {
	ID          string `json:"id"`
	DraftID     string `json:"draft_id"`
	Description string `json:"description"`
}) {
	t.Helper()
	out, err := exec.Command(program, "escrows", "list", "--json", "--all", "--database-url", database).Output()
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(out)).Decode(&list)
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestScratch runs the binary in an empty root, as the image does: as an
// ordinary user, with a folder for the data.
func TestScratch(t *testing.T) {
	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"data": 0o700, "tmp": 0o777} {
		if err := os.Mkdir(filepath.Join(root, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(program)
	if err == nil {
		err = os.WriteFile(filepath.Join(root, "lockbay"), b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	uid := 65532
	attr := &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	if os.Geteuid() == 0 {
		if err := os.Chown(filepath.Join(root, "data"), uid, uid); err != nil {
			t.Fatal(err)
		}
	} else { // a namespace with the right to change the root
		attr = &syscall.SysProcAttr{Chroot: root, Cloneflags: syscall.CLONE_NEWUSER}
	}
	addr := freeAddr(t)
	inside := func(args ...string) *exec.Cmd {
		c := exec.Command("/lockbay", args...)
		c.SysProcAttr, c.Dir = attr, "/"
		c.Env = []string{"XDG_DATA_HOME=/data", "LOCKBAY_LISTEN=" + addr, "LOCKBAY_TIME_ZONE=Europe/Vilnius"}
		return c
	}
	if out, err := inside("healthcheck").CombinedOutput(); err == nil {
		t.Fatalf("healthy before it runs: %s", out)
	}
	serve := inside("serve")
	var said bytes.Buffer
	serve.Stdout, serve.Stderr = &said, &said
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = serve.Process.Kill()
		_ = serve.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	awaitStatus(t, "http://"+addr+"/readyz", 200)
	if out, err := inside("healthcheck").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := newVisitor("http://" + addr).order(1); err != nil {
		t.Fatal(err)
	}
}
