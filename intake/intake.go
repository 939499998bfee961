// Package intake is the conversation in which a buyer describes a deal: the questions, the review and the confirmation,
// which starts the deal.
package intake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
	"github.com/lockbay/lockbay/texts"
)

// FlowName is the flow's part of the key.
const FlowName = "escrow"

// Version of the stored [Draft].
const Version = lockbay.Format

// Config of the flow. Start is required.
type Config struct {
	// Rules returns the current rules, which must stay unchanged. Defaults to lockbay.DefaultRules.
	Rules func() *lockbay.Rules
	// Start begins the conversation of a deal in the turn that confirms it.
	Start func(t *dialog.Turn, e lockbay.Escrow)
	// DealFlow is the name of the deals' flow. Defaults to "deal".
	DealFlow string
	// DraftTTL is how long a draft is kept after the person's last input. Defaults to 7 days.
	DraftTTL time.Duration
	// Anonymous reports whether an owner is a visitor of the page, whom a browser alone knows. Defaults to nobody.
	Anonymous func(owner string) bool
	// AnonymousTTL is DraftTTL for these visitors. Defaults to PageLife(DraftTTL).
	AnonymousTTL time.Duration
	// OpenEscrows is how many escrows of one person may wait for their payment at a time. Defaults to 20; negative: no limit.
	OpenEscrows int
	// Support is how to reach the operator. Optional.
	Support string
	// Operator is who runs the service. Optional.
	Operator lockbay.Operator
	// Bot returns the name of the bot on Telegram, empty while it is unknown. Optional.
	Bot func() string
	// Own are the words that prove the service to a person, empty for none: see deal.WordsOf. Optional.
	Own func(owner string) string
	// Tickets take what the person writes to the operator. Without them there is no /support.
	Tickets Tickets
	// Devices are where a person is signed in beside the chat. Without them there are no /web and no /devices.
	Devices Devices
	// Words are the texts. Defaults to texts.Words.
	Words dialog.Words
}

// Tickets take what a person writes to the operator.
type Tickets interface {
	// Takes reports whether an input to the person's own conversation r is for the operator, and which conversations Write
	// needs to take it. It is pure.
	Takes(r *dialog.Record, in *dialog.Input) (dialog.Listing, bool)
	// Write takes such an input in its turn. Draft, step and open question stay.
	Write(t *dialog.Turn)
	// Interviews are the conversations that Agree needs.
	Interviews() dialog.Listing
	// Agree notes in its turn that the person may be asked about the draft that has ended.
	Agree(t *dialog.Turn)
}

// Devices are where a person is signed in beside the chat.
type Devices interface {
	// Takes reports whether an input to the person's own conversation is about devices, and which conversations Write needs. It
	// is pure.
	Takes(in *dialog.Input) (dialog.Listing, bool)
	// Write decides such an input in its turn. Draft, step and open question stay.
	Write(t *dialog.Turn)
	// Effects are those that Write notes.
	Effects() dialog.Effects
	// Finish adds to the person's own card what it says of devices.
	Finish(r *dialog.Record, v dialog.View, c *dialog.Card)
}

// CommandSupport is the command, and the action, that Tickets take.
const CommandSupport = "support"

func (c Config) withDefaults() Config {
	if c.Rules == nil {
		rules := lockbay.DefaultRules()
		c.Rules = func() *lockbay.Rules { return rules }
	}
	if c.DealFlow == "" {
		c.DealFlow = "deal"
	}
	if c.DraftTTL <= 0 {
		c.DraftTTL = 7 * 24 * time.Hour
	}
	if c.Anonymous == nil {
		c.Anonymous = func(string) bool { return false }
	}
	if c.AnonymousTTL <= 0 {
		c.AnonymousTTL = PageLife(c.DraftTTL)
	}
	if c.OpenEscrows == 0 {
		c.OpenEscrows = 20
	}
	if c.Bot == nil {
		c.Bot = func() string { return "" }
	}
	if c.Own == nil {
		c.Own = func(string) string { return "" }
	}
	if c.Words == nil {
		c.Words = texts.Words
	}
	return c
}

