package form

import (
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// The stored forms of Open, which rows have had from the first on.
func TestOpen(t *testing.T) {
	for text, want := range map[string]open{
		"": {}, "choose": {choosing, ""}, "choose:seller_bob": {choosing, "seller_bob"}, "choose:a:b": {choosing, "a:b"},
		"cancelled": {cancelled, ""}, "expired": {expired, ""}, "done": {done, ""}, "fee": {opened, "fee"}, "chooses": {opened, "chooses"},
	} {
		r := &dialog.Record{Open: text}
		if got := openOf(r); got != want {
			t.Errorf("%q is read as %+v, want %+v", text, got, want)
		}
		r.Open = "before"
		if want.set(r); r.Open != text {
			t.Errorf("%+v is written as %q, want %q", want, r.Open, text)
		}
	}
}
