package dialog

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Asks is the question of another conversation that a person's own one asks. The next text
// goes there, see [Asker]. A key without an id is of a conversation that is not there yet: its
// question is asked by the flow of the person's own one, which gets the text, and begins the
// conversation in that turn.
type Asks struct {
	Key    Key               `json:"k"`
	Role   string            `json:"r,omitempty"` // the seat in which the text is given
	Action string            `json:"a,omitempty"` // of the button: name or name:value; empty: of a reply
	About  map[string]string `json:"b,omitempty"` // what the card says of that conversation
	Shown  int64             `json:"t,omitempty"` // when a button brought the question, in unix milliseconds
	Then   *Asks             `json:"n,omitempty"` // the question that stands again once this one is answered or left; it has no Then
}

// Asker is implemented by a [Matcher] whose conversations need texts. What is typed into a
// chat is for the person's own conversation, so that one row knows what is asked. A button
// that asks goes there, and so does the text; then it comes here as a KindText with the name and
// value of the button, from whoever sits, for any revision: Decide goes by the step. It takes the
// text, refuses it by Turn.Refuse, which asks again, or does nothing, which says that it is too late.
// A text that is not taken changes nothing. What Turn.Toast says of one that is taken stands on the
// person's own card. A reply to a card of the conversation comes without a name.
type Asker interface {
	// Asks reports whether a button asks for a text. It is pure, and goes by the name.
	Asks(in *Input) bool
	// Ask is what the card of the question says of the conversation of, which is as its
	// person has it: up to 1 KiB. refused: the text is not wanted any more. It is pure.
	Ask(of *Record, in *Input) (about map[string]string, refused *Said)
	// Asked makes the card of the person's own conversation while it asks own.Asks. It shows
	// own.Said, and needs a button ActionLeave. In a group (own is of the GroupFlow) it has no buttons,
	// and Card.ForName names the person.
	Asked(own *Record, v View) Card
}

// ActionLeave is the action of the button that leaves the question of another conversation.
const ActionLeave = "leave"

// aboutMost bounds Asks.About, in bytes.
const aboutMost = 1 << 10

func (a *Asks) size() int {
	if a == nil {
		return 0
	}
	n := 96 + len(`"t":1700000000000,`) + len(a.Key.String()) + encodedLen(a.Role) + encodedLen(a.Action)
	for k, v := range a.About {
		n += 64 + encodedLen(k) + encodedLen(v)
	}
	return n + a.Then.size()
}

// then is the question that stands again after a, which may be nil.
func (a *Asks) then() *Asks {
	if a == nil {
		return nil
	}
	return a.Then
}

// same reports whether a and x are one question. Each may be nil.
func (a *Asks) same(x *Asks) bool {
	return a != nil && x != nil && a.Key == x.Key && a.Role == x.Role && a.Action == x.Action
}

// effectText is the engine's own effect: it gives a text to another conversation.
const effectText = "dialog:text"

// sentText is its argument.
type sentText struct {
	Asks
	Text     string `json:"t"`
	Attached string `json:"f,omitempty"`
	Lang     string `json:"l,omitempty"`
	Turn     int64  `json:"v"` // version of the turn that sent it
}

// textAnswer is its result.
type textAnswer struct {
	Taken   bool  `json:"t,omitempty"`
	Refused bool  `json:"r,omitempty"` // the question is still open
	Said    *Said `json:"s,omitempty"`
}

// underWay reports whether a text of r is on its way to another conversation.
func (r *Record) underWay() bool {
	for _, x := range r.Pending {
		if x.Name == effectText {
			return true
		}
	}
	return false
}

// elsewhere decides what concerns the questions of other conversations in a person's own
// one. False: the flow decides.
func (e *Engine) elsewhere(t *Turn, older bool) (done bool) {
	in, r := t.Input, t.Record
	switch in.Key.Flow {
	case GroupFlow:
		e.askInGroup(t)
		return true
	case e.order[0].FlowName():
	default:
		return false
	}
	switch {
	case in.asks != nil:
		e.askFor(t)
	case in.Kind == KindResult && in.Name == effectText:
		t.textEnded()
	case older, in.Edit:
		return false
	case (in.Kind == KindText || in.Kind == KindOther) && e.replies(t):
	case in.Kind == KindTap && in.Name == ActionLeave:
		r.Asks, r.Said = r.Asks.then(), nil
		t.Applied()
	case r.Asks == nil:
		return false
	case in.Kind == KindText && r.Asks.Key.ID != "":
		t.sendOn(r.Asks)
	case in.Kind == KindTap, in.Kind == KindCommand:
		r.Asks = nil
		return false
	default:
		return false
	}
	if t.Before.Version == 0 { // a person without a draft
		t.Wake(ForgetTimer, keepAsked)
	}
	return true
}

