package lockbay

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lockbay/lockbay/internal/decimal"
)

// Status is where a deal stands.
type Status string

// The statuses of an [Escrow].
const (
	PaymentPending   Status = "payment_pending"
	PaymentConfirmed Status = "payment_confirmed" // paid, and the seller has not accepted yet
	Active           Status = "active"            // the seller delivers
	Delivered        Status = "delivered"         // the buyer checks
	Disputed         Status = "disputed"          // a person decides
	Settling         Status = "settling"          // it is decided who gets what, and it is sent
	Completed        Status = "completed"
	Refunded         Status = "refunded"       // the buyer had paid in full, and got it back
	PaymentLapsed    Status = "payment_lapsed" // not paid in time; a late payment revives it
	Cancelled        Status = "cancelled"
)

// Statuses are all of them, in the order of a deal's life.
var Statuses = []Status{PaymentPending, PaymentConfirmed, Active, Delivered, Disputed, Settling, Completed, Refunded, PaymentLapsed, Cancelled}

// Ended reports whether a deal is over. Money may still come for it.
func (s Status) Ended() bool {
	return s == Completed || s == Refunded || s == PaymentLapsed || s == Cancelled
}

// HoldsMoney reports whether the buyer has paid in full and the deal has not ended.
func (s Status) HoldsMoney() bool {
	return s == PaymentConfirmed || s == Active || s == Delivered || s == Disputed || s == Settling
}

// Escrow is a confirmed deal: the terms and the quote as the buyer confirmed them, whatever the rules say later.
type Escrow struct {
	ID      string `json:"id"` // see [NewEscrowID]
	Draft   string `json:"dr"` // the confirmed draft; a draft starts one deal
	Buyer   string `json:"by"` // the owner's key
	Terms   Terms  `json:"t"`
	Quote   Quote  `json:"q"`
	Status  Status `json:"s"`
	Created int64  `json:"c"` // unix milliseconds
	Expires int64  `json:"e"` // unix milliseconds: when an unpaid deal lapses

	// Log is the timeline and the ledger in one. It only grows. A deal to which nothing has happened has none.
	Log       []Entry        `json:"l,omitempty"`
	Chain     string         `json:"h,omitempty"` // hash of the last entry, see [Escrow.Replay]
	Notes     map[int]string `json:"n,omitempty"` // :: number of an entry (from 0) → its reference, reason or address, as it was typed
	Operators []string       `json:"o,omitempty"` // who gave orders; an entry has their number here
	Until     int64          `json:"u,omitempty"` // unix milliseconds: the deadline of a paid deal's status

	Sides  Sides `json:"i,omitzero"`
	Times  Times `json:"m,omitzero"`
	Window int64 `json:"w,omitempty"` // milliseconds to pay, of a deal that its seller accepts first: see [Escrow.WaitForSeller]
}

// NewEscrow starts the deal of confirmed terms. The caller has checked the terms and compared the quote with the quote
// shown to the buyer.
func NewEscrow(id, draft, buyer string, t Terms, q Quote, now time.Time, window time.Duration) Escrow {
	return Escrow{
		ID: id, Draft: draft, Buyer: buyer, Terms: t, Quote: q, Status: PaymentPending,
		Created: now.UnixMilli(), Expires: now.Add(window).UnixMilli(),
	}
}

// CreatedAt is when the deal was confirmed, in UTC.
func (e Escrow) CreatedAt() time.Time { return time.UnixMilli(e.Created).UTC() }

// ExpiresAt is when an unpaid deal lapses, in UTC.
func (e Escrow) ExpiresAt() time.Time { return time.UnixMilli(e.Expires).UTC() }

// Errors of the moves of a deal.
var (
	ErrCancelled = errors.New("the deal is cancelled")
	ErrPaid      = errors.New("the deal is paid")
	ErrSum       = errors.New("another sum was to be paid")
)

// Sum is what the buyer pays.
func (e *Escrow) Sum() Money { return e.Quote.Money(e.Quote.BuyerPays) }

// KeepsFee reports whether the fee stays ours if the buyer cancels the paid deal now: see [BooksCancel].
func (e *Escrow) KeepsFee(now time.Time) bool {
	return e.Quote.Keep && e.Status == PaymentConfirmed && now.Before(e.End())
}

// KeptFee is the fee that stayed ours because the buyer cancelled after paying.
func (e *Escrow) KeptFee() int64 {
	b := Balances{}
	if x := e.find(MoveCancel); x != nil {
		b.add(x)
	}
	return b.Owed(AccountFee)
}

// crockford is Crockford's base 32: no I, L, O and U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// ErrEscrowID is the error of [ParseEscrowID] for any text other than a correct id.
var ErrEscrowID = errors.New("not an escrow id; one looks like ESC-7K4M-92QXA")

// ErrEscrowSlip is the [ErrEscrowID] of a text with the form of an id and a wrong check character.
var ErrEscrowSlip error = slip{}

type slip struct{}

func (slip) Error() string { return "not an escrow id: a character is wrong, or two are swapped" }
func (slip) Unwrap() error { return ErrEscrowID }

// NewEscrowID writes 40 random bits as ESC-XXXX-XXXXX: eight characters of Crockford base 32 and a check character. The
// upper 24 bits are ignored.
func NewEscrowID(random uint64) string {
	var v [9]byte
	for i := range 8 {
		v[i] = byte(random >> (35 - 5*i) & 31)
	}
	v[8] = checkValue(v[:8])
	b := []byte("ESC-0000-00000")
	for i, n := range v {
		at := 4 + i
		if i >= 4 {
			at++
		}
		b[at] = crockford[n]
	}
	return string(b)
}

// ParseEscrowID returns the id as NewEscrowID writes it. Lower case, missing or other dashes, spaces, I or L for 1 and O
// for 0 are accepted. The check character finds any single wrong character and any swap of two neighbours
// ([ErrEscrowSlip]). All errors are [ErrEscrowID].
func ParseEscrowID(s string) (string, error) {
	if len(s) > 64 {
		return "", ErrEscrowID
	}
	s = bareID(s)
	if len(s) != 9 {
		return "", ErrEscrowID
	}
	var v [9]byte
	for i := range v {
		n := strings.IndexByte(crockford, s[i])
		if n < 0 {
			return "", ErrEscrowID
		}
		v[i] = byte(n)
	}
	if checkValue(v[:8]) != v[8] {
		return "", ErrEscrowSlip
	}
	return fmt.Sprintf("ESC-%s-%s", s[:4], s[4:]), nil
}

// bareID reduces a written id to its significant characters.
func bareID(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '‐', '‑', '–', '—', '_', '\u2068', '\u2069':
			return -1
		}
		return r
	}, strings.ToUpper(decimal.ASCII(s)))
	if len(s) > 9 {
		s = strings.TrimPrefix(s, "ESC")
	}
	return strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(s)
}

// checkOffset makes a row of zeros an invalid id.
const checkOffset = 12

// checkValue is a checksum over GF(32), x⁵+x²+1. Each position has its own power of x, so every single error and every
// swap of two positions changes the checksum.
func checkValue(values []byte) byte {
	var sum byte
	for _, v := range values {
		sum ^= v
		sum <<= 1
		if sum&32 != 0 {
			sum ^= 0b100101
		}
	}
	return sum ^ checkOffset
}
