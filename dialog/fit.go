package dialog

import (
	"slices"
	"strconv"
)

// fit is the result of comparing an input with its record.
type fit uint8

const (
	inputFits      fit = iota // the flow decides it
	inputOlder                // its button or form is of an earlier card
	inputDuplicate            // it was handled before
	inputForeign              // the conversation is another person's, or missing
)

func (f fit) String() string {
	return named(f, []string{"fits", "older", "duplicate", "foreign"})
}

// judge compares in with r, which is seen as its sender has it. sits: the sender is one of
// its people; timers, effects and orders always are. Foreign comes first, because a stranger learns nothing of a conversation. A
// duplicate comes before an older input, because its turn has raised the revision. A wake
// is never a duplicate: a repeated wake finds no timer, and a timer may be set again for
// the same moment.
func judge(r *Record, in *Input, sits bool) fit {
	switch {
	case r.Version == 0 && !in.FromPerson(), !sits:
		return inputForeign
	case in.Kind != KindWake && r.isDuplicate(in):
		return inputDuplicate
	case in.Bound && (in.Draft != r.Draft || in.Revision != r.Revision):
		return inputOlder
	}
	return inputFits
}

// isDuplicate reports whether in was handled before: a numbered input at any age,
// another input while its hash is among the last.
func (r *Record) isDuplicate(in *Input) bool {
	if r.hasSeen(hash(in.ID)) || r.hasSeen(hash(in.OldID)) || r.hasSeen(in.change()) {
		return true
	}
	i := slices.IndexFunc(r.Series, func(h Handled) bool { return h.Series == in.series() })
	return i >= 0 && r.Series[i].has(in.Serial)
}

// change identifies a tap by the change it asks for, so that a second tap of the same
// button is a duplicate although its id is new. 0: in is no bound tap.
func (in *Input) change() uint64 {
	if in.Kind != KindTap || !in.Bound {
		return 0
	}
	return hash("twin\x00" + seated(in.Draft, in.seat) + "\x00" + strconv.FormatInt(in.Revision, 10) + "\x00" + in.Action())
}
