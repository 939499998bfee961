package dialog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/redisdrafts"
	"github.com/lockbay/lockbay/internal/testdb"
)

// shelf is a draft store in the process whose faults are at hand.
type shelf struct {
	mu     sync.Mutex
	now    func() time.Time
	values map[string]shelved
	away   bool
	onGet  func(name string) // called before a Get, without the lock
	ops    []string
}

type shelved struct {
	version int64
	value   string
	until   time.Time
}

func (s *shelf) enter(op, name string) error {
	s.mu.Lock()
	s.ops = append(s.ops, op+" "+name)
	if s.away {
		s.mu.Unlock()
		return fmt.Errorf("away: %w", dialog.ErrUnavailable)
	}
	return nil
}

func (s *shelf) Get(_ context.Context, name string) ([]byte, error) {
	s.mu.Lock()
	hook := s.onGet
	s.mu.Unlock()
	if hook != nil {
		hook(name)
	}
	if err := s.enter("get", name); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	v, ok := s.values[name]
	if !ok || !s.now().Before(v.until) {
		return nil, dialog.ErrNotFound
	}
	return []byte(v.value), nil
}

func (s *shelf) Put(_ context.Context, name string, version int64, value []byte, ttl time.Duration) error {
	if err := s.enter("put", name); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if version == 0 || s.values[name].version <= version {
		s.values[name] = shelved{version, string(value), s.now().Add(ttl)}
	}
	return nil
}

func (s *shelf) Delete(_ context.Context, names ...string) error {
	for _, name := range names {
		if err := s.enter("delete", name); err != nil {
			return err
		}
		delete(s.values, name)
		s.mu.Unlock()
	}
	return nil
}

// calls counts those whose name begins with op.
func (s *shelf) calls(op string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.ops {
		if strings.HasPrefix(o, op) {
			n++
		}
	}
	return n
}

// backend is a draft store and what may happen to it.
type backend struct {
	drafts  dialog.Drafts
	away    func(bool)
	flush   func()
	names   func() []string // without overtaken drafts, which are on their way out
	save    func()
	restore func() // comes back with what was saved
	garbage func(name string)
}

func doubled(clock *dialogtest.Clock) (backend, *shelf) {
	s := &shelf{now: clock.Now, values: map[string]shelved{}}
	locked := func(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }
	var saved map[string]shelved
	return backend{
		drafts: s,
		away:   func(on bool) { locked(func() { s.away = on }) },
		flush:  func() { locked(func() { clear(s.values) }) },
		names: func() (n []string) {
			locked(func() {
				for name, v := range s.values {
					if !fades(name, v.until.Sub(clock.Now())) {
						n = append(n, name)
					}
				}
			})
			slices.Sort(n)
			return n
		},
		save:    func() { locked(func() { saved = maps.Clone(s.values) }) },
		restore: func() { locked(func() { s.values = maps.Clone(saved) }) },
		garbage: func(name string) {
			locked(func() { s.values[name] = shelved{0, "garbage", clock.Now().Add(time.Hour)} })
		},
	}, s
}

// fades reports whether a value is a replaced draft.
func fades(name string, ttl time.Duration) bool {
	return strings.Contains(name, "}:") && ttl <= time.Hour
}

