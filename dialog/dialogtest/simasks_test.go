package dialogtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// sentOn is a text that a person's own conversation sent to a deal. It is applied there
// once, or its sender reads why not.
type sentOn struct {
	owner, deal, text string
	applied, ended    bool
}

// judge names the fault of a deal's turn that took the text.
func (x *sentOn) judge(now *dialog.Row, by, added string) string {
	want := map[string]string{"the owner": "!:", "the other": "!s:"}[by] + x.text
	if x.applied || now.Key.ID != x.deal || added != want {
		return fmt.Sprintf("%q, sent by %s to %s, has become %q", x.text, by, x.deal, added)
	}
	x.applied = true
	return ""
}

// judgeSent follows the texts that go on from a person's own conversation, and names the
// fault of a turn there.
func (m *model) judgeSent(was, now *dialog.Row, in *simInput) string {
	a, err := dialog.Decode(was)
	b, err2 := dialog.Decode(now)
	if err != nil || err2 != nil {
		return fmt.Sprint(err, err2)
	}
	had := func(r *dialog.Record, id string) bool {
		return slices.ContainsFunc(r.Pending, func(p dialog.PendingEffect) bool { return p.ID == id })
	}
	for _, p := range b.Pending {
		var arg struct {
			Key  dialog.Key `json:"k"`
			Text string     `json:"t"`
		}
		switch err := json.Unmarshal(p.Arg, &arg); {
		case p.Name != "dialog:text" || had(a, p.ID):
		case err != nil:
			return err.Error()
		case in == nil || in.in.Kind != dialog.KindText || in.in.Text != arg.Text:
			return fmt.Sprintf("%q was sent on by itself", arg.Text)
		case in.in.Reply.Message == "" && (a.Asks == nil || a.Asks.Key != arg.Key):
			return fmt.Sprintf("%q went to %s, which was not asked for", arg.Text, arg.Key.ID)
		case in.in.Reply.Message == "" && b.Asks != nil:
			return arg.Key.ID + " has its text, and is asked still"
		default:
			m.sent[inputHash("text:"+p.ID)] = &sentOn{owner: b.Owner, deal: arg.Key.ID, text: arg.Text}
		}
	}
	for _, p := range a.Pending {
		x := m.sent[inputHash("text:"+p.ID)]
		if x == nil || had(b, p.ID) {
			continue
		}
		x.ended = true
		told := b.Said != nil && b.Said.Typed == x.text && (b.Said.Code == dialog.CodeNotTaken || b.Said.Refusal && b.Asks != nil)
		if told == x.applied {
			return fmt.Sprintf("%q was applied: %v; its sender reads %+v", x.text, x.applied, b.Said)
		}
	}
	if in != nil && in.in.Kind == dialog.KindText && (a.Asks != nil || strings.HasPrefix(in.in.Reply.Draft, "D-")) && string(was.Answers) != string(now.Answers) {
		return fmt.Sprintf("%q, which was for a deal, is an answer", in.in.Text)
	}
	return ""
}

// elsewhere reports whether a text is no answer: it went to a deal, or is refused with what was typed.
func (m *model) elsewhere(was, now *dialog.Row, in *simInput) bool {
	a, _ := dialog.Decode(was)
	b, _ := dialog.Decode(now)
	return (a.Asks != nil || in.in.Reply.Message != "") && (len(b.Pending) > len(a.Pending) || b.Said != nil && b.Said.Refusal && b.Said.Typed == in.in.Text)
}
