package form_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

func TestTimesInWords(t *testing.T) {
	kyiv, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 12, 31, 21, 0, 0, 0, time.UTC) // 23:00 in Kyiv
	own := dialog.Words(form.English)
	v, local := dialog.View{Now: now}, dialog.View{Now: now, Zone: kyiv}
	for _, x := range []struct {
		v          dialog.View
		in         time.Duration
		text, want string
	}{
		{v, time.Hour, "changed", "Changed 22:00 UTC"},
		{local, time.Hour, "changed", "Changed Fri 1 Jan 2027, 00:00 UTC+2"},
		{v, -48 * time.Hour, "changed", "Changed Tue 29 Dec, 21:00 UTC"},
		{v, 24 * time.Hour, "cancelled.body", "Your answers can come back until tomorrow, 21:00 UTC."},
		{v, 48 * time.Hour, "cancelled.body", "Your answers can come back until Sat 2 Jan 2027, 21:00 UTC."},
		{v, -24 * time.Hour, "expired.ask", "This draft expired on 30 Dec"},
		{v, 24 * time.Hour, "expired.ask", "This draft expired on 1 Jan 2027"},
	} {
		at := now.Add(x.in)
		said := &dialog.Said{Code: x.text, Args: map[string]string{"at": own.Clock(x.v, at)},
			Times: map[string]dialog.Moment{"until": dialog.At(at), "expired": dialog.At(at)}}
		if got := dialog.Plain(own.Tell(x.v, said)); got != x.want {
			t.Errorf("%s in %s: %q, want %q", x.text, x.in, got, x.want)
		}
	}
	for age, want := range map[time.Duration]string{0: "just now", 61 * time.Second: "1 minute ago", 3 * time.Hour: "3 hours ago", 7 * 24 * time.Hour: "7 days ago", 8 * 24 * time.Hour: "23 Dec"} {
		if got := own.Ago(v, now.Add(-age)); got != want {
			t.Errorf("%s ago: %q, want %q", age, got, want)
		}
	}
}
