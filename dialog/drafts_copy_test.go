package dialog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"
)

// fullRow is a row as a walk through an escrow leaves it.
func fullRow() *Row {
	at := time.UnixMilli(1772452800123).UTC()
	return &Row{
		Head: Head{
			Key: Key{"bot", "escrow", "tg:1000001"}, Owner: "tg:1000001", Draft: "d1k2m3n4p5q6", Step: "trade_review", Version: 9,
			Tag: -1234567890123456789, DraftTag: 987654321987654321, Revision: 7, Schema: 1, Format: 1, Created: at,
			Updated: at.Add(time.Minute), Expires: at.Add(7 * 24 * time.Hour),
		},
		Answers: []byte(`{"seller":"@ann_sells","minor":125000,"currency":"EUR","description":"Vintage Leica M3, double stroke, serviced","hours":24,"fee":"buyer","quote":"5e1f0a"}`),
		State:   []byte(`{"p":[{"c":"telegram","a":"1000001","l":"en","p":true}],"t":[{"n":"remind","t":1772755200000},{"n":"expire","t":1773057600000}],"c":9,"n":9,"b":"host.a1b2c3"}`),
		Seen:    bytes.Repeat([]byte{0xfe, 1, 2, 3, 4, 5, 6, 7}, 14),
		Shown:   []byte(`[{"c":"telegram","a":"1000001","v":9,"m":"4711"}]`),
		Due:     1772456400000,
	}
}

func TestCopyRoundTrip(t *testing.T) {
	withGuest := fullRow()
	withGuest.Guest = "web:x"
	for _, row := range []*Row{fullRow(), {}, {Head: Head{Where: InRedis, Version: 1 << 62}}, {Head: Head{Guest: "tg:2"}}, withGuest} {
		got, err := decodeCopy(encodeCopy(row))
		if err != nil || !reflect.DeepEqual(got, row) {
			t.Errorf("%v: got %+v, want %+v", err, got, row)
		}
	}
	// A field that is added to Row or Head must be added to the copy as well.
	if n, m := reflect.TypeFor[Row]().NumField(), reflect.TypeFor[Head]().NumField(); n != 6 || m != 15 {
		t.Errorf("Row has %d fields and Head %d: does the copy have them?", n, m)
	}
}

func TestCopyGarbage(t *testing.T) {
	whole := encodeCopy(fullRow())
	for n := range whole {
		if _, err := decodeCopy(whole[:n]); !errors.Is(err, errGarbage) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
	if _, err := decodeCopy(append(whole, 0)); !errors.Is(err, errGarbage) {
		t.Fatalf("a byte more: %v", err)
	}
}

// TestSeal: a seal fits one payload, under one name, with one key.
func TestSeal(t *testing.T) {
	open := func(store Store, name string, b []byte) ([]byte, error) {
		return (&Engine{store: store}).unsealed(t.Context(), name, b)
	}
	store := NewMemory()
	e := &Engine{store: store}
	payload := encodeCopy(fullRow())
	whole, err := e.sealed(t.Context(), "{a}", payload)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := open(store, "{a}", whole); err != nil || !bytes.Equal(got, payload) {
		t.Fatalf("another process reads %q, %v", got, err)
	}
	for n := range whole {
		if _, err := e.unsealed(t.Context(), "{a}", whole[:n]); !errors.Is(err, ErrNotFound) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
		b := bytes.Clone(whole)
		b[n] ^= 1 << (n % 8)
		if _, err := e.unsealed(t.Context(), "{a}", b); !errors.Is(err, ErrNotFound) {
			t.Fatalf("byte %d changed: %v", n, err)
		}
	}
	if _, err := open(store, "{a}:00", whole); !errors.Is(err, ErrNotFound) {
		t.Errorf("under another name: %v", err)
	}
	if _, err := open(NewMemory(), "{a}", whole); !errors.Is(err, ErrNotFound) {
		t.Errorf("with another key: %v", err)
	}
}

// oneValue is a draft store that has the same value under every name.
type oneValue struct {
	Drafts
	value []byte
}

func (d *oneValue) Get(context.Context, string) ([]byte, error) { return d.value, nil }

// TestCopyBelieved: a copy counts for its own row only, and only if the row has its draft.
func TestCopyBelieved(t *testing.T) {
	drafts := &oneValue{}
	e, err := New(NewMemory(), Config{Drafts: drafts}, nothing{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	key := Key{"bot", "escrow", "tg:1000001"}
	for name, change := range map[string]func(*Row){
		"":                         func(*Row) {},
		"of another person":        func(r *Row) { r.Key.ID = "tg:1000002" },
		"of another flow":          func(r *Row) { r.Key.Flow = "deal" },
		"of no turn":               func(r *Row) { r.Version = 0 },
		"with its draft elsewhere": func(r *Row) { r.Where = InMemory },
		"of a later format":        func(r *Row) { r.Format = seatsFormat + 1 },
	} {
		row := fullRow()
		change(row)
		if drafts.value, err = e.sealed(t.Context(), copyName(key), encodeCopy(row)); err != nil {
			t.Fatal(err)
		}
		if r := e.readCopy(t.Context(), key); (r != nil) != (name == "") {
			t.Errorf("a copy %s is read as %+v", name, r)
		}
	}
	drafts.value = append(drafts.value, make([]byte, valueMost)...)
	if e.readCopy(t.Context(), key) != nil {
		t.Error("a copy of 16 MiB is read")
	}
}

// TestCopySize holds a whole copy well under the kilobyte that a conversation
// may cost, its draft under half of that, and both to clearly less than JSON.
func TestCopySize(t *testing.T) {
	row := fullRow()
	asJSON, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	size := len(encodeCopy(row))
	t.Logf("a copy has %d bytes, as JSON %d; the draft alone %d", size, len(asJSON), len(row.Answers))
	if size > 720 || len(row.Answers) > 512 || size*10 > len(asJSON)*7 {
		t.Errorf("a copy has %d bytes, as JSON %d", size, len(asJSON))
	}
}

func BenchmarkCopy(b *testing.B) {
	row := fullRow()
	encoded := encodeCopy(row)
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			encodeCopy(row)
		}
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := decodeCopy(encoded); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode-json", func(b *testing.B) {
		asJSON, _ := json.Marshal(row)
		for b.Loop() {
			var r Row
			if err := json.Unmarshal(asJSON, &r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