// keepAsked is how long a row is kept that was written for the questions of other
// conversations alone.
const keepAsked = 90 * 24 * time.Hour

// keepsAsking gives the question back that a rejected button or command has left, and takes
// it away for a card that comes by itself.
func (t *Turn) keepsAsking() {
	switch in := t.Input; {
	case t.did == DidStale, t.did == DidRefuse && in.Kind == KindCommand:
		t.Record.Asks = t.Before.Asks
	case in.Kind == KindWake && t.anew:
		t.Record.Asks = nil
	}
}

// askedOf reads the conversation that a tap asks for, as its sender has it. None: there is
// no such one.
func (e *Engine) askedOf(ctx context.Context, in *Input) ([]*Record, error) {
	row, err := e.store.Load(ctx, in.asks.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read what is asked for: %w", unavailable(err))
	}
	r, err := row.record()
	if err != nil {
		return nil, err
	}
	role, sits := seatFor(e.flows[in.asks.Key.Flow], r, &Input{Kind: in.Kind, Owner: in.Owner, Bound: true, Group: in.Group, seat: in.asks.Role})
	if !sits {
		return nil, nil
	}
	return []*Record{r.As(role)}, nil
}

// askFor asks for a text, where the other conversation wants it. The second of two quick taps
// shows nothing anew.
func (e *Engine) askFor(t *Turn) {
	in, r := t.Input, t.Record
	a, refused := *in.asks, &Said{Code: CodeForeign}
	if len(t.Others) > 0 {
		tap := *in
		tap.Value = strings.TrimPrefix(strings.TrimPrefix(a.Action, in.Name), ":")
		a.About, refused = e.flows[a.Key.Flow].(Asker).Ask(t.Others[0], &tap)
	}
	switch {
	case refused != nil && in.Group:
		t.toast = refused
	case refused != nil:
		t.Tell(*refused)
		t.toast, t.did, t.anew = refused, DidStale, true
	case a.size() > aboutMost+len(a.Key.String()):
		panic("dialog: " + a.Action + " says too much")
	case !a.same(r.Asks) || r.Said != nil || t.Now.Sub(time.UnixMilli(r.Asks.Shown)) >= duplicateWithin:
		a.Shown = t.Now.UnixMilli()
		r.Asks, r.Said = &a, nil
		t.Anew()
	default: // the row remembers the tap: a late redelivery must not ask again
		t.Applied()
	}
}

func isAsker(f Flow) bool { _, is := f.(Asker); return is }

// replies decides a reply to another message than the own card. False: it is no such reply.
func (e *Engine) replies(t *Turn) bool {
	in, r := t.Input, t.Record
	draft, role := unseated(in.Reply.Draft)
	p, _ := r.Place(in.Place.Channel, in.Place.Address)
	switch {
	case in.Reply.Message == "",
		in.Reply.Message == t.Before.Message(p),
		draft != "" && draft == r.Draft && in.Reply.Revision == r.Revision:
		return false
	}
	f := e.flowOf(draft)
	if f == nil && in.Kind == KindOther { // a contact, which a client may send as a reply to the message that asks for it
		return false
	}
	if in.Kind == KindText && isAsker(f) {
		t.sendOn(&Asks{Key: Key{e.cfg.Bot, f.FlowName(), draft}, Role: role})
		return true
	}
	t.notSent(CodeNoAnswer, "")
	return true
}

// flowOf is the flow whose conversations have ids like this one; nil: there is none.
func (e *Engine) flowOf(draft string) Flow {
	i := slices.IndexFunc(e.order[1:], func(f Flow) bool { return draft != "" && e.matches(f, draft) })
	if i < 0 {
		return nil
	}
	return e.order[1+i]
}

