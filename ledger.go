package lockbay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
)

// The accounts of a deal's ledger, which has one currency. Cash is what we have, and is positive; what we owe is
// negative. So all accounts together are 0. Cash and out have an account of each provider: cash:manual.
const (
	AccountCash   = "cash"   // with a provider
	AccountBuyer  = "buyer"  // the buyer's, not bound: a part that came, a surplus, or what goes back
	AccountHeld   = "held"   // what the buyer paid, held for the deal
	AccountSeller = "seller" // the seller's, to be sent
	AccountFee    = "fee"    // ours
	AccountOut    = "out"    // given to a provider to be sent
	AccountLoss   = "loss"   // what a provider took back after it was spent
)

// At returns the account of a provider.
func At(account, provider string) string { return account + ":" + provider }

// Posting changes an account by an amount in minor units. Its JSON is [account, minor].
type Posting struct {
	Account string
	Minor   int64
}

// MarshalJSON implements json.Marshaler.
func (p Posting) MarshalJSON() ([]byte, error) { return json.Marshal([]any{p.Account, p.Minor}) }

// UnmarshalJSON implements json.Unmarshaler.
func (p *Posting) UnmarshalJSON(b []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	if len(parts) != 2 {
		return fmt.Errorf("a posting has %d parts", len(parts))
	}
	return errors.Join(json.Unmarshal(parts[0], &p.Account), json.Unmarshal(parts[1], &p.Minor))
}

// Entry is one line of a deal's log: who did what, and how it changed the accounts. The postings of an entry sum to 0.
type Entry struct {
	At    int64     `json:"t"`  // unix milliseconds; never before the entry above
	By    string    `json:"by"` // the role, and the number of the operator who acted for it
	Move  string    `json:"m"`  // a Move; its value follows a colon
	Ref   string    `json:"r,omitempty"`
	Posts []Posting `json:"p,omitempty"`
}

// Move names what somebody does to a deal.
type Move string

// verb is the move without its value.
func (x *Entry) verb() Move { m, _, _ := strings.Cut(x.Move, ":"); return Move(m) }

// append adds the entry to b for its hash: every field, with lengths.
func (x *Entry) append(b []byte) []byte {
	b = appendNumbers(b, x.At)
	b = appendText(appendText(appendText(b, x.By), x.Move), x.Ref)
	b = appendNumbers(b, int64(len(x.Posts)))
	for _, p := range x.Posts {
		b = appendNumbers(appendText(b, p.Account), p.Minor)
	}
	return b
}

// Ref is a reference in the log: its provider, and 12 digits that only a holder of the key can compute. The text of the
// reference stands beside the log, so that it can be forgotten; while it stands there, another text with the same digits
// is told apart.
func Ref(key []byte, provider, text string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(At(provider, text)))
	return At(provider, hex.EncodeToString(h.Sum(nil)[:6]))
}

// HandRef is the reference of a transfer that operators record by hand.
func HandRef(key []byte, text string) string { return Ref(key, manual, text) }

// sameRef is nil if what an entry of this move says of its reference is this text, or is not known any more. Two texts have
// the same 12 digits once in 2⁴⁸; then the second is another payment, which must not pass for the first.
func (e *Escrow) sameRef(move Move, ref, text string) error {
	at := slices.IndexFunc(e.Log, func(x Entry) bool { return x.verb() == move && x.Ref == ref })
	if note, kept := e.Notes[at]; kept && note != text && !strings.HasPrefix(note, text+" ") { // a chargeback has its reason behind it
		return bad("the reference %q cannot be told from %q in the books: write it in another way, as with a word before it", text, note)
	}
	return nil
}

// Balances are the accounts after some entries. An account that is absent is 0.
type Balances map[string]int64

// add posts an entry.
func (b Balances) add(e *Entry) {
	for _, p := range e.Posts {
		if b[p.Account] += p.Minor; b[p.Account] == 0 {
			delete(b, p.Account)
		}
	}
}

// Owed is what we owe on this account.
func (b Balances) Owed(account string) int64 { return -b[account] }

// Of sums an account over its providers.
func (b Balances) Of(account string) (sum int64) {
	for name, minor := range b {
		if kind, _, _ := strings.Cut(name, ":"); kind == account {
			sum += minor
		}
	}
	return sum
}

// Balances are the accounts after the whole log.
func (e *Escrow) Balances() Balances {
	b := Balances{}
	for i := range e.Log {
		b.add(&e.Log[i])
	}
	return b
}

