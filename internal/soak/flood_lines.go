package soak

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// settling bounds the wait until the program has answered what it will not receive.
const settling = time.Minute

// floods are all floods, in the order of the table.
func floods() []*flood {
	chat := bounds{ahead: 300, rows: 2, events: 1000, rss: 100, disk: 10}
	three := bounds{ahead: 900, rows: 6, events: 3000, rss: 100, disk: 10}
	network := bounds{rows: 1100, events: 4000, rss: 120, disk: 30}
	half := bounds{held: 600, rows: 1, events: 100, rss: 150, disk: 10}
	return []*flood{
		{name: "messages of one account", by: byPolling, many: 400, few: 400, attack: messages(1, nil), most: chat},
		{name: "messages of one account", by: byPolling, postgres: true, many: 400, few: 400, attack: messages(1, nil), most: chat},
		{name: "messages of one account", by: byWebhook, many: 400, few: 400, attack: messages(1, nil), most: chat},
		{name: "messages of three chats under 429", by: byPolling, many: 300, few: 300, attack: messages(3, rejectAll), most: three},
		{name: "messages of three chats under 429", by: byWebhook, many: 300, few: 300, attack: messages(3, rejectAll), most: three},
		{name: "newcomers of one /48", by: byPage, many: 20_000, few: 1200, attack: newcomers, most: network},
		{name: "newcomers of one /48", by: byPage, postgres: true, many: 20_000, few: 1200, attack: newcomers, most: network},
		{name: "half-sent bodies of one /48", by: byPage, many: 10_000, few: 1600, attack: halfSent(1), most: half},
		{name: "half-sent bodies of one /48", by: byWebhook, many: 10_000, few: 1600, attack: halfSent(1), most: half},
		{name: "half-sent bodies of as many networks", by: byPage, many: 8000, few: 1600, attack: halfSent(8000), most: bounds{rows: 1, events: 100, rss: 400, disk: 10}},
		{name: "refused texts of 64 KB", by: byPage, many: 4000, few: 400, attack: refusedTexts, most: network},
		{name: "refused texts of 64 KB", by: byPage, postgres: true, many: 4000, few: 400, attack: refusedTexts, most: network},
	}
}

// messages keeps f.size messages of so many accounts waiting for the program.
func messages(accounts int, prepare func(f *flooding, chat int64)) func(context.Context, *flooding) {
	return func(ctx context.Context, f *flooding) {
		var people []*telegramtest.Person
		mine := map[int64]bool{}
		for n := range accounts {
			p := f.api.Person(3_000_000_000+int64(n), "", "Flood")
			people, mine[p.ID] = append(people, p), true
			if prepare != nil {
				prepare(f, p.ID)
			}
		}
		for n := 0; ; {
			waiting := 0
			for _, u := range f.api.Pending() {
				if mine[u.ChatID] {
					waiting++
				}
			}
			for ; waiting < f.size; waiting++ {
				if !f.more(ctx) {
					return
				}
				people[n%accounts].Say(fmt.Sprintf("message %d", n))
				n++
			}
			f.all()
			pause(ctx, 20*time.Millisecond)
		}
	}
}

// rejectAll answers each call to a chat with 429.
func rejectAll(f *flooding, chat int64) {
	fault := telegramtest.TooManyRequests(30)
	fault.Chat = chat
	fault.Match = func(telegramtest.Call) bool { f.rejected.Add(1); return true }
	f.api.FailAlways("", fault)
}

// crowd runs do in so many goroutines until the flood ends.
func (f *flooding) crowd(ctx context.Context, workers int, do func(n int)) {
	var wg sync.WaitGroup
	for n := range workers {
		wg.Go(func() {
			for ; f.more(ctx); n += workers {
				if do(n); f.sent.Load() >= int64(f.size) {
					f.all()
				}
			}
		})
	}
	wg.Wait()
}

// count counts the answer to an input of the flood.
func (f *flooding) count(v *visitor, err error) {
	switch {
	case err != nil || v.status == http.StatusTooManyRequests || v.status == http.StatusServiceUnavailable:
		f.rejected.Add(1)
	default:
		f.served.Add(1)
	}
}

