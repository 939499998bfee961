package dialog_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// tamper changes the row behind the engine's back, as another version would.
func (w *world) tamper(change func(r *dialog.Row)) {
	w.Helper()
	row, err := w.memory.Load(w.Context(), w.key())
	if err != nil {
		w.Fatal(err)
	}
	before := row.Stamp()
	change(row)
	row.Version, row.Tag = row.Version+1, row.Tag+1
	done, err := w.memory.Commit(w.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: before, After: row}}})
	if err != nil || done.Verdicts[0] != dialog.Applied {
		w.Fatal(done.Verdicts, err)
	}
}

func alone(t *testing.T, mode dialog.Mode) *world {
	w := newWorld(t, mode, dialogtest.NewClock(time.Time{}))
	w.restart()
	return w
}

// A record of a newer version stays untouched. For a minute the sender is told to come
// again, so that a newer instance can take the input; then the person is told.
func TestNewerIsParked(t *testing.T) {
	for name, change := range map[string]func(r *dialog.Row){
		"unknown step":   func(r *dialog.Row) { r.Step = "toppings" },
		"newer draft":    func(r *dialog.Row) { r.Schema = 2 },
		"newer record":   func(r *dialog.Row) { r.Format = 99 },
		"unknown record": func(r *dialog.Row) { r.State = []byte("{") },
	} {
		t.Run(name, func(t *testing.T) {
			w := alone(t, dialog.Database)
			w.say("/create")
			w.say("large")
			w.tamper(change)
			before := w.row(dialog.InRow)
			w.restart()
			for range 3 {
				if _, err := w.try(w.bot, dialog.KindText, "", "2"); !errors.Is(err, dialog.ErrSchemaNewer) {
					t.Fatalf("%v; want to be told to come again", err)
				}
				w.clock.Advance(20 * time.Second)
				w.inputs-- // it is sent again
			}
			out := w.say("2")
			if out.Did != dialog.DidPark || out.Toast == nil || out.Toast.Code != "newer" {
				t.Fatalf("%v %+v; want parked, and told", out.Did, out.Toast)
			}
			if card := w.bot.Render(out.Record, dialog.View{}); card.Question == "" {
				t.Error("no card")
			}
			if after := w.row(dialog.InRow); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("touched:\n%v\n%v", before, after)
			}
			if name != "unknown record" {
				if err := w.bot.Forget(t.Context(), w.key()); !errors.Is(err, dialog.ErrSchemaNewer) {
					t.Errorf("forgotten: %v", err)
				}
			}
			in := dialog.Input{ID: "1", Kind: dialog.KindCommand, Name: "create", Owner: "tg:2"}
			if out, err := w.bot.Handle(t.Context(), in); err != nil || out.Record.Step != "size" {
				t.Errorf("somebody else: %v", err)
			}
			if list := w.kinds("failed"); len(list) != 1 || list[0].Source != "newer" || list[0].Key != w.key().String() {
				t.Errorf("the log has %v", list)
			}
		})
	}
}

// beside is an older version that serves beside a newer one.
type beside struct {
	*world
	newer *dialog.Engine
}

func besideNewer(t *testing.T) *beside {
	w := &beside{world: alone(t, dialog.Database)}
	form := pizza
	form.Version, form.Migrate = 2, func(_ int, old []byte) ([]byte, error) { return old, nil }
	bot, err := dialog.New(w.store, dialog.Config{Instance: "newer.1", Now: w.clock.Now}, form)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bot.Close(t.Context()) })
	w.newer = bot
	w.take(dialog.Input{ID: "create", Kind: dialog.KindCommand, Name: "create", Owner: w.owner})
	w.take(w.text("large"))
	return w
}

func (w *beside) text(text string) dialog.Input {
	w.inputs++
	return dialog.Input{ID: fmt.Sprint(w.inputs), Kind: dialog.KindText, Owner: w.owner, Text: text}
}