// PageLife is how long drafts of the page are kept if other drafts are kept for ttl. Visitors of the page are anonymous, so
// it is at most a day.
func PageLife(ttl time.Duration) time.Duration { return min(24*time.Hour, ttl) }

// Flow is the form of an escrow. It is a dialog.Flow.
type Flow struct {
	form.Form[Draft]
	cfg     Config
	support []lockbay.Party // the operator, who never is the other side
}

var (
	_ dialog.Flow   = (*Flow)(nil)
	_ dialog.Lister = (*Flow)(nil)
)

// New makes the flow.
func New(cfg Config) *Flow {
	f := &Flow{cfg: cfg.withDefaults()}
	f.support = lockbay.PartiesIn(f.cfg.Support)
	f.Form = form.Form[Draft]{
		Name: FlowName, Version: Version, Reads: lockbay.Reads,
		Questions: f.questions(),
		Review:    true, ReviewAt: StepReview,
		Submit: f.submit, AtReview: f.atReview, Receipt: f.receipt, Finish: f.finish,
		Alias: f.alias, Extra: f.extra, Idle: f.idle, Begin: f.begin,
		Life: f.life, Words: f.words, Discreet: lockbay.WithoutCards,
	}
	return f
}

// Check finds mistakes in the questions.
func (f *Flow) Check() error {
	for i := range f.Questions {
		if q := &f.Questions[i]; lockbay.FieldOf(q.Field) == nil {
			return fmt.Errorf("question %q: lockbay.Fields has no term %q", q.Name, q.Field)
		}
	}
	return f.Form.Check()
}

// Render implements dialog.Flow. Numbers are written in the language of the texts.
func (f *Flow) Render(r *dialog.Record, v dialog.View) dialog.Card {
	v.Lang = f.lang(v.Lang)
	return f.Form.Render(r, v)
}

// lang is the language of the sentences for a person who reads lang. Amounts beside them are written and read in it.
func (f *Flow) lang(lang string) string {
	return cmp.Or(f.cfg.Words(lang, "language", nil), texts.Default)
}

// Lists asks for the person's deals for inputs that show, count or repeat them.
func (f *Flow) Lists(r *dialog.Record, in *dialog.Input) (l dialog.Listing, ok bool) {
	if l, ok := f.forOperator(r, in); ok {
		return l, true
	}
	if l, ok := f.ofDevices(in); ok {
		return l, true
	}
	if in.Kind == dialog.KindTap && in.Name == interviewing && f.cfg.Tickets != nil {
		return f.cfg.Tickets.Interviews(), true
	}
	if in.Kind == dialog.KindText && r.Step == "" { // it may be about an escrow
		l.Flow, l.Most = f.cfg.DealFlow, heldMost
		l.ID, _ = lockbay.ParseEscrowID(in.Text)
		return l, true
	}
	if in.Kind != dialog.KindTap && in.Kind != dialog.KindCommand {
		return l, false
	}
	name, value := f.alias(in)
	if name == "" {
		name, value = in.Name, in.Value
	}
	l.Flow = f.cfg.DealFlow
	switch name {
	case "status":
		l.Most, l.Count = listMost, listMost+olderMost+1
		if after, older := strings.CutPrefix(value, afterPrefix); older {
			l.Most, l.Count, l.After = listMost+1, 0, after
		}
		if typed := typedID(in); typed != "" {
			l.Count = 0
			l.Most = nearMost
			l.ID, _ = lockbay.ParseEscrowID(typed)
		}
		return l, true
	case "confirm":
		// An escrow that waits longer than the payment window has lapsed.
		l.Step, l.Within, l.Most = string(lockbay.PaymentPending), f.cfg.Rules().LongestWindow(), f.cfg.OpenEscrows
		return l, l.Most > 0
	case "cancel", "resume": // without a draft they tell of the deals
		l.Most = heldMost
		return l, in.Kind == dialog.KindCommand
	case "create":
		l.ID, ok = strings.CutPrefix(value, againPrefix)
	case "restart":
		l.ID, ok = strings.CutPrefix(form.StartOver(r), againPrefix)
	}
	return l, ok
}

