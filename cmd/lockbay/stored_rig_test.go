package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
	"github.com/lockbay/lockbay/intake"
)

// storedClock is a clock that continues from the time of a stored database.
type storedClock struct {
	mu  sync.Mutex
	off time.Duration
}

func clockAt(t time.Time) *storedClock { return &storedClock{off: time.Until(t)} }

func (c *storedClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.off).UTC().Truncate(time.Millisecond)
}

func (c *storedClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off += d
}

// clocked is a store with a clock of its own. Its leases use the true time.
type clocked struct {
	store
	clock *storedClock
}

func (c clocked) Now(ctx context.Context) (time.Time, error) {
	_, err := c.store.Now(ctx)
	return c.clock.now(), err
}

func (c clocked) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	out, err := c.store.Commit(ctx, b)
	out.Now = c.clock.now()
	return out, err
}

// faultyStore is a store that can be away.
type faultyStore struct {
	store
	away atomic.Bool
}

func (s *faultyStore) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	if s.away.Load() {
		return dialog.Committed{}, dialog.ErrUnavailable
	}
	return s.store.Commit(ctx, b)
}

func (s *faultyStore) Load(ctx context.Context, key dialog.Key) (*dialog.Row, error) {
	if s.away.Load() {
		return nil, dialog.ErrUnavailable
	}
	return s.store.Load(ctx, key)
}

func (s *faultyStore) Head(ctx context.Context, key dialog.Key) (dialog.Head, error) {
	if s.away.Load() {
		return dialog.Head{}, dialog.ErrUnavailable
	}
	return s.store.Head(ctx, key)
}

func (s *faultyStore) List(ctx context.Context, q dialog.Query) ([]*dialog.Row, error) {
	if s.away.Load() {
		return nil, dialog.ErrUnavailable
	}
	return s.store.List(ctx, q)
}

// terms are the answers of a draft, or the terms of a deal.
type terms struct {
	Seller      string `json:"seller,omitempty"`
	AmountMinor int64  `json:"amount_minor,omitempty"`
	Currency    string `json:"currency,omitempty"`
	Description string `json:"description,omitempty"`
	Hours       int    `json:"hours,omitempty"`
	Payer       string `json:"payer,omitempty"` // empty: the default of the rules
}

// rig is the program in this process, without the sweeper's loop, on a database with the time of clock.
type rig struct {
	t      testing.TB
	ctx    context.Context
	set    *Settings
	clock  *storedClock
	s      *server
	api    *telegramtest.Server
	faulty *faultyStore
	newer  bool // inputs fail with ErrSchemaNewer, and are not sent again

	mu     sync.Mutex
	did    map[dialog.Key]dialog.Did    // outcome of a conversation's last input; a missing one is DidNothing
	source map[dialog.Key]dialog.Source // source of a conversation's last rehydration
}

// withoutTelegram is a flag of newRig: no cards are expected.
const withoutTelegram = "without Telegram"

func newRig(t testing.TB, clock *storedClock, flags ...string) *rig {
	t.Helper()
	r := &rig{t: t, ctx: context.Background(), clock: clock, did: map[dialog.Key]dialog.Did{}, source: map[dialog.Key]dialog.Source{}}
	r.api = telegramtest.New(telegramtest.Options{Token: testToken})
	t.Cleanup(r.api.Close)
	for range 20_000 { // message ids continue above the stored ones
		r.api.NewMessageID()
	}
	all := append([]string{"--rate-limit", "0", "--telegram-token", testToken, "--telegram-api-url", r.api.URL(), "--telegram-updates", "webhook"}, flags...)
	if i := slices.Index(all, withoutTelegram); i >= 0 {
		all = slices.Concat(all[:2], all[8:i], all[i+1:])
	}
	r.set = settings(t, all...)
	st, err := r.set.openStore(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	r.faulty = &faultyStore{store: st}
	a := &app{set: r.set, store: clocked{r.faulty, clock}}
	rec := dialog.Recorder{
		Turn: func(key dialog.Key, kind dialog.Kind, did dialog.Did, _ time.Duration) {
			if kind == dialog.KindBlock && did == dialog.DidNothing {
				return // the courier asks the witness of blocks, at any time
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.did[key] = did
		},
		Rehydrated: func(key dialog.Key, reh dialog.Rehydration) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.source[key] = reh.Source
		},
	}
	m := newMetrics()
	if err := a.assemble(r.ctx, false, rec, m.redis); err != nil {
		t.Fatal(err)
	}
	r.s = &server{app: a, log: slog.New(slog.NewTextHandler(io.Discard, nil)), broken: make(chan error, 2)}
	if err := r.s.listen(r.ctx, r.set, m); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return r
}

func (r *rig) close() {
	if r.s == nil {
		return
	}
	for _, srv := range r.s.srv {
		_ = srv.Close()
	}
	if r.s.tg != nil {
		r.s.tg.Close()
	}
	r.s.app.close(r.ctx)
	r.s = nil
}

func (r *rig) engine() *dialog.Engine { return r.s.app.engine }

// load is a conversation as it is now.
func (r *rig) load(key dialog.Key) (rec *dialog.Record, reh dialog.Rehydration) {
	r.t.Helper()
	var err error
	r.until(key.Path()+" can be read", func() bool {
		rec, reh, err = r.engine().Hydrate(r.ctx, key)
		return !errors.Is(err, dialog.ErrUnavailable) // Redis was too slow
	})
	if err != nil {
		r.t.Fatalf("%s: %v", key.Path(), err)
	}
	return rec, reh
}

// sent sends an update until it is accepted, as all senders do.
func (r *rig) sent(send func() int) (status int) {
	r.t.Helper()
	r.until("an input is taken", func() bool {
		status = send()
		return status != http.StatusServiceUnavailable || r.newer
	})
	return status
}

func (r *rig) lastDid(key dialog.Key) dialog.Did {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.did[key]
}

// copies counts the conversations whose last rehydration was from a copy in Redis.
func (r *rig) copies() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.source {
		if s == dialog.FromRedis {
			n++
		}
	}
	return n
}

