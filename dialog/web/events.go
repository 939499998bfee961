package web

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// eventsPath has the stream in which an open page hears that something has changed. What has changed is not in it: the page
// asks for it.
const eventsPath = "/events"

const (
	writeFor   = 5 * time.Second  // of a client that receives nothing
	quietFor   = 20 * time.Second // between two words on a stream
	retryLeast = time.Second      // until a page opens its stream again; a random time, because many streams may end at once
	retryMore  = 7 * time.Second
)

// events is a stream of server-sent events (WHATWG HTML, 9.2). It answers 204 to a page that has to ask now and then instead.
func (s *Site) events(w http.ResponseWriter, r *http.Request, lang string) {
	if wait := s.limitAddress(r); wait > 0 {
		s.slow(w, lang, wait)
		return
	}
	v := s.visitor(r)
	if s.unreachable(w, v, lang) {
		return
	}
	leave, ok := s.audience.enter(v.id, s.Client(r))
	if v.new || !ok {
		leave()
		w.WriteHeader(http.StatusNoContent)
		return
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	x := &stream{site: s, w: w, r: r, out: http.NewResponseController(w), v: v, lang: lang, open: s.asked(r), told: r.Header.Get("Last-Event-Id")}
	_ = x.out.SetReadDeadline(time.Time{}) // the client says nothing more
	if x.say(fmt.Sprintf("retry: %d\n\n", pause().Milliseconds())) {
		x.run(r.Context())
	}
}

func pause() time.Duration {
	return retryLeast + rand.N(retryMore) //nolint:gosec // a time, no secret
}

// stream is the stream of one page.
type stream struct {
	site *Site
	w    http.ResponseWriter
	r    *http.Request
	out  *http.ResponseController
	v    visitor
	lang string
	open string // id of the conversation that the visitor opened
	told string // the state that the page has or was told of
}

// say writes to the client, and reports whether it is there.
func (x *stream) say(text string) bool {
	_ = x.out.SetWriteDeadline(time.Now().Add(writeFor))
	if _, err := x.w.Write([]byte(text)); err != nil {
		return false
	}
	return x.out.Flush() == nil
}

// run tells the page of each other state, until it leaves or the site drains. It watches first, and then reads.
func (x *stream) run(ctx context.Context) {
	keys := x.watched(nil)
	word, over := x.site.engine.Watch(keys...)
	defer func() { over() }()
	quiet, again := time.NewTimer(quietFor), time.NewTimer(0)
	defer quiet.Stop()
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.site.audience.drained:
			return
		case <-quiet.C:
			if !x.say(":\n\n") {
				return
			}
			quiet.Reset(quietFor)
			continue
		case <-word:
		case <-again.C:
		}
		state, now, err := x.look(ctx)
		switch {
		case errors.Is(err, errGone):
			x.say("event: bye\ndata:\n\n")
			return
		case err != nil: // the store is away
			again.Reset(pause())
			continue
		case !slices.Equal(now, keys):
			// What was read may be older than the watch: it is read again.
			over()
			keys = now
			word, over = x.site.engine.Watch(keys...)
			again.Reset(0)
			continue
		case state == x.told:
			continue
		}
		if x.told = state; !x.say("event: card\nid: " + state + "\ndata:\n\n") {
			return
		}
		quiet.Reset(quietFor)
	}
}

// errGone: the person whose page it is was signed out.
var errGone = errors.New("signed out")

// look reads what the page would show, if it is still the same person's.
func (x *stream) look(ctx context.Context) (state string, keys []dialog.Key, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerFor)
	defer cancel()
	switch v := x.site.visitor(x.r); {
	case v.away != nil:
		return "", nil, v.away
	case v.gone || v.id != x.v.id:
		return "", nil, errGone
	}
	rec, err := x.site.records(ctx, x.v, x.open)
	if err != nil {
		return "", nil, err
	}
	return x.site.state(x.v, x.lang, rec), x.watched(rec.keys()), nil
}

// watched are the keys of a page: those of its conversations, and that of the device of a person who is signed in.
func (x *stream) watched(keys []dialog.Key) []dialog.Key {
	if keys == nil {
		keys = []dialog.Key{x.site.ownKey(x.v)}
	}
	if x.v.device != nil {
		keys = append(keys, x.v.device.Key)
	}
	return keys
}
