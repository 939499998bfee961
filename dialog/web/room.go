package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/lockbay/lockbay/dialog"
)

// room reports whether this visitor may store something: whoever has a
// conversation always may, and new ones while there is room. A visitor costs at
// most one look at the store per process.
func (s *Site) room(ctx context.Context, r *http.Request, v visitor) (bool, error) {
	if s.comers == nil || s.knows(v) {
		return true, nil
	}
	_, err := s.engine.Peek(ctx, s.engine.Route(&dialog.Input{Owner: s.cfg.Owner + v.id}))
	if !errors.Is(err, dialog.ErrNotFound) {
		return err == nil, err
	}
	now := s.cfg.Now()
	if a := s.client(r); !a.IsLoopback() && s.comersA.Take(network(a), now) > 0 {
		return false, nil
	}
	return s.comers.Take("", now) == 0, nil
}

func (s *Site) knows(v visitor) bool {
	s.knownMu.Lock()
	defer s.knownMu.Unlock()
	_, ok := s.known.Get(v.id)
	return ok
}

// know remembers that the visitor has a conversation.
func (s *Site) know(v visitor) {
	s.knownMu.Lock()
	s.known.Put(v.id, struct{}{})
	s.knownMu.Unlock()
}
