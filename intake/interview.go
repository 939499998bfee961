package intake

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// A person whose draft was cancelled, or has expired, is asked once whether somebody may ask them why.
const (
	interviewing   = "interview"         // name of the timer that stands while the person is not asked, and of what a card says
	interviewAgain = 90 * 24 * time.Hour // as long as a yes is kept
)

// offersInterview reports whether the card of a draft that has ended asks.
func (f *Flow) offersInterview(r *dialog.Record) bool {
	return f.cfg.Tickets != nil && form.Ended(r) && !slices.ContainsFunc(r.Timers, func(x dialog.Timer) bool { return x.Name == interviewing })
}

// interviewAsked notes that the person was asked, and has begun another draft instead.
func (f *Flow) interviewAsked(t *dialog.Turn) {
	if t.Record.Step != "" && t.Record.Draft != t.Before.Draft && f.offersInterview(t.Before) {
		t.Wake(interviewing, interviewAgain)
	}
}

// interviewAgreed takes a yes. The card says thanks beside what it says of the draft.
func (f *Flow) interviewAgreed(t *dialog.Turn) {
	if !f.offersInterview(t.Before) {
		t.Stale()
		return
	}
	r := t.Record
	f.cfg.Tickets.Agree(t)
	t.Wake(interviewing, interviewAgain)
	if r.Said == nil {
		t.Say("interview.thanks", nil)
		return
	}
	said := *r.Said
	said.Args = maps.Clone(said.Args)
	if said.Args == nil {
		said.Args = map[string]string{}
	}
	said.Args[interviewing] = "yes"
	r.Said = &said
	t.Toast("interview.thanks", nil)
}

// interview adds the question, or the thanks, to the card of a draft that has ended. A page's visitor cannot be asked: nobody
// knows where to write.
func (f *Flow) interview(r *dialog.Record, v dialog.View, c *dialog.Card) {
	switch {
	case v.Visited:
	case f.offersInterview(r):
		c.Body = append(c.Body, f.cfg.Words(v.Lang, "interview.ask", nil))
		c.Quiet = append(c.Quiet, dialog.Button{Action: "interview", Label: f.cfg.Words(v.Lang, "interview.yes", nil)})
	case form.Ended(r) && r.Said != nil && r.Said.Args[interviewing] != "":
		c.Body = append(c.Body, strings.Split(f.cfg.Words(v.Lang, "interview.thanks", nil), "\n")...)
	}
}
