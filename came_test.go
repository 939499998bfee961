package lockbay

import (
	"testing"
	"time"
)

var (
	lapses    = Act{Role: Clock, Move: MoveOver, At: noon.Add(100 * time.Hour)}
	resumes   = Act{Role: Desk, Move: MoveResume}
	cancels   = Act{Role: Buyer, Move: MoveCancel}
	declines  = Act{Role: Seller, Move: MoveDecline}
	inDollars = func() Act { a := cameAs(500, "R-7"); a.Sum.Currency = "USD"; return a }()
)

// returned is a payment that is booked although the deal is over.
func returned(minor int64, ref string) Act {
	a := cameAs(minor, ref)
	a.At, a.Return = lapses.At, true
	return a
}

// TestWhatCame: what came, why the deal lapsed, and why money goes back that never paid it, follow from the log alone. first
// is a deal whose seller accepts before the buyer pays.
func TestWhatCame(t *testing.T) {
	goes := []Act{sends, sentAs("R-S")}
	for i := range goes {
		goes[i].At = lapses.At
	}
	for name, c := range map[string]struct {
		first    bool
		acts     []Act
		came     int64
		some     bool
		lapsed   Lapse
		unneeded string
	}{
		"nothing came":                           {false, []Act{lapses}, 0, false, LapseUnpaid, ""},
		"a part, still pending":                  {false, []Act{cameAs(500, "R-1")}, 500, true, "", ""},
		"a part":                                 {false, []Act{cameAs(500, "R-1"), lapses}, 500, true, "", UnneededPart},
		"a part, sent back":                      {false, []Act{cameAs(500, "R-1"), lapses, goes[0], goes[1]}, 500, true, LapsePart, UnneededPart},
		"a part, and more before it is sent":     {false, []Act{cameAs(500, "R-1"), lapses, returned(7, "R-2")}, 507, true, "", UnneededPart},
		"a part, and more after it was sent":     {false, []Act{cameAs(500, "R-1"), lapses, goes[0], goes[1], returned(7, "R-2")}, 507, true, "", UnneededLate},
		"a part, late":                           {false, []Act{lapses, returned(500, "R-1")}, 500, true, "", UnneededLate},
		"a part, late, sent back":                {false, []Act{lapses, returned(500, "R-1"), goes[0], goes[1]}, 500, true, LapsePart, UnneededLate},
		"a part, taken back by the bank":         {false, []Act{cameAs(500, "R-1"), takenBack(500, "C-1"), resumes, lapses}, 500, true, LapsePart, ""},
		"a part, recorded by mistake":            {false, []Act{cameAs(500, "R-1"), mistaken, lapses}, 0, false, LapseUnpaid, ""},
		"all, recorded by mistake":               {false, []Act{paidAll, mistaken, lapses}, 0, false, LapseUnpaid, ""},
		"dollars":                                {false, []Act{inDollars, resumes, lapses}, 0, true, LapseForeign, ""},
		"dollars and a part":                     {false, []Act{inDollars, cameAs(500, "R-1"), resumes, lapses, goes[0], goes[1]}, 500, true, LapsePart, UnneededPart},
		"a part, cancelled":                      {false, []Act{cameAs(500, "R-1"), cancels}, 500, true, "", ""},
		"cancelled, it came":                     {false, []Act{cancels, returned(500, "R-1")}, 500, true, "", UnneededEnded},
		"declined, it came":                      {false, []Act{declines, returned(500, "R-1")}, 500, true, "", UnneededEnded},
		"paid":                                   {false, []Act{paidAll, cancels}, 128125, true, "", ""},
		"a part, the seller did not accept":      {true, []Act{cameAs(500, "R-1"), lapses}, 500, true, "", UnneededUnaccepted},
		"nothing, the seller did not accept":     {true, []Act{lapses}, 0, false, LapseUnaccepted, ""},
		"the seller did not accept, and it came": {true, []Act{lapses, returned(500, "R-1")}, 500, true, "", UnneededEnded},
		"the seller accepted, and a part came":   {true, []Act{accepts, cameAs(500, "R-1"), lapses}, 500, true, "", UnneededPart},
	} {
		e := booked()
		if c.first {
			e.WaitForSeller()
		}
		for _, a := range c.acts {
			e.moved(t, a)
		}
		if e.Came() != c.came || e.CameSome() != c.some || e.Lapsed() != c.lapsed || e.Unneeded() != c.unneeded {
			t.Errorf("%s: %d came, some %t, lapsed %q, unneeded %q; want %+v", name, e.Came(), e.CameSome(), e.Lapsed(), e.Unneeded(), c)
		}
	}
}
