package web

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	forms "github.com/lockbay/lockbay/dialog/form"
	"github.com/lockbay/lockbay/internal/browser"
)

// noteForm asks for a line, and for a text of several lines.
func noteForm() forms.Form[order] {
	f := orderForm()
	note := forms.Text("note", "What is in it?", func(o *order) *string { return &o.What }, forms.Length(2, 400))
	note.Pose = func(_ *order, _ dialog.View, c *dialog.Card) { c.Field = &dialog.Field{Long: true} }
	f.Questions = []forms.Question[order]{f.Questions[0], note}
	return f
}

// A meeting is of a person who is at the field of a question, and of another window of theirs.
type meeting struct {
	question string // who: an input, note: a textarea
	does     string // the person at the field
	other    string // what becomes of the draft in the other window meanwhile
}

func meetings(does ...string) (all []meeting) {
	for _, question := range []string{"who", "note"} {
		for _, d := range does {
			for _, other := range []string{"other answer", "other answer, open again", "same answer", "cancelled", "confirmed"} {
				all = append(all, meeting{question, d, other})
			}
		}
	}
	return all
}

func (m meeting) String() string { return m.question + ", " + m.does + ", " + m.other }

const (
	wasThere = "Bob and Eve" // the answer before
	theirs   = "Zoe"         // of the other window
	typed    = "Anna and Léa 安奈"
)

// ready is a draft whose question is open again, and its window.
func (m meeting) ready(t *testing.T) (*world, *client) {
	w := newWorldOf(t, noteForm())
	b := w.visit().open()
	b.say(wasThere)
	b.say(wasThere)
	b.tap("edit:" + m.question)
	b.want(200, m.question)
	return w, b
}

// elsewhere is what the other window does.
func (m meeting) elsewhere(b *client) {
	b.get("/")
	switch m.other {
	case "other answer":
		b.say(theirs)
	case "other answer, open again":
		b.say(theirs)
		b.tap("edit:" + m.question)
	case "same answer":
		b.say(typed)
	case "cancelled":
		b.tap("cancel")
	case "confirmed":
		b.tap("continue")
		b.tap("confirm")
	}
}

// outcome checks what became of the draft after the form was sent: no answer is overwritten that its author has not seen.
func (m meeting) outcome(t *testing.T, w *world, b *client) {
	t.Helper()
	answer, step := map[string]string{"other answer": theirs, "same answer": typed}[m.other], "review"
	switch m.other {
	case "other answer, open again":
		step, answer = m.question, theirs
	case "cancelled":
		step, answer = "", ""
	case "confirmed":
		step, answer = "under_way", ""
	}
	b.get("/")
	if b.page.step != step || answer != "" && !strings.Contains(b.page.body, ">"+answer+"<") {
		t.Errorf("at %q, want %q and %q:\n%s", b.page.step, step, answer, b.page.body)
	}
	if n := strings.Count(w.rows(), "parcel"); n != strings.Count(m.other, "confirmed") {
		t.Errorf("%d parcels", n)
	}
}

// TestMeetings: whatever a person does in a field while another window changes the draft, no character is lost, and no answer
// is overwritten unseen.
func TestMeetings(t *testing.T) {
	br := browser.Start(t)
	for _, m := range meetings("typing", "selection", "composing", "undo") {
		t.Run(m.String(), func(t *testing.T) {
			w, b := m.ready(t)
			tab := w.beside(b, br, browser.Desktop)
			tab.Wait(`document.querySelector("#text").matches(":focus")`)
			browser.Eval[bool](tab, `(f => { f.mine = true; f.select() })(document.querySelector("#text")), true`)
			half := len(typed) / 2
			tab.Insert(typed[:half])
			before, after := m.hands(tab, typed[half:])
			before()
			m.elsewhere(b)
			browser.Eval[bool](tab, count)
			asks(tab, `answered`)
			after(t)
			if got := browser.Eval[string](tab, `(f => f.mine + f.value)(document.querySelector("#text"))`); got != "true"+typed {
				t.Fatalf("the field has %q", got)
			}
			if got := browser.Eval[int](tab, `document.querySelectorAll("#band a").length`); got != 1 {
				t.Error("no band says what has changed")
			}
			browser.Eval[bool](tab, count)
			tab.Tap("#answer .go")
			tab.Wait(`answered && (document.querySelector("#text")?.mine ?? false) === false`)
			browser.Eval[bool](tab, count)
			asks(tab, `answered`)
			kept := browser.Eval[string](tab, `document.querySelector("#text")?.value + document.body.innerText`)
			if !strings.Contains(kept, typed) {
				t.Errorf("the text is lost:\n%s", kept)
			}
			m.outcome(t, w, b)
		})
	}
}

// hands are what a person does before and after the other window changes the draft. Afterwards the field has all of the text.
func (m meeting) hands(tab *browser.Tab, rest string) (before func(), after func(t *testing.T)) {
	const at = `(f => [f.value, f.selectionStart, f.selectionEnd, f.selectionDirection, document.activeElement == f].join("|"))(document.querySelector("#text"))`
	switch m.does {
	case "typing":
		return func() {}, func(*testing.T) { tab.Insert(rest) }
	case "selection":
		was := ""
		return func() {
				tab.Insert(rest + "xyz")
				was = browser.Eval[string](tab, `(f => f.setSelectionRange(f.value.length - 3, f.value.length, "backward"))(document.querySelector("#text")), `+at)
			}, func(t *testing.T) {
				if got := browser.Eval[string](tab, at); got != was {
					t.Errorf("the selection is %q, was %q", got, was)
				}
				tab.Press("\b") // deletes what is selected
			}
	case "composing":
		return func() { tab.Compose("x") }, func(t *testing.T) {
			if got := browser.Eval[int](tab, `document.querySelectorAll("#band").length`); got > 0 {
				t.Error("the page moved while composing")
			}
			tab.Composed(rest)
			tab.Wait(`document.querySelector("#band")`)
		}
	default: // undo
		was := ""
		return func() {
				was = tab.Value("#text")
				tab.Insert(rest)
			}, func(t *testing.T) {
				browser.Eval[bool](tab, `document.execCommand("undo")`)
				if got := tab.Value("#text"); got != was {
					t.Errorf("undo made %q, want %q", got, was)
				}
				browser.Eval[bool](tab, `document.execCommand("redo")`)
			}
	}
}

// TestMeetingsWithoutScript: the same forms without a script.
func TestMeetingsWithoutScript(t *testing.T) {
	for _, m := range meetings("sending") {
		t.Run(m.String(), func(t *testing.T) {
			w, b := m.ready(t)
			form := b.page.with("text", typed)
			m.elsewhere(b)
			s := b.post(form)
			if m.other != "same answer" && (s.status != 409 || !strings.Contains(s.body, typed)) {
				t.Errorf("%d, and the text is lost:\n%s", s.status, s.body)
			}
			m.outcome(t, w, b)
		})
	}
}
