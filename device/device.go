// Package device is how a person goes on in a browser: a device is a conversation of its own, which the turn of the
// person's own conversation offers, and which whoever has its link makes active once. Without that row nobody is signed in.
package device

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/lockbay/lockbay/dialog"
)

// FlowName is the flow's part of the key.
const FlowName = "device"

// Version of the stored [Device].
const Version = 1

// How long a device is kept.
const (
	OfferedFor = 10 * time.Minute     // a link that nobody has used
	IdleFor    = 90 * 24 * time.Hour  // a device that nobody uses
	LastsFor   = 180 * 24 * time.Hour // any device, from the sign-in on
)

// State is where a device stands.
type State string

// The states.
const (
	Offered State = "offered" // its link waits to be used
	Active  State = "active"  // somebody is signed in there
)

// EventSignedIn says that a device became active. Cause: its kind; source: its id.
const EventSignedIn dialog.EventKind = "signed_in"

// Browser is the kind of a device that is a browser.
const Browser = "browser"

// Device is where a person is, or may be, signed in.
type Device struct {
	ID     string `json:"-"`
	Owner  string `json:"-"` // the person
	State  State  `json:"state"`
	Kind   string `json:"kind"`
	Secret string `json:"secret,omitempty"` // SHA-256 of what the device proves itself by, as hashOf writes it
	Name   string `json:"name,omitempty"`   // such as: Firefox on Linux
	Since  int64  `json:"since,omitempty"`  // of the sign-in, in unix milliseconds
	First  string `json:"first,omitempty"`  // what the person is called in the chat
	User   string `json:"user,omitempty"`   // the person's username there, without @
	// At is the chat in which the link was asked for, and the sign-in is told.
	At dialog.Place `json:"at,omitzero"`

	Made time.Time `json:"-"` // of the link
	Seen time.Time `json:"-"` // the first use of the last day on which it was used
}

// Of decodes the device of a record. The error is dialog.ErrSchemaNewer for one of a newer version.
func Of(r *dialog.Record) (d Device, err error) {
	if r.Schema > Version {
		return d, fmt.Errorf("device of version %d: %w", r.Schema, dialog.ErrSchemaNewer)
	}
	if err := json.Unmarshal(r.Answers, &d); err != nil {
		return d, fmt.Errorf("device %s: %w", r.Key.ID, err)
	}
	d.ID, d.Owner, d.Made, d.Seen = r.Key.ID, r.Owner, r.Created, r.Updated
	return d, nil
}

// save encodes the device into its record.
func (d *Device) save(r *dialog.Record) {
	raw, err := json.Marshal(d) //nolint:gosec // the secret's hash
	if err != nil {
		panic("device: " + err.Error()) // it has only strings and numbers
	}
	r.SetDraft(raw, nil)
	r.Schema = Version
}

// Until is the end of a device that nobody uses from now on.
func (d *Device) Until() time.Time {
	if d.State == Offered {
		return d.Made.Add(OfferedFor)
	}
	idle, last := d.Seen.Add(IdleFor), time.UnixMilli(d.Since).Add(LastsFor)
	if idle.Before(last) {
		return idle
	}
	return last
}

// is reports whether the device is in a state, and its time is not over: its row may be there a moment longer.
func (d *Device) is(s State, now time.Time) bool { return d.State == s && now.Before(d.Until()) }

// nameMost is the longest name of a person or a browser, in characters.
const nameMost = 64

// called is a name that somebody chose, as it is shown: without characters that show nothing, or turn the text around them.
func called(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, name))
	if long := []rune(name); len(long) > nameMost {
		name = string(long[:nameMost])
	}
	if !dialog.Visible(name) {
		return ""
	}
	return name
}

// size is the length of an id, a token and a secret: 128 bits each.
const size = 26

var lower = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// isID reports whether a text is written as ids, tokens and secrets are.
func isID(text string) bool {
	if len(text) != size {
		return false
	}
	b, err := lower.DecodeString(text)
	return err == nil && lower.EncodeToString(b) == text
}

// idOf is the id of the device that a token offers. It does not tell the token.
func idOf(token string) string {
	sum := sha256.Sum256([]byte("lockbay device\x00" + token))
	return lower.EncodeToString(sum[:16])
}

// hashOf is the hash under which a secret is kept.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte("lockbay secret\x00" + secret))
	return lower.EncodeToString(sum[:])
}

// derived are 128 bits that only a holder of the key knows.
func derived(key []byte, parts ...string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(strings.Join(parts, "\x00")))
	return lower.EncodeToString(h.Sum(nil)[:16])
}