// newcomers are people of one network, each with an address and a first visit of its own, who begin an escrow.
func newcomers(ctx context.Context, f *flooding) {
	by := &http.Transport{MaxIdleConnsPerHost: 32}
	defer by.CloseIdleConnections()
	f.crowd(ctx, 32, func(n int) {
		v := &visitor{f: f, floods: true, from: fmt.Sprintf("2001:db8:1:%x::%x", n%0x10000, n), client: visiting(by)}
		err := v.ask(ctx, http.MethodGet, nil)
		if err == nil && v.status == http.StatusOK {
			err = v.ask(ctx, http.MethodPost, v.form("action", "create"))
		}
		if ctx.Err() == nil {
			f.count(v, err)
		}
	})
}

// refusedTexts are answers to the first question: forms of 60 KB, and of more than a form may have.
func refusedTexts(ctx context.Context, f *flooding) {
	by := &http.Transport{MaxIdleConnsPerHost: 32}
	defer by.CloseIdleConnections()
	const people = 32
	writers := make([]*visitor, people)
	letters := make([]rune, 5000) // of 12 bytes each in a form
	for i := range letters {
		letters[i] = 'а' + rand.Int32N(32) // #nosec G404 -- not a secret
	}
	long := string(letters)
	f.crowd(ctx, people, func(n int) {
		v := writers[n%people]
		if v == nil {
			v = &visitor{f: f, floods: true, from: fmt.Sprintf("2001:db8:1:%x::1", n), client: visiting(by)}
			if v.begin(ctx, "Step 1 ") != nil {
				return
			}
			writers[n%people] = v
		}
		page := v.page
		form := v.form("text", fmt.Sprint(n, long))
		if n%4 == 3 {
			form.Set("text", fmt.Sprint(n, long, long, long))
		}
		err := v.ask(ctx, http.MethodPost, form)
		if ctx.Err() == nil {
			f.count(v, err)
		}
		if v.status != http.StatusUnprocessableEntity {
			v.page = page
		}
	})
}

// halfSent are posts of so many networks whose body stops in the middle: forms, large ones, and bodies that nobody asked
// for. A connection that the program closes is opened again, unless the post was answered.
func halfSent(networks int) func(context.Context, *flooding) {
	return func(ctx context.Context, f *flooding) {
		var wg, first sync.WaitGroup
		dials := make(chan struct{}, 64)
		for n := range f.size {
			first.Add(1)
			begun := sync.OnceFunc(first.Done)
			wg.Go(func() {
				defer begun()
				for f.more(ctx) && !f.half(ctx, n, networks, dials, begun) {
				}
			})
		}
		first.Wait()
		f.settle(ctx)
		f.all()
		wg.Wait()
	}
}

// settle waits until the program holds no more inputs than it may.
func (f *flooding) settle(ctx context.Context) {
	for until := time.Now().Add(settling); f.most.held > 0 && f.held.Load() > f.most.held && time.Now().Before(until); {
		if !pause(ctx, 20*time.Millisecond) {
			break
		}
	}
	f.mu.Lock()
	f.row.Held = f.held.Load()
	f.mu.Unlock()
}

// half sends a part of a post, calls sent, and waits for the end of the connection. Of many networks all posts are forms,
// for the peak of memory.
func (f *flooding) half(ctx context.Context, n, networks int, dials chan struct{}, sent func()) (answered bool) {
	from := fmt.Sprintf("2001:db8:%x:%x::1", n%networks, n)
	head, length := "POST / HTTP/1.1", 4000
	switch kind := n % 8; {
	case n%16 == 1:
		length = 65_000
	case networks > 1:
	case kind == 2:
		head = "POST /telegram/webhook HTTP/1.1"
	case kind == 3:
		head, length = "POST /telegram/webhook HTTP/1.1", 65_000
	case kind == 4:
		head = "GET /healthz HTTP/1.1"
	case kind == 5:
		head = "PUT /nowhere HTTP/1.1"
	}
	f.held.Add(1)
	defer f.held.Add(-1)
	dials <- struct{}{}
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", f.server.Addr)
	if err == nil {
		defer func() { _ = c.Close() }()
		defer context.AfterFunc(ctx, func() { _ = c.Close() })()
		_, err = fmt.Fprintf(c, "%s\r\nHost: %s\r\nX-Forwarded-For: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
			head, f.server.Addr, from, length, url.Values{"text": {strings.Repeat("x", length-100)}}.Encode())
	}
	<-dials
	sent()
	if err != nil {
		pause(ctx, 100*time.Millisecond)
		return false
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	f.rejected.Add(1)
	return true
}
