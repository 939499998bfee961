package ticket

import "github.com/lockbay/lockbay/dialog"

// desk is the role of the operators' seat, where they read that somebody wrote, and the timer that brings them the message.
// Nobody acts there.
const desk = "desk"

var _ dialog.Sitter = (*Flow)(nil)

// Sits implements dialog.Sitter.
func (*Flow) Sits(string, string) bool { return false }

// call has a new ticket told at the desk, if there is one. What it then shows is the current card, without the text.
func (f *Flow) call(one *dialog.Record, at int64) {
	if f.cfg.Desk.Channel != "" {
		one.Timers = append(one.Timers, dialog.Timer{Name: desk, At: at})
	}
}

// tell tells of the ticket at the desk.
func (f *Flow) tell(t *dialog.Turn) {
	if f.cfg.Desk.Channel == "" {
		return
	}
	t.Share(desk, f.cfg.Desk)
	t.SayTo(desk, dialog.Said{Code: "ticket.desk.title"}, true)
}

// deskCard is what operators read: which ticket, and how to read it. What the person wrote stays in the database.
func (f *Flow) deskCard(r *dialog.Record, v dialog.View) dialog.Card {
	say := func(code string, args map[string]string) string { return f.cfg.Words.Say(v, code, args) }
	c := dialog.Card{Progress: say("ticket.desk.title", nil), Question: r.Key.ID}
	if k, err := Of(r); err == nil {
		c.Question = say("ticket.desk."+string(k.Class), map[string]string{"id": k.ID})
	}
	c.Hint = say("ticket.desk.read", map[string]string{"id": r.Key.ID})
	return c
}
