package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/alert"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/device"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram"
	"github.com/lockbay/lockbay/dialog/web"
	"github.com/lockbay/lockbay/insight/insightdb"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/rollout"
	"github.com/lockbay/lockbay/texts"
	"github.com/lockbay/lockbay/ticket"
)

// botName is the first part of every key. It is a constant, so that conversations survive a later or another token.
const botName = "lockbay"

// cacheBytes holds about 5,600 conversations. It keeps the whole process below 100 MB with 200 people who write as
// quickly as they can.
const cacheBytes = 8 << 20

// errNoDatabase is exit status 3.
var errNoDatabase = errors.New("the database cannot be reached")

// store is a database, as the commands need it.
type store interface {
	dialog.Store
	ConversationBytes(ctx context.Context) (bytes, conversations int64, err error)
	DraftsInRedis(ctx context.Context) (int64, error)
}

// openStore opens the configured database and brings its tables up to date.
func (s *Settings) openStore(ctx context.Context) (store, error) { return s.openTelling(ctx, nil) }

// openTelling is openStore with a function that hears of the store's faults (nil: the log of slog).
func (s *Settings) openTelling(ctx context.Context, trouble func(what string, err error)) (store, error) {
	kind, where, err := s.database()
	if err != nil {
		return nil, usageError{err}
	}
	st, err := openers[kind](ctx, where, trouble)
	if err != nil {
		return nil, s.databaseTrouble(err)
	}
	return st, nil
}

// openExisting opens the database for commands that only read: it fails if the tables are missing or old.
func (s *Settings) openExisting(ctx context.Context) (store, error) {
	if err := s.isReady(ctx); err != nil {
		return nil, err
	}
	kind, where, _ := s.database()
	if kind != "sqlite" {
		return s.openStore(ctx)
	}
	st, err := readSQLite(where)
	if err != nil {
		return nil, s.databaseTrouble(err)
	}
	return st, nil
}

// isNew reports whether the database has no tables of ours yet.
func (s *Settings) isNew(ctx context.Context) bool {
	kind, where, _ := s.database()
	list, err := migrationStatus[kind](ctx, where)
	return errors.Is(err, errNoFile) || err == nil && !slices.ContainsFunc(list, func(m dialog.Migration) bool { return m.Have > 0 })
}

// isReady fails for a database whose tables are missing or old.
func (s *Settings) isReady(ctx context.Context) error {
	if err := s.isThere(); err != nil {
		return err
	}
	kind, where, _ := s.database()
	list, err := migrationStatus[kind](ctx, where)
	if err != nil {
		return s.databaseTrouble(err)
	}
	if !slices.ContainsFunc(list, func(m dialog.Migration) bool { return m.Have > 0 }) {
		return fmt.Errorf("%s has no LockBay tables; lockbay serve creates them", s.databaseName())
	}
	for _, m := range list {
		if m.Have < m.Want {
			return fmt.Errorf("%s: the tables of %s are at version %d, this program needs %d; lockbay migrate up updates them", s.databaseName(), m.Component, m.Have, m.Want)
		}
	}
	return nil
}

// isThere fails for a SQLite file that does not exist.
func (s *Settings) isThere() error {
	kind, where, err := s.database()
	if err != nil {
		return usageError{err}
	}
	if kind != "sqlite" {
		return nil
	}
	if _, err := os.Stat(where); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s does not exist; lockbay serve creates it", errNoDatabase, where)
	}
	return nil
}

// openers open a database, by its kind.
var openers = map[string]func(ctx context.Context, where string, trouble func(what string, err error)) (store, error){
	"sqlite":   openSQLite,
	"postgres": openPostgres,
}

// app is the assembled bot.
type app struct {
	set      *Settings
	store    store
	engine   *dialog.Engine
	intake   *intake.Flow
	deal     *deal.Flow
	tickets  *ticket.Flow
	devices  *device.Registry
	alerts   *alert.Flow
	flows    []dialog.Flow // all of them, the personal one first
	rules    *lockbay.Rules
	operator lockbay.Operator
	drafts   dialog.Drafts                    // nil without Redis
	counts   atomic.Pointer[insightdb.DB]     // nil unless it serves
	chosen   atomic.Pointer[rollout.Chosen]   // who gets which mode
	trouble  func(what string, err error)     // optional
	tg       atomic.Pointer[telegram.Channel] // nil without a bot, and before the server begins
	page     atomic.Pointer[string]           // address of the page for this machine or network; nil before the server begins
}

// newApp opens the database and makes the engine. If detached, another process shows the cards of this one's commits.
func newApp(ctx context.Context, s *Settings, detached bool, rec dialog.Recorder, redis func(op string, took time.Duration, err error)) (*app, error) {
	st, err := s.openTelling(ctx, rec.Trouble)
	if err != nil {
		return nil, err
	}
	a := &app{set: s, store: st, trouble: rec.Trouble}
	if err := a.assemble(ctx, detached, rec, redis); err != nil {
		_ = st.Close()
		return nil, err
	}
	return a, nil
}

// openApp is newApp for commands that leave the tables as they are.
func openApp(ctx context.Context, s *Settings) (*app, error) {
	if err := s.isReady(ctx); err != nil {
		return nil, err
	}
	return newApp(ctx, s, true, dialog.Recorder{}, nil)
}

