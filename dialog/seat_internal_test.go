package dialog

import (
	"reflect"
	"testing"
	"time"
)

// A record as another has it is the record again as its owner has it, and shares nothing
// that a turn would change. Each field of a seat is one of the owner's.
func TestAs(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000).UTC()
	owner := Seat{"", "tg:1", "sure", &Said{Code: "a"}, 3, 8, 7, at}
	guest := Seat{"s", "tg:2", "", nil, 5, 6, 2, at.Add(time.Minute)}
	desk := Seat{"o", "", "", &Said{Code: "b"}, 1, 4, 4, time.Time{}}
	r := &Record{Head: Head{Owner: owner.Owner, Revision: owner.Revision, Updated: owner.Updated}, Open: owner.Open, Said: owner.Said,
		Card: owner.Card, Anew: owner.Anew, Seats: []Seat{guest, desk}, shown: &screens{}}
	for i, s := range []Seat{owner, guest, desk} {
		x := r.As(s.Role)
		own := Seat{x.Role(), x.Owner, x.Open, x.Said, x.Revision, x.Card, x.Anew, x.Updated}
		if !reflect.DeepEqual(own, s) {
			t.Errorf("as %q: %+v, want %+v", s.Role, own, s)
		}
		for _, o := range []Seat{owner, guest, desk} { // whoever looks, everybody has their own
			if got := x.part(o.Role); !reflect.DeepEqual(Seat{o.Role, got.Owner, got.Open, got.Said, got.Revision, got.Card, got.Anew, got.Updated}, o) {
				t.Errorf("as %q, %q has %+v", s.Role, o.Role, got)
			}
			if !reflect.DeepEqual(x.As(o.Role), r.As(o.Role)) {
				t.Errorf("as %q, then as %q: %+v", s.Role, o.Role, x.As(o.Role))
			}
		}
		if back := x.As(""); !reflect.DeepEqual(back, r) {
			t.Errorf("as %q and back: %+v", s.Role, back)
		}
		if i > 0 && &x.Seats[0] == &r.Seats[0] {
			t.Error("the seats are shared")
		}
	}
	if x := r.As("nobody"); x.Role() != "" || x.Owner != "tg:1" {
		t.Errorf("a role without a seat: %q %q", x.Role(), x.Owner)
	}
	row, err := r.row(0)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := row.record(); err != nil || !reflect.DeepEqual(read.Seats, r.Seats) {
		t.Errorf("written and read: %+v, %v", read.Seats, err)
	}
}

// A record without seats is written as before.
func TestNoSeatsNoBytes(t *testing.T) {
	row, err := (&Record{Head: Head{Key: Key{"bot", "f", "tg:1"}}, shown: &screens{}}).row(0)
	if err != nil || row.Format != 3 || string(row.State) != "{}" {
		t.Errorf("format %d, %s, %v", row.Format, row.State, err)
	}
}
