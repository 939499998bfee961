package dialog

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func inUnits(_, code string, args map[string]string) string {
	if unit, ok := strings.CutPrefix(code, "span."); ok {
		return args["n"] + " " + unit
	}
	return ""
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "1 seconds", -time.Hour: "1 seconds", time.Millisecond: "1 seconds",
		59 * time.Second: "59 seconds", time.Minute: "1 minutes", 70 * time.Second: "70 seconds", 90 * time.Second: "90 seconds",
		601 * time.Second: "10 minutes", time.Hour: "1 hours", 90 * time.Minute: "90 minutes", 36 * time.Hour: "36 hours",
		24 * time.Hour: "24 hours", 48 * time.Hour: "2 days", 168 * time.Hour: "7 days", 250 * time.Hour: "10 days",
	} {
		if got := Words(inUnits).Span(View{}, d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
		if got, more := Words(inUnits).SpanMore(View{}, d), want+".more"; got != more {
			t.Errorf("%v: %s, want %s", d, got, more)
		}
	}
	if got := Words(nil).Span(View{}, 90*time.Minute); got != "1h30m0s" {
		t.Errorf("without words: %s", got)
	}
}

// A length is at least one of its unit, never more than it is, and at most a tenth less.
func TestSpanOfAnyLength(t *testing.T) {
	size := map[string]time.Duration{"days": 24 * time.Hour, "hours": time.Hour, "minutes": time.Minute, "seconds": time.Second}
	for d := time.Second; d < 1000*24*time.Hour; d += d/97 + time.Second {
		n, unit, _ := strings.Cut(Words(inUnits).Span(View{}, d), " ")
		count, err := strconv.Atoi(n)
		if said := time.Duration(count) * size[unit]; err != nil || count < 1 || said > d || said < d-d/10 {
			t.Fatalf("%v: %s %s", d, n, unit)
		}
	}
}
