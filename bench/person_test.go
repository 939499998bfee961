package bench

import "testing"

// TestNewestMessage: a person looks at the newest message that is still in the chat. A restarted server may send a card anew,
// then turn to the older one that was tapped and delete the new one.
func TestNewestMessage(t *testing.T) {
	p := newPerson(nil, 1, 0)
	for _, c := range []struct {
		what string
		do   func()
		want string
	}{
		{"the first", func() { p.show(5, "review", nil) }, "review"},
		{"a newer one", func() { p.show(9, "review again", nil) }, "review again"},
		{"an edit of the older one", func() { p.show(5, "confirmed", nil) }, "review again"},
		{"the newer one is deleted", func() { p.remove(9) }, "confirmed"},
		{"one that nobody sent", func() { p.remove(7) }, "confirmed"},
		{"the last one", func() { p.remove(5) }, ""},
	} {
		if c.do(); p.seen().text != c.want {
			t.Errorf("%s: %q, want %q", c.what, p.seen().text, c.want)
		}
	}
	for id := range 2 * newest {
		p.show(id, "", nil)
	}
	if len(p.chat) != newest || p.seen().message != 2*newest-1 {
		t.Errorf("%d messages in sight, the newest is %d", len(p.chat), p.seen().message)
	}
}
