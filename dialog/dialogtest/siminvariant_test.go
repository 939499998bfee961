package dialogtest

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// invariants hold after every turn that the store has written: was is the record before
// (version 0: none), now the record after, at the store's clock. Each has a positive name,
// with which the simulation fails.
var invariants = []struct {
	name  string
	holds func(was, now *dialog.Record, at time.Time) bool
}{
	{"a turn has the next version and a tag of its own", func(was, now *dialog.Record, _ time.Time) bool {
		return now.Version == was.Version+1 && now.Tag != 0 && now.Tag != was.Tag
	}},
	{"anew ≤ card ≤ version, and neither falls", func(was, now *dialog.Record, _ time.Time) bool {
		return was.Anew <= now.Anew && was.Card <= now.Card && now.Anew <= now.Card && now.Card <= now.Version
	}},
	{"the revision counts changes of draft, answers, step and open question", func(was, now *dialog.Record, _ time.Time) bool {
		if len(now.Seats) > 0 { // answers are what all have added
			return was.Revision <= now.Revision && (now.Revision > was.Revision || now.Step == was.Step && now.Open == was.Open)
		}
		if was.Version == 0 || now.Revision == was.Revision+1 {
			return now.Revision >= 0 && now.Revision <= now.Version
		}
		return now.Revision == was.Revision && now.Step == was.Step && now.Open == was.Open && !redrafted(was, now)
	}},
	{"the draft tag is of the turn that last changed the draft", func(was, now *dialog.Record, _ time.Time) bool {
		if redrafted(was, now) || was.Version == 0 && now.DraftTag != 0 {
			return now.DraftTag == now.Tag
		}
		return now.DraftTag == was.DraftTag
	}},
	{"updated moves forward, up to now", func(was, now *dialog.Record, at time.Time) bool {
		return !now.Updated.Before(was.Updated) && !now.Updated.After(at)
	}},
	{"an owner stays", func(was, now *dialog.Record, _ time.Time) bool {
		return was.Owner == "" || now.Owner == was.Owner
	}},
	{"at most 32 inputs are remembered, the last ones", func(was, now *dialog.Record, _ time.Time) bool {
		kept := was.Seen[max(0, len(was.Seen)+2-32):] // a turn adds two at most
		return len(now.Seen) <= 32 && !slices.Contains(now.Seen, 0) && (len(kept) == 0 || slices.Contains(now.Seen, kept[len(kept)-1]))
	}},
	{"a series has at most 32 numbers, ascending, above its floor", func(_, now *dialog.Record, _ time.Time) bool {
		return len(now.Series) <= 4*(1+len(now.Seats)) && !slices.ContainsFunc(now.Series, func(h dialog.Handled) bool {
			return len(h.Window) == 0 || len(h.Window) > 32 || h.Window[0] <= h.Floor || !ascending(h.Window)
		})
	}},
	{"at most 8 places, each once", func(_, now *dialog.Record, _ time.Time) bool {
		return len(now.Places) <= 8 && distinct(now.Places, func(p dialog.Place) string { return p.Channel + " " + p.Address + " " + p.Seat })
	}},
	{"a place is released up to a version that there was", func(_, now *dialog.Record, _ time.Time) bool {
		return !slices.ContainsFunc(now.Places, func(p dialog.Place) bool { return p.Released < 0 || p.Released > now.Version })
	}},
	{"a seat has a card of this conversation, and none falls", func(was, now *dialog.Record, _ time.Time) bool {
		for i, s := range now.Seats {
			if s.Anew > s.Card || s.Card > now.Version || s.Owner == "" || s.Owner == now.Owner {
				return false
			}
			if len(was.Seats) > i && (s.Role != was.Seats[i].Role || s.Card < was.Seats[i].Card || s.Revision < was.Seats[i].Revision) {
				return false
			}
		}
		return len(now.Seats) >= len(was.Seats)
	}},
	{"timers and effects have names and ids of their own", func(_, now *dialog.Record, _ time.Time) bool {
		return distinct(now.Timers, func(t dialog.Timer) string { return t.Name }) &&
			distinct(now.Pending, func(e dialog.PendingEffect) string { return e.ID })
	}},
}

// broken is the first invariant that fails; empty: all hold.
func broken(was, now *dialog.Record, at time.Time) string {
	for _, i := range invariants {
		if !i.holds(was, now, at) {
			return i.name
		}
	}
	return ""
}

func redrafted(was, now *dialog.Record) bool {
	return was.Draft != now.Draft || !bytes.Equal(was.Answers, now.Answers)
}

func ascending(list []int64) bool {
	return slices.IsSorted(list) && len(slices.Compact(slices.Clone(list))) == len(list)
}

func distinct[T any](list []T, name func(T) string) bool {
	names := map[string]bool{}
	for _, x := range list {
		names[name(x)] = true
	}
	return len(names) == len(list)
}

// Each invariant finds a record that breaks it, and says which it is.
func TestInvariants(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000)
	was := dialog.Record{Head: dialog.Head{Owner: "tg:1", Draft: "d", Version: 4, Tag: 4, DraftTag: 3, Revision: 2, Updated: at.Add(-time.Minute)},
		Answers: []byte("a"), Seen: []uint64{1, 2}, Card: 4, Anew: 3}
	good := was
	good.Version, good.Tag, good.Card, good.Updated, good.Seen = 5, 5, 5, at, []uint64{1, 2, 3}
	if name := broken(&was, &good, at); name != "" {
		t.Fatalf("a good turn breaks %q", name)
	}
	for i, spoil := range []func(r *dialog.Record){
		func(r *dialog.Record) { r.Version = 6 },
		func(r *dialog.Record) { r.Anew = 6 },
		func(r *dialog.Record) { r.Step = "elsewhere" },
		func(r *dialog.Record) { r.Answers, r.Revision = []byte("b"), 3 },
		func(r *dialog.Record) { r.Updated = at.Add(time.Millisecond) },
		func(r *dialog.Record) { r.Owner = "tg:2" },
		func(r *dialog.Record) { r.Seen = []uint64{3} },
		func(r *dialog.Record) { r.Series = []dialog.Handled{{Series: "s", Floor: 7, Window: []int64{7}}} },
		func(r *dialog.Record) { r.Places = make([]dialog.Place, 2) },
		func(r *dialog.Record) { r.Places = []dialog.Place{{Released: 6}} },
		func(r *dialog.Record) { r.Seats = []dialog.Seat{{Role: "s", Owner: "tg:1"}} },
		func(r *dialog.Record) { r.Timers = []dialog.Timer{{Name: "remind"}, {Name: "remind"}} },
	} {
		bad := good
		spoil(&bad)
		if name := broken(&was, &bad, at); name != invariants[i].name {
			t.Errorf("a record that breaks %q breaks %q", invariants[i].name, name)
		}
	}
}
