package alert

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// FlowName is the flow's part of the key.
const FlowName = "alert"

// Version of the stored [State].
const Version = 1

// Config of the flow.
type Config struct {
	// At is the chat in which alerts are shown. Without a channel they are shown nowhere.
	At dialog.Place
	// Hook sends a message to a webhook; key is the same at each try. Nil: there is none.
	Hook func(ctx context.Context, m Message, key string) error
	// Words are the texts. Defaults to texts.Words.
	Words dialog.Words
}

// Message is what a webhook is told. Its JSON is stable.
type Message struct {
	Alert string    `json:"alert"` // its name
	State string    `json:"state"` // firing or resolved
	At    time.Time `json:"at"`    // since when
	Text  string    `json:"text"`
}

// Flow is the flow of alerts. It is a dialog.Flow.
type Flow struct{ cfg Config }

var (
	_ dialog.Flow     = (*Flow)(nil)
	_ dialog.Matcher  = (*Flow)(nil)
	_ dialog.Beginner = (*Flow)(nil)
	_ dialog.Doer     = (*Flow)(nil)
	_ dialog.Knower   = (*Flow)(nil)
	_ dialog.Speaker  = (*Flow)(nil)
)

// New makes the flow.
func New(cfg Config) *Flow {
	if cfg.Words == nil {
		cfg.Words = texts.Words
	}
	return &Flow{cfg}
}

// Tells reports whether anybody is told anything.
func (f *Flow) Tells() bool { return f.cfg.At.Channel != "" || f.cfg.Hook != nil }

// FlowName implements dialog.Flow.
func (*Flow) FlowName() string { return FlowName }

var names = regexp.MustCompile(`^(lost|inputs|restarts|typed|abandonment|tickets|(step|rollout|cost)\.[A-Za-z0-9_-]{1,64})$`)

// Match reports whether an alert has this name.
func (*Flow) Match(id string) bool { return names.MatchString(id) }

// Knows implements dialog.Knower.
func (*Flow) Knows(h *dialog.Head) bool { return h.Schema <= Version && h.Step == "" }

// Text implements dialog.Speaker.
func (f *Flow) Text(lang, code string, args map[string]string) string {
	return f.cfg.Words(lang, code, args)
}

const (
	look    = "look"    // the order of who has looked
	webhook = "webhook" // the effect
	seat    = "alert"   // of the chat; nobody owns it
)

// Look is the order of who has looked: what was found. Given twice, by any number of instances, it is told once.
func Look(bot string, seen *Seen) dialog.Input {
	raw, err := json.Marshal(seen)
	if err != nil {
		panic("alert: " + err.Error()) // it has only texts, numbers and times
	}
	return dialog.Input{ID: "look " + rand.Text(), Kind: dialog.KindOrder, Key: Key(bot, seen.Name), Name: look, Text: string(raw), By: "insight"}
}

// Tell gives the order, if it would change anything.
func Tell(ctx context.Context, e *dialog.Engine, seen *Seen) error {
	r, _, err := e.Hydrate(ctx, Key(e.Bot(), seen.Name))
	if err != nil {
		return fmt.Errorf("alert %s: %w", seen.Name, err)
	}
	s, err := Of(r)
	if err != nil {
		return fmt.Errorf("alert %s: %w", seen.Name, err)
	}
	if next, told := s.Next(seen, e.Now()); !told && next.same(&s) {
		return nil
	}
	if _, err := e.Handle(ctx, Look(e.Bot(), seen)); err != nil {
		return fmt.Errorf("alert %s: %w", seen.Name, err)
	}
	return nil
}

// Key is that of an alert.
func Key(bot, name string) dialog.Key { return dialog.Key{Bot: bot, Flow: FlowName, ID: name} }

// Begins implements dialog.Beginner.
func (*Flow) Begins(in *dialog.Input) bool { return in.Name == look }

// EffectFuncs implements dialog.Doer.
func (f *Flow) EffectFuncs() dialog.Effects {
	return dialog.Effects{webhook: dialog.Effect(func(ctx context.Context, m Message, key string) error {
		if f.cfg.Hook == nil { // it is configured no more
			return nil
		}
		return f.cfg.Hook(ctx, m, key)
	})}
}

