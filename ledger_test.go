package lockbay

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// booked is a deal of 100.00 and a fee, without entries.
func booked() *Escrow {
	e := NewEscrow(NewEscrowID(7), "draft", "tg:1000001", plates(), DefaultRules().Quote(plates()), time.UnixMilli(1796000000000), time.Hour)
	return &e
}

// post appends an entry a second after the last one.
func (e *Escrow) post(move Move, ref string, p []Posting) {
	e.add(Entry{At: e.Created + int64(len(e.Log))*1000, By: "o0", Move: string(move), Ref: ref, Posts: p})
}

// settledDeal is a deal from its payment to its end.
func settledDeal(share int) *Escrow {
	e := booked()
	e.post("received", "manual:1", received("manual", e.Quote.BuyerPays))
	e.post("funded", "", funded(&e.Quote))
	e.post("release", "", settled(&e.Quote, share))
	for _, account := range []string{AccountSeller, AccountBuyer} {
		if owed := e.Balances().Owed(account); owed > 0 {
			e.post("sending", "", sending(account, "manual", owed))
			e.post("sent", "manual:2"+account, sent("manual", owed))
		}
	}
	e.Status = Completed
	return e
}

func TestBooksOfAWholeDeal(t *testing.T) {
	for _, share := range []int{0, 1, 2500, 5000, 9999, ShareAll} {
		e := settledDeal(share)
		if err := e.Verify(); err != nil {
			t.Errorf("%d: %v", share, err)
		}
		seller, fee, buyer := e.Quote.Split(share)
		want := Balances{"cash:manual": fee, AccountFee: -fee}
		if fee == 0 {
			want = Balances{}
		}
		if got := e.Balances(); !reflect.DeepEqual(got, want) {
			t.Errorf("%d: seller %d, buyer %d: %v, want %v", share, seller, buyer, got, want)
		}
	}
}

// TestSplitsAreExact: seller, fee and buyer are what the buyer paid, and none is negative, for any deal and share.
func TestSplitsAreExact(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		amount := int64(r.Uint64()>>1) >> r.IntN(63)
		rule := FeeRule{BasisPoints: r.IntN(basisPointsMax + 1)}
		fee := rule.Of(Money{amount, "EUR"}).Minor
		q := Quote{Amount: amount, Fee: fee}
		q.SellerFee = []int64{0, fee / 2, fee}[r.IntN(3)]
		q.BuyerFee = fee - q.SellerFee
		if amount > math.MaxInt64-q.BuyerFee {
			continue
		}
		q.BuyerPays, q.SellerGets = amount+q.BuyerFee, amount-q.SellerFee
		share := r.IntN(ShareAll + 1)
		seller, kept, buyer := q.Split(share)
		if seller < 0 || kept < 0 || buyer < 0 || seller+kept+buyer != q.BuyerPays {
			t.Fatalf("%+v at %d: %d, %d, %d", q, share, seller, kept, buyer)
		}
		if share == ShareAll && (seller != q.SellerGets || kept != q.Fee || buyer != 0) || share == 0 && buyer != q.BuyerPays {
			t.Fatalf("%+v at %d: %d, %d, %d", q, share, seller, kept, buyer)
		}
	}
}

// TestPostingsAreBalanced: whatever the accounts are, every kind of entry sums to 0.
func TestPostingsAreBalanced(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		e := booked()
		b := Balances{AccountBuyer: -r.Int64N(1000), AccountHeld: -r.Int64N(1000)}
		x := r.Int64N(2000) + 1
		for name, p := range map[string][]Posting{
			"received": received("a", x), "funded": funded(&e.Quote), "undone": undone(b, "a", x), "charged back": b.ChargedBack("a", x),
			"settled": settled(&e.Quote, r.IntN(ShareAll+1)), "sending": sending(AccountSeller, "a", x), "sent": sent("a", x),
			"countered": countered(settled(&e.Quote, r.IntN(ShareAll+1))),
		} {
			var sum int64
			for _, p := range p {
				if sum += p.Minor; p.Minor == 0 {
					t.Fatalf("%s posts nothing: %v", name, p)
				}
			}
			if sum != 0 {
				t.Fatalf("%s: %v", name, p)
			}
		}
		after := Balances{AccountBuyer: b[AccountBuyer], AccountHeld: b[AccountHeld]}
		after.add(&Entry{Posts: b.ChargedBack("a", x)})
		if lost := after[AccountLoss]; after.wrong() != "" || lost > 0 && (after[AccountBuyer] != 0 || after[AccountHeld] != 0) {
			t.Fatalf("%v after %d were charged back: %v", b, x, after)
		}
	}
}

