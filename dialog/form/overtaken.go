package form

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// A text in a chat names no card. When another place, such as a page, has led to another
// question a moment ago, the writer may not have seen it. So for a moment such a text is no
// answer: it is quoted, with a button for the question before and one for the question now.

// overtakenFor is that moment.
const overtakenFor = 10 * time.Second

// ledFrom begins the name under which [dialog.Record.Touched] has who led away from a
// question; the question's name follows, nothing for the review.
const ledFrom = ">"

// led records who led from one question to another, where another channel may not have seen
// it yet.
func (f *Form[T]) led(t *dialog.Turn) {
	r, in := t.Record, t.Input
	if !in.FromPerson() || r.Draft != t.Before.Draft || r.Step == "" || t.Before.Step == "" {
		return
	}
	if !slices.ContainsFunc(r.Places, func(p dialog.Place) bool { return p.Channel != in.Place.Channel }) {
		return
	}
	before, err := f.Draft(t.Before)
	if err != nil {
		return
	}
	after, err := f.Draft(r)
	was := f.asked(t.Before, before)
	if err != nil || was == f.asked(r, after) {
		return
	}
	touched := maps.Clone(r.Touched)
	if touched == nil {
		touched = map[string]dialog.Touch{}
	}
	maps.DeleteFunc(touched, func(name string, _ dialog.Touch) bool { return strings.HasPrefix(name, ledFrom) })
	name := ledFrom
	if was != nil {
		name += was.Name
	}
	touched[name] = dialog.Touch{Channel: in.Place.Channel, At: t.Now}
	r.Touched = touched
}

// overtaken quotes a text that may be meant for the question before.
func (f *Form[T]) overtaken(t *dialog.Turn, d *T) bool {
	in := t.Input
	if in.Bound || in.Over > 0 { // of a longer text only the beginning is there
		return false
	}
	at := t.Now
	if sent := time.Unix(in.Serial.Sent, 0); in.Serial.Sent > 0 && sent.Before(at) { // while nobody took it
		at = sent
	}
	for name, by := range t.Before.Touched {
		from, ok := strings.CutPrefix(name, ledFrom)
		if !ok || by.Channel == in.Place.Channel || at.Sub(by.At) >= overtakenFor {
			continue
		}
		if q := f.question(from); q == nil && from != "" || q != nil && !q.when(d) {
			continue
		}
		t.Tell(dialog.Said{Code: "which", Kind: kindWhich, Args: quoting(in, from), Typed: in.Text})
		return true
	}
	return false
}

// The arguments of a quoted text that is an answer later: whom it names by links, and the message that it stood in.
const (
	argMentioned = "mentioned"
	argSeveral   = "several"
	argSeries    = "series"
	argNumber    = "number"
)

// quoting keeps what a text is quoted with, and what belongs to it as an answer.
func quoting(in *dialog.Input, from string) map[string]string {
	args := map[string]string{"typed": in.Text, "from": from}
	if in.Mentioned != "" {
		args[argMentioned] = in.Mentioned
	}
	if in.Several {
		args[argSeveral] = strconv.FormatBool(true)
	}
	if in.Serial.Series != "" {
		args[argSeries], args[argNumber] = in.Serial.Series, strconv.FormatInt(in.Serial.Number, 10)
	}
	return args
}

// quoted is the tap on a button of a quoted text, with the text and what belongs to it.
func quoted(s *dialog.Said, tap *dialog.Input) *dialog.Input {
	in := *tap
	in.Text, in.Mentioned, in.Several = s.Typed, s.Args[argMentioned], s.Args[argSeveral] != ""
	number, _ := strconv.ParseInt(s.Args[argNumber], 10, 64) // 0: its message is not known
	in.Serial = dialog.Serial{Series: s.Args[argSeries], Number: number}
	return &in
}

// offerBoth adds a button for each question that a quoted text may answer.
func (f *Form[T]) offerBoth(r *dialog.Record, d *T, v dialog.View, c *dialog.Card) {
	var list []dialog.Button
	for _, q := range []*Question[T]{f.question(r.Said.Args["from"]), f.asked(r, d)} {
		if q == nil || !q.when(d) {
			continue
		}
		list = append(list, dialog.Button{Action: "as:" + q.Name, Label: f.say(v, "use_as", map[string]string{"what": f.what(q, v)})})
	}
	c.Alt = append(list, c.Alt...)
}
