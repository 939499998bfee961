package form

import (
	"strconv"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// drop removes the draft's timers, and its answers unless Wake or Result may need them
// after Submit; the row stays for keepRow.
func (f *Form[T]) drop(t *dialog.Turn) {
	r := t.Record
	if openOf(r).state != done || f.Wake == nil && f.Result == nil {
		r.SetDraft(nil, nil)
	}
	r.Unread = nil
	t.Unwake(timerRemind)
	t.Unwake(timerExpire)
	t.Unwake(timerWipe)
	t.Wake(dialog.ForgetTimer, keepRow)
}

// wake handles a timer of the form or of the bot.
func (f *Form[T]) wake(t *dialog.Turn, d *T, name string) {
	r := t.Record
	switch name {
	case timerRemind:
		if r.Step == "" || f.answered(d) == 0 {
			return
		}
		t.Event(EventReminded, "")
		said := f.lasts(r, "reminder")
		said.Kind = kindReminder
		t.Tell(said)
		t.Anew()
	case timerExpire:
		if r.Step == "" {
			return
		}
		t.Event(EventExpired, "")
		told, said := f.answered(d) > 0, f.lasts(r, "expired")
		said.Kind = kindExpired
		r.Step = ""
		open{state: expired}.set(r)
		r.SetDraft(nil, nil)
		f.drop(t)
		t.Tell(said)
		if told {
			t.Anew()
		}
	case timerWipe:
		if r.Step == "" && openOf(r).state == cancelled {
			open{}.set(r)
			r.SetDraft(nil, nil)
			t.Applied() // the card loses its Undo together with the answers
		}
	default:
		if f.Wake != nil {
			if text := f.Wake(*d, name, t); text != "" {
				t.Say("plain", map[string]string{"text": text})
				t.Anew()
			}
		}
	}
}

// lasts is a text about how long a draft is kept, see inUnits.
func (f *Form[T]) lasts(r *dialog.Record, code string) dialog.Said {
	life, at := f.life(r.Owner), dialog.At(r.Expires)
	return dialog.Said{Code: code,
		Args:  map[string]string{"seconds": strconv.Itoa(int(life / time.Second))},
		Times: map[string]dialog.Moment{"until": at, "expired": at}}
}

// touch starts the draft's life again.
func (f *Form[T]) touch(t *dialog.Turn) {
	life := f.life(t.Record.Owner)
	t.Record.Expires = t.Now.Add(life)
	t.Wake(timerRemind, life/2)
	t.Wake(timerExpire, life)
}
