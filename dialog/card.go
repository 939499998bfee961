package dialog

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Card is what a conversation shows, the same for every channel: plain data, rendered
// from the record alone. Texts are in the person's language. Typed text, names, amounts
// and ids stand between U+2068 and U+2069 (see [Isolate]), which pages turn into <bdi>.
type Card struct {
	Conversation Key
	Draft        string // for buttons and forms; names the seat, too
	Revision     int64
	Step         string // the strategy's name; empty: no draft
	Lang         string

	Title    string // of a page; defaults to the question
	Saved    time.Time
	SavedAs  string // "Saved 2 minutes ago"; empty: not shown
	Unsaved  bool   // the last answer was not saved
	Band     *Band
	Moved    *Band  // what has become of the question of View.Held; nil: nothing, or the flow cannot say
	Progress string // "Step 2 of 5", or what kind of card it is
	Known    string // heading of the facts for screen readers
	Facts    []Fact
	Question string // bold on Telegram, h1 on the page
	Asks     string // name of the open question; a typed answer can be given to it later, as:NAME
	Base     string // names the answer that the open question has; a form sends it back, see Input.Base
	Refusal  string // replaces the hint
	Hint     string
	Bar      *Bar
	Sums     []Sum
	Body     []string // paragraphs
	Copies   []Copy   // what a page offers to copy, below Body
	Field    *Field   // nil: nothing can be typed
	Primary  *Button  // the one filled button; nil: Field's Continue, if there is a field
	Keep     *Button  // keeps the answer that was opened again; first of the shortcuts, before Picks
	Picks    []Button // shortcuts beside the field, short labels
	Choices  []Button // answers to be tapped, one to a row
	First    bool     // Choices stand before the field
	Alt      []Button // bordered, full width: Start over, Undo
	After    string   // below the buttons: the limits of a weighty one, such as: confirming charges nothing
	Quiet    []Button // Back, Cancel
	Ahead    string   // heading of Soon and Next for screen readers
	Soon     []string // still to come
	SoonFrom int      // number of the first of Soon
	Next     []Next   // what happens next
	Review   bool     // a receipt: facts can be edited
	Ended    bool     // no thread: expired, cancelled
	Newer    bool     // a newer version wrote the record and shows it: this one sends and edits nothing
	Others   []Button // other conversations of this person
	AboutAs  string   // heading of About
	About    []Fact   // about the service, on the first page
	Line     *Line    // the conversation as a line of a list; nil: its id and Progress
	Refresh  bool     // the card may change without an input
	For      string   // in a chat of several people: the owner whose reply is asked for
	ForName  string   // what that person is called
	Untold   []string // codes without a text, which stand on the card as they are
}

// Tell is the text of s in the words of a flow. A code without a text stands on the card
// as it is, and in Untold.
func (c *Card) Tell(w Words, v View, s *Said) string {
	if s == nil {
		return ""
	}
	if s.Reason != nil && w.Tell(v, s.Reason) == "" {
		c.Untold = append(c.Untold, s.Reason.Code)
	}
	text := w.Tell(v, s)
	if text == "" {
		c.Untold, text = append(c.Untold, s.Code), s.Code
	}
	return text
}

// Band tells what happened: welcome back, renewed, changed elsewhere.
type Band struct {
	Strong, Text string
	Wait         bool // not saved
}

// Line is a conversation in a list of them.
type Line struct {
	Who, Sum string // the other person, and what it is worth
	State    string // where it stands, and until when
	What     string // what it is about
	Needs    bool   // waits for this person
}

// Fact is one known answer.
type Fact struct {
	Field string // seller, amount …
	Label string
	Value string
	Note  string // small, below
	Mono  bool
	Fresh bool // was just saved or changed
	Now   bool // its question is open
	Edit  *Button
}

// Sum is one line of a receipt.
type Sum struct {
	Label, Value      string
	Total, Part, Mono bool
	Copy              string // what a page copies, as a bank's field takes it; empty: nothing
}

