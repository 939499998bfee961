package dialog

import (
	"crypto/sha256"
	"encoding/binary"
)

// Kind is the kind of an input.
type Kind uint8

// The kinds of input.
const (
	KindText    Kind = iota + 1 // Text is the typed text
	KindTap                     // Name is the action, Value what follows its colon
	KindCommand                 // Name without slash, Text its argument
	KindOther                   // nothing usable; Name says what it was: sticker, photo, voice, edited …
	KindWake                    // Name of a timer that is due
	KindResult                  // Name of an effect that has ended, Value its key, Text what it returned as JSON, or FailedText
	KindOrder                   // Name is an operator's verb
	KindBlock                   // the person blocked the bot (Name "blocked") or came back ("unblocked")
)

func (k Kind) String() string {
	return named(k, []string{"none", "text", "tap", "command", "other", "wake", "result", "order", "block"})
}

// Input is one thing from outside, as plain data. The same input may come twice, late, or
// at another instance.
type Input struct {
	ID    string // unique in its conversation; a redelivery has the same id
	OldID string // another id by which a record may know it, as those of older programs
	Kind  Kind
	Edit  bool   // the person changed an earlier message, which stands above the card; Text is the new text
	Key   Key    // the conversation; when zero the engine routes by Owner and Draft
	Owner string // the sender: tg:1000001, web:…; empty for wakes, results and orders
	By    string // who gave a KindOrder, for the log: cli, or an operator's number
	Name  string // of a text: the question that it was typed for, where that is known (see Asker)
	Value string
	Text  string // typed; of a KindOther: its words, such as the phone number of a contact
	Over  int    // characters beyond TextMost: Text is the beginning, for quotes

	Attached  string // what came with the text and is not kept: photo, document …
	Mentioned string // a person whom the text names by a link: @username, or the name of somebody without one
	Several   bool   // the text names other people by links, too

	// Bound inputs come from a button or a form, and name the card that they were made for.
	Bound    bool
	Draft    string // draft id (of a deal: its own id), with ~ROLE for a seat other than the owner's
	Revision int64
	Base     string // Card.Base of the form; empty: the form has none

	Reply   Reply  // the message of ours that a typed one answers
	Place   Place  // where the person is; without a channel: nowhere
	Group   bool   // Place is a chat of several people: see Groups
	Message string // the message whose button was tapped
	Profile Profile
	block   *blockFact // of KindBlock; nil: from a channel

	total     int    // of the person's conversations, see Listing.Count
	seat      string // of Draft
	asks      *Asks  // the question that a tap asks for, see Asker
	claims    bool   // may be a claim, see Turn.PassWith
	carried   bool   // a text from the person's own conversation, in the seat of seat
	atAnother bool   // the tapped message shows another conversation of the person

	Serial Serial // of a numbered message; else zero

	Error string // of KindResult that failed for good, see [Forever]: the text of the error
}

// Reply is the message of ours that a person answers with one of theirs.
type Reply struct {
	Message  string // its id; empty: the input is no reply
	Draft    string // that its buttons name, as Input.Draft
	Revision int64
}

// FailedText is the Text of a KindResult whose effect failed for good. It is no JSON.
const FailedText = "failed"

// Profile is what the channel knows of the sender. The engine never stores it.
type Profile struct {
	ID       string // the person's id there, as the value of a contact has it
	Username string // without @
	Name     string // what the person is called there; anybody may choose any
}

// typed reports whether an input of this kind is a message of the person below the card.
func (k Kind) typed() bool { return k == KindText || k == KindCommand || k == KindOther }

// FromPerson reports whether a person makes inputs of this kind: a text, a tap, a command.
func (k Kind) FromPerson() bool { return k.typed() || k == KindTap }

func (in *Input) typed() bool { return in.Kind.typed() }

// FromPerson reports whether a person made the input.
func (in *Input) FromPerson() bool { return in.Kind.FromPerson() }

// Action is the button's data without draft and revision: name or name:value.
func (in *Input) Action() string {
	if in.Value == "" {
		return in.Name
	}
	return in.Name + ":" + in.Value
}

// hash is the 64 bits of an id by which a record recognises a duplicate; 0 for the empty
// id.
func hash(s string) uint64 {
	if s == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(s))
	return binary.BigEndian.Uint64(sum[:8])
}

// wakeInput is the input of a timer that is due.
func wakeInput(key Key, t Timer) *Input {
	return &Input{ID: "wake:" + t.Name + ":" + itoa(t.At), Kind: KindWake, Key: key, Name: t.Name, Value: itoa(t.At)}
}
