package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Mark is how a turn of a timeline is drawn.
type Mark string

// The marks. The thread is cut only where an answer was lost.
const (
	Knot  Mark = ""      // it goes on
	Minor Mark = "minor" // nothing was changed
	Bad   Mark = "bad"   // something was lost
	End   Mark = "end"   // the draft or the escrow has ended
	Stop  Mark = "stop"  // a restart
	Torn  Mark = "torn"  // a restart in which something was lost
)

// Turn is a line of a timeline, in words.
type Turn struct {
	At    time.Time
	Mark  Mark
	What  string // what happened
	Then  string // what it means; may be empty
	Facts string // how, how long, by which instance, and the version of its program
}

// Story is what happened to a draft or an escrow.
type Story struct {
	Turns                   []Turn
	Answers, Twice          int // answers, and those of them that were given before
	Lost                    int // losses of answers
	Restarts                int
	Mode, Variant, Became   string // as far as events tell
	Confirmed, Ended, Drove bool   // Drove: an operator gave an order
	Last                    string // the question that was open last
}

// Tell puts events of a conversation into words, with the lives of instances. The events may come in any order. It knows
// nobody: an event has no answers.
func Tell(events, lives []dialog.Event) *Story {
	s := &Story{}
	all := append(slices.Clone(events), around(events, lives)...)
	slices.SortStableFunc(all, func(a, b dialog.Event) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(rank(a.Kind), rank(b.Kind)))
	})
	given, versions := map[string]bool{}, map[string]string{}
	for _, e := range lives {
		if e.Kind == dialog.EventUp && e.Source != "" {
			versions[e.Instance] = "version " + e.Source
		}
	}
	for i := range all {
		e := &all[i]
		t, shown := s.turn(e, given)
		if s.Mode == "" {
			s.Mode, s.Variant = e.Mode, e.Variant
		}
		if !shown {
			continue
		}
		t.At = e.At
		t.Facts = join(t.Facts, took(e.Took), e.Instance, versions[e.Instance])
		s.Turns = append(s.Turns, t)
	}
	for i := len(s.Turns) - 1; i > 0; i-- { // a restart before a loss cuts the thread
		if (s.Turns[i].Mark == Bad || s.Turns[i].Mark == Torn) && s.Turns[i-1].Mark == Stop {
			s.Turns[i-1].Mark = Torn
		}
	}
	return s
}

// rank orders events of one millisecond as they follow from each other.
func rank(kind dialog.EventKind) int {
	order := []dialog.EventKind{dialog.EventDown, dialog.EventUp, dialog.EventStarted, dialog.EventMoved, dialog.EventLost, dialog.EventRehydrated, dialog.EventOrdered, "answered", "dealt", "asked", "confirmed"}
	if i := slices.Index(order, kind); i >= 0 {
		return i
	}
	return len(order)
}

// around are the lives of the hosts that took these events, between the first and the last one. That an operator looked is none
// of them.
func around(events, lives []dialog.Event) (list []dialog.Event) {
	events = slices.DeleteFunc(slices.Clone(events), func(e dialog.Event) bool {
		return e.Kind == dialog.EventOrdered && strings.HasPrefix(e.Cause, revealed)
	})
	if len(events) == 0 {
		return nil
	}
	hosts, first, last := map[string]bool{}, events[0].At, events[0].At
	for _, e := range events {
		hosts[host(e.Instance)] = true
		if e.At.Before(first) {
			first = e.At
		}
		if e.At.After(last) {
			last = e.At
		}
	}
	for _, e := range lives {
		if hosts[host(e.Instance)] && e.At.After(first) && e.At.Before(last) {
			list = append(list, e)
		}
	}
	return list
}

// host is the part of an instance's name that survives its restart.
func host(instance string) string {
	name, _, _ := strings.Cut(instance, ".")
	return name
}

func took(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return readable(d)
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " · ")
}

// turn puts an event into words, and counts it. shown is false for what follows from the line before.
func (s *Story) turn(e *dialog.Event, given map[string]bool) (t Turn, shown bool) {
	cause := plainWords(e.Cause)
	switch e.Kind {
	case dialog.EventStarted:
		return Turn{What: "Started", Facts: e.Source}, true
	case "asked":
		s.Last = e.Cause
		return asked(e)
	case "answered":
		return s.answered(e, given), true
	case dialog.EventRefused:
		return Turn{Mark: Minor, What: "Refused " + lower(stepName(e.Step)), Then: cause}, true
	case dialog.EventLost:
		s.Lost++
		return Turn{Mark: Bad, What: "Lost its answers", Then: lossWhy(e), Facts: "cause " + cause}, true
	case dialog.EventRehydrated:
		return Turn{Mark: Minor, What: "Read back", Then: "the program had it no more: " + cause, Facts: "source " + plainWords(e.Source)}, true
	case dialog.EventUp:
		s.Restarts++
		then := map[string]string{"crash": "after a crash", "stop": "after a stop"}[e.Cause]
		return Turn{Mark: Stop, What: "LockBay started", Then: then}, true
	case dialog.EventDown:
		return Turn{Mark: Stop, What: "LockBay stopped"}, true
	case dialog.EventOrdered:
		s.Drove = true
		return Turn{What: "Order: " + orderWords(e.Cause), Facts: "by " + plainWords(e.Source)}, true
	}
	return s.ending(e, cause)
}

