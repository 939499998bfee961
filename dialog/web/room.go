package web

import (
	"context"
	"errors"
	"net/http"
	"net/netip"

	"github.com/lockbay/lockbay/dialog"
)

// room reports whether a visitor may store something. A visitor with a conversation
// always may, a new visitor while AnonymousCap allows it. A visitor costs at most two
// reads of the store per process.
func (s *Site) room(ctx context.Context, r *http.Request, v visitor) (bool, error) {
	if s.newcomers == nil || s.knows(v) {
		return true, nil
	}
	_, err := s.engine.Peek(ctx, s.engine.Route(&dialog.Input{Owner: s.owner(v)}))
	if !errors.Is(err, dialog.ErrNotFound) {
		return err == nil, err
	}
	if !v.new { // who joined a conversation may have none of their own
		list, err := s.engine.Conversations(ctx, s.owner(v), "", dialog.Page{Limit: 1})
		if err != nil || len(list) > 0 {
			return err == nil, err
		}
	}
	return s.newcomer(s.Client(r)), nil
}

// newcomer takes a token for a new visitor at an address.
func (s *Site) newcomer(a netip.Addr) bool {
	now := s.cfg.Now()
	if a.IsLoopback() {
		return s.newcomers.Take("loopback", now) == 0
	}
	if s.newcomersAt.take(a, now) > 0 {
		return false
	}
	return s.providers.take(a, now) == 0 && s.newcomers.Take("", now) == 0 || s.reserve.take(a, now) == 0
}

func (s *Site) knows(v visitor) bool {
	s.knownMu.Lock()
	defer s.knownMu.Unlock()
	_, ok := s.known.Get(v.id)
	return ok
}

// know records that the visitor has a conversation.
func (s *Site) know(v visitor) {
	s.knownMu.Lock()
	s.known.Put(v.id, struct{}{})
	s.knownMu.Unlock()
}
