package lockbay

import "crypto/sha256"

// Sides is what a deal knows of its two people beside the terms. A deal of before its people could meet has the zero
// value.
type Sides struct {
	Salt   string `json:"x,omitempty"` // of the hash of the terms
	Link   int    `json:"n,omitempty"` // number of the seller's link that counts, from 1
	Buyer  string `json:"b,omitempty"` // names on Telegram, as they were when these people came; empty: they had none
	Seller string `json:"s,omitempty"`
	Joined string `json:"j,omitempty"` // key of the seller who joined
}

// TermsHash are ten characters that both sides read beside the terms: the beginning of SHA-256 over the salt of the deal,
// all terms, all sums, whether the fee may be kept and the seller accepts first, and the times of the deal that are not the usual ones. It is empty for a deal without a salt.
func (e *Escrow) TermsHash() string {
	if e.Sides.Salt == "" {
		return ""
	}
	q := &e.Quote
	b := appendText(appendText(nil, e.Sides.Salt), q.Currency)
	b = appendNumbers(b, q.Amount, q.Fee, q.BuyerFee, q.SellerFee, q.BuyerPays, q.SellerGets)
	for _, f := range Fields {
		if f.Given(&e.Terms) { // a later field leaves the hashes of deals without it
			b = appendNumbers(appendText(appendText(b, f.Key), f.Words(&e.Terms)), f.Count(&e.Terms))
		}
	}
	b = q.appendKeep(b)
	if e.Window > 0 {
		b = appendNumbers(appendText(b, "accept first"), e.Window)
	}
	if m := e.Times; m != (Times{}) { // of a deal with the usual times the hash is as it was
		b = appendNumbers(appendText(b, "times"), int64(m.Accept), int64(m.Late), int64(m.Inspection), int64(m.Decision))
		if m.Answer != 0 {
			b = appendNumbers(b, int64(m.Answer))
		}
	}
	sum := sha256.Sum256(b)
	var text [10]byte
	for i := range text {
		bit := 5 * i
		two := uint(sum[bit/8])<<8 | uint(sum[bit/8+1])
		text[i] = crockford[two>>(11-bit%8)&31]
	}
	return string(text[:])
}

// reseat gives the seller's side to another account: of a seller who has lost the one that joined. The link of before
// counts no more.
func (e *Escrow) reseat(a *Act) (bool, error) {
	switch {
	case a.Seat == e.Sides.Joined && a.Seat != "":
		return false, nil
	case a.Seat == "":
		return false, bad("want the key of the seller's account")
	case a.Seat == e.Buyer:
		return false, bad("%s is the buyer", a.Seat)
	case e.Sides.Joined == "":
		return false, bad("nobody has joined as the seller; they join by the link")
	}
	e.note(a, Entry{Move: string(a.Move)}, a.Seat)
	e.Sides.Joined, e.Sides.Seller = a.Seat, ""
	e.Sides.Link++
	return true, nil
}
