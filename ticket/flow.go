package ticket

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// Most is how many tickets of one person are taken in [Within].
const (
	Most   = 5
	Within = 24 * time.Hour
)

// Config of the flow. Its zero value works.
type Config struct {
	// Words are the texts. Defaults to texts.Words.
	Words dialog.Words
	// Phrases are those by which a text tells its class. Defaults to texts.Phrases.
	Phrases func(class string) []string
	// Support is how to reach the operator. Optional.
	Support string
	// Desk is where operators are told of new tickets. Without a channel they are not.
	Desk dialog.Place
}

// Flow is the flow of tickets. It is a dialog.Flow.
type Flow struct{ cfg Config }

var (
	_ dialog.Flow     = (*Flow)(nil)
	_ dialog.Matcher  = (*Flow)(nil)
	_ dialog.Asker    = (*Flow)(nil)
	_ dialog.Beginner = (*Flow)(nil)
	_ dialog.Knower   = (*Flow)(nil)
	_ dialog.Speaker  = (*Flow)(nil)
)

// New makes the flow.
func New(cfg Config) *Flow {
	if cfg.Words == nil {
		cfg.Words = texts.Words
	}
	if cfg.Phrases == nil {
		cfg.Phrases = texts.Phrases
	}
	return &Flow{cfg}
}

// FlowName implements dialog.Flow.
func (*Flow) FlowName() string { return FlowName }

// Match reports whether an input with this draft id belongs to a ticket.
func (*Flow) Match(id string) bool {
	canonical, err := ParseID(id)
	return err == nil && canonical == id
}

// Knows implements dialog.Knower.
func (*Flow) Knows(h *dialog.Head) bool { return h.Schema <= Version && h.Step == "" }

// Text implements dialog.Speaker.
func (f *Flow) Text(lang, code string, args map[string]string) string {
	return f.cfg.Words(lang, code, args)
}

// command is the name of the command by which a person writes to the operator.
const command = "support"

// takeBack is the button that gives the text of an earlier form to the question, see dialog.Card.Asks.
const takeBack = "as:" + command

// Takes reports whether an input of the person's own conversation r is for the operator, and which tickets of the person
// Write needs: those that count. It is pure.
func (*Flow) Takes(r *dialog.Record, in *dialog.Input) (dialog.Listing, bool) {
	named := in.Name == command && (in.Kind == dialog.KindCommand || in.Kind == dialog.KindTap || in.Kind == dialog.KindText)
	back := in.Kind == dialog.KindTap && in.Action() == takeBack // a text of a page's form that came too late
	asked := in.Kind == dialog.KindText && !in.Edit && asks(r)
	return dialog.Listing{Flow: FlowName, Most: Most, Within: Within}, named || back || asked
}

// asks reports whether a person's own conversation asks for the text of a ticket.
func asks(r *dialog.Record) bool { return r.Asks != nil && r.Asks.Key.Flow == FlowName }

// other is the question of another conversation, such as an escrow, that the person's own one asks, or will ask once it has the
// text of a ticket.
func other(r *dialog.Record) *dialog.Asks {
	if asks(r) {
		return r.Asks.Then
	}
	return r.Asks
}

// Write takes an input for the operator, in the turn of the person's own conversation: it begins a ticket, or asks for its
// text. The draft stays where it is, and a question of another conversation stands again. Turn.Others are the tickets that Takes
// wants.
func (f *Flow) Write(t *dialog.Turn) {
	in := t.Input
	asked := asks(t.Before)
	t.Record.Asks = other(t.Before)
	text, long := lockbay.CleanStatement(lockbay.WithoutCards(in.Text))
	switch {
	case wrote(t.Others) >= Most:
		t.Quote(lockbay.Asked("ticket.many", f.cfg.Support), map[string]string{"n": strconv.Itoa(Most), "support": f.cfg.Support}, in.Text)
	case text == "" && !asked:
		f.ask(t)
		t.Anew()
	case text == "":
		f.again(t, asked, "ticket.empty")
	case asked && follows(t):
		f.ask(t)
		t.Refuse("ticket.long", nil, t.Before.Said.Typed)
	case long, in.Over > 0:
		f.again(t, asked, "ticket.long")
	default:
		f.begin(t, text)
	}
}

