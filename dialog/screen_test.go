package dialog

import (
	"fmt"
	"strings"
	"testing"
)

var chatA = Place{Channel: "chat", Address: "a", Push: true}

func at(version int64, message string) Shown {
	return Shown{Channel: chatA.Channel, Address: chatA.Address, Version: version, Message: message}
}

// told is a screen in a line: state, version and message, what is certain, the heir.
func (v screen) told() string {
	out := fmt.Sprint(v.state, " ", v.Version, v.Message)
	if v.state == editing {
		out += fmt.Sprint(" sure ", v.sure)
	}
	if v.heir != "" {
		out += " to " + v.heir
	}
	if v.overwritten {
		out += " astray"
	}
	if v.older != "" {
		out += " over " + v.older
	}
	return out
}

// Each transition of a screen, from each state in which it differs. Its further results
// stand behind a bar.
func TestScreen(t *testing.T) {
	none := screen{Shown: at(0, "")}
	m5 := screen{Shown: at(5, "m"), state: shows}
	edit5 := screen{Shown: at(5, "m"), state: editing, sure: 5}
	doubt5 := screen{Shown: at(6, "m"), state: editing, sure: 5}
	given6 := screen{Shown: at(6, "m"), state: handed, heir: "deal"}
	astray6 := screen{Shown: at(6, "m"), state: handed, heir: "deal", overwritten: true}
	left5 := screen{Shown: at(5, "m"), state: handed}
	tap := screen{Shown: at(5, "20"), state: shows, older: "10"}

	begin := func(v int64) func(screen) string { return func(s screen) string { return s.begin(v).told() } }
	wrote := func(v int64, m string) func(screen) string {
		return func(s screen) string {
			s, old := s.wrote(v, m)
			return s.told() + " | " + strings.Join(old, " ")
		}
	}
	settle := func(s Shown, v int64) func(screen) string {
		return func(x screen) string { return x.settle(s, v).told() }
	}
	doubt := func(m string, v int64) func(screen) string {
		return func(s screen) string { return s.doubt(m, v).told() }
	}
	tapped := func(m string) func(screen) string { return func(s screen) string { return s.tapped(m).told() } }
	hand := func(v int64, m string) func(screen) string {
		return func(s screen) string {
			s, lost := s.hand(v, m, "deal", false)
			return s.told() + " | " + lost
		}
	}
	handHere := func(s screen) string {
		s, lost := s.hand(6, "m", "deal", true)
		return s.told() + " | " + lost
	}
	leave := func(n need) func(screen) string {
		return func(s screen) string {
			s, message := s.leave(n)
			return s.told() + " | " + message
		}
	}
	merge := func(base, now Shown) func(screen) string {
		return func(s screen) string {
			s, lost := s.merge(base, now)
			return s.told() + " | " + lost
		}
	}
	passOn := func(s screen) string {
		s, heir := s.passOn()
		return s.told() + " | " + heir
	}
	rewind := func(v int64) func(screen) string { return func(s screen) string { return s.rewind(v).told() } }

	for _, c := range []struct {
		name string
		from screen
		did  func(screen) string
		want string
	}{
		{"begin: no message is known", none, begin(6), "unknown 0"},
		{"begin: an edit may not arrive", m5, begin(6), "editing 5m sure 5"},
		{"begin: an older card than the row tells of", m5, begin(4), "editing 5m sure 4"},
		{"begin: an edit after one that may not have arrived", doubt5, begin(7), "editing 6m sure 5"},
		{"begin: not ours", given6, begin(7), "handed 6m to deal"},

		{"wrote: the first message", none, wrote(1, "m"), "editing 1m sure 1 | "},
		{"wrote: an edit", edit5, wrote(6, "m"), "editing 6m sure 6 | "},
		{"wrote: a new message replaces the old one", m5, wrote(6, "n"), "editing 6n sure 6 | m"},
		{"wrote: no message has a name", none, wrote(6, ""), "editing 6 sure 6 | "},
		{"wrote: over something newer in the same message", doubt5, wrote(4, "m"), "editing 6m sure 4 | "},
		{"wrote: something newer is elsewhere", m5, wrote(4, "n"), "shows 5m | n"},
		{"wrote: handed over meanwhile", given6, wrote(7, "m"), "handed 6m to deal | "},
		{"hand: here, after a call that has succeeded", edit5, handHere, "handed 6m to deal | "},
		{"hand: here, while a call may still arrive", m5.begin(6), handHere, "handed 6m to deal astray | "},
		{"hand: noted already, still to be passed on", astray6, hand(6, "m"), "handed 6m to deal astray | "},
		{"wrote: an old card, after the handover", given6, wrote(5, "n"), "handed 6m to deal | n"},
		{"wrote: a card of its own after the handover", given6, wrote(7, "n"), "editing 7n sure 7 | "},
		{"wrote: a new message where somebody removes the old one", left5, wrote(6, "n"), "editing 6n sure 6 | "},
		{"wrote: into a message that was tapped", tap, wrote(6, "20"), "editing 6" + "20 sure 6 | 10"},

		{"settle: nobody has gone on", edit5, settle(at(5, "m"), 5), "shows 5m"},
		{"settle: somebody has", edit5, settle(at(5, "m"), 6), "editing 5m sure 5"},
		{"settle: shown again since", edit5, settle(at(4, "m"), 4), "editing 5m sure 5"},
		{"settle: another message of that version", edit5, settle(at(5, "l"), 5), "editing 5m sure 5"},
		{"settle: in doubt", doubt5, settle(at(6, "m"), 6), "editing 6m sure 5"},

		{"doubt: the live message", m5, doubt("m", 0), "editing 5m sure 0"},
		{"doubt: less is sure already", doubt5, doubt("m", 9), "editing 6m sure 5"},
		{"doubt: another message", m5, doubt("l", 0), "shows 5m"},
		{"doubt: another message hides no doubt", doubt5, doubt("l", 0), "editing 6m sure 5"},
		{"doubt: not ours", given6, doubt("m", 0), "handed 6m to deal"},

		{"tapped: no message is known", none, tapped("m"), "shows 0m"},
		{"tapped: a later one", screen{Shown: at(5, "10"), state: editing, sure: 5}, tapped("20"), "shows 520 over 10"},
		{"tapped: and a later one still", tap, tapped("30"), "shows 530 over 10"},
		{"tapped: an earlier one", screen{Shown: at(5, "10"), state: shows}, tapped("9"), "shows 510"},
		{"tapped: nobody knows which is later", m5, tapped("n"), "shows 5m"},
		{"tapped: a later one of another bot", screen{Shown: at(5, "9@7"), state: shows}, tapped("10@7"), "shows 510@7 over 9@7"},
		{"tapped: nobody knows which is later, of two bots", screen{Shown: at(5, "9@7"), state: shows}, tapped("10"), "shows 59@7"},
		{"tapped: not ours", given6, tapped("m"), "handed 6m to deal"},

		{"hand: no handover", m5, hand(0, ""), "shows 5m | "},
		{"hand: no handover, and nothing is known", none, hand(0, ""), "unknown 0 | "},
		{"hand: the live message", m5, hand(6, "m"), "handed 6m to deal | "},
		{"hand: another message, the live one is lost", m5, hand(6, "n"), "handed 6n to deal | m"},
		{"hand: what may have been written since", edit5, hand(6, "m"), "handed 6m to deal astray | "},
		{"hand: noted already, by another instance", screen{Shown: at(6, "m"), state: shows}, hand(6, "m"), "handed 6m to deal | "},
		{"hand: noted already, here", given6, hand(6, "m"), "handed 6m to deal | "},
		{"hand: a card of its own since", screen{Shown: at(7, "n"), state: shows}, hand(6, "m"), "shows 7n | "},
		{"hand: somebody removes the live message", left5, hand(6, "n"), "handed 6n to deal | "},

		{"passOn: the heir writes once more", astray6, passOn, "handed 6m to deal | deal"},
		{"passOn: nothing was written since", given6, passOn, "handed 6m to deal | "},
		{"passOn: ours again", m5, passOn, "shows 5m | "},

		{"leave: a new message is wanted", m5, leave(need{6, 6}), "handed 5m | m"},
		{"leave: an edit is wanted", m5, leave(need{6, 4}), "shows 5m | "},
		{"leave: it is shown already", m5, leave(need{5, 5}), "shows 5m | "},
		{"leave: not ours", left5, leave(need{6, 6}), "handed 5m | "},

		{"merge: nothing has changed", edit5, merge(at(4, "k"), at(4, "k")), "editing 5m sure 5 | "},
		{"merge: nothing has changed since a rewind", screen{Shown: at(0, "m"), state: shows}, merge(at(6, "m"), at(6, "m")), "shows 0m | "},
		{"merge: another instance was later, and somebody removes the old one", left5, merge(at(4, "k"), at(6, "n")), "shows 6n | "},
		{"merge: the first look", none, merge(at(0, ""), at(5, "m")), "shows 5m | "},
		{"merge: a message that shows nothing yet", none, merge(at(0, ""), at(0, "m")), "shows 0m | "},
		{"merge: another instance edited it", m5, merge(at(5, "m"), at(6, "m")), "shows 6m | "},
		{"merge: another instance edited it, perhaps before us", edit5, merge(at(4, "m"), at(6, "m")), "editing 6m sure 5 | "},
		{"merge: another instance replaced it", m5, merge(at(5, "m"), at(6, "n")), "shows 6n | "},
		{"merge: another instance was later", edit5, merge(at(4, "k"), at(6, "n")), "shows 6n | m"},
		{"merge: another instance was earlier", edit5, merge(at(3, "k"), at(4, "n")), "editing 5m sure 5 | n"},
		{"merge: both at once", edit5, merge(at(4, "k"), at(5, "n")), "editing 5m sure 5 | n"},
		{"merge: an old look", m5, merge(at(5, "m"), at(4, "m")), "shows 5m | "},
		{"merge: the handover was noted", given6, merge(at(5, "m"), at(6, "m")), "handed 6m to deal | "},
		{"merge: a card after the handover", given6, merge(at(6, "m"), at(7, "n")), "shows 7n | "},
		{"merge: an old card beside the handover", given6, merge(at(4, "k"), at(5, "n")), "handed 6m to deal | n"},

		{"rewind: the row has it", m5, rewind(5), "shows 5m"},
		{"rewind: the row never had it", edit5, rewind(4), "shows 0m"},
		{"rewind: the heir keeps its message", given6, rewind(5), "unknown 0"},
		{"rewind: somebody removes the message", left5, rewind(4), "unknown 0"},
		{"rewind: nothing is known", none, rewind(0), "unknown 0"},
	} {
		if got := c.did(c.from); got != c.want {
			t.Errorf("%s:\n %s, not\n %s", c.name, got, c.want)
		}
	}
}

