package console_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/dialog"
)

// watched is a log that notes what is read of it.
type watched struct {
	dialog.EventLog
	most int // events of one page
	all  int
}

func (l *watched) Events(ctx context.Context, q dialog.EventQuery) ([]dialog.Event, error) {
	list, err := l.EventLog.Events(ctx, q)
	l.most, l.all = max(l.most, len(list)), l.all+len(list)
	return list, err
}

// crowd is a console over many events of one person: drafts of 40 events, of which ten are of the same millisecond.
func crowd(t *testing.T, drafts int) (*world, *watched) {
	t.Helper()
	log := &watched{}
	w := newWorld(t, func(c *console.Config) { log.EventLog, c.Log = c.Log, log })
	var events []dialog.Event
	for i := range drafts {
		begin := at.Add(-time.Duration(drafts-i) * 53 * time.Minute)
		for n := range 40 {
			e := dialog.Event{Kind: dialog.EventRefused, Key: "lockbay:escrow:tg:4829142", Draft: fmt.Sprintf("draft%d", i), Step: "amount_input", Cause: fmt.Sprintf("code_%d_%d", i, n), Instance: "bay.1", At: begin.Add(time.Duration(n/10) * time.Second)}
			if n == 0 {
				e.Kind = dialog.EventStarted
			}
			events = append(events, e)
		}
	}
	if _, err := w.memory.Commit(t.Context(), &dialog.Batch{Events: events}); err != nil {
		t.Fatal(err)
	}
	return w, log
}

// TestConversationIsBounded: a page of a person with very many events reads its own draft, all of it, and leads to those before.
func TestConversationIsBounded(t *testing.T) {
	const drafts = 400
	w, log := crowd(t, drafts)
	o := w.operator().signIn()
	log.most, log.all = 0, 0
	o.get("/console/conversations").post("/console/conversations", "q", "tg:4829142").is(303)
	at := o.header.Get("Location")
	for i := drafts - 1; i > drafts-8; i-- {
		o.get(at).is(200, fmt.Sprintf("Draft draft%d", i))
		for n := 1; n < 40; n++ {
			if count := strings.Count(o.page, fmt.Sprintf("code %d %d<", i, n)); count != 1 {
				t.Fatalf("the page of draft %d has its event %d %d times", i, n, count)
			}
		}
		if at = o.match(`href="([^"]*before=[^"]*)"`); at == "" {
			t.Fatalf("nothing leads to what was before draft %d:\n%s", i, o.page)
		}
	}
	if log.most > 600 || log.all > 20_000 {
		t.Errorf("8 pages read %d events, %d at once, of %d", log.all, log.most, drafts*40)
	}
	o.get("/console/conversations/draft3").is(200, "Draft draft3", "code 3 39")
	if strings.Contains(o.page, "code 2 39") || strings.Contains(o.page, "code 4 1<") {
		t.Error("the page of a draft has turns of another one")
	}
	if o.get("/console/conversations/" + strings.Repeat("x", 10)); o.status != 404 {
		t.Errorf("a draft that nobody began: %d", o.status)
	}
}

// TestAuditIsBounded: the audit goes back page by page, and each order is on one page.
func TestAuditIsBounded(t *testing.T) {
	log := &watched{}
	w := newWorld(t, func(c *console.Config) { log.EventLog, c.Log = c.Log, log })
	const orders = 1500
	var events []dialog.Event
	for n := range orders { // two days without any, and two weeks of them: 25 to a millisecond
		events = append(events, dialog.Event{Kind: dialog.EventOrdered, Key: fmt.Sprintf("lockbay:deal:ESC-%d", n), Cause: fmt.Sprintf("order_%d", n), Source: "cli",
			At: at.Add(-48 * time.Hour).Add(-time.Duration(n/25) * 5 * time.Hour)})
	}
	if _, err := w.memory.Commit(t.Context(), &dialog.Batch{Events: events}); err != nil {
		t.Fatal(err)
	}
	o := w.operator().signIn()
	seen, pages, last := map[string]int{}, 0, 0
	for path := "/console/audit"; path != ""; pages++ {
		o.get(path).is(200)
		for _, m := range regexp.MustCompile(`Order ([0-9]+)<`).FindAllStringSubmatch(o.page, -1) {
			if n, _ := strconv.Atoi(m[1]); n/25 < last {
				t.Fatalf("order %d comes after an older one", n)
			} else {
				last = n / 25
			}
		}
		for n := range orders {
			if name := fmt.Sprintf("Order %d<", n); strings.Contains(o.page, name) {
				seen[name]++
			}
		}
		path = o.match(`href="([^"]*before=[^"]*)"`)
	}
	if len(seen) != orders || pages < orders/400 || pages > 40 {
		t.Errorf("%d pages have %d of %d orders", pages, len(seen), orders)
	}
	for name, n := range seen {
		if n != 1 {
			t.Errorf("%s is on %d pages", name, n)
		}
	}
	if log.most > 500 {
		t.Errorf("%d events were read at once", log.most)
	}
}

// TestRevealReadsOnce: a reveal finds the draft of its address once, and shows the turns of the draft whose answers it shows.
func TestRevealReadsOnce(t *testing.T) {
	var asked int
	w := newWorld(t, func(c *console.Config) {
		c.Log = asks{c.Log, func(q dialog.EventQuery) {
			if q.Draft != "" {
				asked++
			}
		}}
		c.Head = func(context.Context, dialog.Key) (dialog.Head, error) {
			return dialog.Head{Draft: "draft1", Step: "amount_input"}, nil
		}
	})
	var events []dialog.Event
	for i := range 3 {
		events = append(events, dialog.Event{Kind: dialog.EventStarted, Key: "lockbay:escrow:tg:4829142", Draft: fmt.Sprintf("draft%d", i), At: at.Add(time.Duration(i-9) * time.Minute)})
	}
	if _, err := w.memory.Commit(t.Context(), &dialog.Batch{Events: events}); err != nil {
		t.Fatal(err)
	}
	o := w.operator().signIn()
	o.get("/console/conversations/draft1").is(200)
	read := asked
	o.post("/console/conversations/draft1", "reason", "support").is(200, "@anna_ceramics")
	if asked != 2*read {
		t.Errorf("a reveal looks for its draft %d times, and the page %d times", asked-read, read)
	}
	o.get("/console/conversations").post("/console/conversations", "q", "tg:4829142").is(303)
	thread := o.header.Get("Location")
	o.get(thread).is(200, "Draft draft2")
	o.post(thread, "reason", "support").is(200, "@anna_ceramics", "Draft draft1")
}

// TestSignOutIsHeard: each page asks for what was signed out since the last one, not for all of 12 hours.
func TestSignOutIsHeard(t *testing.T) {
	var asked []dialog.EventQuery
	w := newWorld(t, func(c *console.Config) {
		c.Log = asks{c.Log, func(q dialog.EventQuery) { asked = append(asked, q) }}
	})
	o := w.operator().signIn()
	asked = nil
	w.advance(time.Hour)
	o.get("/console/stores").is(200)
	w.advance(time.Hour)
	o.get("/console/stores").is(200)
	if len(asked) != 2 || asked[1].From.Before(at.Add(50*time.Minute)) {
		t.Errorf("asked %+v", asked)
	}
}

// asks is a log that tells what it is asked.
type asks struct {
	dialog.EventLog
	tell func(dialog.EventQuery)
}

func (l asks) Events(ctx context.Context, q dialog.EventQuery) ([]dialog.Event, error) {
	l.tell(q)
	return l.EventLog.Events(ctx, q)
}
