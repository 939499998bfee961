package dialog

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Said is a refusal or a notice to the person: a code, whose text [Words] have, and the
// values that the text fills in.
type Said struct {
	Code string `json:"c"`
	// Kind is a flow's own name for a text that changes the card, by a button of its own or
	// otherwise. A flow goes by the kind, and Code only names the text.
	Kind string            `json:"k,omitempty"`
	Args map[string]string `json:"a,omitempty"`
	// Times are written in the zone and language of the card. The time NAME is
	// {NAME_at}, the clock time, with the day unless that is today; {NAME_near}, the same
	// with the word for tomorrow, for cards that are read soon; {NAME_on}, the date;
	// {NAME_ago}, the age.
	Times map[string]Moment `json:"m,omitempty"`
	// Reason is another text, {reason} in this one.
	Reason *Said `json:"w,omitempty"`
	// Items are a list below the text, a flow's own values for each.
	Items   [][]string `json:"i,omitempty"`
	Typed   string     `json:"t,omitempty"` // typed text, given back in the field or quoted
	Refusal bool       `json:"r,omitempty"`
}

// Is reports whether something is said, and is of this kind.
func (s *Said) Is(kind string) bool { return s != nil && s.Kind == kind }

// Moment is a time as it is stored: unix milliseconds.
type Moment int64

// At is t as a Moment.
func At(t time.Time) Moment { return Moment(t.UnixMilli()) }

// Time is the moment as a time.
func (m Moment) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// same reports whether s and x say the same. Each may be nil.
func (s *Said) same(x *Said) bool {
	if s == nil || x == nil {
		return s == x
	}
	return s.Code == x.Code && s.Kind == x.Kind && s.Typed == x.Typed && s.Refusal == x.Refusal && maps.Equal(s.Args, x.Args) && maps.Equal(s.Times, x.Times) &&
		slices.EqualFunc(s.Items, x.Items, slices.Equal) && s.Reason.same(x.Reason)
}

// size estimates the memory of s in bytes.
func (s *Said) size() int {
	if s == nil {
		return 0
	}
	n := 128 + len(s.Code) + len(s.Kind) + len(s.Typed) + s.Reason.size()
	for k := range s.Times {
		n += 64 + len(k)
	}
	for k, v := range s.Args {
		n += 48 + len(k) + len(v)
	}
	for _, item := range s.Items {
		n += 24
		for _, v := range item {
			n += 16 + len(v)
		}
	}
	return n
}

// typedArg is the argument with what the person typed, where a text quotes it.
const typedArg = "typed"

// once is s as it is stored: without the argument typed where Typed has it already.
func (s *Said) once() (stored *Said, quoted bool) {
	if s == nil || s.Typed == "" || s.Args[typedArg] != s.Typed {
		return s, false
	}
	c := *s
	c.Args = maps.Clone(s.Args)
	delete(c.Args, typedArg)
	return &c, true
}

// quote undoes once.
func (s *Said) quote() {
	if s.Args == nil {
		s.Args = map[string]string{}
	}
	s.Args[typedArg] = s.Typed
}

// Quotable is a typed text without the parts that flows remove, see [Discreet].
func (e *Engine) Quotable(text string) string {
	for _, f := range e.order {
		if d, ok := f.(Discreet); ok && text != "" {
			text = d.Quotable(text)
		}
	}
	return text
}

// quotable is Quotable, and nothing where a flow's own has a defect.
func (e *Engine) quotable(text string) (out string) {
	_ = guard(func() { out = e.Quotable(text) })
	return out
}

// quote has the turn say only quotable parts of typed texts.
func (e *Engine) quote(t *Turn) {
	if t.Record.Said != t.Before.Said {
		t.Record.Said = e.discreet(t.Record.Said)
	}
	t.toast = e.discreet(t.toast)
	if t.told != nil {
		t.told.Said = e.discreet(t.told.Said)
	}
	for role, x := range t.says {
		t.says[role] = seatSaid{e.discreet(x.said), x.anew}
	}
}

// discreet is s with the quotable parts of its typed texts. s may be nil.
func (e *Engine) discreet(s *Said) *Said {
	if s == nil {
		return nil
	}
	c := *s
	c.Typed, c.Reason = e.Quotable(s.Typed), e.discreet(s.Reason)
	if typed, quotes := s.Args[typedArg]; quotes {
		if quotable := e.Quotable(typed); quotable != typed {
			c.Args = maps.Clone(s.Args)
			c.Args[typedArg] = quotable
		}
	}
	return &c
}

// untyped is s without the typed text, and with the beginnings of its arguments.
func (s *Said) untyped() *Said {
	const most = 64 // characters
	c := *s
	c.Typed = ""
	c.Args = maps.Clone(s.Args)
	for name, value := range c.Args {
		if runes := []rune(value); len(runes) > most {
			c.Args[name] = string(runes[:most]) + "…"
		}
	}
	return &c
}

// upgrade converts the code and the arguments of a record before format 3. The code was the
// kind, too. The arguments had times as text, under names that end in their kind; the code
// of a reason under "code", and its arguments behind "r."; a list under the names 0, 1, 2 …
func (s *Said) upgrade() {
	s.Kind = s.Code
	old := s.Args
	if len(old) == 0 {
		return
	}
	s.Args = make(map[string]string, len(old))
	for name, value := range old {
		if inside, ok := strings.CutPrefix(name, "r."); ok {
			s.reason().upgradeArg(inside, value)
			continue
		}
		if name == "code" {
			s.reason().Code = value // and an argument, where a text of the bot's own has one of this name
		}
		s.upgradeArg(name, value)
	}
	for n := 0; ; n++ {
		name := strconv.Itoa(n)
		value, ok := s.Args[name]
		if !ok {
			return
		}
		delete(s.Args, name)
		s.Items = append(s.Items, strings.Fields(value))
	}
}

// upgradeArg keeps an old argument: a time among the times.
func (s *Said) upgradeArg(name, value string) {
	if at, ok := oldTime(name, value); ok {
		if s.Times == nil {
			s.Times = map[string]Moment{}
		}
		s.Times[name[:strings.LastIndexByte(name, '_')]] = at
		return
	}
	if s.Args == nil {
		s.Args = map[string]string{}
	}
	s.Args[name] = value
}

func (s *Said) reason() *Said {
	if s.Reason == nil {
		s.Reason = &Said{}
	}
	return s.Reason
}

// oldTime reads an argument of a record before format 3 as a time.
func oldTime(name, value string) (at Moment, ok bool) {
	i := strings.LastIndexByte(name, '_')
	if i < 0 || !slices.Contains([]string{"at", "near", "on", "ago"}, name[i+1:]) {
		return 0, false
	}
	n, err := strconv.ParseInt(value, 10, 64)
	return Moment(n), err == nil
}
