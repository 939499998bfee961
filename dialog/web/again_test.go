package web

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
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
	b.want(409, "who", `value="Eve"`, ">Keep Bob<")
	b.post(back.with("action", "cancel"))
	b.want(409, "count")
	for _, nothing := range []string{"", " ", "\u200b"} { // Continue without a text: there is nothing to quote
		if s := b.post(back.with("text", nothing)); s.status != 409 || strings.Contains(s.body, "had typed") {
			t.Errorf("%q: %d\n%s", nothing, s.status, s.body)
		}
	}
	for sent, want := range map[string]int{"Bob": http.StatusSeeOther, "Eve": http.StatusConflict} { // again: the same answer, nothing new
		before := w.rows()
		if s := b.post(back.with("text", sent)); s.status != want || w.rows() != before {
			t.Errorf("%s again: %d\n%s", sent, s.status, w.rows())
		}
	}
}

// Whatever is sent in whatever order from pages that were kept: an answer is applied once, to
// the question of its page; repeats change nothing; no answer is overwritten that its page did
// not show; and a text that is not applied is on the page that answers.
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
		current := b.page
		pages = append(pages, current)
		page := pages[max(0, len(pages)-1-rnd.IntN(6))]
		text := []string{"Bob", "7", "x", "large", "Eve", "12"}[rnd.IntN(6)] + strings.Repeat("!", rnd.IntN(2))
		id := page.form.Get("input_id") + text
		before, was := w.rows(), w.answer(b, page.step)
		s := b.post(page.with("text", text))
		now := w.answer(b, page.step)
		switch {
		case sent[id]:
			if w.rows() != before {
				t.Fatalf("step %d: %q again changed something: %d", i, text, s.status)
			}
		case s.status == 303 && (now != text || page.draft != current.draft):
			t.Fatalf("step %d: %q is not the answer of %s, which is %q", i, text, page.step, now)
		case s.status == 303 && was != "" && was != now && (page.step != current.step || page.form.Get("base") != current.form.Get("base")):
			t.Fatalf("step %d: %q overwrites %q, which its page did not show", i, text, was)
		case s.status == 303, s.status == 422 && strings.Contains(s.body, text):
			if s.status == 422 && now != was {
				t.Fatalf("step %d: refused, and %q became %q", i, was, now)
			}
		case s.status != 409 || !strings.Contains(s.body, text):
			t.Fatalf("step %d: %q: %d\n%s", i, text, s.status, s.body)
		}
		sent[id] = true
	}
}

// answer is what the draft of a visitor has for a question, "" for nothing.
func (w *world) answer(b *client, question string) string {
	w.t.Helper()
	rec, _, err := w.engine.Hydrate(w.t.Context(), w.engine.Route(&dialog.Input{Owner: w.ownerOf(b)}))
	if err != nil {
		w.t.Fatal(err)
	}
	var o order
	if len(rec.Answers) > 0 {
		if err := json.Unmarshal(rec.Answers, &o); err != nil {
			w.t.Fatal(err)
		}
	}
	count := ""
	if o.Count > 0 {
		count = strconv.Itoa(o.Count)
	}
	return map[string]string{"who": o.Who, "count": count, "size": o.Size}[question]
}

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