func onRedis(t *testing.T) backend {
	node := testdb.RedisServer(t)
	proxy := testdb.Proxy(t, node.Addr())
	s, err := redisdrafts.Open(t.Context(), "redis://"+proxy.Addr(), redisdrafts.Options{
		Timeout: patience, Breaker: redisdrafts.Breaker{Failures: 1 << 30, OpenFor: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	const prefix = "draft:"
	answers := func() {
		soon(t, "redis answers", func() bool {
			_, err := s.Get(context.Background(), "none")
			return errors.Is(err, dialog.ErrNotFound)
		})
	}
	answers()
	return backend{
		drafts: s,
		away: func(on bool) {
			if proxy.Refuse(on); !on {
				answers()
			}
		},
		flush: node.Flush,
		names: func() (names []string) {
			for _, key := range strings.Fields(node.Do("KEYS", prefix+"*")) {
				ms, _ := strconv.Atoi(node.Do("PTTL", key))
				if name := strings.TrimPrefix(key, prefix); !fades(name, time.Duration(ms)*time.Millisecond) {
					names = append(names, name)
				}
			}
			slices.Sort(names)
			return names
		},
		save:    node.Save,
		restore: func() { node.Stop(); node.Start(); answers() },
		garbage: func(name string) { node.Do("RPUSH", prefix+name, "of another type") },
	}
}

// counting counts the values that could not be put.
type counting struct {
	dialog.Drafts
	unwritten *atomic.Int64
}

func (c counting) Put(ctx context.Context, name string, version int64, value []byte, ttl time.Duration) error {
	err := c.Drafts.Put(ctx, name, version, value, ttl)
	if err != nil {
		c.unwritten.Add(1)
	}
	return err
}

// rehydrations are those of one process.
type rehydrations struct {
	mu   sync.Mutex
	list []dialog.Rehydration
}

func (r *rehydrations) add(one dialog.Rehydration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, one)
}

func (r *rehydrations) all() []dialog.Rehydration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

// world is a bot in which processes come and go over one store.
type world struct {
	*testing.T
	backend
	clock  *dialogtest.Clock
	memory *dialog.Memory
	store  *dialogtest.Faulty
	mode   func(owner string) dialog.Mode
	bot    *dialog.Engine
	boots  int
	inputs int
	owner  string
	reh    *rehydrations // of the present process

	timers    atomic.Int64 // rehydrations that timers caused, in all of them
	troubles  atomic.Int64 // told by all of them
	unwritten atomic.Int64 // values that the draft store did not take
}

// everywhere runs a test on the double and on a real Redis.
func everywhere(t *testing.T, mode dialog.Mode, f func(w *world)) {
	t.Helper()
	t.Run("double", func(t *testing.T) { w, _ := inDouble(t, mode); f(w) })
	t.Run("redis", func(t *testing.T) {
		w := newWorld(t, mode, dialogtest.NewClock(time.Time{}))
		w.backend = onRedis(t)
		w.restart()
		f(w)
	})
}

func inDouble(t *testing.T, mode dialog.Mode) (*world, *shelf) {
	w := newWorld(t, mode, dialogtest.NewClock(time.Time{}))
	b, s := doubled(w.clock)
	w.backend = b
	w.restart()
	return w, s
}

func newWorld(t *testing.T, mode dialog.Mode, clock *dialogtest.Clock) *world {
	w := &world{T: t, clock: clock, memory: dialog.NewMemory(), owner: "tg:1000001"}
	w.memory.SetNow(clock.Now)
	w.store = dialogtest.NewFaulty(w.memory)
	w.setMode(mode)
	return w
}

func (w *world) setMode(m dialog.Mode) { w.mode = func(string) dialog.Mode { return m } }

// process starts another one; it is killed, if ever, with the test.
func (w *world) process(instance string) *dialog.Engine {
	w.Helper()
	return w.told(instance, &rehydrations{})
}

// told is process with reh for its rehydrations.
func (w *world) told(instance string, reh *rehydrations) *dialog.Engine {
	w.Helper()
	drafts := w.drafts
	if drafts != nil {
		drafts = counting{drafts, &w.unwritten}
	}
	bot, err := dialog.New(w.store, dialog.Config{
		Instance: instance, Drafts: drafts, Now: w.clock.Now,
		Mode: func(owner string) dialog.Mode { return w.mode(owner) },
		Recorder: dialog.Recorder{
			Rehydrated: func(_ dialog.Key, r dialog.Rehydration) {
				if r.By == dialog.ByPerson {
					reh.add(r)
				} else {
					w.timers.Add(1)
				}
			},
			Trouble: func(string, error) { w.troubles.Add(1) },
		},
	}, pizza)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = bot.Close(context.Background()) })
	return bot
}