// wrote is how many of the tickets their person wrote here.
func wrote(list []*dialog.Record) (n int) {
	for _, r := range list {
		if k, err := Of(r); err != nil || k.From != Imported {
			n++
		}
	}
	return n
}

// ask asks for the text.
func (f *Flow) ask(t *dialog.Turn) {
	t.Record.Asks = &dialog.Asks{Key: dialog.Key{Bot: t.Record.Key.Bot, Flow: FlowName}, Action: command, Shown: t.Now.UnixMilli(), Then: other(t.Before)}
}

// splitFor is how long after a text that is too long another one counts as its rest: chats divide long texts into several.
const splitFor = 3 * time.Second

// follows reports whether the text is the rest of one that was too long. On a page nothing divides texts.
func follows(t *dialog.Turn) bool {
	said, asks := t.Before.Said, t.Before.Asks
	return said != nil && said.Code == "ticket.long" && t.Input.Place.Push && t.Now.Sub(time.UnixMilli(asks.Shown)) < splitFor
}

// again asks once more, with what was typed.
func (f *Flow) again(t *dialog.Turn, asked bool, code string) {
	f.ask(t)
	if asked {
		t.Refuse(code, nil, t.Input.Text)
		return
	}
	t.Quote(code, nil, t.Input.Text)
}

// begin begins a ticket. The turn's own conversation still names the escrow that it last started.
func (f *Flow) begin(t *dialog.Turn, text string) {
	in, r := t.Input, t.Record
	k := Ticket{ID: NewID(t.Random()), Owner: cmp.Or(r.Owner, in.Owner), Text: text, At: t.Now.UnixMilli(), From: in.Place.Channel, Lang: in.Place.Lang}
	k.Class, k.Phrase = classify(text, f.cfg.Phrases)
	switch {
	case r.Step != "":
		k.Draft, k.Step = r.Draft, r.Step
	default:
		k.Escrow = r.Started
	}
	f.start(t, &k)
	code := "ticket.sent"
	if in.Attached != "" {
		code = "ticket.sent.words"
	}
	t.Say(lockbay.Asked(code, f.cfg.Support), map[string]string{"id": k.ID, "support": f.cfg.Support})
}

// interviewsMost is how many tickets of a person are looked at for a yes.
const interviewsMost = 50

// Interviews are the tickets of the person that Agree needs.
func (*Flow) Interviews() dialog.Listing {
	return dialog.Listing{Flow: FlowName, Most: interviewsMost}
}

// Agree begins a ticket that says that the person may be asked about the draft that has ended, unless there is one. Turn.Others
// are those of Interviews.
func (f *Flow) Agree(t *dialog.Turn) {
	for _, r := range t.Others {
		if k, err := Of(r); err == nil && k.Class == Interview {
			return
		}
	}
	in, r := t.Input, t.Record
	f.start(t, &Ticket{ID: NewID(t.Random()), Owner: cmp.Or(r.Owner, in.Owner), Text: f.cfg.Words(in.Place.Lang, "interview.yes", nil), Class: Interview, At: t.Now.UnixMilli(),
		From: in.Place.Channel, Lang: in.Place.Lang, Draft: r.Draft})
}

// start begins the conversation of a ticket, which is shown at the desk alone.
func (f *Flow) start(t *dialog.Turn, k *Ticket) {
	started := t.Record.Started
	one := &dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: t.Record.Key.Bot, Flow: FlowName, ID: k.ID}, Owner: k.Owner, Draft: k.ID}}
	one.Timers = []dialog.Timer{{Name: dialog.ForgetTimer, At: k.At + Kept.Milliseconds()}}
	f.call(one, k.At)
	k.save(one)
	t.Start(one, false)
	t.Record.Started = started
	t.Log(dialog.Event{Kind: EventTicketed, Cause: string(k.Class), Source: k.ID})
}

// Asks implements dialog.Asker: no button of a ticket asks for a text.
func (*Flow) Asks(*dialog.Input) bool { return false }

