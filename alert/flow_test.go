package alert_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/alert"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// rig is a chat and a webhook beside one store, in a bubble of time.
type rig struct {
	*testing.T
	store *dialog.Memory
	chat  *dialogtest.Chat

	mu     sync.Mutex
	down   bool
	heard  []string       // by the webhook
	keys   map[string]int // of what it heard
	refuse error          // of the chat
	sent   int            // new messages in the chat
}

// line is the chat, which may refuse.
type line struct {
	*dialogtest.Chat
	k *rig
}

func (l line) Show(ctx context.Context, s dialog.Showing) (string, error) {
	l.k.mu.Lock()
	err := l.k.refuse
	l.k.mu.Unlock()
	if err != nil {
		return "", err
	}
	if s.Message == "" {
		l.k.mu.Lock()
		l.k.sent++
		l.k.mu.Unlock()
	}
	return l.Chat.Show(ctx, s)
}

func begin(t *testing.T) *rig {
	return &rig{T: t, store: dialog.NewMemory(), chat: dialogtest.NewChat(time.Now), keys: map[string]int{}}
}

// engine is an instance, which runs until it is killed.
func (k *rig) engine(name string) (e *dialog.Engine, kill func()) {
	k.Helper()
	f := alert.New(alert.Config{At: dialog.Place{Channel: dialogtest.ChatName, Address: "1", Push: true}, Hook: func(_ context.Context, m alert.Message, key string) error {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.down {
			return errors.New("down")
		}
		k.heard, k.keys[key] = append(k.heard, m.State), k.keys[key]+1
		return nil
	}})
	e, err := dialog.New(k.store, dialog.Config{Instance: name, Recorder: dialog.Recorder{Trouble: func(string, error) {}}}, f)
	if err != nil {
		k.Fatal(err)
	}
	e.Attach(line{k.chat, k})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }()
	return e, func() { cancel(); <-done; _ = e.Close(context.Background()) }
}

func (k *rig) look(e *dialog.Engine, over bool, n int) {
	k.Helper()
	seen := alert.Lost(nil, time.Now())
	if over {
		var events []dialog.Event
		for i := range n {
			events = append(events, dialog.Event{Kind: dialog.EventLost, Mode: "database", Draft: fmt.Sprint(i), At: time.Now()})
		}
		seen = alert.Lost(events, time.Now())
	}
	if err := alert.Tell(context.Background(), e, &seen); err != nil {
		k.Fatal(err)
	}
}

// chatSays is what the newest message of the chat says, and how many were sent.
func (k *rig) chatSays() string {
	synctest.Wait()
	var last string
	for _, m := range k.chat.Messages("1") {
		last = m.Card.Progress + ": " + m.Card.Question
	}
	return last
}

func (k *rig) hears(want ...string) {
	k.Helper()
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	if strings.Join(k.heard, " ") != strings.Join(want, " ") {
		k.Errorf("the webhook heard %v, want %v", k.heard, want)
	}
}

// sends are how often the webhook heard of each change, by its key, and how many messages the chat got.
func (k *rig) sends() (heard map[string]int, chat int) {
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.keys), k.sent
}

func (k *rig) set(down bool, refuse error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down, k.refuse = down, refuse
}

// TestToldOnce: two instances look one after the other, again and again, and it is told once that it begins, and once that it is over.
func TestToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		a, killA := k.engine("a.1")
		b, killB := k.engine("b.1")
		both := func(over bool, n int) {
			for _, e := range []*dialog.Engine{a, b, a, b} {
				k.look(e, over, n)
			}
			time.Sleep(time.Minute)
		}
		both(false, 0)
		k.hears()
		both(true, 3)
		both(true, 3)
		k.hears("firing")
		if got := k.chatSays(); !strings.HasPrefix(got, "Alert: 3 drafts lost answers since") {
			t.Errorf("the chat says %q", got)
		}
		both(true, 5) // the newest figures stand in the same message
		if got := k.chatSays(); !strings.HasPrefix(got, "Alert: 5 drafts lost answers since") {
			t.Errorf("the chat says %q", got)
		}
		both(false, 0)
		k.hears("firing", "resolved")
		if got := k.chatSays(); !strings.HasPrefix(got, "Resolved: 5 drafts") {
			t.Errorf("the chat says %q", got)
		}
		if _, sent := k.sends(); sent != 2 {
			t.Errorf("%d messages were sent, want 2", sent)
		}
		killA()
		killB()
	})
}

