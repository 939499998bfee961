package dialog

import "slices"

// Shown is an entry of a row's column shown: which version of the card a place
// shows, and in which message. Version 0 is unknown content.
type Shown struct {
	Channel string `json:"c"`
	Address string `json:"a"`
	Version int64  `json:"v"`
	Message string `json:"m"`
	Seat    string `json:"s,omitempty"` // of the place
}

// screenState is the state of a screen's message, as far as known.
type screenState uint8

const (
	// unknown: neither the row nor memory names a message. A row that names one, a tap
	// on one, or a new message ends this state.
	unknown screenState = iota
	// shows: the message shows the version. The row says so, or will when the waiting
	// mark is written. An edit, a newer entry of the row, or a handover ends this state.
	shows
	// editing: this process wrote to the message last, or is writing; another instance
	// may have written before. Only memory knows the version that is certainly shown
	// (sure); the row has the newest version that any instance showed. A mark that
	// finds the row at that version ends this state, and so does a new message or a
	// handover.
	editing
	// handed: the message belongs to another conversation, which the row's place names;
	// the column follows with a mark. A message that a channel removes itself
	// (Engine.TakeReplaced) is handed in memory alone. A new message ends this state.
	handed
)

func (s screenState) String() string {
	return [...]string{"unknown", "shows", "editing", "handed"}[s]
}

// screen is what one place shows of one conversation, as this process knows it.
// Its methods are pure. Versions move forward, except in rewind.
type screen struct {
	Shown
	state       screenState
	sure        int64  // while editing: the version that is certainly shown
	open        bool   // while editing: the last call to the message has not succeeded, or not yet
	heir        string // while handed: the conversation that took the message over; empty: none
	overwritten bool   // while handed: this process may have written to the message after heir
	older       string // an older message, removed when the tapped one shows a card
}

// need is what a place must show of a record: at least the version card, in a message
// that was sent for the version anew or later.
type need struct{ card, anew int64 }

// certain is the version that is certainly shown.
func (v screen) certain() int64 {
	if v.state == editing {
		return min(v.sure, v.Version)
	}
	return v.Version
}

// lacks reports whether a card is still to be shown.
func (v screen) lacks(n need) bool { return v.certain() < n.card }

// live is the message that shows the conversation; empty: none is known.
func (v screen) live() string {
	if v.state == handed {
		return ""
	}
	return v.Message
}

// edits is the message to edit; empty: a new message is to be sent.
func (v screen) edits(n need) string {
	if v.Version < n.anew {
		return ""
	}
	return v.live()
}

// begin records that version is about to be written to the live message.
func (v screen) begin(version int64) screen {
	if v.live() != "" {
		v.state, v.sure, v.open = editing, min(v.certain(), version), true
	}
	return v
}

// wrote records that version was written to message. old are the messages that it
// replaces.
func (v screen) wrote(version int64, message string) (_ screen, old []string) {
	switch {
	case v.state == handed && v.Message == message && message != "": // handed over during the call
	case version >= v.Version:
		old = []string{v.older, v.live()}
		v.state, v.sure, v.open = editing, version, false
		v.Version, v.Message, v.heir, v.overwritten, v.older = version, message, "", false, ""
	case v.Message == message:
		v.state, v.sure, v.open = editing, version, false
	default: // another instance has shown a newer card elsewhere
		old = []string{message}
	}
	return v, slices.DeleteFunc(old, func(m string) bool { return m == "" || m == v.live() })
}

// settle records that s was written to its row at this version of the row. If that is
// the version of s, no other instance has written since.
func (v screen) settle(s Shown, version int64) screen {
	if v.state == editing && v.Shown == s && s.Version == version && v.sure == version {
		v.state = shows
	}
	return v
}

// doubt records that message, if it is the live one, shows at most the version sure.
func (v screen) doubt(message string, sure int64) screen {
	if message != "" && message == v.live() {
		v.state, v.sure = editing, min(v.certain(), sure)
	}
	return v
}

// tapped records a tap on a button of message: it becomes the live one if none is known,
// or if it is later than the live one.
func (v screen) tapped(message string) screen {
	live := v.live()
	if v.state == handed || live != "" && !later(message, live) {
		return v
	}
	if v.older == "" {
		v.older = live
	}
	v.state, v.Message, v.sure = shows, message, 0
	return v
}

// hand gives message to heir, with all that was shown up to version. here: this process
// committed that, after each call that has succeeded. lost is another message that was
// shown.
func (v screen) hand(version int64, message, heir string, here bool) (_ screen, lost string) {
	if version == 0 || v.Version > version || v.Version == version && v.state == handed {
		return v, ""
	}
	if v.live() != message {
		lost = v.live()
	}
	v.overwritten = v.state == editing && v.Message == message && (v.open || !here)
	v.state, v.Version, v.Message, v.heir, v.older = handed, version, message, heir, ""
	return v, lost
}

// passOn returns the heir that must write to the message again, once; empty: none.
func (v screen) passOn() (_ screen, heir string) {
	if v.overwritten {
		v.overwritten, heir = false, v.heir
	}
	return v, heir
}

// leave gives the live message to a caller that removes it, if n needs a new one.
func (v screen) leave(n need) (_ screen, message string) {
	if message = v.live(); message == "" || !v.lacks(n) || v.edits(n) != "" {
		return v, ""
	}
	v.state, v.heir = handed, ""
	return v, message
}

// merge takes over the row's entry now; base is its entry as last known. The later
// version wins, and of two equal ones the own: its message certainly exists. lost is a
// message that no other instance removes.
func (v screen) merge(base, now Shown) (_ screen, lost string) {
	switch {
	case now == base:
		return v, ""
	case now.Version < v.Version, now.Version == v.Version && v.state != unknown && now.Message != v.Message:
		lost = now.Message
	case now.Message == v.Message && v.state != unknown:
		v.Version = now.Version
	default:
		lost = v.live()
		v = screen{Shown: now, state: shows}
		if now.Message == "" {
			v.state = unknown
		}
	}
	if lost == base.Message || lost == v.Message { // the instance that replaced it removes it
		lost = ""
	}
	return v, lost
}

// rewind forgets versions that the row never had, beyond its own: a standby was promoted
// without the last turns, a backup was restored, or the row was forgotten and created anew.
// The message stays, with unknown content; one that was handed over stays with its heir.
func (v screen) rewind(version int64) screen {
	switch {
	case v.Version <= version:
	case v.state == handed, v.state == unknown:
		v = screen{Shown: Shown{Channel: v.Channel, Address: v.Address, Seat: v.Seat}}
	default:
		v.state, v.Version, v.sure = shows, 0, 0
	}
	return v
}
