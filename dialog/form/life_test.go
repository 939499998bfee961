package form_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// timers are the timers of a record, and how long each has to go.
func timers(r *dialog.Record, now time.Time) string {
	var list []string
	for _, x := range r.Timers {
		list = append(list, fmt.Sprint(x.Name, " ", time.UnixMilli(x.At).Sub(now).Round(time.Second)))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// TestTimers: a draft is reminded of at half of its life, and expires; each input of the
// person starts its life again. A cancelled draft can come back for a day. A conversation
// without a draft is forgotten after 90 days.
func TestTimers(t *testing.T) {
	const draft, ended, gone = "expire 168h0m0s, remind 84h0m0s", "forget 2160h0m0s", "forget 2160h0m0s, wipe 24h0m0s"
	for story, want := range map[string]string{
		"/start":                             ended,
		"hello":                              ended,
		"/create":                            draft,
		"/create|large":                      draft,
		"/create|@10h":                       "expire 158h0m0s, remind 74h0m0s",
		"/create|@10h|/help":                 draft,
		"/create|@10h|huge":                  draft,
		"/create|large|@100h":                "expire 68h0m0s",
		"/create|large|@100h|/renew":         draft,
		"/create|large|@100h|@100h":          "forget 2160h0m0s",
		"/create|large|/cancel":              gone,
		"/create|large|/cancel|@23h":         "forget 2137h0m0s, wipe 1h0m0s",
		"/create|large|/cancel|/undo":        "expire 168h0m0s, forget 2160h0m0s, remind 84h0m0s",
		"/create|large|/cancel|@25h":         "forget 2135h0m0s",
		"/create|large|/cancel|/create":      draft,
		"/create|large|home|/confirm":        ended,
		"/create|large|home|/confirm|@10h":   "forget 2150h0m0s",
		"/create|large|home|/confirm|@2161h": "",
	} {
		k := tell(story)
		if got := timers(k.Record, k.Now()); got != want {
			t.Errorf("%s: timers %s, want %s", story, got, want)
		}
		k.Close()
	}
}

// TestLife: what is left of a draft after each end of its life, and what the card says. Only
// who has answered something is told by a new message.
func TestLife(t *testing.T) {
	for story, want := range map[string]string{
		"/create|@84h":                "size, answers true, says nothing",
		"/create|large|@84h":          "address, answers true, says reminder anew",
		"/create|@84h|@84h":           "expired, answers false, says expired",
		"/create|large|@84h|@84h":     "expired, answers false, says expired anew",
		"/create|large|/cancel":       "cancelled, answers true, says nothing, until 24h0m0s",
		"/create|large|/cancel|@24h":  "menu, answers false, says nothing",
		"/create|large|/renew":        "address, answers true, says renewed, until 168h0m0s",
		"/create|large|home|/confirm": "done, answers false, says plain",
	} {
		k := tell(story)
		r := k.Record
		says := "nothing"
		if r.Said != nil {
			says = r.Said.Code
		}
		got := fmt.Sprintf("%s, answers %t, says %s", place(r), len(r.Answers) > 0, says)
		if r.Anew == r.Version && r.Version == r.Card && strings.Contains(story, "@") && says != "nothing" {
			got += " anew"
		}
		if strings.HasSuffix(want, "0s") {
			got += fmt.Sprint(", until ", r.Expires.Sub(k.Now()))
		}
		if got != want {
			t.Errorf("%s: %s, want %s", story, got, want)
		}
		k.Close()
	}
}

// TestTold: the events of a draft, from its beginning to each of its ends.
func TestTold(t *testing.T) {
	for story, want := range map[string]string{
		"/create|large|home|+edit:size|small|/confirm": "started, asked size start, answered size, asked address next, answered address, asked review next, asked size edit, answered size, asked review next, confirmed",
		"/create|large|/back|/continue|/renew":         "started, asked size start, answered size, asked address next, asked size back, asked address next, renewed",
		"/create|large|/cancel|/undo":                  "started, asked size start, answered size, asked address next, cancelled, undone, asked address back",
		"/create|large|@84h|@84h":                      "started, asked size start, answered size, asked address next, reminded, expired",
		"/create|@84h|@84h":                            "started, asked size start, expired",
		"/create|/create:rose|huge":                    "started, asked size start, replaced, started, asked size start, refused not_offered",
		"/create|large|home|+edit:pay|card":            "started, asked size start, answered size, asked address next, answered address, asked review next, asked review edit, answered pay",
	} {
		k := tell(story)
		var got []string
		for _, e := range told(k) {
			entry := string(e.Kind)
			if e.Kind != dialog.EventReplaced {
				entry = strings.TrimSpace(entry + " " + e.Cause + " " + e.Source)
			}
			got = append(got, strings.TrimSpace(entry))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %s, want %s", story, strings.Join(got, ", "), want)
		}
		k.Close()
	}
}

// told are the events of a talk, without those of the engine.
func told(k *talk) []dialog.Event {
	var list []dialog.Event
	for _, e := range k.store.Logged() {
		if e.Key != "" && e.Kind != dialog.EventRehydrated {
			list = append(list, e)
		}
	}
	return list
}
