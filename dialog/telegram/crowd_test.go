package telegram

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

func TestCrowd(t *testing.T) {
	type chats struct {
		quiet, loud, fine int           // chats with a 429 after one card, after three, with none
		within            time.Duration // between the first 429 and the last
	}
	for name, x := range map[string]struct {
		chats
		want bool
	}{
		"nine":                    {chats{quiet: 9}, false},
		"ten":                     {chats{quiet: 10}, true},
		"ten within 2 s":          {chats{quiet: 10, within: 1900 * time.Millisecond}, true},
		"ten within 3 s":          {chats{quiet: 10, within: 3 * time.Second}, true},
		"ten within 10 s":         {chats{quiet: 10, within: 10 * time.Second}, false},
		"a hundred that are loud": {chats{loud: 100}, false},
		"nine, and many loud":     {chats{quiet: 9, loud: 100}, false},
		"ten, and many loud":      {chats{quiet: 10, loud: 100}, true},
		"ten of nineteen":         {chats{quiet: 10, fine: 9}, true},
		"ten of twenty":           {chats{quiet: 10, fine: 10}, false},
		"fifty of thousands":      {chats{quiet: 50, fine: 5000}, false},
		"a thousand of 1900":      {chats{quiet: 1000, fine: 900}, true},
	} {
		p, pass := still()
		for chat := range int64(x.fine) {
			p.answer(10_000 + chat)
		}
		for chat := range int64(x.loud) {
			for range quietMost + 1 {
				p.answer(20_000 + chat)
			}
			p.pause(20_000+chat, time.Second)
		}
		for chat := range int64(x.quiet) {
			p.answer(30_000 + chat)
		}
		for chat := range int64(x.quiet) {
			p.pause(30_000+chat, time.Second)
			if chat < int64(x.quiet)-1 {
				pass(x.within / time.Duration(x.quiet-1))
			}
		}
		if on := p.crowd.on(p.now()); on != x.want {
			t.Errorf("%s: %v", name, on)
		}
	}
}

// A crowd ends after a minute, unless as many chats get a 429 again.
func TestCrowdEnds(t *testing.T) {
	p, pass := crowded(t)
	pass(crowdFor - time.Millisecond)
	if !p.crowd.on(p.now()) {
		t.Error("it is over too early")
	}
	pass(time.Millisecond)
	if p.crowd.on(p.now()) {
		t.Error("it is not over")
	}
	p, pass = crowded(t)
	pass(time.Second)
	for chat := range int64(crowdLeast - 1) {
		p.pause(100+chat, time.Second)
	}
	if want := p.now().Add(crowdFor - time.Second); !p.crowd.until.Equal(want) {
		t.Errorf("nine more make it last %v longer", p.crowd.until.Sub(want))
	}
	p.pause(200, time.Second)
	if want := p.now().Add(crowdFor); !p.crowd.until.Equal(want) {
		t.Errorf("it ends %v from now, want a minute", p.crowd.until.Sub(p.now()))
	}
}

// A chat that got a 429 after many cards is loud until it is no longer spaced.
func TestCrowdOfTheLoud(t *testing.T) {
	p, pass := still()
	for chat := range int64(2 * crowdLeast) {
		for range quietMost + 1 {
			p.answer(chat + 1)
		}
		p.pause(chat+1, 10*time.Second)
	}
	for range 20 {
		pass(10 * time.Second)
		for chat := range int64(2 * crowdLeast) {
			if _, ok := p.answer(chat + 1); !ok {
				t.Fatal("the pause does not end")
			}
			p.pause(chat+1, 10*time.Second)
		}
		if p.crowd.on(p.now()) {
			t.Fatal("they make a crowd")
		}
	}
	pass(10*time.Second + spacedFor) // the spacing ends
	for chat := range int64(2 * crowdLeast) {
		p.answer(chat + 1)
		p.pause(chat+1, 10*time.Second)
	}
	if !p.crowd.on(p.now()) {
		t.Error("they never make a crowd again")
	}
}

// A group has its own limit, 20 messages a minute, so its 429 means the group.
func TestCrowdOfGroups(t *testing.T) {
	p, _ := still()
	for chat := range int64(5 * crowdLeast) {
		p.answer(-1000 - chat)
		p.pause(-1000-chat, time.Second)
	}
	if p.crowd.on(p.now()) {
		t.Error("they make a crowd")
	}
}

// limitedServer takes rate calls a second in all, and answers the others with 429 and
// retry_after 3.
type limitedServer struct {
	rate  float64
	takes time.Duration // duration of a call

	mu       sync.Mutex
	last     time.Time
	tokens   float64
	rejected int
	calls    map[string]int
}

func (s *limitedServer) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(s.takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	s.calls[method]++
	now := time.Now()
	if s.last.IsZero() {
		s.tokens = s.rate
	}
	s.tokens = min(s.rate, s.tokens+s.rate*now.Sub(s.last).Seconds())
	s.last = now
	code, body := 200, `{"ok":true,"result":true}`
	if s.tokens < 1 {
		s.rejected++
		code, body = 429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 3","parameters":{"retry_after":3}}`
	} else {
		s.tokens--
		if method == "sendMessage" {
			body = `{"ok":true,"result":{"message_id":7}}`
		}
	}
	return &http.Response{StatusCode: code, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: r}, nil
}

// Two thousand chats get a card at once from a server that takes 30 calls a second.
func TestStorm(t *testing.T) {
	const chats = 2000
	for name, x := range map[string]struct {
		takes   time.Duration
		removes bool // the old message is removed after the new one is sent
	}{
		"calls that take no time":   {0, false},
		"calls that take a while":   {100 * time.Millisecond, false},
		"calls that take long":      {2 * time.Second, false},
		"cards that replace others": {100 * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &limitedServer{rate: 30, takes: x.takes, calls: map[string]int{}}
				c := bare(t, dialog.NewMemory(), func(cfg *Config) { cfg.APIURL, cfg.Transport = "http://server.example", s })
				began := time.Now()
				var wg sync.WaitGroup
				for chat := range chats {
					wg.Go(func() {
						place := dialog.Place{Address: itoa(1000 + 200*chat)}
						for {
							_, err := c.Show(t.Context(), dialog.Showing{Place: place, Card: dialog.Card{Question: "Hm?"}})
							var after *dialog.RetryAfter
							if !errors.As(err, &after) {
								if err != nil {
									t.Error(err)
								}
								break
							}
							time.Sleep(after.After)
						}
						if x.removes {
							_ = c.Remove(context.WithoutCancel(t.Context()), place, "6")
						}
					})
				}
				wg.Wait()
				took := time.Since(began)
				t.Logf("%v, %v, %d rejected", took, s.calls, s.rejected)
				if took > 100*time.Second {
					t.Errorf("the last card comes after %v; the server alone needs %v", took, chats/30*time.Second)
				}
				if s.rejected > chats+chats/4 { // every chat may send once before the first 429 arrives
					t.Errorf("%d calls are rejected", s.rejected)
				}
			})
		})
	}
}