// TestCounterEntriesMend: an entry and its counter-entry leave the accounts as they were, and both stay in the log.
func TestCounterEntriesMend(t *testing.T) {
	e := booked()
	e.post("received", "manual:1", received("manual", e.Quote.BuyerPays))
	e.post("funded", "", funded(&e.Quote))
	before := e.Balances()
	e.post("decide", "", settled(&e.Quote, 5000))
	e.post("countered", "", countered(e.Log[2].Posts))
	if got := e.Balances(); !reflect.DeepEqual(got, before) || len(e.Log) != 4 {
		t.Errorf("%v, want %v", got, before)
	}
	e.post("undone", "", undone(e.Balances(), "manual", e.Quote.BuyerPays))
	if got := e.Balances(); len(got) != 0 {
		t.Errorf("after the payment was undone: %v", got)
	}
	if err := e.Verify(); err != nil {
		t.Error(err)
	}
}

// TestVerifyFinds: each kind of damage has its own error, also where the chain was made anew over it.
func TestVerifyFinds(t *testing.T) {
	forge := func(change func(e *Escrow)) error {
		e := settledDeal(ShareAll)
		change(e)
		log := e.Log
		e.Log, e.Chain = nil, ""
		for _, x := range log {
			at := x.At
			e.add(x)
			e.Log[len(e.Log)-1].At = at // add keeps the order
		}
		hashes := e.Replay()
		e.Chain = hashes[len(hashes)-1]
		return e.Verify()
	}
	for name, x := range map[string]struct {
		want   error
		change func(e *Escrow)
	}{
		"nothing":         {nil, func(*Escrow) {}},
		"a sum":           {ErrUnbalanced, func(e *Escrow) { e.Log[0].Posts[0].Minor++ }},
		"no payment":      {ErrSide, func(e *Escrow) { e.Log = slices.Delete(e.Log, 0, 1) }},
		"a reference":     {ErrTwice, func(e *Escrow) { e.Log = slices.Insert(e.Log, 1, e.Log[0]) }},
		"a time":          {ErrOrder, func(e *Escrow) { e.Log[2].At = e.Log[1].At - 1 }},
		"the status":      {ErrStatus, func(e *Escrow) { e.Status = Active }},
		"an open payout":  {ErrStatus, func(e *Escrow) { e.Log = e.Log[:len(e.Log)-1] }},
		"another account": {ErrSide, func(e *Escrow) { e.Log[0].Posts[1].Account = "wallet" }},
	} {
		if err := forge(x.change); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
}

// TestFirstAlteredEntry: whatever is changed in an entry, the chain tells; a witness beside the row tells which entry, also
// if the whole chain was made anew.
func TestFirstAlteredEntry(t *testing.T) {
	good := settledDeal(2500)
	var witnesses []string
	for _, h := range good.Replay() {
		witnesses = append(witnesses, h[:WitnessDigits])
	}
	if at := good.FirstAltered(witnesses...); at != -1 {
		t.Fatalf("entry %d of a good log is altered", at)
	}
	if good.Witness() != witnesses[len(witnesses)-1] || !strings.HasPrefix(strings.ToUpper(good.Chain), strings.ReplaceAll(good.Receipt(), "-", "")) || len(good.Receipt()) != 9 {
		t.Errorf("%s is shown as %s and kept as %s", good.Chain, good.Receipt(), good.Witness())
	}
	for i := range good.Log {
		for name, change := range map[string]func(x *Entry){
			"time": func(x *Entry) { x.At++ }, "who": func(x *Entry) { x.By = "s" }, "move": func(x *Entry) { x.Move += ":1" }, "reference": func(x *Entry) { x.Ref += "0" },
			"account": func(x *Entry) { x.Posts[0].Account += "x" }, "sum": func(x *Entry) { x.Posts[0].Minor-- }, "posting": func(x *Entry) { x.Posts = x.Posts[1:] },
		} {
			e := *good
			e.Log = slices.Clone(good.Log)
			e.Log[i].Posts = slices.Clone(e.Log[i].Posts)
			change(&e.Log[i])
			if e.FirstAltered() < 0 {
				t.Errorf("%s of entry %d: nothing is altered", name, i)
			}
			if at := e.FirstAltered(witnesses...); at != i {
				t.Errorf("%s of entry %d: entry %d is altered", name, i, at)
			}
			hashes := e.Replay() // by somebody who can write the row
			if e.Chain = hashes[len(hashes)-1]; e.FirstAltered() != -1 || e.FirstAltered(witnesses...) != i {
				t.Errorf("%s of entry %d, with a new chain: entry %d is altered", name, i, e.FirstAltered(witnesses...))
			}
		}
		cut := *good
		cut.Log = good.Log[:i]
		cut.Chain = append([]string{""}, good.Replay()...)[i]
		if at := cut.FirstAltered(witnesses...); at != i {
			t.Errorf("cut to %d entries: entry %d is altered", i, at)
		}
	}
	sums := *good
	if sums.Quote.SellerGets++; sums.FirstAltered() != 0 {
		t.Error("the sums of the deal are not bound to its log")
	}
}

// TestBooksComeBack: the JSON of a log rebuilds the same accounts and the same chain.
func TestBooksComeBack(t *testing.T) {
	e := settledDeal(3333)
	e.Notes = map[int]string{0: "1", 4: "R-77"}
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var back Escrow
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(&back, e) || !reflect.DeepEqual(back.Balances(), e.Balances()) || back.Verify() != nil {
		t.Errorf("%s came back as %+v, %v", b, back, err)
	}
	if !bytes.Contains(b, []byte(`"p":[["cash:manual",`)) {
		t.Errorf("postings are not short: %s", b)
	}
	if perEntry := len(b) / len(e.Log); perEntry > 250 {
		t.Errorf("an entry has %d bytes", perEntry)
	}
	for _, bad := range []string{`["a"]`, `["a",1,2]`, `[1,2]`, `["a","b"]`, `{}`} {
		if json.Unmarshal([]byte(bad), new(Posting)) == nil {
			t.Errorf("%s is a posting", bad)
		}
	}
}

// TestLogOnlyGrows: an appended entry leaves the entries of a copy alone, and never stands before the last one.
func TestLogOnlyGrows(t *testing.T) {
	e := booked()
	e.post("received", "manual:1", received("manual", 5))
	a, b := *e, *e
	a.post("received", "manual:2", received("manual", 6))
	b.add(Entry{At: 1, By: "b", Move: "cancel"})
	if len(e.Log) != 1 || a.Log[1].Move != "received" || b.Log[1].Move != "cancel" || b.Log[1].At != e.Log[0].At {
		t.Errorf("%v, %v and %v", e.Log, a.Log, b.Log)
	}
	for _, e := range []*Escrow{e, &a} {
		if err := e.Verify(); err != nil {
			t.Error(err)
		}
	}
}

// TestReferencesOfTheSameDigits: two texts that have the same digits are two payments. The second is never taken for the
// first: it is refused until it is written in another way, and the first, given again, changes nothing.
func TestReferencesOfTheSameDigits(t *testing.T) {
	key := []byte("k")
	const one, other = "R-6519127", "R-33568627" // found by trying
	if a, b := Ref(key, manual, one), Ref(key, manual, other); a != b {
		t.Fatalf("%s and %s", a, b)
	}
	act := func(e *Escrow, a Act) (bool, error) {
		a.Key, a.At = key, much
		return e.Act(a)
	}
	for name, x := range map[string]struct {
		status Status
		act    func(ref string) Act
	}{
		"received":   {PaymentPending, func(ref string) Act { return cameAs(100, ref) }},
		"chargeback": {Active, func(ref string) Act { return takenBack(100, ref) }},
	} {
		e := in(t, x.status)
		for _, want := range []bool{true, false} {
			if changed, err := act(e, x.act(one)); changed != want || err != nil {
				t.Fatalf("%s: %t, %v", name, changed, err)
			}
		}
		before := e.Balances()
		if changed, err := act(e, x.act(other)); changed || !errors.Is(err, ErrAct) || !strings.Contains(err.Error(), one) {
			t.Errorf("%s: another payment of the same digits: %t, %v", name, changed, err)
		}
		if changed, err := act(e, x.act("bank "+other)); !changed || err != nil {
			t.Errorf("%s, written in another way: %t, %v", name, changed, err)
		}
		if reflect.DeepEqual(before, e.Balances()) || e.Verify() != nil {
			t.Errorf("%s: the books are %v, %v", name, e.Balances(), e.Verify())
		}
		e.Notes = nil // forgotten: the digits decide
		if changed, err := act(e, x.act(one)); changed || err != nil {
			t.Errorf("%s, with forgotten texts: %t, %v", name, changed, err)
		}
	}
	e := in(t, Disputed).moved(t, decides(5000))
	for _, a := range []Act{{Role: Desk, Move: MoveSending, To: Buyer}, {Role: Desk, Move: MoveSending, To: Seller}, {Role: Desk, Move: MoveSent, To: Buyer, Ref: one}} {
		if changed, err := act(e, a); !changed || err != nil {
			t.Fatalf("%s: %t, %v", a.Move, changed, err)
		}
	}
	if changed, err := act(e, sentAs(one)); changed || err != nil {
		t.Errorf("sent twice: %t, %v", changed, err)
	}
	if changed, err := act(e, sentAs(other)); changed || !errors.Is(err, ErrAct) || !strings.Contains(err.Error(), one) {
		t.Errorf("another payout of the same digits: %t, %v", changed, err)
	}
}

// TestReferences: the same reference is the same word under one key, and tells nothing of its text.
func TestReferences(t *testing.T) {
	a := Ref([]byte("k"), "bank", "R-77")
	if a != Ref([]byte("k"), "bank", "R-77") || a == Ref([]byte("l"), "bank", "R-77") || a == Ref([]byte("k"), "bank", "R-78") || a == Ref([]byte("k"), "btcpay", "R-77") {
		t.Error("references are mixed up")
	}
	if !strings.HasPrefix(a, "bank:") || len(a) != len("bank:")+12 || strings.Contains(a, "R-77") {
		t.Errorf("the reference is %s", a)
	}
	b := Balances{"cash:bank": 5, "cash:btcpay": 6, "out:bank": -1}
	if b.Of(AccountCash) != 11 || b.Of(AccountOut) != -1 || b.Of(AccountHeld) != 0 {
		t.Errorf("%v sums to %d and %d", b, b.Of(AccountCash), b.Of(AccountOut))
	}
}
