//go:build linux

package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

// balancer is nginx with nginx.conf in front of two instances.
type balancer struct{ addr, access string }

func newBalancer(t *testing.T, addr, one, two string) *balancer {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		if nginx, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Fatal("nginx is not installed: the Debian package nginx-light has it")
		}
	}
	dir := t.TempDir()
	b := &balancer{addr: addr, access: filepath.Join(dir, "access.log")}
	site := strings.NewReplacer("lockbay-1:8080", one, "lockbay-2:8080", two, "listen 80;", "listen "+addr+";").Replace(read(t, "nginx.conf"))
	if strings.Contains(site, "lockbay-1") || !strings.Contains(site, "listen "+addr) {
		t.Fatal("nginx.conf lacks a text that this test replaces")
	}
	around := fmt.Sprintf(`daemon off; master_process on; worker_processes 2; pid %[1]s/pid; error_log %[1]s/error.log warn;
		events { worker_connections 512; }
		http {
			log_format hops '$status $upstream_addr';
			access_log %[1]s/access.log hops;
			client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fcgi;
			uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
			include %[1]s/site.conf;
		}`, dir)
	for name, text := range map[string]string{"site.conf": site, "nginx.conf": around} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := func(more ...string) *exec.Cmd {
		return exec.Command(nginx, append([]string{"-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", filepath.Join(dir, "nginx.conf")}, more...)...)
	}
	if out, err := command("-t").CombinedOutput(); err != nil {
		t.Fatalf("nginx -t: %v\n%s", err, out)
	}
	c := command()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			t.Logf("nginx said:\n%.3000s", log)
		}
	})
	awaitStatus(t, "http://"+addr+"/", 200)
	return b
}

// hops counts the requests of each instance, and the requests repeated at the
// other instance.
func (b *balancer) hops(t *testing.T) (of map[string]int, handedOn int) {
	of = map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(read(t, b.access)), "\n") {
		_, addrs, _ := strings.Cut(line, " ")
		list := strings.Split(addrs, ", ")
		of[list[len(list)-1]]++
		handedOn += len(list) - 1
	}
	return of, handedOn
}

// TestNobodyNotices: people order in the browser and on Telegram through the
// load balancer, each request at either instance, while the instances are
// killed, drained and started again. Nobody sees an error, but for a page that a kill cuts off, or types an answer
// twice, and everybody gets one escrow.
func TestNobodyNotices(t *testing.T) {
	for name, database := range map[string]string{
		"PostgreSQL":  testdb.Postgres(t),
		"SQLite file": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"),
	} {
		if testing.Short() && name != "PostgreSQL" {
			continue
		}
		t.Run(name, func(t *testing.T) { nobodyNotices(t, database) })
	}
}

func nobodyNotices(t *testing.T, database string) {
	front := freeAddr(t)
	api := telegramtest.New(telegramtest.Options{Strict: true, RetryScale: 0.01, OnViolation: func(v telegramtest.Violation) { t.Error(v) }})
	t.Cleanup(api.Close)
	args := []string{"--database-url", database, "--trusted-proxies", "127.0.0.1", "--public-url", "http://" + front,
		"--telegram-token", api.Token(), "--telegram-api-url", api.URL()}
	a, b := newInstance(t, args...), newInstance(t, args...)
	nginx := newBalancer(t, front, a.Addr, b.Addr)

	var people, started atomic.Int64
	var orders [6]atomic.Int64 // orders of each concurrent person
	var ids sync.Map           // escrow → person
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for who := range orders {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				n := int(started.Add(1))
				id, err := newVisitor("http://" + front).order(n)
				if err != nil {
					t.Errorf("person %d: %v", n, err)
					return
				}
				if other, taken := ids.LoadOrStore(id, n); taken || !strings.HasPrefix(id, "ESC-") {
					t.Errorf("escrow %q of %d is also that of %v", id, n, other)
				}
				people.Add(1)
				orders[who].Add(1)
				time.Sleep(20 * time.Millisecond) // people are slow: this is not a load test
			}
		})
	}
	var chats atomic.Int64 // on Telegram
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			tg := chats.Load() + 1
			p := api.Person(5_000_000+tg, fmt.Sprintf("buyer%d", tg), "Buyer")
			for _, say := range [][2]string{{"/create", "Step 1"}, {fmt.Sprintf("@seller_%d", tg), "Step 2"}, {"99 usd", "Step 3"}} {
				p.Say(say[0])
				if !shows(api, p.ID, say[1]) {
					t.Errorf("Telegram %d: %q was not followed by %s:\n%s", tg, say[0], say[1], api.Transcript(p.ID))
					return
				}
			}
			chats.Store(tg)
		}
	})

	seen := func(what string, ok func(of map[string]int, handedOn int) bool) {
		for began := time.Now(); !t.Failed(); time.Sleep(20 * time.Millisecond) {
			of, handedOn := nginx.hops(t)
			if ok(of, handedOn) {
				return
			}
			if time.Since(began) > patience {
				t.Errorf("%s was not seen: requests by instance %v, %d handed on", what, of, handedOn)
			}
		}
	}
	both := func(of map[string]int, _ int) bool { return of[a.Addr] > 0 && of[b.Addr] > 0 }
	seen("that both serve", both)
	for _, how := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		for _, i := range []*served{a, b} {
			if t.Failed() {
				break
			}
			_, before := nginx.hops(t)
			i.end(how)
			seen("that one takes over from the other", func(_ map[string]int, handedOn int) bool { return handedOn > before })
			was, _ := nginx.hops(t)
			i.start()
			// A request survives one ending instance, but not two. So let the
			// earlier requests finish.
			var had [len(orders)]int64
			for who := range orders {
				had[who] = orders[who].Load()
			}
			seen("that it serves again, and everybody has ordered since", func(of map[string]int, _ int) bool {
				for who := range orders {
					if orders[who].Load() == had[who] {
						return false
					}
				}
				return of[i.Addr] > was[i.Addr]
			})
		}
	}
	seen("ten people in the browser and three on Telegram", func(map[string]int, int) bool { return people.Load() >= 10 && chats.Load() >= 3 })
	close(stop)
	wg.Wait()

	of, handedOn := nginx.hops(t)
	t.Logf("%d people in the browser, %d on Telegram; requests by instance %v, %d handed on", people.Load(), chats.Load(), of, handedOn)
	list := escrows(t, database)
	drafts := map[string]bool{}
	for _, e := range list {
		drafts[e.DraftID] = true
		if n, ok := ids.Load(e.ID); ok && !strings.HasSuffix(e.Description, fmt.Sprintf("number %d", n)) {
			t.Errorf("%s is of %v, and says %q", e.ID, n, e.Description)
		}
	}
	if len(list) != int(people.Load()) || len(drafts) != len(list) {
		t.Errorf("%d escrows of %d drafts, %d people", len(list), len(drafts), people.Load())
	}
	if out, err := exec.Command(program, "drafts", "list", "--json", "--database-url", database).Output(); err != nil ||
		strings.Count(string(out), `"description_input"`) < int(chats.Load()) {
		t.Errorf("drafts of Telegram: %v, want %d at description_input in\n%.500s", err, chats.Load(), out)
	}
}

// shows waits until the newest message of a chat contains a text.
func shows(api *telegramtest.Server, chat int64, text string) bool {
	for began := time.Now(); time.Since(began) < patience; time.Sleep(5 * time.Millisecond) {
		if m := api.Messages(chat); len(m) > 0 && strings.Contains(m[len(m)-1].Text, text) {
			return true
		}
	}
	return false
}
