package dialog

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Mode says where the next draft is written, and so what may get lost.
type Mode uint8

// The modes of the strategy.
const (
	Database    Mode = iota // the row; loses nothing that was acknowledged
	Hybrid                  // the row, and a copy in the draft store; loses nothing
	Redis                   // the draft store; loses what it acknowledged and then lost
	Lightweight             // memory; loses on restart, eviction, change of instance
)

var modeNames = []string{"database", "hybrid", "redis", "lightweight"}

func (m Mode) String() string { return named(m, modeNames) }

// ParseMode reads a mode's name.
func ParseMode(s string) (Mode, error) {
	if i := slices.Index(modeNames, s); i >= 0 {
		return Mode(i), nil
	}
	return 0, fmt.Errorf("mode %q: want lightweight, database, redis or hybrid", s)
}

// Config of an engine. The zero value works.
type Config struct {
	// Bot is the first part of every key. Defaults to "bot".
	Bot string
	// Instance names this process in records and leases: host.boot, where host
	// survives a restart. Defaults to a random name.
	Instance string
	// Version of the program, for the log: a short code. Defaults to none.
	Version string
	// Mode chooses per owner where drafts are written. Defaults to Database.
	Mode func(owner string) Mode
	// Variant names the group of an owner, for the log: a short code. A draft keeps the
	// variant with which it began, and what it starts has the same. Defaults to none.
	Variant func(owner string) string
	// Drafts is needed by the modes Redis and Hybrid.
	Drafts Drafts
	// SessionGap is how long a person may be away before the card comes back with a
	// welcome. Defaults to 30 minutes.
	SessionGap time.Duration
	// CacheBytes bounds the records kept in memory. Defaults to 16 MiB: about
	// 11,000 conversations of 1.5 KB.
	CacheBytes int
	// Zone of the times that cards show. Defaults to UTC.
	Zone *time.Location
	// Detached: this process commits turns, and another one shows them.
	Detached bool
	// Recorder hears what happens. Trouble defaults to a line in slog.Default, the
	// other functions to nothing.
	Recorder Recorder
	// EventsFor is how long events are kept. Defaults to 90 days: a key may be a
	// person's id, which is personal.
	EventsFor time.Duration
	// Counted is the time up to which something else has read the events: later ones are
	// not deleted. nil: nothing else reads them.
	Counted func(ctx context.Context) (time.Time, error)
	// Now is the local clock. Defaults to time.Now.
	Now func() time.Time
	// Random makes tags and ids. Defaults to crypto/rand.
	Random func() uint64
	// Gate is called at named points where the process might die; for tests.
	Gate func(point string)
}

func (c Config) withDefaults() Config {
	if c.Bot == "" {
		c.Bot = "bot"
	}
	if c.Random == nil {
		c.Random = cryptoRandom
	}
	if c.Instance == "" {
		c.Instance = fmt.Sprintf("%06x.%06x", c.Random()&0xffffff, c.Random()&0xffffff)
	}
	if c.Mode == nil {
		c.Mode = func(string) Mode { return Database }
	}
	if c.Variant == nil {
		c.Variant = func(string) string { return "" }
	}
	if c.SessionGap <= 0 {
		c.SessionGap = 30 * time.Minute
	}
	if c.CacheBytes <= 0 {
		c.CacheBytes = 16 << 20
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Recorder.Trouble == nil {
		c.Recorder.Trouble = func(what string, err error) { slog.Error("dialog: trouble", "what", what, "error", err) }
	}
	if c.EventsFor <= 0 {
		c.EventsFor = 90 * 24 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func cryptoRandom() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return binary.BigEndian.Uint64(b[:])
}

// Recorder hears what happens, by the functions that are not nil. They are called on the
// path of an input, concurrently, and must be quick.
type Recorder struct {
	Rehydrated func(key Key, r Rehydration) // once for an input of a person or a timer
	Turn       func(key Key, kind Kind, did Did, took time.Duration)
	Failed     func(key Key, kind Kind, why string) // an input of a person or an operator got no turn: see EventFailed
	Logged     func(e *Event)                       // the event is written; it is not to be changed
	Showed     func(key Key, channel string, err error, took time.Duration)
	Conflict   func(key Key)
	Swept      func(did Swept)
	Trouble    func(what string, err error) // err has no personal data
}
