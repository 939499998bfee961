package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/internal/testdb"
)

// The rows of 30 November 2026 are readable for good. testdata/README.md describes the files, which never change.
const storedFolder = "../../testdata"

var storedSums = map[string]string{ // :: file → SHA-256
	"main-2026-11.db":    "cd6849bfda8cd847ae81dcbef86f098aa8f1c7ae2dfd35d5d2486d8824d10117",
	"main-2026-11.sql":   "f0d185fe264b8ecde631088e0cc34a985c5abb182fac38fdfebdea11b5a676df",
	"main-2026-11.redis": "457240839df1a7b146defd0f51551168f61bf790965449f762d62aa1d0f44f69",
	"main-2026-11.json":  "62c114938978b7a3cde78d811b32a91ad25d637393e1bec7d3a8bb1a140e585e",
}

func storedBytes(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(storedFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != storedSums[name] {
		t.Fatalf("%s is no longer as it was written: its sum is %x", name, sum)
	}
	return b
}

// eachStored calls do with a copy of each stored database and its Redis. No test may write to the files themselves.
func eachStored(t *testing.T, do func(t *testing.T, k *storedPlay)) {
	var told november
	if err := json.Unmarshal(storedBytes(t, "main-2026-11.json"), &told); err != nil {
		t.Fatal(err)
	}
	for _, file := range told.Databases {
		t.Run(file.File, func(t *testing.T) {
			content := storedBytes(t, file.File)
			k := &storedPlay{storedFile: file, clock: clockAt(file.Now), redis: testdb.RedisServer(t), deals: map[string]terms{}}
			if strings.HasSuffix(file.File, ".db") {
				path := filepath.Join(t.TempDir(), file.File)
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
				k.url = "sqlite:" + path
			} else {
				k.url = testdb.Postgres(t)
				c, err := pgx.Connect(t.Context(), k.url)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.PgConn().Exec(t.Context(), string(content)).ReadAll(); err != nil {
					t.Fatal(err)
				}
				if err := c.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			says(t, exitDone, "", "migrate", "up", "--database-url", k.url)
			lines := bufio.NewScanner(bytes.NewReader(storedBytes(t, "main-2026-11.redis")))
			for lines.Scan() {
				part := strings.Fields(lines.Text()) // name, milliseconds to live, value
				value, err := hex.DecodeString(part[2])
				if err != nil {
					t.Fatal(err)
				}
				k.redis.Do("SET", part[0], string(value), "PX", part[1])
			}
			do(t, k)
			for name := range storedSums {
				storedBytes(t, name)
			}
		})
	}
}

// storedPlay is a stored database whose people continue.
type storedPlay struct {
	storedFile
	url   string
	redis *testdb.RedisNode
	clock *storedClock
	deals map[string]terms // the expected escrows at the end :: id → terms
}

func (k *storedPlay) rig(t testing.TB, mode string, flags ...string) *rig {
	t.Helper()
	return newRig(t, k.clock, append([]string{"--database-url", k.url, "--redis-url", k.redis.URL(), "--mode", mode}, flags...)...)
}

func (at *storedAt) key(t testing.TB) dialog.Key {
	t.Helper()
	key, err := dialog.ParseKey(at.Key)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// person is the person of a conversation, with the same browser or chat as before.
func (at *storedAt) person(r *rig) somebody {
	r.t.Helper()
	if name, value, ok := strings.Cut(at.Cookie, "="); ok {
		p := r.reader(&http.Cookie{Name: name, Value: value})
		if p.owner() != at.Owner {
			r.t.Errorf("%s: the cookie of %s is one of %s", at.Name, at.Owner, p.owner())
		}
		return p
	}
	p := &chatter{r: r, name: "Ada", lang: "en"}
	if _, err := fmt.Sscanf(at.Owner, "tg:%d", &p.id); err != nil {
		r.t.Fatal(err)
	}
	return p
}

var storedModes = []string{"database", "hybrid", "redis", "lightweight"}

// TestStored opens the stored databases, and everybody continues.
func TestStored(t *testing.T) {
	eachStored(t, func(t *testing.T, k *storedPlay) {
		k.lists(t)
		k.stands(t)
		for _, mode := range storedModes {
			r := k.rig(t, mode)
			if _, err := r.engine().Sweep(r.ctx, time.Hour); err != nil { // as a starting instance does
				t.Fatal(err)
			}
			r.settle()
			if mode == "database" {
				k.shows(r)
			}
			k.repeats(r)
			for i := range k.Conversations {
				if at := &k.Conversations[i]; at.Mode == mode && at.Ends == "" {
					k.play(r, at, i)
				}
			}
			t.Logf("%s: %d conversations came from Redis", mode, r.copies())
			r.close()
		}
		k.pizzas(t)
		k.ends(t)
		k.escrows(t)
	})
}

// lists: the operator's lists have all conversations.
func (k *storedPlay) lists(t *testing.T) {
	var escrows []escrowLine
	var drafts []draftJSON
	for what, into := range map[string]any{"escrows": &escrows, "drafts": &drafts} {
		if err := json.Unmarshal([]byte(says(t, exitDone, "", what, "list", "--json", "--database-url", k.url)), into); err != nil {
			t.Fatal(what, err)
		}
	}
	var have, want []string
	for _, e := range escrows {
		have = append(have, fmt.Sprintf("%s %s %s %+v", e.ID, e.Status, e.Buyer, termsListed(&e)))
	}
	for _, d := range drafts {
		have = append(have, fmt.Sprintf("%s %s %s %d", d.Key, d.Step, d.DraftID, d.Version))
	}
	for i := range k.Conversations {
		at := &k.Conversations[i]
		switch key := at.key(t); {
		case key.Flow == deal.FlowName:
			want = append(want, fmt.Sprintf("%s %s %s %+v", key.ID, at.Step, at.Owner, at.Terms))
			k.deals[key.ID] = at.Terms
		case at.Step != "":
			want = append(want, fmt.Sprintf("%s %s %s %d", key.Path(), at.Step, at.Draft, at.Version))
		}
	}
	slices.Sort(want)
	for _, w := range want {
		if !slices.Contains(have, w) {
			t.Errorf("not listed: %s", w)
		}
	}
	for _, e := range escrows { // their terms are their own from here on
		if _, told := k.deals[e.ID]; !told {
			k.deals[e.ID] = termsListed(&e)
		}
	}
}

func termsListed(e *escrowLine) terms {
	return terms{e.Seller, e.AmountMinor, e.Currency, e.Description, e.DeliveryHours, e.FeePayer}
}

// stands: every conversation has its state and all its data.
func (k *storedPlay) stands(t *testing.T) {
	r := k.rig(t, "database")
	defer r.close()
	if secret, err := r.s.app.store.Secret(r.ctx, "telegram webhook", nil); err != nil || string(secret) != k.WebhookSecret {
		t.Errorf("the webhook's secret is %q, %v", secret, err)
	}
	for i := range k.Conversations {
		want := k.Conversations[i]
		rec, reh := r.load(want.key(t))
		got := r.stored(want.Name, rec)
		got.Mode, got.Sent, got.Cookie, got.Ends = want.Mode, want.Sent, want.Cookie, want.Ends
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v, want\n%+v", want.Name, got, want)
		}
		if inRedis := want.Where == "redis" && want.Step != ""; inRedis != (reh.Source == dialog.FromRedis) {
			t.Errorf("%s comes from %s", want.Name, reh.Source)
		}
	}
}

// shows: the due cards are shown, and no others.
func (k *storedPlay) shows(r *rig) {
	r.t.Helper()
	i := slices.IndexFunc(k.Conversations, func(at storedAt) bool { return at.Name == "paid, which was not shown yet" })
	if i < 0 {
		r.t.Fatal("no card is due")
	}
	p := k.Conversations[i].person(r).(*chatter)
	if list := r.api.Messages(p.id); len(list) != 1 || !strings.Contains(list[0].Text, "Paid") {
		r.t.Errorf("what was due in the chat: %v", list)
	}
	if sent, edited := r.api.Count("sendMessage"), r.api.Count("editMessageText"); sent != 1 || edited != 0 {
		r.t.Errorf("%d cards sent and %d edited, although one was due", sent, edited)
	}
}

// repeats: a redelivery of a person's last input changes nothing.
func (k *storedPlay) repeats(r *rig) {
	r.t.Helper()
	for i := range k.Conversations {
		at := &k.Conversations[i]
		if at.Mode != r.set.Mode || at.Sent == "" {
			continue
		}
		key, want := at.key(r.t), http.StatusOK
		if at.Cookie != "" {
			want = http.StatusSeeOther
		}
		p := at.person(r)
		sends := []func(string) int{p.again}
		if rec, _ := r.load(key); at.moved(r.t, rec.Revision) {
			sends = append(sends, p.retap)
		}
		for i, send := range sends {
			if got := send(at.Sent); got != want {
				r.t.Errorf("%s: repeat %d has status %d", at.Name, i, got)
			}
			if did := r.lastDid(key); did != dialog.DidDuplicate {
				r.t.Errorf("%s: repeat %d is %s", at.Name, i, did)
			}
			if rec, _ := r.load(key); rec.Version != at.Version {
				r.t.Errorf("%s: repeat %d made version %d of %d", at.Name, i, rec.Version, at.Version)
			}
		}
	}
}

// moved reports whether the last input is a button of an earlier card, which is a duplicate under any id.
func (at *storedAt) moved(t testing.TB, revision int64) bool {
	t.Helper()
	data := ""
	if at.Cookie != "" {
		form, err := url.ParseQuery(at.Sent)
		if err != nil {
			t.Fatal(err)
		}
		data = form.Get("action") + "|" + form.Get("draft") + "|" + form.Get("revision")
	} else {
		var u struct {
			Tap struct {
				Data string `json:"data"`
			} `json:"callback_query"`
		}
		if err := json.Unmarshal([]byte(at.Sent), &u); err != nil {
			t.Fatal(err)
		}
		data = u.Tap.Data
	}
	_, draft, tapped, bound, ok := dialog.ParseData(data)
	return ok && bound && draft == at.Draft && tapped != revision
}

// ends: conversations that nobody continues end in time.
func (k *storedPlay) ends(t *testing.T) {
	r := k.rig(t, "database", withoutTelegram)
	defer r.close()
	r.advance(2 * 24 * time.Hour)
	r.advance(8 * 24 * time.Hour)
	for i := range k.Conversations {
		at := &k.Conversations[i]
		if at.Ends == "" {
			continue
		}
		rec, _ := r.load(at.key(t))
		ok := false
		switch at.Ends {
		case "expired":
			ok = rec.Step == "" && rec.Open == "expired"
		case "wiped":
			ok = rec.Step == "" && rec.Open == "" && len(rec.Answers) == 0
		default:
			ok = rec.Step == at.Ends
		}
		if !ok {
			t.Errorf("%s: it ended at %q %q with %s", at.Name, rec.Step, rec.Open, rec.Answers)
		}
	}
}

// escrows: there is one for each Confirm, with the given answers.
func (k *storedPlay) escrows(t *testing.T) {
	var list []escrowLine
	if err := json.Unmarshal([]byte(says(t, exitDone, "", "escrows", "list", "--json", "--all", "--database-url", k.url)), &list); err != nil {
		t.Fatal(err)
	}
	drafts := map[string]string{}
	for _, e := range list {
		if had := drafts[e.DraftID]; had != "" {
			t.Errorf("two escrows of one draft: %s and %s", had, e.ID)
		}
		drafts[e.DraftID] = e.ID
		if want, ok := k.deals[e.ID]; !ok || termsListed(&e) != want {
			t.Errorf("%s is about %+v, want %+v", e.ID, termsListed(&e), want)
		}
	}
	if len(list) != len(k.deals) {
		t.Errorf("%d escrows, want %d", len(list), len(k.deals))
	}
	t.Logf("%d conversations, %d escrows in the end", len(k.Conversations), len(list))
}

// A draft that Redis has lost costs only its answers.
func TestStoredWithoutRedis(t *testing.T) {
	eachStored(t, func(t *testing.T, k *storedPlay) {
		k.redis.Flush()
		for _, mode := range []string{"redis", "hybrid"} {
			r := k.rig(t, mode)
			for i := range k.Conversations {
				at := k.Conversations[i]
				if at.Mode != mode || at.Step == "" || at.key(t).Flow != intake.FlowName {
					continue
				}
				if mode == "redis" {
					at.Terms = terms{}
				}
				k.finish(r, at.person(r), at.Name, at.Terms)
			}
			r.close()
		}
	})
}

// Rows of a newer version fail with ErrSchemaNewer, and stay as they are.
func TestStoredNewer(t *testing.T) {
	eachStored(t, func(t *testing.T, k *storedPlay) {
		r := k.rig(t, "hybrid") // the copies in Redis are older
		st := r.s.app.store
		rows := func() map[string]dialog.Row {
			t.Helper()
			all := map[string]dialog.Row{}
			if err := eachRow(r.ctx, st, dialog.Query{Deep: true}, func(row *dialog.Row) error {
				row.Due = 0 // time of the next look
				all[row.Key.String()] = *row
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return all
		}
		for key, row := range rows() {
			before := row.Stamp()
			row.Format, row.Version, row.Tag, row.Due = 99, row.Version+1, row.Tag^1, k.Now.UnixMilli()
			out, err := st.Commit(r.ctx, &dialog.Batch{Writes: []*dialog.Write{{Before: before, After: &row}}})
			if err != nil || out.Verdicts[0] != dialog.Applied {
				t.Fatal(key, out, err)
			}
		}
		before := rows()
		r.newer = true
		for i := range k.Conversations {
			at := &k.Conversations[i]
			p, key := at.person(r), at.key(t)
			if c, ok := p.(*chatter); ok {
				c.say("100")
				c.say("/resume")
			}
			if at.Sent != "" {
				if again, tapped := p.again(at.Sent), p.retap(at.Sent); again != http.StatusServiceUnavailable || tapped != http.StatusServiceUnavailable {
					t.Errorf("%s: status %d, under a new id %d", at.Name, again, tapped)
				}
			}
			if key.Flow == deal.FlowName {
				for _, verb := range []string{deal.MarkPaid, deal.Cancel} {
					if _, err := order(r.ctx, r.s.app, deal.Order(botName, verb, key.ID)); !errors.Is(err, dialog.ErrSchemaNewer) {
						t.Errorf("%s: %s: %v", at.Name, verb, err)
					}
				}
			}
		}
		r.advance(200 * 24 * time.Hour) // everything is due
		if _, err := r.engine().Sweep(r.ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
		r.settle()
		after := rows()
		for key, row := range before {
			if !reflect.DeepEqual(after[key], row) {
				t.Errorf("%s was touched:\n%+v, before\n%+v", key, after[key], row)
			}
		}
		r.newer = false
		fresh := &chatter{r: r, id: 4_999_999, name: "Neo", lang: "en"}
		k.finish(r, fresh, "somebody new", func() terms { fresh.tap("create"); return terms{} }())
		if len(rows()) != len(before)+2 {
			t.Errorf("%d rows, want two more than %d", len(rows()), len(before))
		}
	})
}
