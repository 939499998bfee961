package alert

import (
	"testing"
	"time"
)

// minutes are some minutes of the same.
func minutes(n, ok, failed int) (list []Minute) {
	for range n {
		list = append(list, Minute{OK: ok, Failed: failed, Away: failed})
	}
	return list
}

func join(parts ...[]Minute) (all []Minute) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestInputs(t *testing.T) {
	for _, x := range []struct {
		what         string
		list         []Minute
		over, unsure bool
		n, of        string
		since        time.Duration
	}{
		{what: "nothing"},
		{what: "a quiet day", list: minutes(360, 100, 0)},
		{what: "nine failures", list: minutes(9, 0, 1), unsure: true},
		{what: "ten failures", list: minutes(10, 0, 1), over: true, n: "10", of: "10", since: 10 * time.Minute},
		{what: "the database is away for ten minutes", list: join(minutes(60, 100, 0), minutes(10, 0, 20)), over: true, n: "200", of: "200", since: 10 * time.Minute},
		{what: "29 minutes later", list: join(minutes(360, 50, 0), minutes(10, 0, 20), minutes(29, 50, 0)), over: true, n: "200", of: "1650", since: 39 * time.Minute},
		{what: "half an hour later", list: join(minutes(360, 50, 0), minutes(10, 0, 20), minutes(30, 50, 0))},
		{what: "half an hour later nobody has come", list: join(minutes(360, 50, 0), minutes(10, 0, 20), minutes(30, 0, 0)), unsure: true},
		{what: "while some get through", list: join(minutes(60, 100, 0), minutes(9, 0, 4), minutes(1, 100, 5)), over: true, n: "41", of: "141", since: 10 * time.Minute},
		{what: "exactly 1.44 % in an hour", list: minutes(60, 9856, 144), over: true, n: "8640", of: "600000", since: time.Hour}, // by the slower burn
		{what: "exactly 0.6 % in six hours", list: minutes(360, 9940, 60), unsure: true},
		{what: "just over", list: minutes(360, 9939, 61), over: true, n: "21960", of: "3600000", since: 6 * time.Hour},
		{what: "0.7 % for six hours, then none for half an hour", list: join(minutes(330, 9930, 70), minutes(30, 10000, 0))},
		{what: "one bad minute of six hours", list: join(minutes(359, 1000, 0), minutes(1, 0, 100)), unsure: true},
		{what: "few fail where few people come", list: join(minutes(60, 1, 0), minutes(8, 0, 1)), unsure: true},
		{what: "what is older than six hours", list: join(minutes(10, 0, 1), minutes(351, 0, 0)), unsure: true},
	} {
		got := Inputs(x.list, noon)
		if got.Over != x.over || got.Unsure != x.unsure {
			t.Errorf("%s: %+v", x.what, got)
		}
		if x.over && (got.What.Args["n"] != x.n || got.What.Args["of"] != x.of || !got.What.Times["since"].Time().Equal(noon.Add(-x.since))) {
			t.Errorf("%s: it says %+v, want %s of %s since %s ago", x.what, got.What, x.n, x.of, x.since)
		}
	}
	other := minutes(10, 0, 1)
	for i, want := range []string{4: "alert.inputs", 5: "alert.inputs.other", 9: "alert.inputs.other"} {
		other[i].Away = 0
		if got := Inputs(other, noon).What.Code; want != "" && got != want {
			t.Errorf("%d of 10 failed for another reason: %s", i+1, got)
		}
	}
}

// TestCounter: minutes without inputs count, and those that are too old do not.
func TestCounter(t *testing.T) {
	var c Counter
	if got := c.Seen(noon); got.Over || got.Unsure {
		t.Errorf("nothing was counted: %+v", got)
	}
	for i := range 12 {
		c.Add(Minute{Failed: 1, Away: 1}, noon.Add(time.Duration(i)*30*time.Second))
	}
	at := noon.Add(6 * time.Minute)
	if got := c.Seen(at); !got.Over || got.What.Args["n"] != "12" || !got.What.Times["since"].Time().Equal(noon) {
		t.Errorf("after six minutes: %+v", got)
	}
	if got := c.Seen(noon); !got.Over {
		t.Errorf("the clock was set back: %+v", got)
	}
	if got := c.Seen(noon.Add(36 * time.Minute)); got.Over || !got.Unsure {
		t.Errorf("half an hour later: %+v", got)
	}
	c.Add(Minute{OK: 1}, noon.Add(37*time.Minute))
	if got := c.Seen(noon.Add(37 * time.Minute)); got.Over || got.Unsure {
		t.Errorf("somebody came: %+v", got)
	}
	if got := c.Seen(noon.Add(90 * 24 * time.Hour)); got.Over || got.Unsure || len(c.list) != inputsIn {
		t.Errorf("a season later: %+v of %d minutes", got, len(c.list))
	}
}