func (f *Flow) life(owner string) time.Duration {
	if f.cfg.Anonymous(owner) {
		return f.cfg.AnonymousTTL
	}
	return f.cfg.DraftTTL
}

// Values of create, for a draft that begins with answers.
const (
	againPrefix  = "again-"  // with the terms of this deal
	sellerPrefix = "seller_" // with this seller
)

// joinPrefix begins the payload of a seller's link: s_ID_TOKEN. It comes here where the seller is named by phone.
const joinPrefix = "s_"

// kindJoin is the kind of what asks for the own contact; its argument link is the payload of the seller's link.
const kindJoin = "join.contact"

// Decide implements dialog.Flow. A contact of somebody who came by a seller's link answers that link; where the draft asks
// who is selling, the contact of another person answers the draft.
func (f *Flow) Decide(t *dialog.Turn) {
	f.decide(t)
	f.interviewAsked(t)
}

func (f *Flow) decide(t *dialog.Turn) {
	in := t.Input
	if _, ok := f.forOperator(t.Before, in); ok {
		command := *in // also a text that was asked for
		command.Kind, command.Name, command.Value = dialog.KindCommand, CommandSupport, ""
		t.Input = &command
		f.Form.Decide(t)
		t.Input = in
		return
	}
	if in.Kind != dialog.KindOther || in.Name != contact || in.Edit || !t.Record.Said.Is(kindJoin) {
		f.Form.Decide(t)
		return
	}
	link := t.Record.Said.Args["link"]
	switch own := in.Value != "" && in.Value == in.Profile.ID; {
	case own:
		short, _, _ := strings.Cut(strings.TrimPrefix(link, joinPrefix), "_")
		if id, err := lockbay.ParseEscrowID(short); err == nil {
			t.PassWith(id, link)
			return
		}
	case t.Record.Step != StepSeller:
		askContact(t, "join.contact.other", link)
		return
	}
	f.Form.Decide(t)
}

// forOperator reports whether an input is for the operator, and what Tickets need.
func (f *Flow) forOperator(r *dialog.Record, in *dialog.Input) (l dialog.Listing, ok bool) {
	if f.cfg.Tickets == nil {
		return l, false
	}
	return f.cfg.Tickets.Takes(r, in)
}

// ofDevices reports whether an input is about devices, and what Devices need.
func (f *Flow) ofDevices(in *dialog.Input) (l dialog.Listing, ok bool) {
	if f.cfg.Devices == nil {
		return l, false
	}
	return f.cfg.Devices.Takes(in)
}

// EffectFuncs implements dialog.Doer. No effect carries a draft, so that the form's answers keep their room.
func (f *Flow) EffectFuncs() dialog.Effects {
	if f.cfg.Devices == nil {
		return nil
	}
	return f.cfg.Devices.Effects()
}

// join asks for the own contact.
func (f *Flow) join(t *dialog.Turn) {
	askContact(t, "join.contact", strings.TrimSpace(t.Input.Text))
}

// askContact asks whoever came by the link for their own contact.
func askContact(t *dialog.Turn, code, link string) {
	t.Tell(dialog.Said{Kind: kindJoin, Code: code, Args: map[string]string{"link": link}})
	t.Anew()
}

