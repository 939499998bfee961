package telegram

import "testing"

// TestDefaults: what Config says of fields that are not set, and that fields which are set stay.
func TestDefaults(t *testing.T) {
	for _, x := range []struct {
		in      Config
		url     string
		senders int
	}{
		{Config{}, "https://api.telegram.org", 256},
		{Config{Senders: -1}, "https://api.telegram.org", 256},
		{Config{Senders: 1, APIURL: "http://localhost:8081"}, "http://localhost:8081", 1},
	} {
		x.in.Token = "123456:token"
		c := New(x.in)
		if c.cfg.APIURL != x.url || c.cfg.Senders != x.senders || c.cfg.Log == nil {
			t.Errorf("%+v: %s with %d senders, log %v", x.in, c.cfg.APIURL, c.cfg.Senders, c.cfg.Log)
		}
		c.stop()
	}
}