// assemble makes the flows, the drafts in Redis and the engine.
func (a *app) assemble(ctx context.Context, detached bool, rec dialog.Recorder, redis func(op string, took time.Duration, err error)) error {
	if err := a.makeFlows(ctx, detached); err != nil {
		return err
	}
	var err error
	if a.drafts, err = a.set.openDrafts(ctx, rec, redis); err != nil {
		return err
	}
	if _, _, err := a.choose(ctx); err != nil {
		return a.set.databaseTrouble(err)
	}
	a.engine, err = dialog.New(a.store, dialog.Config{
		Bot: botName, Instance: a.set.instance(), Version: versionName(), Detached: detached, Recorder: rec, Drafts: a.drafts,
		Mode:    func(owner string) dialog.Mode { return a.chosen.Load().Mode(owner) },
		Variant: func(owner string) string { return a.chosen.Load().Variant(owner) }, SessionGap: a.set.SessionGap, CacheBytes: cacheBytes, Zone: a.set.zone(), EventsFor: eventsFor, Counted: a.counted,
	}, a.flows...)
	if err != nil {
		return err
	}
	a.devices.Engine = a.engine
	if err := a.engine.Sync(ctx); err != nil {
		return a.set.databaseTrouble(err)
	}
	return nil
}

// makeFlows makes the flows of the settings.
func (a *app) makeFlows(ctx context.Context, detached bool) (err error) {
	if a.rules, err = a.set.rules(); err != nil {
		return usageError{err}
	}
	if a.operator, err = a.set.operator(); err != nil {
		return usageError{err}
	}
	cfg, err := a.dealConfig(detached)
	if err != nil {
		return usageError{err}
	}
	deviceCfg := device.Config{PublicURL: a.set.PublicURL}
	for name, key := range map[string]*[]byte{devicesSecret: &deviceCfg.Key, quoteSecret: &a.rules.QuoteKey, refsSecret: &cfg.RefKey, seatsSecret: &cfg.SeatKey, wordsSecret: &cfg.WordsKey} {
		if *key, err = secret(ctx, a.store, name); err != nil {
			return a.set.databaseTrouble(err)
		}
	}
	a.deal = deal.New(cfg)
	a.tickets = ticket.New(ticket.Config{Support: a.set.Support, Desk: cfg.Desk})
	a.devices = &device.Registry{}
	deviceCfg.SignOut = a.devices.SignOut
	a.devices.Flow = device.New(deviceCfg)
	a.intake = intake.New(intake.Config{
		Rules: cfg.Rules, Start: deal.Start, DraftTTL: a.set.DraftTTL, OpenEscrows: cmp.Or(a.set.openEscrows(), -1), Support: a.set.Support, Operator: a.operator,
		Anonymous: func(owner string) bool { return strings.HasPrefix(owner, web.VisitorPrefix) },
		Bot:       a.username, Own: func(owner string) string { return deal.WordsOf(cfg.WordsKey, owner) },
		Tickets: a.tickets, Devices: a.devices.Flow,
	})
	if a.alerts, err = a.set.alerts(); err != nil {
		return usageError{err}
	}
	a.flows = []dialog.Flow{a.intake, a.deal, a.tickets, a.devices.Flow, a.alerts, a.rolloutFlow(), dialog.Groups{Words: words}}
	return nil
}

// username is the bot's name in Telegram, empty until it is known.
func (a *app) username() string {
	if tg := a.tg.Load(); tg != nil {
		return tg.Username()
	}
	return ""
}

// Names of secrets in the database, which all instances share.
const (
	quoteSecret   = "quote"            // key of quotes' hashes
	refsSecret    = "refs"             // key of references in the logs of deals
	seatsSecret   = "seats"            // key of sellers' links
	wordsSecret   = "words"            // key of people's words
	devicesSecret = "devices"          // key of links and cookies that sign in
	consoleSecret = "console"          // key of the console's cookies and addresses
	webhookSecret = "telegram webhook" // of the webhook, unless it is configured
)

// secret reads the key of this name. The first reader makes it.
func secret(ctx context.Context, st store, name string) ([]byte, error) {
	initial := make([]byte, 32)
	_, _ = rand.Read(initial) // never fails, see crypto/rand
	return st.Secret(ctx, name, initial)
}

// close stops the engine and the database.
func (a *app) close(ctx context.Context) {
	if err := a.engine.Close(ctx); err != nil && a.trouble != nil {
		a.trouble("close", err)
	}
	if c, ok := a.drafts.(io.Closer); ok {
		_ = c.Close()
	}
	_ = a.store.Close()
}

// instance is this process's name: a part that survives a restart on this machine, a point, and a part for this run.
func (s *Settings) instance() string {
	host, _ := os.Hostname()
	sum := sha256.Sum256([]byte(host + "\x00" + s.Listen))
	boot := make([]byte, 3)
	_, _ = rand.Read(boot)
	return hex.EncodeToString(sum[:3]) + "." + hex.EncodeToString(boot)
}

// words returns a text for channels and commands.
func words(lang, code string, args map[string]string) string { return texts.Words(lang, code, args) }

// logger writes structured lines to standard error.
func (s *Settings) logger(w io.Writer) *slog.Logger {
	format := s.LogFormat
	if format == "" {
		format = "json"
		if isTerminal(w) {
			format = "text"
		}
	}
	if format == "text" {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

func writeJSON(w io.Writer, v any) error { return writeJSONIn(w, "", v) }

// writeJSONIn is writeJSON for a part of a document, whose lines begin with indent.
func writeJSONIn(w io.Writer, indent string, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent(indent, "  ")
	return e.Encode(v)
}

// jsonObject is a JSON object whose members keep their order.
type jsonObject []member

type member struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o jsonObject) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the encoder of the whole object decides
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(m.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// rfc writes a time as RFC 3339 in UTC; the zero time is empty.
func rfc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
