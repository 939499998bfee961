package soak

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/internal/testdb"
)

const (
	token  = "1000000:AAsoaksoaksoaksoaksoaksoaksoaksoaks"
	secret = "soak-secret"

	// Both bound a hang; a slow machine needs far less.
	finishing = 3 * time.Minute // time for people to finish after everything is healed
	seeing    = 5 * time.Minute // time for a run to show its purpose
)

// world is a run of a line in one mode.
type world struct {
	*line
	t        testing.TB
	programs *Programs
	mode     string
	lasts    time.Duration
	until    time.Time // people begin escrows at least until then: see over

	rules  *lockbay.Rules
	asks   []*intake.Ask // the questions
	review int           // number of the step after them

	api       *telegramtest.Server
	databases struct {
		use   string // for the instances
		audit string // for the audit; defaults to use
	}
	redisURL string
	flags    []string
	public   bool      // the page has a public URL: that of the first instance
	running  []*server // all instances, started or not
	people   []*person
	client   *http.Client
	updateID atomic.Int64
	made     atomic.Int64 // escrows

	postgres *testdb.PostgresServer
	standby  *testdb.PostgresServer
	redis    *testdb.RedisNode
	sentinel *testdb.RedisSentinels
	cluster  []*testdb.RedisNode
	proxy    *testdb.FaultyProxy // before Redis
	database *testdb.FaultyProxy // before PostgreSQL
	disk     string              // mount point of a small disk

	rows *rows // nil: people take no looks
	mu   sync.Mutex
	row  Row
	seen struct {
		looks   int
		schemas map[int]bool
	}
}

// open makes the world of a line, without servers, instances and people.
func (l *line) open(t testing.TB, programs *Programs, mode string) *world {
	w := &world{line: l, t: t, programs: programs, mode: mode, row: Row{Mode: mode, Injected: l.name, May: l.loses[mode]}}
	w.seen.schemas = map[int]bool{}
	form := intake.New(intake.Config{})
	w.rules, w.asks, w.review = lockbay.DefaultRules(), form.Asks(), form.Steps()
	w.client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	w.updateID.Store(time.Now().UnixMilli())
	w.api = telegramtest.New(telegramtest.Options{Token: token})
	return w
}

// run runs a line for d in one mode.
func (l *line) run(ctx context.Context, t testing.TB, programs *Programs, mode string, people int, d time.Duration) Row {
	w := l.open(t, programs, mode)
	w.lasts = d
	if l.copies {
		w.row.Injected += fmt.Sprintf(" (up to %v late)", w.late().Round(100*time.Millisecond))
	}
	defer w.client.CloseIdleConnections()
	defer w.api.Close()
	w.startServers()
	if err := w.startInstances(ctx); err != nil {
		t.Fatalf("%s, %s: %v", l.name, mode, err)
	}
	defer func() {
		for _, i := range w.running {
			i.kill()
		}
	}()
	if w.looks() {
		rows, err := openRows(w.databases.audit)
		if err != nil {
			t.Fatalf("%s, %s: %v", l.name, mode, err)
		}
		w.rows = rows
		defer func() { _ = rows.db.Close() }()
	}
	w.meet(people)

	w.until = time.Now().Add(d)
	over, end := context.WithCancel(ctx)
	defer end()
	trouble, heal := context.WithCancel(ctx)
	defer heal()
	var wg sync.WaitGroup
	for _, p := range w.people {
		wg.Go(func() {
			if !p.live(over) {
				w.stuck(p)
			}
		})
	}
	wg.Go(func() {
		for !w.over() && pause(ctx, 20*time.Millisecond) {
		}
		heal()
	})
	if l.trouble != nil {
		l.trouble(trouble, w)
	}
	<-trouble.Done()
	defer time.AfterFunc(finishing, end).Stop()
	wg.Wait()
	w.look()
	if w.after != nil {
		w.after(ctx, w)
	}
	if w.rows != nil && w.seen.looks == 0 {
		w.complain("nobody could see where a draft is kept")
	}
	w.audit(ctx)
	return w.row
}

// over reports whether people have begun their last escrow.
func (w *world) over() bool {
	late := time.Since(w.until)
	return late > 0 && (w.enough == nil || w.enough(w) || late > seeing)
}

// startServers starts the line's servers.
func (w *world) startServers() {
	if w.line.servers != nil {
		w.line.servers(w.t, w)
	}
	if w.databases.use == "" {
		w.databases.use = testdb.Postgres(w.t)
	}
	if w.databases.audit == "" {
		w.databases.audit = w.databases.use
	}
	if w.redisURL == "" && w.needsRedis() {
		w.startRedis(w.t)
	}
}

func (w *world) needsRedis() bool { return w.mode == "redis" || w.mode == "hybrid" }

// startRedis starts a Redis behind a proxy.
func (w *world) startRedis(t testing.TB, options ...string) {
	w.redis = testdb.RedisServer(t, options...)
	w.proxy = testdb.Proxy(t, w.redis.Addr())
	w.redisURL = "redis://" + w.proxy.Addr()
}