// asked tells of a question only where it is no usual one.
func asked(e *dialog.Event) (t Turn, shown bool) {
	why := map[string]string{"edit": "the person opened it again", "back": "the person went back", "lost": "its answer was lost", "rule": "a rule changed"}[e.Source]
	return Turn{Mark: Minor, What: "Asked " + lower(stepName(e.Cause)) + " again", Then: why}, why != ""
}

func (s *Story) answered(e *dialog.Event, given map[string]bool) Turn {
	t := Turn{What: "Answered " + lower(stepName(cmp.Or(e.Step, e.Cause)))}
	s.Answers++
	if given[e.Cause] {
		s.Twice++
		t.Then = "the second time"
	}
	given[e.Cause] = true
	return t
}

// ending tells of what ends something, and of the rest.
func (s *Story) ending(e *dialog.Event, cause string) (t Turn, shown bool) {
	if what := map[dialog.EventKind]string{"cancelled": "Cancelled", "expired": "Expired, and was deleted", "lapsed": "Lapsed: no payment came in time", dialog.EventReplaced: "Started over"}[e.Kind]; what != "" {
		s.Ended = true
		return Turn{Mark: End, What: what}, true
	}
	switch e.Kind {
	case "confirmed":
		s.Confirmed, s.Became = true, e.Cause
		return Turn{Mark: End, What: "Confirmed", Then: e.Cause}, true
	case "undone":
		s.Ended = false
		return Turn{What: "Cancelling was undone"}, true
	case "paid":
		return Turn{What: "Paid"}, true
	case "dealt":
		return Turn{What: "Move: " + cause}, true
	case "reminded":
		return Turn{Mark: Minor, What: "Reminded"}, true
	case "renewed":
		return Turn{What: "Renewed"}, true
	case dialog.EventMoved:
		return Turn{Mark: Minor, What: "Goes on in another place", Then: "before in " + cause, Facts: e.Source}, true
	case dialog.EventBlocked:
		return Turn{Mark: Minor, What: "Could not be reached"}, true
	case dialog.EventDuplicate:
		return Turn{Mark: Minor, What: "The same " + cause + " again", Then: "nothing was done"}, true
	case dialog.EventConflict:
		return Turn{Mark: Minor, What: "Two inputs at once", Then: "the later one was decided anew"}, true
	case dialog.EventFailed:
		return Turn{Mark: Minor, What: "A " + cause + " was not taken", Then: failedWhy(e.Source)}, true
	}
	return Turn{Mark: Minor, What: upper(plainWords(string(e.Kind))), Then: e.Cause}, true
}

func failedWhy(source string) string {
	return cmp.Or(map[string]string{"unavailable": "a store did not answer; the person was told", "newer": "a newer version had written it", "defect": "a defect of the program"}[source], source)
}

// lossWhy explains the cause of a loss.
func lossWhy(e *dialog.Event) string {
	why := map[string]string{"memory": "they were in memory only", "redis": "Redis had them no more", "timeout": "Redis did not answer in time", "damaged": "they cannot be read"}[e.Cause]
	return cmp.Or(why, e.Cause) + ": mode " + e.Mode
}

// orderWords are an order for people. That of a reveal has its reason.
func orderWords(cause string) string {
	if reason, ok := strings.CutPrefix(cause, revealed); ok {
		return "show the answers, because of " + reason
	}
	return plainWords(cause)
}

func lower(s string) string { return strings.ToLower(s[:min(1, len(s))]) + s[min(1, len(s)):] }
func upper(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] }

// Headline says what became of it, and how.
func (s *Story) Headline(thing string) (what, how string) {
	switch {
	case s.Lost > 0:
		what = fmt.Sprintf("This %s lost its answers", thing)
	case s.Confirmed:
		what = fmt.Sprintf("This %s was confirmed", thing)
	case s.Ended:
		what = fmt.Sprintf("This %s has ended", thing)
	case s.Last != "":
		what = fmt.Sprintf("This %s is at %s", thing, stepName(s.Last))
	default:
		what = fmt.Sprintf("This %s is under way", thing)
	}
	if s.Mode != "" {
		how = "Mode " + s.Mode + ". "
	}
	how += upper(things(s.Answers, "answer"))
	if s.Twice > 0 {
		how += fmt.Sprintf(", %d of them given before", s.Twice)
	}
	how += ", " + things(s.Restarts, "restart") + " meanwhile."
	if s.Lost > 0 && s.Confirmed {
		how += " It was confirmed all the same."
	}
	return what, how
}