// advance turns the clock on, and fires everything that is due by then.
func (r *rig) advance(d time.Duration) {
	r.t.Helper()
	since := fmt.Sprint(r.clock.now().Add(-24 * time.Hour).UnixMilli()) // the service has answered all the time
	if _, err := r.s.app.store.Lease(r.ctx, "open:"+botName, since, time.Minute); err != nil {
		r.t.Fatal(err)
	}
	r.clock.advance(d)
	for range 5 {
		if _, err := r.engine().Sweep(r.ctx, 0); err != nil {
			r.t.Fatal(err)
		}
	}
}

// settle waits until all cards are shown.
func (r *rig) settle() {
	r.t.Helper()
	r.until("the cards are shown", func() bool { return r.engine().Stats().Couriers == 0 })
}

func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// termsOf are the answers of a draft.
func (r *rig) termsOf(rec *dialog.Record) (v terms) {
	r.t.Helper()
	d, err := r.s.app.intake.Draft(rec)
	if err != nil {
		r.t.Fatalf("%s: %v", rec.Key.Path(), err)
	}
	return termsOfDraft(d)
}

func termsOfDraft(d *intake.Draft) terms {
	v := terms{AmountMinor: d.Amount.Minor, Currency: d.Amount.Currency, Description: d.Description, Hours: d.DeliveryHours, Payer: d.FeePayer}
	if !d.Seller.IsZero() {
		v.Seller = d.Seller.Canonical()
	}
	return v
}

// update posts an update of Telegram, and returns the status of the answer.
func (r *rig) update(raw []byte) int {
	r.t.Helper()
	secret, err := r.s.app.store.Secret(r.ctx, "telegram webhook", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.sent(func() int {
		req := httptest.NewRequest(http.MethodPost, "/telegram/webhook", bytes.NewReader(raw))
		req.Header.Set("X-Telegram-Bot-Api-Secret-Token", string(secret))
		res := httptest.NewRecorder()
		r.s.tg.ServeHTTP(res, req)
		return res.Code
	})
}

// november is the description of the stored files: the state of each conversation.
type november struct {
	Commit    string       `json:"commit"`
	Databases []storedFile `json:"databases"`
}

type storedFile struct {
	File          string     `json:"file"`
	Now           time.Time  `json:"now"` // time of the last write
	WebhookSecret string     `json:"webhook_secret"`
	Conversations []storedAt `json:"conversations"`
	Pizza         []storedAt `json:"pizza"` // of the bot with an effect of its own
}

// storedAt is the state of a stored conversation.
type storedAt struct {
	Name    string   `json:"name"` // its peculiarity
	Key     string   `json:"key"`
	Mode    string   `json:"mode"` // mode of its last input
	Owner   string   `json:"owner"`
	Draft   string   `json:"draft"`
	Step    string   `json:"step"`
	Open    string   `json:"open,omitempty"`
	Where   string   `json:"where"`
	Version int64    `json:"version"`
	Terms   terms    `json:"terms"`
	Said    string   `json:"said,omitempty"`
	Typed   string   `json:"typed,omitempty"`
	Places  []string `json:"places"`
	Blocked bool     `json:"blocked,omitempty"`
	Lost    bool     `json:"lost,omitempty"`
	Aside   string   `json:"aside,omitempty"`
	Pending []string `json:"pending,omitempty"` // ids of effects
	Timers  []string `json:"timers,omitempty"`
	Sent    string   `json:"sent,omitempty"`   // the last input of a person: an update, or a form
	Cookie  string   `json:"cookie,omitempty"` // of the browser: name=value
	Ends    string   `json:"ends,omitempty"`   // its end by a timer, if nobody continues it
}

// stored describes the state of a record.
func (r *rig) stored(name string, rec *dialog.Record) storedAt {
	r.t.Helper()
	at := storedAt{Name: name, Key: rec.Key.String(), Mode: r.set.Mode, Owner: rec.Owner, Draft: rec.Draft, Step: rec.Step, Open: rec.Open, Where: rec.Where.String(),
		Version: rec.Version, Lost: rec.Lost, Aside: string(rec.Unread), Places: []string{}}
	if rec.Said != nil {
		at.Said, at.Typed = rec.Said.Code, rec.Said.Typed
	}
	for _, p := range rec.Places {
		at.Places = append(at.Places, p.Channel+" "+p.Address)
		at.Blocked = at.Blocked || p.Blocked
	}
	for _, e := range rec.Pending {
		at.Pending = append(at.Pending, e.ID)
	}
	for _, x := range rec.Timers {
		at.Timers = append(at.Timers, x.Name)
	}
	switch rec.Key.Flow {
	case intake.FlowName:
		at.Terms = r.termsOf(rec)
	case deal.FlowName:
		e, err := deal.Escrow(rec)
		if err != nil {
			r.t.Fatal(err)
		}
		at.Terms = terms{Seller: e.Terms.Seller.Canonical(), AmountMinor: e.Terms.Amount.Minor, Currency: e.Terms.Amount.Currency,
			Description: e.Terms.Description, Hours: e.Terms.DeliveryHours, Payer: e.Terms.FeePayer}
	}
	return at
}
