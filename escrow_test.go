package lockbay

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEscrowID(t *testing.T) {
	for typed, want := range map[string]string{
		"ESC-7K4M-92QXA":             "ESC-7K4M-92QXA",
		"esc-7k4m-92qxa":             "ESC-7K4M-92QXA",
		" 7k4m92qxa ":                "ESC-7K4M-92QXA",
		"ESC 7K4M 92QXA":             "ESC-7K4M-92QXA",
		"\u2068ESC–7K4M–92QXA\u2069": "ESC-7K4M-92QXA",
		"ESC-7K4M-92QXB":             "",
		"ESC-7K4M-29QXA":             "",
		"ESC-7K4M-92QX":              "",
		"ESC-7K4M-92QXAA":            "",
		"ESC-7K4M-92QXU":             "",
		"ESC-0000-00000":             "",
		"":                           "",
		"ESC-ж":                      "",
		strings.Repeat("7K4M", 1000): "",
	} {
		got, err := ParseEscrowID(typed)
		if got != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrEscrowID) {
			t.Errorf("%q: %q %v, want %q", typed, got, err, want)
		}
	}
}

func TestEscrowIDFindsSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rapid.Uint64().Draw(t, "random")
		id := NewEscrowID(random)
		if id != NewEscrowID(random&(1<<40-1)) || len(id) != len("ESC-XXXX-XXXXX") {
			t.Fatalf("%s", id)
		}
		forgiven := strings.NewReplacer("1", "l", "0", "o", "-", "").Replace(strings.ToLower(id[4:]))
		if got, err := ParseEscrowID(forgiven); got != id || err != nil {
			t.Fatalf("%s typed as %s: %s %v", id, forgiven, got, err)
		}
		b := []byte(strings.ReplaceAll(id[4:], "-", ""))
		at := rapid.IntRange(0, len(b)-2).Draw(t, "at")
		b[at], b[at+1] = b[at+1], b[at]
		if _, err := ParseEscrowID(string(b)); (err == nil) != (b[at] == b[at+1]) {
			t.Fatalf("%s with two swapped: %s %v", id, b, err)
		}
		b[at], b[at+1] = b[at+1], b[at]
		slip := rapid.SampledFrom([]byte(crockford)).Draw(t, "slip")
		same := b[at] == slip
		b[at] = slip
		if _, err := ParseEscrowID(string(b)); (err == nil) != same {
			t.Fatalf("%s with a slip: %s %v", id, b, err)
		}
	})
	if NewEscrowID(1) == NewEscrowID(2) {
		t.Error("the same id")
	}
}

func TestLifeOfADeal(t *testing.T) {
	now := time.Date(2026, 11, 24, 14, 41, 0, 0, time.UTC)
	begin := func() *Escrow {
		e := NewEscrow(NewEscrowID(7), "draft", "tg:1000001", plates(), DefaultRules().Quote(plates()), now, time.Hour)
		return &e
	}
	e := begin()
	if e.Status != PaymentPending || !e.CreatedAt().Equal(now) || !e.ExpiresAt().Equal(now.Add(time.Hour)) {
		t.Fatalf("%+v", e)
	}
	b, _ := json.Marshal(e)
	var back Escrow
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, *e) {
		t.Errorf("%s came back as %+v, %v", b, back, err)
	}
}
