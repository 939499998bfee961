package deal

import (
	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

var _ dialog.Asker = (*Flow)(nil)

// Asks implements dialog.Asker.
func (f *Flow) Asks(in *dialog.Input) bool { return in.Name == where || deskAsks(in) }

// Ask implements dialog.Asker.
func (f *Flow) Ask(of *dialog.Record, in *dialog.Input) (map[string]string, *dialog.Said) {
	e, err := Escrow(of)
	switch atDesk := of.Role() == deskSeat; {
	case err == nil && in.Name == where && !atDesk:
		return f.askWhere(of, &e)
	case err != nil || in.Name == where || !atDesk:
		return nil, &dialog.Said{Code: dialog.CodeOldButton}
	}
	return f.deskAsk(&e, step{name: in.Name, value: in.Value})
}

// Asked implements dialog.Asker.
func (f *Flow) Asked(own *dialog.Record, v dialog.View) dialog.Card {
	if own.Asks.Action == where {
		return f.askedWhere(own, v)
	}
	return f.deskAsked(own, v)
}

// text takes a text that was asked for, or a reply.
func (f *Flow) text(t *dialog.Turn, e *lockbay.Escrow) {
	if t.Record.Role() == deskSeat {
		f.deskText(t, e)
		return
	}
	f.textOfParty(t, e)
}