// sendOn gives the text to another conversation, after the commit. The question is answered.
func (t *Turn) sendOn(to *Asks) {
	in, r := t.Input, t.Record
	switch {
	case r.underWay():
		t.notSent(CodeUnderWay, to.Key.ID)
		return
	case in.Over > 0 || encodedLen(in.Text) > ArgMost-4*aboutMost:
		t.notSent(CodeTooMuch, to.Key.ID)
		return
	}
	t.Do(effectText, sentText{*to, in.Text, in.Attached, in.Place.Lang, t.Before.Version + 1})
	if r.exceeds(t.Before) {
		r.Pending = t.Before.Pending
		t.notSent(CodeTooMuch, to.Key.ID)
		return
	}
	if to == r.Asks {
		r.Asks = nil
	}
	t.Say(CodeSentOn, map[string]string{"id": to.Key.ID})
}

// notSent refuses a text, and says so on the own card.
func (t *Turn) notSent(code, id string) {
	t.Refuse(code, map[string]string{"id": id, typedArg: t.Input.Text}, t.Input.Text)
}

// carry is the function of effectText.
func (e *Engine) carry(ctx context.Context, r *Record, raw json.RawMessage, key string) error {
	var x sentText
	if err := json.Unmarshal(raw, &x); err != nil {
		return Forever(err)
	}
	name, value, _ := strings.Cut(x.Action, ":")
	out, err := e.handle(ctx, Input{ID: "text:" + key, Kind: KindText, Key: x.Key, Owner: r.Owner, Draft: seated(x.Key.ID, x.Role),
		Name: name, Value: value, Text: x.Text, Attached: x.Attached, Place: Place{Lang: x.Lang}, carried: true})
	switch {
	case err != nil:
		return err
	case out.Did == DidPark:
		return ErrSchemaNewer
	}
	a := textAnswer{Taken: out.Did == DidApply || out.Did == DidDuplicate, Refused: out.Did == DidRefuse, Said: out.Toast}
	if short, err := encode(a); err == nil && len(short) > resultMax && a.Said != nil {
		a.Said = a.Said.untyped()
	}
	return Returns(a)
}

// textEnded says on the own card what another conversation says of a text. A refused one is
// asked for again while the card that it brought still stands: another one would change its
// question under the person's hands. A turn that shows nothing, as of a block, does not count.
func (t *Turn) textEnded() {
	var x sentText
	var a textAnswer
	for _, p := range t.Before.Pending {
		if p.ID == t.Input.Value {
			_ = json.Unmarshal(p.Arg, &x)
		}
	}
	_ = json.Unmarshal([]byte(t.Input.Text), &a) // of a failed one nothing is known
	r := t.Record
	switch {
	case a.Taken && a.Said == nil, a.Taken && r.Said != nil && r.Said.Refusal:
	case a.Taken:
		t.Tell(*a.Said)
	case a.Refused && a.Said != nil && x.Action != "" && r.Asks == nil && t.Before.Card <= x.Turn:
		r.Asks = &x.Asks
		t.Tell(*a.Said)
		r.Said.Refusal, r.Said.Typed = true, x.Text
		t.anew = t.Now.Sub(r.Updated) >= lateAnswer
	default:
		t.Tell(Said{Code: CodeNotTaken, Args: map[string]string{"id": x.Key.ID, typedArg: x.Text}, Typed: x.Text, Reason: cmp.Or(a.Said, &Said{Code: CodeTooLate})})
		t.anew = true
	}
}

// lateAnswer is when a refusal no longer stands in the card that the text has brought: the
// person may have put the phone away.
const lateAnswer = 10 * time.Second

// asking is the card of a person's own conversation that asks for another; false: its flow
// makes the card.
func (e *Engine) asking(r *Record, v View) (c Card, ok bool) {
	if r.Asks == nil {
		return c, false
	}
	f, ok := e.flows[r.Asks.Key.Flow].(Asker)
	if ok {
		c = f.Asked(r, v)
		c.Step, c.Lang = r.Step, v.Lang
		if r.Key.Flow == GroupFlow {
			c.For, c.Quiet = r.Owner, nil
		}
	}
	return c, ok
}
