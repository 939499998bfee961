package web

import (
	"net/url"
	"strings"
	"testing"
)

// A text of a form without a base, as that of another conversation's question, that came too late comes back: a button gives it to the question for which it was written.
func TestTakeBack(t *testing.T) {
	for text, x := range map[string]struct {
		step string
		want []string
	}{
		"9":    {"size", []string{`<dd data-field="count">9</dd>`, `<dd data-field="who"><bdi>Bob</bdi></dd>`}},
		"lots": {"count", []string{`role="alert"`, `value="lots"`}}, // refused at its own question
	} {
		w := newWorld(t)
		b := w.visit().open()
		b.say("Bob")
		old := b.page
		b.say("3")
		b.want(200, "size")
		b.post(old.with("text", text, "input_id", "late", "base", ""))
		b.want(409, "size", `<dd data-field="count">3</dd>`, "You had typed", `name="action" value="as:count"`, "Use “<bdi>"+text+"</bdi>”")
		b.follow(b.post(form(t, b.page, "as:count")))
		if x.step == "size" {
			b.want(200, x.step, x.want...)
			continue
		}
		b.want(422, x.step, x.want...)
		b.say("4")
		b.want(200, "size", `<dd data-field="count">4</dd>`)
	}
}

// form is the small form around a button, as a browser sends it.
func form(t *testing.T, s sheet, action string) url.Values {
	t.Helper()
	head, _, ok := strings.Cut(s.body, `name="action" value="`+action+`"`)
	if !ok {
		t.Fatalf("no button %s in\n%s", action, s.body)
	}
	v := url.Values{"action": {action}}
	for _, m := range hidden.FindAllStringSubmatch(head[strings.LastIndex(head, "<form"):], -1) {
		v.Set(m[1], m[2])
	}
	return v
}

// Where the question is still open, the text is in its field, and is not called saved.
func TestTakeBackIntoTheField(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	b.say("Bob")
	old := b.page
	b.tap("back")
	b.say("Ann")
	b.want(200, "count")
	b.post(old.with("text", "9", "input_id", "late", "base", ""))
	b.want(409, "count", `value="9"`, "in the field, not saved", `class="saved not"`)
	if strings.Contains(b.page.body, "as:count") {
		t.Error("the text is in the field and beside it")
	}
	b.say("9")
	b.want(200, "size", `<dd data-field="count">9</dd>`, "Ann")
}

// Only a text of this draft comes back, and no button's.
func TestTakeBackOnlyText(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	b.say("Bob")
	old := b.page
	b.say("3")
	for _, change := range [][]string{{"action", "cancel", "text", "9"}, {"question", "", "text", "9"}, {"draft", "another", "text", "9"}} {
		b.post(old.with(append(change, "base", "", "input_id", strings.Join(change, ""))...))
		b.want(409, "size")
		if strings.Contains(b.page.body, `value="as:`) {
			t.Errorf("%v comes back:\n%s", change, b.page.body)
		}
	}
	b.get("/")
	b.post(b.page.with("action", "as:nothing", "text", "9", "input_id", "x"))
	b.want(409, "size", `<dd data-field="count">3</dd>`)
}

// A command that is typed into a field is that command, as in a chat. Every other text is an answer.
func TestTypedCommand(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Takes = func(name, argument string) bool { return name == "cancel" && argument == "now, at once" }
	})
	b := w.visit().open()
	b.say("/nobody")
	b.want(200, "count", "<bdi>/nobody</bdi>")
	b.say("  /back ")
	b.want(200, "who")
	b.say("/back to you")
	b.want(200, "count", "<bdi>/back to you</bdi>")
	b.say("/cancel later")
	b.want(422, "count", `value="/cancel later"`)
	b.say("/cancel  now, at once")
	if strings.Contains(b.page.body, `name="text"`) {
		t.Errorf("after /cancel:\n%s", b.page.body)
	}
}

// TestBoundButtonOfAMenusName: a button of a card that has the name of a menu's action goes to the card's conversation, and the
// menu's to the visitor's own; so it is when the form is sent again.
func TestBoundButtonOfAMenusName(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	b.tap("cancel")
	w.parcels(w.ownerOf(b), 2)
	b.get("/")
	b.tap("status:PARCEL-00001")
	b.want(200, "under_way", `name="action" value="help" formaction="/?bound"`, `<button name="action" value="create">New order`)
	form := b.page.with("action", "help")
	w.store.writes.Store(true)
	b.post(form)
	b.want(503, "under_way", `<button class="go" name="action" value="help" formaction="/?bound">`)
	w.store.writes.Store(false)
	b.follow(b.post(form))
	b.want(200, "helped", "PARCEL-00001")
	b.tap("create")
	b.want(200, "who")
}
