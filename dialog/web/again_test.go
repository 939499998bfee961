package web

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// A form with the id of an earlier one and other content is judged by its revision: as
// an answer on the current card, as an earlier form on a later one. Its text is never
// dropped in silence.
func TestSameFormOtherText(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	back := b.page // a browser may bring it back with another text
	b.post(back.with("text", "B"))
	b.want(422, "who")
	b.follow(b.post(back.with("text", "Bob"))) // the corrected text
	b.want(200, "count", `<dd data-field="who"><bdi>Bob</bdi></dd>`)
	b.post(back.with("text", "Eve"))
	b.want(409, "count", "Eve", `<dd data-field="who"><bdi>Bob</bdi></dd>`)
	b.post(back.with("action", "cancel"))
	b.want(409, "count")
	for _, nothing := range []string{"", " ", "\u200b"} { // Continue without a text: there is nothing to quote
		if s := b.post(back.with("text", nothing)); s.status != 409 || strings.Contains(s.body, "had typed") {
			t.Errorf("%q: %d\n%s", nothing, s.status, s.body)
		}
	}
	for _, sent := range []string{"Bob", "Eve"} { // again: the same answer, nothing new
		before := w.rows()
		if s := b.post(back.with("text", sent)); s.status != http.StatusSeeOther || w.rows() != before {
			t.Errorf("%s again: %d\n%s", sent, s.status, w.rows())
		}
	}
}

// Whatever is sent in whatever order from pages that were kept: an answer is applied once,
// repeats change nothing, and a text that is not applied is on the page that answers.
func TestKeptPages(t *testing.T) {
	const seed, steps = 7, 300
	rnd := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t)
	b := w.visit().open()
	pages := []sheet{b.page}
	sent := map[string]bool{}
	for i := range steps {
		b.get("/")
		if b.page.draft == "" || b.page.step == "review" {
			b.post(b.page.with("action", "restart"))
			b.get("/")
			continue
		}
		pages = append(pages, b.page)
		page := pages[max(0, len(pages)-1-rnd.IntN(6))]
		text := []string{"Bob", "7", "x", "large", "Eve", "12"}[rnd.IntN(6)] + strings.Repeat("!", rnd.IntN(2))
		id := page.form.Get("input_id") + text
		before := w.rows()
		s := b.post(page.with("text", text))
		switch {
		case sent[id]:
			if w.rows() != before {
				t.Fatalf("step %d: %q again changed something: %d", i, text, s.status)
			}
		case s.status == 303 || s.status == 422:
			if page.revision != b.revisionBefore(pages) {
				t.Fatalf("step %d: %q of an earlier card was answered %d", i, text, s.status)
			}
		case s.status != 409 || !strings.Contains(s.body, text):
			t.Fatalf("step %d: %q: %d\n%s", i, text, s.status, s.body)
		}
		sent[id] = true
	}
}

// revisionBefore is the revision that was current before the last post.
func (b *client) revisionBefore(pages []sheet) string { return pages[len(pages)-1].revision }

// A form that an older program took is known by its id alone.
func TestFormOfAnOlderProgram(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	form := b.page.with("text", "Bob")
	in := dialog.Input{ID: "w:" + form.Get("input_id"), Kind: dialog.KindText, Text: "Bob", Owner: w.ownerOf(b), Bound: true, Draft: b.page.draft}
	if _, err := fmt.Sscan(b.page.revision, &in.Revision); err != nil {
		t.Fatal(err)
	}
	if out, err := w.engine.Handle(t.Context(), in); err != nil || out.Did != dialog.DidApply {
		t.Fatal(out.Did, err)
	}
	if s := b.post(form); s.status != http.StatusSeeOther {
		t.Errorf("status %d", s.status)
	}
	b.get("/")
	b.want(200, "count")
}