// restart is kill -9 and a new start.
func (w *world) restart() {
	w.Helper()
	w.boots++
	w.reh = &rehydrations{}
	w.bot = w.told(fmt.Sprintf("host.%d", w.boots), w.reh)
}

func (w *world) key() dialog.Key { return dialog.Key{Bot: "bot", Flow: "pizza", ID: w.owner} }

func (w *world) try(bot *dialog.Engine, kind dialog.Kind, name, text string) (dialog.Outcome, error) {
	w.inputs++
	return bot.Handle(w.Context(), dialog.Input{ID: fmt.Sprint(w.inputs), Kind: kind, Owner: w.owner, Name: name, Text: text})
}

func (w *world) say(text string) dialog.Outcome {
	w.Helper()
	kind, name := dialog.KindText, ""
	if cmd, ok := strings.CutPrefix(text, "/"); ok {
		kind, name, text = dialog.KindCommand, cmd, ""
	}
	out, err := w.try(w.bot, kind, name, text)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// at checks step and draft after a turn.
func (w *world) at(out dialog.Outcome, step string, want Order) {
	w.Helper()
	var got Order
	if len(out.Record.Answers) > 0 {
		if err := json.Unmarshal(out.Record.Answers, &got); err != nil {
			w.Fatal(err)
		}
	}
	if out.Record.Step != step || got != want {
		w.Fatalf("at %q with %+v, want %q with %+v", out.Record.Step, got, step, want)
	}
}

// row checks where the row says that its draft is, and that nothing else of it is in the row.
func (w *world) row(where dialog.Where) *dialog.Row {
	w.Helper()
	row, err := w.memory.Load(w.Context(), w.key())
	if err != nil {
		w.Fatal(err)
	}
	if row.Where != where || (len(row.Answers) > 0) != (where == dialog.InRow) {
		w.Fatalf("draft is in %v with %d bytes in the row, want %v", row.Where, len(row.Answers), where)
	}
	return row
}

// rebuilt checks the last rehydration of this process.
func (w *world) rebuilt(source dialog.Source, cause dialog.Cause, lost bool) {
	w.Helper()
	all := w.reh.all()
	if len(all) == 0 {
		w.Fatal("nothing was rebuilt")
	}
	if r := all[len(all)-1]; r.Source != source || r.Cause != cause || r.Lost != lost {
		w.Fatalf("rebuilt from %s because of %s, lost %v; want %s, %s, %v", r.Source, r.Cause, r.Lost, source, cause, lost)
	}
}

// eventually waits for a condition after the commit. Stats ends the waits that are over by the
// clock that the test has turned.
func (w *world) eventually(what string, ok func() bool) {
	w.Helper()
	defer func() {
		if w.Failed() && w.names != nil {
			w.Logf("names %q", w.names())
		}
	}()
	soon(w, what, func() bool { w.bot.Stats(); return ok() })
}

// patience bounds a hang, not a slow machine.
const patience = time.Minute

// soon waits until ok.
func soon(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(4 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// stays watches for a moment that a condition stays true. On a slow machine it may miss a
// fault; it reports no false one.
func stays(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(150 * time.Millisecond); time.Now().Before(end); time.Sleep(4 * time.Millisecond) {
		if !ok() {
			t.Fatalf("no longer so: %s", what)
		}
	}
}

func (w *world) copied(version int64) {
	w.Helper()
	before := int64(-1)
	w.eventually("the row is copied", func() bool {
		b, err := w.drafts.Get(context.Background(), "{"+w.key().String()+"}")
		if err != nil {
			return false
		}
		row, err := w.memory.Load(context.Background(), w.key())
		before = row.Version
		return err == nil && before == version && strings.Contains(string(b), string(row.Answers)) && len(row.Answers) > 0
	})
}