// take gives the newer version an input.
func (w *beside) take(in dialog.Input) dialog.Outcome {
	w.Helper()
	out, err := w.newer.Handle(w.Context(), in)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// reject gives the older version an input, which must come again.
func (w *beside) reject(in dialog.Input) {
	w.Helper()
	if out, err := w.bot.Handle(w.Context(), in); !errors.Is(err, dialog.ErrSchemaNewer) {
		w.Fatalf("input %s: %v, %v; want to be told to come again", in.ID, out.Did, err)
	}
}

// While an older and a newer version serve side by side, the older one never takes
// an input whose retry the newer one takes: each input has a minute of its own.
func TestOlderBesideNewer(t *testing.T) {
	for _, pause := range []time.Duration{time.Second, 25 * time.Second, time.Minute, 90 * time.Second} {
		t.Run(pause.String(), func(t *testing.T) {
			w := besideNewer(t)
			for range 20 {
				w.clock.Advance(pause)
				in := w.text("99")
				w.reject(in)
				w.clock.Advance(2 * time.Second)
				w.take(in)
			}
			in := w.text("2")
			w.reject(in)
			w.at(w.take(in), "address", Order{Size: "large", Count: 2})
		})
	}
}

// A newer version of the row shows that a newer instance is there: an input that was
// rejected before is rejected for another minute.
func TestNewerIsThere(t *testing.T) {
	w := besideNewer(t)
	in := w.text("2")
	for range 5 {
		w.reject(in)
		w.clock.Advance(40 * time.Second)
		w.reject(in)
		w.take(w.text("99"))
	}
	for range 4 {
		w.reject(in)
		w.clock.Advance(15 * time.Second)
	}
	if out, err := w.bot.Handle(t.Context(), in); err != nil || out.Did != dialog.DidPark {
		t.Errorf("%v, %v; nothing has moved for a minute, want parked", out.Did, err)
	}
}

// Each input has a minute of its own, also when no turn changes the row meanwhile.
func TestInputsAreCountedEach(t *testing.T) {
	w := besideNewer(t)
	w.reject(w.text("2"))
	w.clock.Advance(70 * time.Second)
	w.reject(w.text("3"))
}

// A draft that cannot be decoded is kept as it is, and what is typed meanwhile
// is kept too.
func TestDamagedDraft(t *testing.T) {
	w := alone(t, dialog.Database)
	w.say("/create")
	w.say("large")
	damaged := `{"size":7}`
	w.tamper(func(r *dialog.Row) { r.Answers = []byte(damaged) })
	w.restart()
	out := w.say("2")
	w.at(out, "size", Order{Count: 2})
	if string(out.Record.Unread) != damaged || !out.Record.Lost || out.Record.Said.Code != "damaged" {
		t.Fatalf("aside %q, lost %v, said %+v", out.Record.Unread, out.Record.Lost, out.Record.Said)
	}
	out = w.say("small")
	w.at(out, "address", Order{Size: "small", Count: 2})
	if string(out.Record.Unread) != damaged {
		t.Errorf("aside %q", out.Record.Unread)
	}
}

// An input that another process has handled is a duplicate here, never a
// conflict that is applied a second time.
func TestDuplicateBeforeConflict(t *testing.T) {
	w := alone(t, dialog.Database)
	w.say("/create")
	in := dialog.Input{ID: "m1", Kind: dialog.KindText, Owner: w.owner, Text: "large"}
	other := w.process("other.1")
	if out, err := other.Handle(t.Context(), in); err != nil || out.Did != dialog.DidApply {
		t.Fatal(out.Did, err)
	}
	out, err := w.bot.Handle(t.Context(), in) // this one knows only of the row before
	if err != nil || out.Did != dialog.DidDuplicate {
		t.Fatalf("%v, %v; want a duplicate", out.Did, err)
	}
	w.at(out, "count", Order{Size: "large"})
}

// basket is a draft that shares memory with its copies, if it is not copied well.
type basket struct {
	Items []string `json:"items"`
	Paid  bool     `json:"paid"`
}

// A turn that is decided and lost leaves nothing in the draft that others read.
func TestDraftIsCopied(t *testing.T) {
	form := form.Form[basket]{Name: "shop", Version: 1, Submit: func(basket, *dialog.Turn) string { return "" },
		Questions: []form.Question[basket]{{Name: "item", Ask: "What?", Has: func(d *basket) bool { return d.Paid },
			Take: func(a form.Answer[basket]) form.Taken {
				a.Draft.Items = append(a.Draft.Items, a.Text)
				slices.Sort(a.Draft.Items)
				return form.StillOpen()
			},
			Show: func(d *basket, _ dialog.View) string { return strings.Join(d.Items, " ") }}}}
	store := dialogtest.NewFaulty(dialog.NewMemory())
	bot, err := dialog.New(store, dialog.Config{}, form)
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close(t.Context())
	var out dialog.Outcome
	for i, text := range []string{"", "d", "c", "b"} {
		in := dialog.Input{ID: fmt.Sprint(i), Kind: dialog.KindText, Owner: "tty:ann", Text: text}
		if text == "" {
			in.Kind, in.Name = dialog.KindCommand, "create"
		}
		if out, err = bot.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	shown := out.Record
	store.Next(dialogtest.Commit, 1, dialogtest.Fault{Before: dialogtest.ErrFault})
	if _, err := bot.Handle(t.Context(), dialog.Input{ID: "x", Kind: dialog.KindText, Owner: "tty:ann", Text: "a"}); err == nil {
		t.Fatal("the store failed")
	}
	d, err := form.Draft(shown)
	if got := strings.Join(d.Items, " "); err != nil || got != "b c d" {
		t.Errorf("the committed draft is %q now, %v", got, err)
	}
}

// ticket is a flow whose conversations have ids of their own.
type ticket struct{}

func (ticket) FlowName() string                               { return "ticket" }
func (ticket) Match(id string) bool                           { return strings.HasPrefix(id, "T-") }
func (ticket) Decide(t *dialog.Turn)                          { t.Say("plain", nil) }
func (ticket) Render(*dialog.Record, dialog.View) dialog.Card { return dialog.Card{Question: "ticket"} }

// counter starts a ticket for every text: of two numbers, so that some are taken.
type counter struct{ decided *int }

func (counter) FlowName() string { return "counter" }
func (counter) Render(*dialog.Record, dialog.View) dialog.Card {
	return dialog.Card{Question: "counter"}
}
func (c counter) Decide(t *dialog.Turn) {
	*c.decided++
	id := fmt.Sprint("T-", t.Random()%4)
	t.Start(&dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: t.Input.Key.Bot, Flow: "ticket", ID: id},
		Owner: t.Record.Owner, Draft: id, Step: "open"}}, false)
}