// Split divides what is held for a deal: share is the seller's part in 10,000. Seller and fee are rounded down, and the
// buyer has the rest, so the three are exactly what the buyer paid.
func (q *Quote) Split(share int) (seller, fee, buyer int64) {
	part := func(of int64) int64 {
		hi, lo := bits.Mul64(uint64(of), uint64(share))
		n, _ := bits.Div64(hi, lo, ShareAll)
		return int64(n)
	}
	seller, fee = part(q.SellerGets), part(q.Fee)
	return seller, fee, q.BuyerPays - seller - fee
}

// ShareAll is the share of a seller who gets everything.
const ShareAll = 10_000

// posts leaves out postings of nothing.
func posts(all ...Posting) []Posting {
	return slices.DeleteFunc(all, func(p Posting) bool { return p.Minor == 0 })
}

// received: money came for the buyer.
func received(provider string, minor int64) []Posting {
	return posts(Posting{At(AccountCash, provider), minor}, Posting{AccountBuyer, -minor})
}

// funded: all that the buyer pays is there, and is held.
func funded(q *Quote) []Posting {
	return posts(Posting{AccountBuyer, q.BuyerPays}, Posting{AccountHeld, -q.BuyerPays})
}

// undone: a payment was recorded by mistake. What was held is the buyer's again, without it.
func undone(b Balances, provider string, minor int64) []Posting {
	held := b.Owed(AccountHeld)
	return posts(Posting{At(AccountCash, provider), -minor}, Posting{AccountHeld, held}, Posting{AccountBuyer, minor - held})
}

// ChargedBack are the postings after a provider took a payment back: out of what is still the buyer's, then of what is
// held. The rest is lost.
func (b Balances) ChargedBack(provider string, minor int64) []Posting {
	buyer := min(minor, b.Owed(AccountBuyer))
	held := min(minor-buyer, b.Owed(AccountHeld))
	return posts(Posting{At(AccountCash, provider), -minor}, Posting{AccountBuyer, buyer}, Posting{AccountHeld, held},
		Posting{AccountLoss, minor - buyer - held})
}

// settled: what is held belongs to the parties now.
func settled(q *Quote, share int) []Posting {
	return divided(q.Split(share))
}

// divided: what is held is the seller's, ours and the buyer's now.
func divided(seller, fee, buyer int64) []Posting {
	return posts(Posting{AccountHeld, seller + fee + buyer}, Posting{AccountSeller, -seller}, Posting{AccountFee, -fee}, Posting{AccountBuyer, -buyer})
}

// sending: a provider is asked to send what a party is owed.
func sending(account, provider string, minor int64) []Posting {
	return posts(Posting{account, minor}, Posting{At(AccountOut, provider), -minor})
}

// sent: the provider has sent it.
func sent(provider string, minor int64) []Posting {
	return posts(Posting{At(AccountOut, provider), minor}, Posting{At(AccountCash, provider), -minor})
}

// countered takes postings back.
func countered(p []Posting) []Posting {
	back := slices.Clone(p)
	for i := range back {
		back[i].Minor = -back[i].Minor
	}
	return back
}

// seed is the hash before the first entry. It binds the log to its deal and the sums of the deal.
func (e *Escrow) seed() [sha256.Size]byte {
	q := &e.Quote
	b := appendText(appendText(nil, e.ID), q.Currency)
	return sha256.Sum256(appendNumbers(b, q.Amount, q.Fee, q.BuyerFee, q.SellerFee, q.BuyerPays, q.SellerGets))
}

// Replay computes the hash after each entry: SHA-256 of the hash before and the entry.
func (e *Escrow) Replay() []string {
	last, all := e.seed(), make([]string, len(e.Log))
	for i := range e.Log {
		last = sha256.Sum256(e.Log[i].append(last[:]))
		all[i] = hex.EncodeToString(last[:])
	}
	return all
}

// WitnessDigits is how much of the hash an event of the move keeps.
const WitnessDigits = 16

// Witness is the hash of the last entry, as the event of the move keeps it.
func (e *Escrow) Witness() string { return e.Chain[:min(len(e.Chain), WitnessDigits)] }

// Receipt is the short form of the hash that the parties' cards show: 4F9C-21A7. It is empty for a deal without a log.
func (e *Escrow) Receipt() string {
	if len(e.Chain) < 8 {
		return ""
	}
	s := strings.ToUpper(e.Chain[:8])
	return s[:4] + "-" + s[4:]
}