// Ask implements dialog.Asker.
func (*Flow) Ask(*dialog.Record, *dialog.Input) (map[string]string, *dialog.Said) {
	return nil, &dialog.Said{Code: dialog.CodeOldButton}
}

// Asked implements dialog.Asker: the card that asks for the text.
func (f *Flow) Asked(own *dialog.Record, v dialog.View) dialog.Card {
	say := func(code string) string { return f.cfg.Words.Say(v, code, nil) }
	hint := "ticket.hint"
	if own.Step != "" {
		hint = "ticket.hint.draft"
	}
	c := dialog.Card{Asks: command, Progress: say("ticket.title"), Question: say("ticket.ask"), Hint: say(hint),
		Field: &dialog.Field{Long: true, Continue: say("ticket.send")}, Quiet: []dialog.Button{{Action: dialog.ActionLeave, Label: say("ticket.leave")}}}
	if own.Said != nil {
		c.Field.Value = own.Said.Typed
		strong, text, _ := strings.Cut(c.Tell(f.cfg.Words, v, own.Said), "\n")
		switch {
		case own.Said.Refusal:
			c.Refusal = strings.TrimSpace(strong + " " + text)
		case strong+text != "":
			c.Band = &dialog.Band{Strong: strong, Text: text}
		}
	}
	return c
}

// Verbs of operators' orders.
const (
	orderClass  = "class"
	orderImport = "import"
)

// Begins implements dialog.Beginner: an import begins a ticket.
func (f *Flow) Begins(in *dialog.Input) bool { return in.Name == orderImport && f.Match(in.Key.ID) }

// Decide implements dialog.Flow: an operator sets the class, or imports a ticket. A person writes nothing here.
func (f *Flow) Decide(t *dialog.Turn) {
	r, in := t.Record, t.Input
	if r.Schema > Version || r.Step != "" {
		t.Park()
		return
	}
	switch {
	case in.Kind == dialog.KindWake && in.Name == desk:
		f.tell(t)
		return
	case in.Kind != dialog.KindOrder:
		return
	}
	switch {
	case in.Name == orderImport && r.Version == 0:
		f.take(t)
	case in.Name == orderClass && r.Version > 0 && IsClass(in.Value):
		f.correct(t)
	}
}

// correct sets the class. The phrase stays, as what the text said.
func (f *Flow) correct(t *dialog.Turn) {
	k, err := Of(t.Record)
	if err != nil {
		t.Park()
		return
	}
	if was := k.Class; was != Class(t.Input.Value) {
		k.Class = Class(t.Input.Value)
		t.Log(dialog.Event{Kind: EventClassed, Cause: t.Input.Value, Source: k.ID, Took: k.age(t.Now)})
	} else if k.By != "" {
		return
	}
	k.By = cmp.Or(t.Input.By, "cli")
	k.save(t.Record)
	t.Moved() // the desk reads the class
}

// take begins an imported ticket.
func (f *Flow) take(t *dialog.Turn) {
	var in imported
	if err := json.Unmarshal([]byte(t.Input.Value), &in); err != nil {
		return
	}
	r := t.Record
	k := Ticket{ID: r.Key.ID, Class: in.Class, At: in.At, From: Imported, Source: in.Source}
	k.Text, _ = Clean(t.Input.Text)
	if k.Class == "" {
		k.Class, k.Phrase = classify(k.Text, f.cfg.Phrases)
	}
	r.Owner, r.Draft = in.Owner, k.ID
	t.WakeAt(dialog.ForgetTimer, k.Written().Add(Kept))
	k.save(r)
	t.Log(dialog.Event{Kind: EventTicketed, Cause: string(k.Class), Source: k.ID, Took: k.age(t.Now)})
	t.Applied()
}

// Render implements dialog.Flow. The text is shown to nobody but its person, who asks for it by its id.
func (f *Flow) Render(r *dialog.Record, v dialog.View) dialog.Card {
	if r.Role() == desk {
		return f.deskCard(r, v)
	}
	c := dialog.Card{Ended: true, Question: f.cfg.Words.Say(v, "ticket.is", map[string]string{"id": r.Key.ID})}
	if k, err := Of(r); err == nil {
		c.Body = []string{k.Text}
	}
	return c
}
