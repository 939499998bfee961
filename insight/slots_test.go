package insight

import (
	"math"
	"slices"
	"testing"
	"time"
)

// TestHistogram: a quantile is off by 9 % at most, from 0.1 ms to a week.
func TestHistogram(t *testing.T) {
	for d := 100 * time.Microsecond; d < 7*24*time.Hour; d += d/97 + 1 {
		got := histogram{bucket(d): 3, bucket(d) - 9: 1, bucket(d) + 9: 1}.quantile(.5)
		if off := math.Abs(float64(got)/float64(d) - 1); off > .095 {
			t.Fatalf("%s is told as %s, %.1f %% off", d, got, 100*off)
		}
	}
	if (histogram{}).quantile(.5) != 0 || bucket(0) != 0 || bucket(-time.Hour) != 0 || bucket(finest+1) != 1 || bucket(2*finest) != perDouble {
		t.Errorf("buckets: %d, %d, %d", bucket(0), bucket(finest+1), bucket(2*finest))
	}
}

// TestCountsAsText: counts are read back from their text, whatever people called things.
func TestCountsAsText(t *testing.T) {
	n := Counts{"creations": 3, "cause/" + word("a b/c\n"): 2, "code/step/short": 1}
	got := Counts{}
	each(n.String(), func(name, of string, many int) {
		if of != "" {
			name += "/" + of
		}
		got[name] = many
	})
	if got.String() != n.String() || len(got) != 3 {
		t.Errorf("%q is read as %q", n, got)
	}
}

// TestKeepsTheFirstReads: of many rehydrations the same ones are kept, whatever their order.
func TestKeepsTheFirstReads(t *testing.T) {
	start := time.UnixMilli(0)
	var up, down Creation
	for i := range 3 * readMost {
		up.read(Read{At: start.Add(time.Duration(i) * time.Second)})
		down.read(Read{At: start.Add(time.Duration(3*readMost-1-i) * time.Second)})
		up.read(Read{At: start.Add(time.Duration(i/2) * time.Second)})
	}
	if len(up.Reads) != readMost || !slices.Equal(up.Reads, down.Reads) || !up.Reads[0].At.Equal(start) {
		t.Errorf("%v, %v", up.Reads, down.Reads)
	}
}
