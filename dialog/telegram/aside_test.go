package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// diary is a flow whose draft is the list of all texts in order.
type diary struct{ quiz }

func (diary) Decide(t *dialog.Turn) {
	r := t.Record
	if r.Step == "" {
		r.Step, r.Draft = "name", t.ID(6)
	}
	r.Answers = append(r.Answers[:len(r.Answers):len(r.Answers)], t.Input.Text+" "...)
	t.Applied()
}

// gate lets a number of Anna's inputs pass.
type gate struct{ left atomic.Int64 }

func (g *gate) open() { g.left.Store(1 << 40) }

func (g *gate) around(_ *rig, cfg *Config) {
	cfg.allow = func(owner string) bool { return owner != "tg:1000001" || g.left.Add(-1) >= 0 }
}

// stuck is a bot with a diary that handles none of Anna's inputs until the gate opens.
func stuck(t *testing.T, wrap ...func(dialog.Store) dialog.Store) (*rig, *gate) {
	t.Helper()
	g := &gate{}
	r := start(t, false, nil, wrap...)
	r.end()
	r.flow = diary{}
	r.bot(false, g.around)
	return r, g
}

// says lets Anna write the words n to to-1, and returns all words from 0 on.
func (r *rig) says(n, to int) (all string) {
	for i := range to {
		if i >= n {
			r.anna.Say(fmt.Sprintf("w%d", i))
		}
		all += fmt.Sprintf("w%d ", i)
	}
	return all
}

// rows returns the rows of updates set aside.
func (r *rig) rows() []*dialog.Row {
	r.t.Helper()
	rows, err := r.store.List(context.Background(), dialog.Query{Bot: "bot", Flow: dialog.AsideFlow, Deep: true})
	if err != nil {
		r.t.Fatal(err)
	}
	return rows
}

func (r *rig) passed() {
	r.t.Helper()
	r.eventually("nothing is left at the server", func() bool { return len(r.Pending()) == 0 })
}

// wrote waits until the diary is complete and no row is left.
func (r *rig) wrote(want string) {
	r.t.Helper()
	r.eventually("the diary is whole", func() bool { return len(r.record().Answers) >= len(want) })
	r.eventually("no row is left", func() bool { return len(r.rows()) == 0 })
	r.passed()
	if got := string(r.record().Answers); got != want {
		r.t.Errorf("the diary is\n%s, want\n%s", got, want)
	}
}

// The stuck updates of one person delay none of 150 others, and the next process
// handles them.
func TestManyBesideAStuckOne(t *testing.T) {
	t.Parallel()
	g := &gate{}
	r := start(t, false, g.around)
	r.anna.Say("/start")
	r.anna.Say("Anna")
	var others []*telegramtest.Person
	for i := range int64(150) {
		p := r.Person(2000000+i, "", "P")
		p.Say("/start")
		others = append(others, p)
	}
	for _, p := range others {
		p.WaitText(patience, "Step 1")
	}
	r.passed()
	rows := r.rows()
	if len(rows) != 1 || rows[0].Owner != "tg:1000001" || rows[0].Key.ID != r.ch.bot+":tg:1000001" {
		t.Fatalf("%d rows are set aside, want Anna's", len(rows))
	}
	if _, err := dialog.Decode(rows[0]); !errors.Is(err, dialog.ErrSchemaNewer) || rows[0].Due != 0 || rows[0].Step != "" {
		t.Errorf("the row can be taken for a conversation: %v, due %d", err, rows[0].Due)
	}
	r.end() // the process dies
	r.bot(false, nil)
	r.oneCard("Step 2")
	r.eventually("the row is gone", func() bool { return len(r.rows()) == 0 })
}