// startInstances makes all instances and starts the first ones. The very first migrates.
func (w *world) startInstances(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, finishing)
	defer cancel()
	flags := append([]string{"--telegram-token", token, "--telegram-api-url", w.api.URL(), "--telegram-updates", "webhook",
		"--telegram-webhook-secret", secret, "--database-url", w.databases.use, "--mode", w.mode, "--rate-limit", "0",
		"--log-format", "json"}, slices.Concat(w.line.flags, w.flags)...)
	if w.redisURL != "" {
		flags = append(flags, "--redis-url", w.redisURL)
	}
	for n := range max(1, w.instances) {
		var of kind
		if n < len(w.kinds) {
			of = w.kinds[n]
		}
		program, err := w.programs.of(of)
		if err != nil {
			return err
		}
		var wrong time.Duration
		if n < len(w.wrong) {
			wrong = w.wrong[n]
		}
		i, err := newServer(program, wrong, flags...)
		if err != nil {
			return err
		}
		w.running = append(w.running, i)
		if w.public {
			i.Args = append(i.Args, "--public-url", w.running[0].URL(""))
		}
		if w.first > 0 && n >= w.first {
			continue
		}
		if err := i.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// meet makes people with ids of their own. Others have theirs.
func (w *world) meet(people int, others ...*person) {
	base := int64(1_000_000_000) + rand.Int64N(1_000_000)*10_000 // #nosec G404 -- not a secret
	byID := map[int64]*person{}
	for n := range people {
		p := newPerson(w, base+int64(n), n)
		w.people, byID[p.id] = append(w.people, p), p
	}
	for _, p := range others {
		byID[p.id] = p
	}
	w.api.OnShow(func(chat int64, message int, text string, rows [][]telegramtest.Button) {
		if w.never != "" && strings.Contains(text, w.never) {
			w.complain("a card says: %s", strings.Join(strings.Fields(plain(text)), " "))
		}
		if p := byID[chat]; p != nil {
			p.chat.show(message, text, rows)
		}
	})
	w.api.OnRemove(func(chat int64, message int) {
		if p := byID[chat]; p != nil {
			p.chat.remove(message)
		}
	})
}

// post delivers an update as Telegram does to a load balancer: to a random running instance, until it is accepted. It
// calls failed after every other try, and returns false if ctx ends.
func (w *world) post(ctx context.Context, body []byte, failed func(refused bool)) bool {
	wait := 10 * time.Millisecond
	for {
		if i := w.any(); i != nil {
			status, reply, err := w.postTo(ctx, i, body)
			switch {
			case err == nil && status == http.StatusOK:
				w.mu.Lock()
				w.row.Acknowledged++
				w.mu.Unlock()
				if len(reply) > 2 {
					go w.api.Execute(reply)
				}
				return true
			case err == nil && status != http.StatusServiceUnavailable:
				w.complain("the webhook answered %d", status)
			}
			failed(err == nil)
		}
		if !pause(ctx, wait) {
			return false
		}
		wait = min(2*wait, 200*time.Millisecond)
	}
}

func (w *world) any() *server {
	var up []*server
	for _, i := range w.running {
		if i.up.Load() {
			up = append(up, i)
		}
	}
	if len(up) == 0 {
		return nil
	}
	return up[rand.IntN(len(up))] // #nosec G404 -- not a secret
}

func (w *world) postTo(ctx context.Context, i *server, body []byte) (status int, reply []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.URL("/telegram/webhook"), bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	res, err := w.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	reply, err = io.ReadAll(res.Body)
	return res.StatusCode, reply, err
}

// struck counts one fault.
func (w *world) struck() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.row.Times++
}

// complain adds a broken promise to the row, each text once.
func (w *world) complain(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	complaint := fmt.Sprintf(format, args...)
	if !slices.Contains(w.row.Wrong, complaint) {
		w.row.Wrong = append(w.row.Wrong, complaint)
	}
}

func (w *world) paused(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.row.Pauses = append(w.row.Pauses, d)
}

// lost counts an acknowledged answer that is asked again. again: it was given after the draft's first loss.
func (w *world) lost(p *person, allowed, again bool, how string) {
	allowed = allowed && w.row.May != "" || w.restores
	again = again && !w.restores // a restored backup brings back earlier drafts
	w.mu.Lock()
	if allowed && !again {
		w.row.Lost++
	} else {
		w.row.Broken++
	}
	if again {
		w.row.LostAgain++
	}
	w.mu.Unlock()
	if again || !allowed {
		w.tell(p, "lost: "+how)
	}
}

// resurrected counts an answer or a draft that came back. After a restored backup it counts as a loss.
func (w *world) resurrected(p *person, how string) {
	if w.restores {
		w.lost(p, true, false, how)
		return
	}
	w.mu.Lock()
	w.row.Resurrected++
	w.mu.Unlock()
	w.tell(p, "resurrected: "+how)
}

func (w *world) stuck(p *person) {
	w.mu.Lock()
	w.row.Stuck++
	w.mu.Unlock()
	c := p.chat.newest()
	w.tell(p, fmt.Sprintf("stuck; the card says %q", c.text))
}

// tell logs a fault with the person's latest actions.
func (w *world) tell(p *person, what string) {
	p.logf("%s", what)
	w.t.Logf("%s, %s, person %d: %s\n\t%s", w.mode, w.name, p.n, what, strings.Join(p.log, "\n\t"))
}

// look complains about instances that ended by themselves.
func (w *world) look() {
	for n, i := range w.running {
		if died := i.died.Load(); died != nil {
			w.complain("instance %d ended by itself; %s", n, *died)
		}
	}
}