// What a place lacks, and the message to edit for it.
func TestNeed(t *testing.T) {
	for _, c := range []struct {
		v     screen
		n     need
		lacks bool
		edits string
	}{
		{screen{Shown: at(5, "m"), state: shows}, need{5, 5}, false, "m"},
		{screen{Shown: at(5, "m"), state: shows}, need{6, 5}, true, "m"},
		{screen{Shown: at(5, "m"), state: shows}, need{6, 6}, true, ""},
		{screen{Shown: at(6, "m"), state: editing, sure: 5}, need{6, 6}, true, "m"},
		{screen{Shown: at(0, ""), state: unknown}, need{1, 0}, true, ""},
		{screen{Shown: at(0, "m"), state: shows}, need{1, 0}, true, "m"},
		{screen{Shown: at(6, "m"), state: handed}, need{6, 6}, false, ""},
		{screen{Shown: at(6, "m"), state: handed}, need{7, 6}, true, ""},
	} {
		if lacks, edits := c.v.lacks(c.n), c.v.edits(c.n); lacks != c.lacks || edits != c.edits {
			t.Errorf("%s with %v: lacks %v, edits %q", c.v.told(), c.n, lacks, edits)
		}
	}
}

// The message that a conversation has handed over is the heir's live card: a record that was just read does not give it
// to the caller, although the column names it.
func TestTakeReplacedLeavesTheHeirsMessage(t *testing.T) {
	row := &Row{Head: Head{Version: 11}, Shown: encodeShown([]Shown{at(10, "m")})}
	r := &Record{Head: row.Head, Card: 11, Anew: 11, shown: readScreens(row)}
	place := chatA
	r.Places = []Place{place}
	if got := new(Engine).TakeReplaced(r, chatA); got != "m" {
		t.Errorf("%q of its own is taken, want m", got)
	}
	r.shown = readScreens(row)
	place.Released, place.Given, place.Heir = 10, "m", "bot:deal:D"
	r.Places = []Place{place}
	if got := new(Engine).TakeReplaced(r, chatA); got != "" {
		t.Errorf("%q of the heir is taken", got)
	}
}
