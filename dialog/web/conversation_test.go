package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// parcels gives a visitor so many parcels, the last one a minute ago.
func (w *world) parcels(owner string, n int) {
	w.t.Helper()
	now := w.engine.Now()
	for i := range n {
		id := fmt.Sprintf("PARCEL-%05d", i*7919%n) // keys say nothing of the time
		row := &dialog.Row{Head: dialog.Head{
			Key: dialog.Key{Bot: "Shop", Flow: "parcel", ID: id}, Owner: owner, Draft: id, Step: "under_way", Version: 1, Tag: 1,
			Revision: 1, Format: 1, Created: now.Add(time.Duration(i-n) * time.Minute),
		}}
		if _, err := w.store.Commit(w.t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) ownerOf(b *client) string {
	w.t.Helper()
	rows, err := w.store.Store.List(w.t.Context(), dialog.Query{Flow: "order"})
	if err != nil || len(rows) != 1 {
		w.t.Fatal(rows, err)
	}
	return rows[0].Owner
}

// A page costs as many reads with 10,000 conversations as with ten: the visitor's own, a
// page of the newest others, and the one that was opened. The draft is found, and so are
// the newest others and an old one.
func TestManyConversations(t *testing.T) {
	for _, n := range []int{10, 10_000} {
		w := newWorld(t)
		b := w.visit().open()
		b.say("Ann")
		b.want(200, "count")
		w.parcels(w.ownerOf(b), n)
		reads := func(most int) {
			t.Helper()
			l, g, r := w.store.lists.Load(), w.store.loads.Load(), w.store.rows.Load()
			b.get("/")
			if l, g, r = w.store.lists.Load()-l, w.store.loads.Load()-g, w.store.rows.Load()-r; l != 1 || g > 2 || r > maxBeside+1 {
				t.Errorf("%d parcels: %d lists of %d rows and %d loads for one GET", n, l, r, g)
			}
			if got := strings.Count(b.page.body, `value="status:PARCEL-`); got != most {
				t.Errorf("%d parcels: %d are listed", n, got)
			}
		}
		reads(min(n, maxBeside))
		b.want(200, "count", fmt.Sprintf("status:PARCEL-%05d", (n-1)*7919%n), fmt.Sprintf("status:PARCEL-%05d", (n-10)*7919%n))
		oldest := "PARCEL-00000"
		b.post(b.page.with("action", "status:"+oldest))
		b.get("/")
		if b.page.draft != oldest {
			t.Errorf("%d parcels: the oldest one does not open: %s", n, b.page.draft)
		}
		reads(min(n, maxBeside) - 1) // beside the draft
		b.tap("resume")
		b.want(200, "count")
	}
}

// A conversation opened from the list that has gone, or that is another visitor's, shows
// the visitor's own.
func TestOpenedIsGone(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	w.parcels(w.ownerOf(b), 30)
	for _, id := range []string{"PARCEL-99999", "PARCEL-", "nonsense"} {
		b.head = http.Header{"Cookie": {"shop-look=" + id}}
		if b.get("/"); b.page.step != "who" {
			t.Errorf("%s: at %q", id, b.page.step)
		}
	}
}

// After Confirm the page shows what it started, also if a second tab sends a button or a
// text of the review. That tab reads that the review is over, above what it started.
func TestSecondTabAfterConfirm(t *testing.T) {
	for name, values := range map[string][]string{"a button": {"action", "edit:who"}, "a text": {"text", "Berta"}, "Back": {"action", "back"}} {
		w := newWorld(t)
		b := w.visit().open()
		b.say("Ann")
		b.say("3")
		b.say("small")
		review := b.page
		b.tap("confirm")
		b.want(200, "under_way")
		parcel := b.page.draft
		if got := b.post(review.with(values[0], values[1])); got.status != http.StatusConflict || got.draft != parcel {
			t.Errorf("%s of the review: %d with %q, want what the draft has become", name, got.status, got.draft)
		}
		b.get("/")
		b.want(200, "under_way")
		b.tap("create") // the next draft is shown
		b.want(200, "who")
	}
}
