package soak

import (
	"strings"
	"testing"
	"time"
)

// TestKeeping: keeping finds broken promises.
func TestKeeping(t *testing.T) {
	row, redis, memory := look{draft: "a"}, look{draft: "a", at: inRedis}, look{draft: "a", at: inMemory}
	lost := look{draft: "a", lost: true}
	doubt := look{draft: "doubt"}
	next := look{draft: "b"}
	for _, c := range []struct {
		name, mode string
		may        bool
		looks      []look
		wrong      string // of the last look
	}{
		{"lost from Redis", "redis", true, []look{row, redis, lost, lost}, ""},
		{"lost from Redis, which kept all", "redis", false, []look{row, redis, lost}, "was lost that was in Redis"},
		{"lost from the row", "redis", true, []look{row, redis, row, lost}, "was lost that was in the row"},
		{"lost from where it went after the last look", "redis", true, []look{row, doubt, lost}, ""},
		{"in Redis again after a loss", "redis", true, []look{redis, lost, {draft: "a", at: inRedis, lost: true}}, "lost once is in Redis again"},
		{"its loss is forgotten", "redis", true, []look{redis, lost, redis}, "has forgotten"},
		{"its loss is forgotten at its end", "redis", true, []look{redis, lost, {draft: "a", over: true}}, ""},
		{"the next draft", "redis", true, []look{redis, lost, next, {draft: "b", at: inRedis}}, ""},
		{"lost from memory", "lightweight", true, []look{memory, lost}, ""},
		{"lost from memory, although nothing was restarted", "lightweight", false, []look{memory, lost}, "was lost that was in memory"},
		{"in Redis without being asked", "lightweight", true, []look{row, redis}, "in Redis in mode lightweight"},
		{"in memory without being asked", "redis", true, []look{memory}, "in memory in mode redis"},
		{"not in the row", "database", true, []look{redis}, "in Redis in mode database"},
		{"lost from the row", "hybrid", true, []look{row, lost}, "was lost that was in the row"},
	} {
		t.Run(c.mode+"/"+c.name, func(t *testing.T) {
			k := keeping{mode: c.mode, may: c.may, at: anywhere}
			for n, l := range c.looks {
				if l == doubt {
					k.doubt()
					continue
				}
				wrong := k.saw(l)
				if last := n == len(c.looks)-1; wrong != "" && (!last || c.wrong == "") || last && !strings.Contains(wrong, c.wrong) {
					t.Fatalf("look %d: %q, want %q at the last", n, wrong, c.wrong)
				}
			}
		})
	}
}

// TestKeepingNotices: repeated questions are judged by the looks at the row.
func TestKeepingNotices(t *testing.T) {
	redis, row, lost := look{draft: "a", at: inRedis}, look{draft: "a"}, look{draft: "a", lost: true}
	for _, c := range []struct {
		name    string
		may     bool
		looks   []look
		allowed bool
		over    string
	}{
		{"as allowed", true, []look{redis, lost}, true, ""},
		{"where nothing may be lost", false, []look{redis, lost}, false, ""},
		{"from the row", true, []look{row, lost}, false, ""},
		{"unknown to the row", true, []look{redis, redis}, true, "knows of no loss"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := keeping{mode: "redis", may: c.may, at: anywhere}
			for _, l := range c.looks {
				k.saw(l)
			}
			if got := k.notice(); got != c.allowed {
				t.Errorf("allowed: %v", got)
			}
			if got := k.over(); !strings.Contains(got, c.over) || c.over == "" && got != "" {
				t.Errorf("over: %q, want %q", got, c.over)
			}
		})
	}
}

func TestRowBroken(t *testing.T) {
	for _, c := range []struct {
		row  Row
		want string
	}{
		{Row{Escrows: 1, Lost: 3, May: "why"}, ""},
		{Row{Escrows: 1, Broken: 1, May: "why"}, "1 answers lost against the promise"},
		{Row{Escrows: 1, LostAgain: 1}, "1 answers lost a second time"},
		{Row{}, "no escrow was made"},
	} {
		if got := strings.Join(c.row.broken(), "; "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.row, got, c.want)
		}
	}
}

func TestPause(t *testing.T) {
	r := Row{}
	if quantile(r.Pauses, 990) != 0 {
		t.Error("a pause of nothing")
	}
	for n := range 200 {
		r.Pauses = append(r.Pauses, time.Duration(200-n)*time.Millisecond)
	}
	if p, most := quantile(r.Pauses, 990), quantile(r.Pauses, 1000); p != 198*time.Millisecond || most != 200*time.Millisecond {
		t.Errorf("p99 %v, worst %v", p, most)
	}
}
