package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/dialog"
)

// TestExplainADraft: explain tells what happened to a draft, by its id and by its key, with the
// restart and the failed input in between, and without its person and their other drafts. What nobody knows is an error.
func TestExplainADraft(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	st, err := (&Settings{DatabaseURL: url}).openStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key, at := dialog.Key{Bot: botName, Flow: "escrow", ID: "tg:1000001"}, time.Now().Add(-time.Hour)
	var events []dialog.Event
	for i, e := range []dialog.Event{
		{Kind: dialog.EventStarted, Draft: "d7kq2mx9ab", Source: "tg", Mode: "database"},
		{Kind: "answered", Draft: "d7kq2mx9ab", Step: "seller_input", Cause: "seller", Mode: "database"},
		{Kind: dialog.EventUp, Cause: "crash"},
		{Kind: dialog.EventFailed, Cause: "text", Source: "unavailable"}, // nobody knew the draft then
		{Kind: dialog.EventLost, Draft: "d7kq2mx9ab", Cause: "damaged", Mode: "database"},
		{Kind: dialog.EventStarted, Draft: "another0ne", Source: "web", Mode: "database"},
	} {
		if e.At, e.Instance = at.Add(time.Duration(i)*time.Minute), "here.1"; e.Kind != dialog.EventUp {
			e.Key = key.String()
		}
		events = append(events, e)
	}
	if out, err := st.Commit(t.Context(), &dialog.Batch{Events: events}); err != nil {
		t.Fatal(err, out)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	said := says(t, exitDone, "", "explain", "d7kq2mx9ab", "--database-url", url)
	for _, want := range []string{"This draft lost its answers. Mode database. 1 answer, 1 restart meanwhile.", "after a crash", "A text was not taken  a store did not answer", "they cannot be read: mode database"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	if n := strings.Count(said, "Started"); n != 1 {
		t.Errorf("%d drafts begin in the story of one:\n%s", n, said)
	}
	var x storyJSON
	if err := json.Unmarshal([]byte(says(t, exitDone, "", "explain", "tg:1000001", "--json", "--database-url", url)), &x); err != nil || len(x.Turns) != 6 || x.Turns[0].Did != "Started" {
		t.Errorf("%+v, %v", x, err)
	}
	if said += strings.Join(x.told(), " "); strings.Contains(said, "1000001") {
		t.Errorf("it names the person:\n%s", said)
	}
	says(t, exitFailed, "", "explain", "n0b0dysdra", "--database-url", url)
	says(t, exitDone, "This conversation lost its answers", "explain", "escrow/tg:1000001", "--database-url", url)
	says(t, exitDone, "has no moves yet", "explain", unpaid(t, url, 1), "--database-url", url)
	says(t, exitFailed, "", "explain", "escrow/tg:7", "--database-url", url)
	says(t, exitUsage, "", "explain", "escrow/", "--database-url", url)
	says(t, exitUsage, "", "explain", "d7kq2mx9ab", "--receipt", "4F9C-21A7", "--database-url", url)
}

// TestExplainNamesVersions: each turn has its instance with the version of its program: of one that started before the draft, and of
// one that took it over. That of one whose start is not known is left out.
func TestExplainNamesVersions(t *testing.T) {
	i := serve(t)
	visit(t, i).tap("create").say("@anna_ceramics").at("amount_input")
	i.stop()
	var list []struct {
		ID string `json:"draft_id"`
	}
	if err := json.Unmarshal([]byte(i.must("drafts", "list", "--json")), &list); err != nil || len(list) != 1 {
		t.Fatal(err, list)
	}
	var x storyJSON
	if err := json.Unmarshal([]byte(i.must("explain", list[0].ID, "--json")), &x); err != nil || len(x.Turns) < 2 {
		t.Fatal(err, x)
	}
	for _, turn := range x.Turns {
		if !strings.HasSuffix(turn.With, " · version "+versionName()) {
			t.Errorf("a turn without the version %s: %+v", versionName(), turn)
		}
	}
	at := time.Now().Add(-time.Hour)
	log := dialog.NewMemory()
	var own []dialog.Event
	for n, e := range []dialog.Event{
		{Kind: dialog.EventUp, Instance: "a.1", Source: "0.9.2"},
		{Kind: dialog.EventUp, Instance: "b.1"}, // of a program that did not tell
		{Kind: dialog.EventStarted, Instance: "a.1", Draft: "d"},
		{Kind: dialog.EventUp, Instance: "a.2", Source: "0.9.3", Cause: "stop"},
		{Kind: "answered", Instance: "a.2", Step: "seller_input", Draft: "d"},
		{Kind: "renewed", Instance: "b.1", Draft: "d"},
	} {
		if e.At = at.Add(time.Duration(n) * time.Second); n == 0 {
			e.At = at.AddDate(0, 0, -6)
		}
		if e.Draft != "" {
			e.Key = "lockbay:escrow:tg:1"
			own = append(own, e)
		}
		if _, err := log.Commit(t.Context(), &dialog.Batch{Events: []dialog.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	lives, err := console.Lives(t.Context(), log, own)
	if err != nil {
		t.Fatal(err)
	}
	told := ""
	for _, turn := range console.Tell(own, lives).Turns {
		told += turn.What + ": " + turn.Facts + "\n"
	}
	if want := "Started: a.1 · version 0.9.2\nLockBay started: a.2 · version 0.9.3\nAnswered seller: a.2 · version 0.9.3\nRenewed: b.1\n"; told != want {
		t.Errorf("told\n%swant\n%s", told, want)
	}
}

// told are all texts of a story's turns.
func (x *storyJSON) told() (list []string) {
	for _, t := range x.Turns {
		list = append(list, t.Did, t.Then, t.With)
	}
	return list
}