// Of decodes the state of a record; that of version 0 is the zero State.
func Of(r *dialog.Record) (s State, err error) {
	switch {
	case r.Version == 0 || len(r.Answers) == 0:
		return s, nil
	case r.Schema > Version:
		return s, fmt.Errorf("alert of version %d: %w", r.Schema, dialog.ErrSchemaNewer)
	}
	err = json.Unmarshal(r.Answers, &s)
	return s, err
}

func (s *State) save(r *dialog.Record) {
	raw, err := json.Marshal(s)
	if err != nil {
		panic("alert: " + err.Error()) // it has only texts, numbers and times
	}
	r.SetDraft(raw, nil)
	r.Schema, r.Draft = Version, r.Key.ID
}

// Decide implements dialog.Flow: it tells where a look says other than before. The webhook is told one thing after the other,
// so that it knows the end after the beginning.
func (f *Flow) Decide(t *dialog.Turn) {
	s, err := Of(t.Record)
	if err != nil {
		t.Park()
		return
	}
	switch in := t.Input; {
	case in.Kind == dialog.KindResult:
		f.hook(t, &s)
	case in.Kind == dialog.KindOrder && in.Name == look:
		var seen Seen
		if json.Unmarshal([]byte(in.Text), &seen) != nil || seen.Name != t.Record.Key.ID {
			return
		}
		next, told := s.Next(&seen, t.Now)
		if !told && next.same(&s) {
			return
		}
		s = next
		t.Applied()
		if told || s.Firing {
			f.show(t, &s, told)
		}
		if told {
			f.hook(t, &s)
		}
		s.save(t.Record)
	}
}

// show brings the card of the chat: anew where people are told, else with the newest figures.
func (f *Flow) show(t *dialog.Turn, s *State, told bool) {
	if f.cfg.At.Channel == "" && len(t.Record.Seats) == 0 {
		return
	}
	t.Share(seat, f.cfg.At)
	t.SayTo(seat, s.What, told)
}

// hook tells the webhook what it does not know, unless it is being told something.
func (f *Flow) hook(t *dialog.Turn, s *State) {
	if f.cfg.Hook == nil || len(t.Record.Pending) > 0 || s.Since == s.Hooked || s.Since == 0 {
		return
	}
	s.Hooked = s.Since
	t.Do(webhook, f.Message(t.Record.Key.ID, s, dialog.View{Lang: texts.Default, Now: t.Now, Zone: t.Zone}))
	s.save(t.Record)
}

// same reports whether a look that tells nobody has left the state o as it was.
func (s *State) same(o *State) bool { return s.Turning == o.Turning && same(&s.What, &o.What) }

// Message is what a webhook is told of a state.
func (f *Flow) Message(name string, s *State, v dialog.View) Message {
	m := Message{Alert: name, State: "resolved", At: time.UnixMilli(s.Since).UTC()}
	c := f.Card(s, v)
	parts := []string{c.Progress + ": " + c.Question}
	if s.Firing {
		m.State = "firing"
		parts = append(parts, c.Hint)
	}
	m.Text = dialog.Plain(strings.TrimSpace(strings.Join(parts, " ")))
	return m
}

// Card is what a chat shows of a state.
func (f *Flow) Card(s *State, v dialog.View) dialog.Card {
	c := dialog.Card{Ended: true, Lang: v.Lang, Progress: f.cfg.Words.Say(v, "alert.over", nil)}
	what, do, _ := strings.Cut(c.Tell(f.cfg.Words, v, &s.What), "\n")
	c.Question = what
	if s.Firing {
		c.Progress, c.Hint = f.cfg.Words.Say(v, "alert.fires", nil), do
	}
	return c
}

// Render implements dialog.Flow.
func (f *Flow) Render(r *dialog.Record, v dialog.View) dialog.Card {
	s, err := Of(r)
	if err != nil || s.Since == 0 {
		return dialog.Card{Ended: true}
	}
	return f.Card(&s, v)
}