// Copy is a text that a page copies by a button.
type Copy struct{ Label, Value string }

// Next is one thing that happens next.
type Next struct{ Who, When string }

// Bar is time left.
type Bar struct {
	Value, Max int // minutes
	Label      string
	Text       string
	At         time.Time
}

// Field is what can be typed into.
type Field struct {
	Label    string // if other than the question
	Continue string // label of its button
	Value    string // typed text, or the answer that was opened again
	Long     bool   // a text of several lines
	Input    string // inputmode: email, decimal, numeric, text
	Count    string // "10 to 500 characters"
}

// Button is an action that can be tapped. Its data on Telegram is
// action|draft|revision, in at most 64 bytes.
type Button struct {
	Action string // name or name:value
	Label  string
	Detail string // "1 day": beside the label, see View.Details
	Chosen bool   // the answer that holds now
	Aria   string // label for screen readers
	Free   bool   // not bound to draft and revision: menus
	URL    string // leads there instead of acting; Action is unused
}

// Data is the button's callback data on this card. Without a draft no button is bound.
func (c *Card) Data(b Button) string {
	if b.Free || c.Draft == "" {
		return b.Action + "||"
	}
	return b.Action + "|" + c.Draft + "|" + itoa(c.Revision)
}

// ParseData reads the data that [Card.Data] wrote.
func ParseData(s string) (action, draft string, revision int64, bound, ok bool) {
	parts := strings.Split(s, "|")
	if len(parts) != 3 || parts[0] == "" || len(s) > 64 {
		return "", "", 0, false, false
	}
	if parts[1] == "" && parts[2] == "" {
		return parts[0], "", 0, false, true
	}
	n, ok := atoi(parts[2])
	return parts[0], parts[1], n, true, ok && parts[1] != ""
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// atoi reads digits, without a sign.
func atoi(s string) (n int64, ok bool) {
	u, err := strconv.ParseUint(s, 10, 63)
	return int64(u), err == nil
}

const (
	fsi = "\u2068"
	pdi = "\u2069"
)

// Isolate puts s between U+2068 and U+2069, so that its direction stays inside; such
// marks inside s are removed.
func Isolate(s string) string {
	if strings.Contains(s, fsi) || strings.Contains(s, pdi) {
		s = Plain(s)
	}
	return fsi + s + pdi
}

// Plain removes the marks of Isolate.
func Plain(s string) string { return strings.NewReplacer(fsi, "", pdi, "").Replace(s) }

// Visible reports whether a reader sees anything of a text: blanks, format characters,
// variation selectors and fillers show nothing.
func Visible(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Variation_Selector, r) &&
			!strings.ContainsRune("\u115f\u1160\u3164\uffa0\u2800\u034f", r)
	})
}

// View is where and when a card is looked at. Field, Details and Visited say what the
// place can do, so that a flow need not know any channel. Without them the place is a
// chat: answers and commands are typed below the card, and the card stays there.
type View struct {
	Place Place
	Lang  string
	Now   time.Time
	Zone  *time.Location

	Field   bool // has a field to type into: on a page, or a terminal's prompt
	Details bool // shows a button's Detail, and highlights the Chosen one itself
	Visited bool // is opened and closed, such as a page: links replace commands, and messages cannot reach the person

	Told *Told // what its person alone is told; nil: the card is as everybody has it
	Held *Held // a form that its person is at, on a page that stays open; nil: none
}

// Held is the form of an earlier card, on a page that stays open. [Card.Moved] says what has become of its question.
type Held struct {
	Draft, Ask, Base string // as the form has them
	Typed            bool   // there is a text in its field
}

// Told is what only the sender of an input is told: the card of a question, which need not be
// the open one, with a refusal or a notice in place of what the conversation says.
type Told struct {
	Ask  string // name of the question
	Said *Said
}

// Pushes reports whether a changed card arrives at the place by itself.
func (v View) Pushes() bool { return v.Place.Push }
