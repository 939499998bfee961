package dialog

import "slices"

// Shown is an entry of a row's column shown: which version of the card a place
// shows, and in which message. Version 0 is unknown content.
type Shown struct {
	Channel string `json:"c"`
	Address string `json:"a"`
	Version int64  `json:"v"`
	Message string `json:"m"`
}

// screenState says what is known of the message of a screen.
type screenState uint8

const (
	// unknown: no message is known; neither the row nor memory names one. A row that
	// names one, a tap on one, or a card that is sent ends it.
	unknown screenState = iota
	// shows: the message shows the version. The row says so, or will when the mark that
	// waits is written. An edit, a newer entry of the row, or a handover ends it.
	shows
	// editing: this process writes to the message, or wrote to it last, and another
	// instance may have written before. Memory alone knows: the message shows the
	// version sure for certain, while the row has the newest version that anybody
	// showed. A mark that finds the row still at that version ends it, so does a new
	// message or a handover.
	editing
	// handed: the message belongs to somebody else. The row's place names the
	// conversation that took it over, and the column follows with a mark; a message
	// that the sender of an input removes is handed in memory alone. A card in a
	// message of its own ends it.
	handed
)

func (s screenState) String() string {
	return [...]string{"unknown", "shows", "editing", "handed"}[s]
}

// screen is what one place shows of one conversation, as this process knows it.
// Its methods are pure. Versions move forward, except in rewind.
type screen struct {
	Shown
	state screenState
	sure  int64  // where editing: the version that is shown for certain
	heir  string // where handed: the conversation that took the message over; empty: nobody
	older string // an older message, to be removed when the tapped one shows a card
}

// need is what a place must show of a record: the version card at least, since the
// version anew in a message of its own.
type need struct{ card, anew int64 }

// certain is the version that is shown for certain.
func (v screen) certain() int64 {
	if v.state == editing {
		return min(v.sure, v.Version)
	}
	return v.Version
}

// lacks reports whether something is still to be shown.
func (v screen) lacks(n need) bool { return v.certain() < n.card }

// live is the message that shows the conversation; empty: none that is known.
func (v screen) live() string {
	if v.state == handed {
		return ""
	}
	return v.Message
}

// edits is the message to edit; empty: a new one is to be sent.
func (v screen) edits(n need) string {
	if v.Version < n.anew {
		return ""
	}
	return v.live()
}

// begin notes that version is about to be written to the live message.
func (v screen) begin(version int64) screen {
	if v.live() != "" {
		v.state, v.sure = editing, min(v.certain(), version)
	}
	return v
}

// wrote notes that version was written to message. old are messages that this
// replaces.
func (v screen) wrote(version int64, message string) (_ screen, old []string) {
	switch {
	case v.state == handed && v.Message == message && message != "": // too late: it is not ours
	case version >= v.Version:
		old = []string{v.older, v.live()}
		v.state, v.sure = editing, version
		v.Version, v.Message, v.heir, v.older = version, message, "", ""
	case v.Message == message:
		v.state, v.sure = editing, version
	default: // another instance has shown a newer card elsewhere
		old = []string{message}
	}
	return v, slices.DeleteFunc(old, func(m string) bool { return m == "" || m == v.live() })
}

// settle notes that s was written to its row while the row had this version: at
// the version of s nobody has gone on, so nobody else has written.
func (v screen) settle(s Shown, version int64) screen {
	if v.state == editing && v.Shown == s && s.Version == version && v.sure == version {
		v.state = shows
	}
	return v
}

// doubt notes that message, if it is the live one, shows version sure at the most.
func (v screen) doubt(message string, sure int64) screen {
	if message != "" && message == v.live() {
		v.state, v.sure = editing, min(v.certain(), sure)
	}
	return v
}

// tapped notes that a person has tapped a button of message, which is shown then:
// it is the live one if none is known, or if it is later than the one that is.
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

// hand gives message to heir, and with it what was shown up to version. lost is
// another message that was shown. stray: this process may have written to message
// after the heir.
func (v screen) hand(version int64, message, heir string) (_ screen, lost string, stray bool) {
	if version == 0 || v.Version > version || v.Version == version && v.state == handed {
		return v, "", false
	}
	if v.live() != message {
		lost = v.live()
	}
	stray = v.state == editing && v.Message == message
	v.state, v.Version, v.Message, v.heir, v.older = handed, version, message, heir, ""
	return v, lost, stray
}

// leave gives the live message to whoever removes it, if n wants a new one.
func (v screen) leave(n need) (_ screen, message string) {
	if message = v.live(); message == "" || !v.lacks(n) || v.edits(n) != "" {
		return v, ""
	}
	v.state, v.heir = handed, ""
	return v, message
}

// merge takes over what the row says now; base is what it said before, as far as this
// process knows. The later version counts, and ours of two equal ones: that message is
// sure to stand. lost is a message that nobody else removes.
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
	if lost == base.Message || lost == v.Message { // whoever replaced that one removes it
		lost = ""
	}
	return v, lost
}

// rewind forgets what is shown of versions beyond that of the row: they belong to
// another life of it. A standby was promoted without its last turns, a backup was
// restored, or the row was forgotten and begun anew. The message stands there with
// unknown content.
func (v screen) rewind(version int64) screen {
	if v.Version > version {
		v.Version, v.sure, v.heir = 0, 0, ""
		if v.state != unknown {
			v.state = shows
		}
	}
	return v
}