// FirstAltered returns the number of the first entry that is not as it was written, or -1. It knows from the hash in the
// row, and from the witnesses: the beginnings of hashes that were kept elsewhere, in their order. Without a witness
// before it, an altered entry is found as the first one.
func (e *Escrow) FirstAltered(witnesses ...string) int {
	hashes := e.Replay()
	good := 0 // entries that are proved
	for _, w := range append(slices.Clone(witnesses), e.Chain) {
		if w == "" {
			continue
		}
		at := slices.IndexFunc(hashes[max(good-1, 0):], func(h string) bool { return strings.HasPrefix(h, w) })
		if at < 0 {
			return good
		}
		good = max(good-1, 0) + at + 1
	}
	if good < len(hashes) {
		return good
	}
	return -1
}

// add appends an entry, and its hash.
func (e *Escrow) add(x Entry) {
	last := e.seed()
	if n := len(e.Log); n > 0 {
		raw, _ := hex.DecodeString(e.Chain)
		copy(last[:], raw)
		x.At = max(x.At, e.Log[n-1].At)
	}
	last = sha256.Sum256(x.append(last[:]))
	e.Log, e.Chain = append(slices.Clip(e.Log), x), hex.EncodeToString(last[:])
}

// Errors of [Escrow.Verify].
var (
	ErrAltered    = errors.New("the log was altered")
	ErrUnbalanced = errors.New("an entry is not balanced")
	ErrSide       = errors.New("an account is on the wrong side")
	ErrTwice      = errors.New("a reference is booked twice")
	ErrOrder      = errors.New("the entries are out of order")
	ErrStatus     = errors.New("the accounts do not fit the status")
)

// Verify checks the books: every entry is balanced and in its place, no account was ever on the wrong side, no reference
// counts twice, the accounts fit the status, and the chain of hashes is whole.
func (e *Escrow) Verify() error {
	if len(e.Log) == 0 && e.Chain == "" {
		return nil // nothing has happened, or it happened before there were books
	}
	b, refs := Balances{}, map[string]bool{}
	for i := range e.Log {
		x := &e.Log[i]
		var sum int64
		for _, p := range x.Posts {
			sum += p.Minor
		}
		key := string(x.verb()) + " " + x.Ref
		b.add(x)
		switch account := b.wrong(); {
		case sum != 0:
			return fmt.Errorf("entry %d, %s: %w", i+1, x.Move, ErrUnbalanced)
		case account != "":
			return fmt.Errorf("entry %d, %s: %s: %w", i+1, x.Move, account, ErrSide)
		case x.Ref != "" && refs[key]:
			return fmt.Errorf("entry %d, %s: %s: %w", i+1, x.Move, x.Ref, ErrTwice)
		case i > 0 && x.At < e.Log[i-1].At:
			return fmt.Errorf("entry %d, %s: %w", i+1, x.Move, ErrOrder)
		}
		refs[key] = true
	}
	if at := e.FirstAltered(); at >= 0 {
		return ErrAltered
	}
	return e.fits(b)
}

// wrong names an account on the wrong side, or is empty.
func (b Balances) wrong() string {
	for _, name := range slices.Sorted(maps.Keys(b)) {
		kind, _, _ := strings.Cut(name, ":")
		switch kind {
		case AccountCash:
		case AccountLoss:
			if b[name] < 0 {
				return name
			}
		case AccountBuyer, AccountHeld, AccountSeller, AccountFee, AccountOut:
			if b[name] > 0 {
				return name
			}
		default:
			return name
		}
	}
	return ""
}

// fits checks that the accounts are those of the status: nothing is held before and after the deal, all of it during the
// deal, and an ended deal owes nobody. What was charged back is missing only while the deal is on hold.
func (e *Escrow) fits(b Balances) error {
	held, owed := int64(0), b.Owed(AccountSeller)-b.Of(AccountOut)
	short := e.short()
	switch {
	case e.Status.holdsAll():
		held = e.Quote.BuyerPays - short
	case e.Status == Settling: // money is sent now
		owed = 0
	}
	if e.Status.Ended() {
		owed += b.Owed(AccountBuyer)
	}
	if b.Owed(AccountHeld) != held || owed != 0 || short > 0 && e.OnHold() == "" {
		return fmt.Errorf("%s, with %d held and %d owed: %w", e.Status, b.Owed(AccountHeld), owed, ErrStatus)
	}
	return nil
}
