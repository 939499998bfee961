package deal

import (
	"slices"
	"strings"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

var (
	_ dialog.Asker    = (*Flow)(nil)
	_ dialog.Recaller = (*Flow)(nil)
)

// asksParty reports whether a button of a party wants a text.
func asksParty(in *dialog.Input) bool {
	return in.Name == where || in.Name == saying || in.Name == offering && in.Value == shareOther
}

// Asks implements dialog.Asker.
func (f *Flow) Asks(in *dialog.Input) bool { return asksParty(in) || deskAsks(in) }

// Ask implements dialog.Asker.
func (f *Flow) Ask(of *dialog.Record, in *dialog.Input) (map[string]string, *dialog.Said) {
	e, err := Escrow(of)
	switch atDesk := of.Role() == deskSeat; {
	case err != nil || asksParty(in) == atDesk:
		return nil, &dialog.Said{Code: dialog.CodeOldButton}
	case atDesk:
		about, refused := f.deskAsk(&e, step{name: in.Name, value: in.Value})
		if in.Group && refused == nil && in.Profile.Username != "" {
			about["who"] = "@" + in.Profile.Username
		}
		return about, refused
	case in.Name == where:
		return f.askWhere(of, &e)
	}
	return f.askWords(of, &e, in)
}

// Asked implements dialog.Asker.
func (f *Flow) Asked(own *dialog.Record, v dialog.View) dialog.Card {
	switch name, value, _ := strings.Cut(own.Asks.Action, ":"); name {
	case offering:
		return f.askedText(own, v, "deal.offer."+value)
	case where, saying:
		return f.askedText(own, v, "deal."+name)
	}
	return f.deskAsked(own, v)
}

// text takes a text that was asked for, or a reply.
func (f *Flow) text(t *dialog.Turn, e *lockbay.Escrow) {
	if t.Record.Role() == deskSeat {
		f.deskText(t, e)
		return
	}
	switch in, first := t.Input, slices.Contains(e.Nowhere(), side(t.Record)); {
	case in.Name == where, in.Name == "" && first: // a reply, while where to is asked for; later ones may be thanks
		f.sayWhere(t, e)
	case in.Name == offering:
		f.offers(t, e)
	case in.Name == saying, in.Name == "" && e.Status == lockbay.Disputed: // a reply to what was said
		f.says(t, e)
	case in.Name == "": // no button asked for it
		t.Refuse("deal.reply", nil, in.Text)
	}
}

// Recalls implements dialog.Recaller: a text of a party that the deal has taken, and that comes again because its answer
// was lost.
func (f *Flow) Recalls(r *dialog.Record, in *dialog.Input) *dialog.Said {
	e, err := Escrow(r)
	if err != nil || in.Kind != dialog.KindText || r.Role() == deskSeat {
		return nil
	}
	to := e.WhereTo(side(r))
	switch {
	case to != "" && (in.Name == where || in.Name == "" && to == inOneLine(in.Text)):
		return &dialog.Said{Code: "deal.where.taken", Args: map[string]string{"id": e.ID, "end": ending(to)}}
	case in.Name == offering:
		return &dialog.Said{Code: "deal.offer.taken", Args: map[string]string{"id": e.ID}}
	case in.Name == saying, in.Name == "":
		return &dialog.Said{Code: "deal.say.taken", Args: map[string]string{"id": e.ID}}
	}
	return nil
}