// alias translates a payload of /start (at most 64 of A-Za-z0-9_-), and Again, which is Create with the terms of a deal. An
// unknown payload is ignored.
func (f *Flow) alias(in *dialog.Input) (name, value string) {
	switch {
	case in.Name == "again" && in.Kind == dialog.KindTap:
		return "create", againPrefix + in.Value
	case in.Name == "create" && in.Kind == dialog.KindTap:
		return "create", "" // a button cannot choose the first answers
	case in.Name != "start":
		return "", ""
	}
	if link := strings.TrimSpace(in.Text); strings.HasPrefix(link, joinPrefix) {
		return "join", link
	}
	switch payload := strings.TrimSpace(in.Text); {
	case payload == "create", payload == "resume", payload == "status", payload == "help":
		return payload, ""
	case strings.HasPrefix(payload, sellerPrefix):
		seller, err := lockbay.ParseParty("@"+payload[len(sellerPrefix):], f.self(in))
		if err != nil {
			return "", ""
		}
		return "create", sellerPrefix + seller.Value
	}
	return "", ""
}

// contact is the name of an input that is a contact: its text is the phone number, its value the contact's own id.
const contact = "contact"

// self describes the person who makes an input, and the service.
func (f *Flow) self(in *dialog.Input) lockbay.Self {
	s := lockbay.Self{Username: in.Profile.Username, Service: f.support}
	if bot := f.cfg.Bot(); bot != "" {
		s.Service = append(slices.Clip(s.Service), lockbay.Party{Kind: lockbay.KindTelegram, Value: bot})
	}
	s.TelegramID, _ = strconv.ParseInt(in.Profile.ID, 10, 64)
	if in.Name == contact && in.Value != "" && in.Value == in.Profile.ID { // their own contact
		if p, err := lockbay.ParseParty(in.Text, lockbay.Self{}); err == nil {
			s.Phone = p.Value
		}
	}
	return s
}

// blank is a draft without answers.
func (f *Flow) blank() Draft { return Draft{Bare: f.cfg.Rules().Default} }

// begin fills a draft with its first answers.
func (f *Flow) begin(d *Draft, t *dialog.Turn, value string) {
	*d = f.blank()
	if id, ok := strings.CutPrefix(value, againPrefix); ok {
		for _, r := range t.Others {
			if e, ok := escrow(r); ok && e.ID == id {
				d.Terms = e.Terms
			}
		}
	}
	if name, ok := strings.CutPrefix(value, sellerPrefix); ok {
		d.Seller = lockbay.Party{Kind: lockbay.KindTelegram, Value: name}
	}
}

// escrow decodes the deal of a record.
func escrow(r *dialog.Record) (e lockbay.Escrow, ok bool) {
	return e, json.Unmarshal(r.Answers, &e) == nil
}

// submit starts the deal in this turn, unless the person has as many pending ones as they may, or the quote has changed
// since the review.
func (f *Flow) submit(d Draft, t *dialog.Turn) string {
	t.Others = slices.DeleteFunc(slices.Clone(t.Others), func(r *dialog.Record) bool { return !pending(r) })
	if n := len(t.Others); f.cfg.OpenEscrows > 0 && n >= f.cfg.OpenEscrows {
		t.Refuse("escrows.full", map[string]string{"n": strconv.Itoa(n)}, "")
		t.Record.Said.Items = itemsOf(t.Others)
		return ""
	}
	rules := f.cfg.Rules()
	terms := rules.Filled(d.Terms)
	quote := rules.Quote(terms)
	if code := unlike(&d, t, rules, terms, quote); code != "" {
		t.Refuse(code, map[string]string{"was": quote.Money(d.Pays).Plain(), "now": quote.Money(quote.BuyerPays).Plain()}, "")
		return ""
	}
	id := lockbay.NewEscrowID(t.Random())
	e := lockbay.NewEscrow(id, t.Record.Draft, t.Record.Owner, terms, quote, t.Now, rules.Window(quote.Currency))
	if e.Times = rules.Times; rules.AcceptFirst {
		e.WaitForSeller()
	}
	f.cfg.Start(t, e)
	return ""
}