// A flood of one person delays nobody and fills at most one row, and the person is
// told once of dropped updates.
func TestFlood(t *testing.T) {
	t.Parallel()
	g := &gate{}
	g.left.Store(20)
	r := start(t, false, g.around)
	for i := range 400 {
		r.anna.Say(fmt.Sprint("/start ", i))
	}
	last := r.Person(3000000, "", "Last")
	last.Say("/start")
	last.WaitText(patience, "Step 1")
	r.passed()
	told := func() (n int) {
		for _, m := range cards(r.anna) {
			n += strings.Count(m.Text, "faster than it can be read")
		}
		return n
	}
	r.eventually("what was not kept is told", func() bool { return told() > 0 })
	rows := r.rows()
	if len(rows) != 1 || len(rows[0].Answers) > asideMost || len(rows[0].Answers) < asideMost/2 {
		t.Fatalf("%d rows, want one that is nearly full: %d bytes", len(rows), len(rows[0].Answers))
	}
	g.open()
	r.eventually("the flood is worked off", func() bool { return len(r.rows()) == 0 })
	if n := told(); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// The next process tells a person whom a dead process had still to tell.
func TestToldByTheNext(t *testing.T) {
	t.Parallel()
	r, g := stuck(t)
	works := r.FailAlways("sendMessage", telegramtest.BadGateway())
	long := strings.Repeat("x", 4000)
	for range 20 {
		r.anna.Say(long)
	}
	r.passed()
	r.eventually("tried", func() bool { return r.Count("sendMessage") > 0 })
	r.end()
	works()
	r.bot(false, g.around)
	r.eventually("told", func() bool { return strings.Contains(r.anna.Transcript(), "faster than it can be read") })
	g.open()
	r.eventually("worked off", func() bool { return len(r.rows()) == 0 })
}

// The same holds if the row was written again during the tries.
func TestToldByTheNextOfALaterRow(t *testing.T) {
	t.Parallel()
	r, g := stuck(t)
	works := r.FailAlways("sendMessage", telegramtest.BadGateway())
	long := strings.Repeat("x", 4000)
	for range 20 {
		r.anna.Say(long)
	}
	r.passed()
	r.eventually("tried", func() bool { return r.Count("sendMessage") > 0 })
	r.anna.Say(long)
	r.passed()
	r.end()
	works()
	r.bot(false, g.around)
	r.eventually("told", func() bool { return strings.Contains(r.anna.Transcript(), "faster than it can be read") })
	g.open()
	r.eventually("worked off", func() bool { return len(r.rows()) == 0 })
}

// A paused chat is told after the pause.
func TestToldAfterThePause(t *testing.T) {
	t.Parallel()
	r, g := stuck(t)
	r.ch.pace.pause(1000001, time.Hour)
	for range 20 {
		r.anna.Say(strings.Repeat("x", 4000))
	}
	r.eventually("set aside", func() bool { return len(r.rows()) == 1 })
	r.passed()
	r.stays("nothing is sent in the pause", func() bool { return r.Count("sendMessage") == 0 })
	r.end()
	r.bot(false, g.around) // without the pause
	r.eventually("told", func() bool { return strings.Contains(r.anna.Transcript(), "faster than it can be read") })
}

// More than 32 messages behind one set aside are handled after it, also when several
// processes die.
func TestOrderBehindWhatWasSetAside(t *testing.T) {
	t.Parallel()
	r, g := stuck(t)
	r.says(0, 1)
	r.eventually("set aside", func() bool { return len(r.rows()) == 1 })
	r.says(1, 25)
	r.passed()
	r.end()
	r.bot(false, g.around)
	want := r.says(25, 41)
	r.passed()
	g.left.Store(7)
	r.eventually("some are handled", func() bool { return g.left.Load() < 0 })
	r.end()
	r.bot(false, g.around)
	g.open()
	r.wrote(want)
}

// An update that the server sends again, because its poller died before it confirmed,
// is in the row once.
func TestSetAsideOnce(t *testing.T) {
	t.Parallel()
	s := &hooked{}
	r, g := stuck(t, s.around)
	s.on(func(do func() error) error { _ = do(); return errAway }, nil)
	r.says(0, 40)
	r.eventually("set aside", func() bool { return len(r.rows()) == 1 })
	r.end()
	s.on(nil, nil)
	r.bot(false, g.around)
	want := r.says(40, 41)
	r.passed()
	if n := r.updates(); n != 41 {
		t.Errorf("%d updates are set aside, want 41", n)
	}
	g.open()
	r.wrote(want)
}

// The row has few handled updates: to the next poller they are duplicates.
func TestRowFollowsWhatIsHandled(t *testing.T) {
	t.Parallel()
	r, g := stuck(t)
	want := r.says(0, 60)
	r.passed()
	for _, left := range []int64{20, 15, 5} {
		g.left.Store(left)
		r.eventually("some are handled", func() bool { return g.left.Load() < 0 })
		r.eventually("the row follows", func() bool { return r.updates()-handledMost < 60-strings.Count(string(r.record().Answers), " ") })
	}
	g.open()
	r.wrote(want)
}

// updates counts the updates set aside.
func (r *rig) updates() (n int) {
	r.t.Helper()
	for _, row := range r.rows() {
		var content asideContent
		if err := json.Unmarshal(row.Answers, &content); err != nil {
			r.t.Fatal(err)
		}
		n += len(content.Updates)
	}
	return n
}

// A lane without updates is forgotten, when no worker and no row needs it any more.
func TestLanesAreForgotten(t *testing.T) {
	for name, x := range map[string]struct {
		lane       *lane
		kept, ripe bool
	}{
		"empty":      {&lane{}, false, false},
		"an update":  {&lane{jobs: []*job{{}}}, true, false},
		"a worker":   {&lane{running: true}, true, false},
		"a row":      {&lane{aside: aside{stamp: dialog.Stamp{Version: 1}}}, true, true},
		"a write":    {&lane{aside: aside{write: &asideWrite{}}}, true, true},
		"a new lane": {&lane{owner: "replaced"}, true, false},
	} {
		p := &poller{lanes: map[string]*lane{"": x.lane, "replaced": {}}, ripe: make(chan struct{}, 1)}
		p.leave(x.lane)
		if kept, ripe := len(p.lanes) == 2, len(p.ripe) == 1; kept != x.kept || ripe != x.ripe {
			t.Errorf("%s: kept %v, ripe %v", name, kept, ripe)
		}
	}
}
