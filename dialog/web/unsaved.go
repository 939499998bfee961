package web

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/lockbay/lockbay/dialog"
)

// unsaved is the data of the template "unsaved": a form that was not handled, below
// its card, with a button that sends the same input again.
type unsaved struct {
	frame
	Card            *dialog.Card // the card of the form
	Band            *dialog.Band
	Known, Ahead    string
	Draft, Revision string
	InputID, CSRF   string
	Action, Bound   string // of the pressed button: its action, and where the form goes, if that is another address
	Question        string
	Asks            bool           // Question is the card's, and so are the sums and the last row
	Hinted          bool           // the card's hint stands below the question
	Input           *input         // the text; nil: a button was pressed
	Pressed         *dialog.Button // that button; nil: not known, or a text
	PressedAs       string         // says that it was pressed
	Again           string         // label of the button that sends the form again
	Once            string         // says that the form counts once
}

// rejection is the reason why a form was not handled.
type rejection struct {
	status int
	code   string // of the sentence; CODE.choice, if it exists, is for a pressed button
	args   map[string]string
}

// unsaved returns a form to the visitor.
func (s *Site) unsaved(p *post, x rejection) {
	s.send(p.w, x.status, "unsaved", s.giveBack(p, s.again(p, x.status), x))
}

// giveBack makes the page of a form of this card.
func (s *Site) giveBack(p *post, c *dialog.Card, x rejection) *unsaved {
	button := p.text == "" && p.action != ""
	var pressed *dialog.Button
	if button {
		pressed = find(c, p.action)
		x = x.ofButton(pressed)
	}
	own := *c
	own.Asks, own.Base = p.question, p.base // it is sent again as it was
	c = &own
	revision, _ := strconv.ParseInt(p.revision, 10, 64)
	title := s.say(p.lang, "page.unsaved", nil)
	u := &unsaved{
		frame: s.frame(p.lang, c), Card: c, Band: s.band(p.lang, x.code, x.args),
		Draft: p.draft, Revision: strconv.FormatInt(revision, 10), InputID: p.inputID, CSRF: s.token(p.v), Action: p.action,
		Question: c.Question, Asks: button || c.Field != nil, Again: s.say(p.lang, "page.now", nil),
		Once: s.say(p.lang, "page.once", nil), Pressed: pressed,
	}
	if p.bound {
		u.Bound = boundPath
	}
	u.Owner = s.pseudonym(p.v)
	u.Known, u.Ahead = s.headings(p.lang, c)
	u.Band.Wait = true
	u.Title, u.Saved, u.State = s.title(p.lang, title), title, " not"
	if button {
		u.Hinted = c.Field == nil // another hint explains the field, which is not there
		u.PressedAs = s.pressed(p.lang, pressed)
		return u
	}
	field := dialog.Field{Long: len(p.text) > 80}
	if c.Field != nil {
		field = *c.Field
	} else {
		u.Question = s.say(p.lang, "page.answer", nil)
	}
	field.Value = p.text
	u.Input = &input{Field: &field, ReadOnly: true, Verbatim: verbatim(&field)}
	if x.status == http.StatusRequestEntityTooLarge { // the person makes it shorter
		u.Input.ReadOnly, field.Long, u.Again, u.Once = false, true, cmp.Or(field.Continue, s.say(p.lang, "page.continue", nil)), ""
	}
	u.Hinted = field.Label == ""
	if u.Asks && c.Hint != "" {
		u.Input.Describes = "hint"
	}
	return u
}

// pressed says beside the name of a button that it was pressed.
func (s *Site) pressed(lang string, b *dialog.Button) string {
	if b != nil && b.Detail != "" {
		return s.say(lang, "page.pressed.detail", map[string]string{"detail": b.Detail})
	}
	return s.say(lang, "page.pressed", nil)
}

// ofButton changes the sentence for a pressed button: it names the button where its name is known, and promises to keep
// no text.
func (x rejection) ofButton(b *dialog.Button) rejection {
	code := x.code + ".choice"
	if b != nil && english[code+".named"] != "" {
		x.args = maps.Clone(x.args)
		if x.args == nil {
			x.args = map[string]string{}
		}
		x.args["choice"] = dialog.Isolate(b.Label)
		code += ".named"
	}
	if english[code] != "" {
		x.code = code
	}
	return x
}

// find returns the button of a card with this action, nil without one. Its label names what it does.
func find(c *dialog.Card, action string) *dialog.Button {
	list := slices.Concat(c.Picks, c.Choices, c.Alt, c.Quiet, c.Others)
	for _, b := range []*dialog.Button{c.Primary, c.Keep} {
		if b != nil {
			list = append(list, *b)
		}
	}
	for _, f := range c.Facts {
		if f.Edit != nil {
			edit := *f.Edit
			edit.Label, edit.Detail = cmp.Or(edit.Aria, edit.Label), ""
			list = append(list, edit)
		}
	}
	for i := range list {
		if list[i].Action == action {
			return &list[i]
		}
	}
	return nil
}

// showing keeps the card that a visitor sees, so that it can be shown again while the store is away.
func (s *Site) showing(v visitor, c *dialog.Card) {
	kept := *c
	kept.Field, kept.Band, kept.Refusal, kept.Others = nil, nil, "", nil
	if c.Field != nil {
		field := *c.Field
		field.Value = ""
		kept.Field = &field
	}
	s.knownMu.Lock()
	s.shown.Put(v.id, &kept)
	s.knownMu.Unlock()
}

// isOf reports whether a form may be of a card: it is of its draft, and not of another question.
func (p *post) isOf(c *dialog.Card) bool {
	return c.Draft == p.draft && (p.question == "" || c.Asks == "" || p.question == c.Asks)
}

// shownTo returns the kept card of a form, nil without one.
func (s *Site) shownTo(p *post) *dialog.Card {
	s.knownMu.Lock()
	c, _ := s.shown.Get(p.v.id)
	s.knownMu.Unlock()
	if c == nil || strconv.FormatInt(c.Revision, 10) != p.revision || !p.isOf(c) {
		return nil
	}
	again := *c
	if again.Field != nil {
		field := *again.Field
		again.Field = &field
	}
	return &again
}

// again returns the card of the form: as this process has shown it, or rendered anew if the store answers and the revision is
// still current. Otherwise the card has no details. After a rate limit nothing is read.
func (s *Site) again(p *post, status int) *dialog.Card {
	if p.v.away != nil { // nobody knows whose card it would be
		status = http.StatusTooManyRequests
	} else if c := s.shownTo(p); c != nil {
		return c
	}
	if status != http.StatusTooManyRequests && p.draft != "" {
		ctx, cancel := context.WithTimeout(p.r.Context(), glanceFor)
		defer cancel()
		owner := s.owner(p.v)
		rec, _, err := s.engine.Hydrate(ctx, s.engine.Route(&dialog.Input{Owner: owner, Draft: p.draft}))
		if err == nil {
			if mine, sits := rec.AsOf(owner); sits && strconv.FormatInt(mine.Revision, 10) == p.revision {
				if c, _ := s.render(p.v, p.lang, mine); p.isOf(c) {
					return c
				}
			}
		}
	}
	if p.text == "" && p.action != "" {
		return &dialog.Card{Question: s.say(p.lang, "page.choice", nil)}
	}
	return &dialog.Card{Question: s.say(p.lang, "page.answer", nil)}
}
