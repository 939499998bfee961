package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Visit is what stays of a booking: a conversation of its own, with a card, timers and
// buttons, while the person may book the next one.
type Visit struct {
	Service string    `json:"service"`
	At      time.Time `json:"at"`
	Note    string    `json:"note,omitempty"`
}

// visits is the flow of visits.
type visits struct{}

// The timers of a visit.
const (
	timerRemind = "remind" // the evening before
	timerOver   = "over"   // when it begins
)

// startVisit begins the conversation of a visit in the turn that books it.
func startVisit(t *dialog.Turn, v Visit) {
	id := "V-" + t.ID(8)
	r := &dialog.Record{Head: dialog.Head{
		Key:   dialog.Key{Bot: t.Record.Key.Bot, Flow: visits{}.FlowName(), ID: id},
		Owner: t.Record.Owner, Draft: id, Step: "booked",
	}}
	write(r, v)
	t.Start(r, true)
}

// write stores a visit with its timers.
func write(r *dialog.Record, v Visit) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // a visit has only texts and a time
	}
	evening := time.Date(v.At.Year(), v.At.Month(), v.At.Day()-1, 18, 0, 0, 0, v.At.Location())
	r.Answers = raw
	r.Timers = []dialog.Timer{{Name: timerRemind, At: evening.UnixMilli()}, {Name: timerOver, At: v.At.UnixMilli()}}
}

func read(r *dialog.Record) (v Visit) {
	_ = json.Unmarshal(r.Answers, &v) // the empty record of version 0 has none
	return v
}

func (visits) FlowName() string { return "visit" }

// Match reports whether an input with this draft id belongs to a visit.
func (visits) Match(id string) bool { return strings.HasPrefix(id, "V-") }

// Text has the texts of the flow's codes.
func (visits) Text(_, code string, args map[string]string) string {
	return dialog.Fill(map[string]string{"remind": "See you tomorrow!", "moved": "Moved.", "cancelled": "Cancelled."}[code], args)
}

// Decide handles timers and buttons. Open is what the card asks: "change", "cancel".
func (visits) Decide(t *dialog.Turn) {
	r, in := t.Record, t.Input
	if in.Kind == dialog.KindWake {
		wake(t)
		return
	}
	if !in.FromPerson() {
		return
	}
	if r.Step != "booked" {
		t.Stale()
		return
	}
	r.Said = nil
	switch action := in.Action(); {
	case action == "change", action == "cancel":
		r.Open = action
		t.Applied()
	case action == "back":
		r.Open = ""
		t.Applied()
	case action == "cancel:yes" && r.Open == "cancel":
		end(t, "cancelled")
		t.Say("cancelled", nil)
	case in.Name == "day" && r.Open == "change":
		v := read(r)
		day, err := time.Parse(time.DateOnly, in.Value)
		if err != nil {
			t.Stale()
			return
		}
		at := v.At.In(t.Zone)
		v.At = time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), 0, 0, t.Zone)
		r.Open = ""
		write(r, v)
		t.Say("moved", nil)
	default:
		t.Stale()
	}
}

func wake(t *dialog.Turn) {
	switch t.Input.Name {
	case timerRemind:
		t.Say("remind", nil)
		t.Anew() // as a new message
	case timerOver:
		t.Record.Said = nil
		end(t, "over")
	}
}

// end leaves a visit that has no timers but the one that deletes it.
func end(t *dialog.Turn, step string) {
	t.Record.Step, t.Record.Open, t.Record.Timers = step, "", nil
	t.Wake(dialog.ForgetTimer, 90*24*time.Hour)
	t.Applied()
}

// Render makes the card of a visit.
func (visits) Render(r *dialog.Record, view dialog.View) dialog.Card {
	v := read(r)
	c := dialog.Card{Step: r.Step, Question: v.Service + " on " + v.At.In(view.Zone).Format("Mon 2 Jan, 15:04")}
	if r.Said != nil {
		c.Band = &dialog.Band{Strong: c.Tell(visits{}.Text, view, r.Said)}
	}
	switch {
	case r.Step != "booked":
		c.Ended = true
	case r.Open == "change":
		c.Question = "Which day instead?"
		today := view.Now.In(view.Zone)
		for n := 1; n <= 7; n++ {
			day := today.AddDate(0, 0, n)
			c.Choices = append(c.Choices, dialog.Button{Action: "day:" + day.Format(time.DateOnly), Label: day.Format("Mon 2 Jan")})
		}
		c.Quiet = []dialog.Button{{Action: "back", Label: "Back"}}
	case r.Open == "cancel":
		c.Question = "Cancel " + c.Question + "?"
		c.Primary = &dialog.Button{Action: "back", Label: "Keep it"}
		c.Alt = []dialog.Button{{Action: "cancel:yes", Label: "Cancel it"}}
	default:
		c.Alt = []dialog.Button{{Action: "change", Label: "Another day"}, {Action: "cancel", Label: "Cancel"}}
	}
	return c
}