// TestPatienceIsKept: since when something is wrong outlives the process, and so does since when it is right.
func TestPatienceIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		tell := func(over bool) {
			t.Helper()
			e, kill := k.engine("a." + time.Now().String())
			seen := alert.Seen{Name: alert.NameAbandonment, Over: over, What: dialog.Said{Code: "alert.abandonment", Args: map[string]string{"percent": "24", "low": "20", "high": "28"}}}
			if err := alert.Tell(context.Background(), e, &seen); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			kill()
		}
		tell(true)
		time.Sleep(3*time.Hour - time.Second)
		tell(true)
		k.hears()
		time.Sleep(time.Second)
		tell(true)
		k.hears("firing")
		tell(false)
		time.Sleep(24 * time.Hour)
		tell(false)
		k.hears("firing", "resolved")
	})
}

// TestNothingNew: a look that finds what is known writes nothing, also where two looked at once.
func TestNothingNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		e, kill := k.engine("a.1")
		seen := alert.Seen{Name: alert.NameLost, Over: true, What: dialog.Said{Code: "alert.lost", Args: map[string]string{"n": "1"}, Times: map[string]dialog.Moment{"since": dialog.At(time.Now())}}}
		for i, want := range []dialog.Did{dialog.DidApply, dialog.DidNothing} {
			in := alert.Look(e.Bot(), &seen)
			if out, err := e.Handle(context.Background(), in); err != nil || out.Did != want {
				t.Errorf("look %d: %s, %v", i, out.Did, err)
			}
			time.Sleep(time.Minute)
		}
		kill()
	})
}

// TestAtTheSameTime: of orders that two instances give at the same time one is told. An effect may be done by both, with the same
// key, by which the receiver knows it.
func TestAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		a, killA := k.engine("a.1")
		b, killB := k.engine("b.1")
		for _, over := range []bool{true, false} {
			seen := alert.Seen{Name: alert.NameLost, Over: over, What: dialog.Said{Code: "alert.lost", Args: map[string]string{"n": "1"}, Times: map[string]dialog.Moment{"since": dialog.At(time.Now())}}}
			var wg sync.WaitGroup
			for _, e := range []*dialog.Engine{a, b, a, b} {
				wg.Go(func() {
					if _, err := e.Handle(context.Background(), alert.Look("bot", &seen)); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			time.Sleep(time.Minute)
		}
		if heard, _ := k.sends(); len(heard) != 2 {
			t.Errorf("the webhook heard of %d changes, want 2: %v", len(heard), heard)
		}
		killA()
		killB()
	})
}

// TestWebhookDown: a webhook that is away for an hour hears everything once, in order, also from the next process.
func TestWebhookDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		k.set(true, &dialog.RetryAfter{After: 30 * time.Second}) // 429
		a, kill := k.engine("a.1")
		k.look(a, true, 1)
		time.Sleep(30 * time.Minute)
		k.look(a, false, 0)
		kill() // nothing was told yet
		k.hears()
		_, kill = k.engine("a.2")
		time.Sleep(30 * time.Minute)
		k.set(false, nil)
		time.Sleep(2 * time.Hour)
		k.hears("firing", "resolved")
		if got := k.chatSays(); !strings.HasPrefix(got, "Resolved: 1 draft ") {
			t.Errorf("the chat says %q", got)
		}
		heard, _ := k.sends()
		for key, n := range heard {
			if n != 1 {
				t.Errorf("%s was sent %d times", key, n)
			}
		}
		kill()
	})
}

// TestWebhookFlaps: a webhook that is away while an alert comes and goes hears what it was being told, and then how things are.
func TestWebhookFlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		k.set(true, nil)
		a, kill := k.engine("a.1")
		for range 20 {
			k.look(a, true, 1)
			time.Sleep(time.Minute)
			k.look(a, false, 0)
			time.Sleep(time.Minute)
		}
		k.set(false, nil)
		time.Sleep(time.Hour)
		k.hears("firing", "resolved")
		kill()
	})
}

// TestChatBlocked: a chat that blocks the bot holds up nothing, and gets the next change.
func TestChatBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		k.set(false, dialog.ErrBlocked) // 403
		a, kill := k.engine("a.1")
		k.look(a, true, 1)
		time.Sleep(time.Minute)
		k.hears("firing")
		k.set(false, nil)
		k.look(a, false, 0)
		time.Sleep(time.Minute)
		k.hears("firing", "resolved")
		if got := k.chatSays(); !strings.HasPrefix(got, "Resolved: 1 draft ") {
			t.Errorf("the chat says %q", got)
		}
		kill()
	})
}
