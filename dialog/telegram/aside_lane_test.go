package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// headless is a store whose heads cannot be read while it is away.
type headless struct {
	*dialog.Memory
	away bool
}

func (s *headless) Head(ctx context.Context, key dialog.Key) (dialog.Head, error) {
	if s.away {
		return dialog.Head{}, errAway
	}
	return s.Memory.Head(ctx, key)
}

// TestCheckRow: a poller goes on while the row is the one that it knows, or the one that it is
// writing. With any other row, or without one, it starts again from the rows and the server.
func TestCheckRow(t *testing.T) {
	known, other, next := dialog.Stamp{Version: 3, Tag: 1}, dialog.Stamp{Version: 3, Tag: 2}, dialog.Stamp{Version: 4, Tag: 3}
	writes := &asideWrite{before: known, after: &dialog.Row{Head: dialog.Head{Version: 4, Tag: 3}}}
	for name, c := range map[string]struct {
		row   dialog.Stamp // in the store; zero: there is none
		write *asideWrite
		away  bool
		want  error
	}{
		"known":                     {known, nil, false, nil},
		"known, and written":        {known, writes, false, nil},
		"known, and deleted":        {known, &asideWrite{before: known}, false, nil},
		"written by this one":       {next, writes, false, nil},
		"written by another":        {other, nil, false, errChanged},
		"before it was written":     {other, writes, false, errChanged},
		"before it was deleted":     {other, &asideWrite{before: known}, false, errChanged},
		"gone":                      {dialog.Stamp{}, nil, false, errChanged},
		"gone before it is written": {dialog.Stamp{}, writes, false, errChanged},
		"not readable":              {known, nil, true, dialog.ErrUnavailable},
	} {
		store := &headless{Memory: dialog.NewMemory()}
		ch := bare(t, store, nil)
		l := &lane{owner: "tg:1", aside: aside{stamp: known, write: c.write}}
		if c.row.Version > 0 {
			row := &dialog.Row{Head: dialog.Head{Key: ch.asideKey(l.owner), Owner: l.owner, Format: dialog.AsideFormat, Version: c.row.Version, Tag: c.row.Tag}}
			if _, err := store.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
				t.Fatal(err)
			}
		}
		store.away = c.away
		restarts := 0
		p := &poller{c: ch, restart: func() { restarts++ }}
		if err := p.checkRow(t.Context(), l); !errors.Is(err, c.want) || (restarts == 1) != errors.Is(c.want, errChanged) {
			t.Errorf("%s: %v, and %d restarts; want %v", name, err, restarts, c.want)
		}
	}
}

// TestAsideRow: the versions of a row count up, and it lives for a day after its oldest update.
func TestAsideRow(t *testing.T) {
	ch := bare(t, dialog.NewMemory(), nil)
	now := time.UnixMilli(1_790_000_000_000)
	before := func(d time.Duration) *job { return &job{raw: []byte(`{"a":"<"}`), since: now.Add(-d)} }
	for name, c := range map[string]struct {
		jobs   []*job
		oldest time.Time
	}{
		"new":      {[]*job{before(0)}, now},
		"in order": {[]*job{before(time.Hour), before(time.Minute)}, now.Add(-time.Hour)},
		"mixed":    {[]*job{before(time.Minute), before(time.Hour), before(time.Second)}, now.Add(-time.Hour)},
		"none":     {nil, now},
	} {
		l := &lane{owner: "tg:1", aside: aside{stamp: dialog.Stamp{Version: 7, Tag: 5}}}
		row, err := ch.asideRow(l, c.jobs, now)
		if err != nil {
			t.Fatal(err)
		}
		if row.Version != 8 || row.Tag == 0 || row.Tag == 5 || row.Key != ch.asideKey("tg:1") || row.Owner != "tg:1" || row.Format != dialog.AsideFormat {
			t.Errorf("%s: the head is %+v", name, row.Head)
		}
		if !row.Created.Equal(c.oldest) || !row.Updated.Equal(now) || !row.Expires.Equal(c.oldest.Add(24*time.Hour)) {
			t.Errorf("%s: from %v, now %v, until %v", name, row.Created, row.Updated, row.Expires)
		}
		var content asideContent
		if err := json.Unmarshal(row.Answers, &content); err != nil || len(content.Updates) != len(c.jobs) {
			t.Fatalf("%s: %s, %v", name, row.Answers, err)
		}
		for i, u := range content.Updates {
			if u.Since != c.jobs[i].since.UnixMilli() || string(u.Update) != string(c.jobs[i].raw) {
				t.Errorf("%s: update %d is %+v", name, i, u)
			}
		}
	}
}

// TestExpire: updates of a day ago leave a lane, in their order, and its row is outdated then.
// A row that has none stays as it is.
func TestExpire(t *testing.T) {
	now := time.Now()
	set := func(d time.Duration) *job { return &job{stored: true, since: now.Add(-d)} }
	young, old, due := set(asideLife-time.Second), set(asideLife+time.Second), set(asideLife)
	waits := &job{since: now.Add(-2 * asideLife)} // is not in the row
	for name, c := range map[string]struct {
		jobs  []*job
		stale bool
		n     int
		want  bool
	}{
		"none":              {nil, false, 0, false},
		"young":             {[]*job{young}, false, 0, false},
		"young, outdated":   {[]*job{young}, true, 0, true},
		"a day":             {[]*job{due, young}, false, 1, true},
		"all":               {[]*job{old, old, due}, false, 3, true},
		"not in the row":    {[]*job{waits, old}, false, 0, false},
		"behind younger":    {[]*job{young, old}, false, 0, false},
		"only the first is": {[]*job{old, waits}, true, 1, true},
	} {
		l := &lane{owner: "tg:1", jobs: c.jobs, aside: aside{stale: c.stale}}
		if n := l.expire(now); n != c.n || len(l.jobs) != len(c.jobs)-n || l.aside.stale != c.want {
			t.Errorf("%s: %d dropped, %d left, outdated %t; want %d, outdated %t", name, n, len(l.jobs), l.aside.stale, c.n, c.want)
		}
	}
}