// A start whose key is taken is decided again, and what has an id of its own is
// neither made by asking for it nor shown to anybody else.
func TestStarts(t *testing.T) {
	decided := 0
	memory := dialog.NewMemory()
	bot, err := dialog.New(memory, dialog.Config{}, counter{&decided}, ticket{})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close(t.Context())
	ids := map[string]bool{}
	for i := range 4 {
		out, err := bot.Handle(t.Context(), dialog.Input{ID: fmt.Sprint(i), Kind: dialog.KindText, Owner: "tty:ann", Text: "next"})
		if err != nil {
			t.Fatal(err)
		}
		ids[out.Record.Started] = true
	}
	if len(ids) != 4 || decided < 4 {
		t.Errorf("started %v in %d decisions", ids, decided)
	}
	for _, c := range []struct {
		owner, draft string
		did          dialog.Did
	}{{"tty:bob", "T-1", dialog.DidForeign}, {"tty:bob", "T-9", dialog.DidForeign}, {"tty:ann", "T-9", dialog.DidForeign}, {"tty:ann", "T-1", dialog.DidApply}} {
		in := dialog.Input{ID: "tap " + c.owner, Kind: dialog.KindTap, Owner: c.owner, Name: "look", Bound: true, Draft: c.draft, Revision: 1}
		out, err := bot.Handle(t.Context(), in)
		if err != nil || out.Did != c.did || (out.Record == nil) != (c.did == dialog.DidForeign) {
			t.Errorf("%s taps %s: %v, %v", c.owner, c.draft, out.Did, err)
		}
	}
	if _, err := memory.Load(t.Context(), dialog.Key{Bot: "bot", Flow: "ticket", ID: "T-9"}); !errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("a ticket was made by asking for it: %v", err)
	}
}
