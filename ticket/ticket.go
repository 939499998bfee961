// Package ticket is what a person writes to the operator: a conversation of its own, which the turn of the person's own
// conversation begins. It is kept for 90 days.
package ticket

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// FlowName is the flow's part of the key.
const FlowName = "ticket"

// Version of the stored [Ticket].
const Version = 1

// Kept is how long a ticket is kept after it was written.
const Kept = 90 * 24 * time.Hour

// The events of tickets. Cause: the class; source: the ticket's id; Took: how long before the event the ticket was written.
const (
	EventTicketed dialog.EventKind = "ticketed" // a new one: in the person's own conversation, or in that of an imported ticket
	EventClassed  dialog.EventKind = "classed"  // an operator gave it another class
)

// Ticket is what a person wrote.
type Ticket struct {
	ID     string `json:"-"`
	Owner  string `json:"-"` // the person; empty: unknown, as of one that was imported
	Text   string `json:"text"`
	Class  Class  `json:"class"`
	Phrase string `json:"phrase,omitempty"` // of Text, that decided the class; empty: none did
	By     string `json:"by,omitempty"`     // the operator who set the class; empty: nobody did
	At     int64  `json:"at"`               // when it was written, in unix milliseconds
	From   string `json:"from"`             // channel; Imported: another helpdesk
	Lang   string `json:"lang,omitempty"`   // of the person
	Draft  string `json:"draft,omitempty"`  // open then
	Step   string `json:"step,omitempty"`   // at which that draft stood
	Source string `json:"source,omitempty"` // of an imported one: what stands for its name there
	Escrow string `json:"escrow,omitempty"` // without a draft: the last one that the person had confirmed
}

// Imported is Ticket.From of a ticket of another helpdesk.
const Imported = "import"

// Written is when the ticket was written.
func (k *Ticket) Written() time.Time { return time.UnixMilli(k.At).UTC() }

// age is how long before a time, in whole milliseconds, the ticket was written.
func (k *Ticket) age(now time.Time) time.Duration {
	return time.Duration(now.UnixMilli()-k.At) * time.Millisecond
}

// Of decodes the ticket of a record. The error is dialog.ErrSchemaNewer for one of a newer version.
func Of(r *dialog.Record) (k Ticket, err error) {
	if r.Schema > Version {
		return k, fmt.Errorf("ticket of version %d: %w", r.Schema, dialog.ErrSchemaNewer)
	}
	if err := json.Unmarshal(r.Answers, &k); err != nil {
		return k, fmt.Errorf("ticket %s: %w", r.Key.ID, err)
	}
	k.ID, k.Owner = r.Key.ID, r.Owner
	return k, nil
}

// Clean is a text as it is kept: without numbers of payment cards, and of a long one the beginning. cut: it is a long one.
func Clean(text string) (clean string, cut bool) {
	clean, cut = lockbay.CleanStatement(lockbay.WithoutCards(text))
	for long := cut; long; {
		part, most := []rune(clean), lockbay.StatementMost
		if len(part) <= most { // it has too many bytes
			most = len(part) * 9 / 10
		}
		clean, long = lockbay.CleanStatement(string(part[:most]))
	}
	return clean, cut
}

// save encodes the ticket into its record.
func (k *Ticket) save(r *dialog.Record) {
	raw, err := json.Marshal(k)
	if err != nil {
		panic("ticket: " + err.Error()) // it has only strings and numbers
	}
	r.SetDraft(raw, nil)
	r.Schema = Version
}

// prefix begins an id. What follows is written as in the id of an escrow.
const prefix = "TCK"

// NewID writes 40 random bits as TCK-XXXX-XXXXX.
func NewID(random uint64) string {
	return prefix + strings.TrimPrefix(lockbay.NewEscrowID(random), "ESC")
}

// ParseID returns the id as NewID writes it. It accepts what lockbay.ParseEscrowID accepts, and has its errors.
func ParseID(s string) (string, error) {
	s = strings.Trim(strings.TrimSpace(s), "\u2068\u2069")
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", fmt.Errorf("not a ticket's id; one looks like TCK-7K4M-92QXA")
	}
	id, err := lockbay.ParseEscrowID("ESC" + s[len(prefix):])
	if err != nil {
		return "", fmt.Errorf("not a ticket's id; one looks like TCK-7K4M-92QXA")
	}
	return prefix + strings.TrimPrefix(id, "ESC"), nil
}