// marked is Confirm of a review that shows another quote than the one that the draft keeps.
func marked(q lockbay.Quote) string { return "confirm:" + q.Mark() }

// unlike says, as the code of a refusal, that the person may have read another quote than the present one: the draft keeps
// another, or the pressed button has the mark of another. A command has no mark, and the card of a chat may be of another
// instance.
func unlike(d *Draft, t *dialog.Turn, rules *lockbay.Rules, terms lockbay.Terms, quote lockbay.Quote) (code string) {
	kept := shown(t.Before, rules, terms) == d.Shown
	switch in := t.Input; {
	case kept && in.Kind == dialog.KindCommand && in.Place.Push:
		return "quote_changed.typed"
	case kept && (in.Value == "" || in.Action() == marked(quote)):
		return ""
	case kept:
		return "quote_changed.other"
	case quote.BuyerPays == d.Pays:
		return "quote_changed.terms"
	}
	return "quote_changed"
}

// keyedSince is the first format of a record whose program makes hashes with a key.
const keyedSince = 3

// shown is the hash of the terms' present quote, made as the program of the record's last turn made its own.
func shown(r *dialog.Record, rules *lockbay.Rules, terms lockbay.Terms) uint64 {
	its := *rules
	if r.Format < keyedSince {
		its.QuoteKey = nil
	}
	return its.Quote(terms).Hash
}

// atReview stores the quote that the review will show.
func (f *Flow) atReview(d *Draft) {
	quote := f.cfg.Rules().Quote(d.Terms)
	d.Shown, d.Pays = quote.Hash, quote.BuyerPays
}

// words refines some texts: numbers of answers become words, amounts are written in the language of the text, and examples
// follow the rules.
func (f *Flow) words(lang, code string, args map[string]string) string {
	switch code {
	case "delivery.hint", "ask", lockbay.DeliveryUnclear:
		if args = f.deliveryExamples(lang, args); args["example_days"] == "" {
			code += ".hours"
		}
	case "welcome_back", "choose.after":
		more := with(args, "n", args["answers"])
		if word := f.cfg.Words(lang, "number."+args["answers"], nil); word != "" {
			more["answers"] = word
		}
		if code == "welcome_back" && args["open"] == "" {
			code = "welcome_back.review"
		}
		return f.cfg.Words(lang, code, more)
	case "answers_lost":
		if len([]rune(args["typed"])) > typedMost {
			code += ".long"
		}
	case "help_page":
		args = with(args, "kept", f.kept(lang))
		fallthrough
	case "help", "escrows.waits", "escrows.held":
		if f.cfg.Support != "" {
			text := f.cfg.Words(lang, code+".support", with(args, "support", f.cfg.Support))
			if hours := f.answered(lang); hours != "" && strings.HasPrefix(code, "help") {
				text += " " + hours
			}
			return text
		}
	}
	if strings.HasPrefix(code, "amount.") || strings.HasPrefix(code, "quote_changed") {
		args = f.cfg.Rules().Written(args, f.lang(lang))
	}
	return f.cfg.Words(lang, code, args)
}

// PageWords are the texts of the page, with the lifetime of its drafts.
func (f *Flow) PageWords(lang, code string, args map[string]string) string {
	if code == "page.helped" {
		args = with(args, "kept", f.kept(lang))
	}
	return f.cfg.Words(lang, code, args)
}

// kept is the lifetime of the page's drafts, in words.
func (f *Flow) kept(lang string) string {
	return f.cfg.Words.Span(dialog.View{Lang: lang}, max(f.cfg.AnonymousTTL, time.Minute))
}

// typedMost is the longest answer, in runes, that is quoted inside a sentence.
const typedMost = 24

func with(args map[string]string, name, value string) map[string]string {
	more := make(map[string]string, len(args)+1)
	for k, v := range args {
		more[k] = v
	}
	more[name] = value
	return more
}
