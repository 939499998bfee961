package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// listing is the data of the template "list".
type listing struct {
	frame
	InputID, CSRF string
	Heading, None string
	Items         []item
	Older         *link  // the next page; nil: none
	Draft         string // label of the button to the open draft; empty: none
	Create        string
}

// item is one conversation of a list.
type item struct {
	dialog.Line
	Action, Class string
}

// listMost is how many conversations a page of the list has, beside those that wait for
// the visitor.
const listMost = 20

// list shows the visitor's conversations: first those that wait for the visitor, the
// nearest end first, then the others, newest first, a page at a time.
func (s *Site) list(w http.ResponseWriter, r *http.Request, lang string) {
	if wait := s.limitAddress(r); wait > 0 {
		s.slow(w, lang, wait)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerFor)
	defer cancel()
	v := s.visitor(r)
	if s.unreachable(w, v, lang) {
		return
	}
	if v.gone { // the card says so
		s.lead303(w, "/")
		return
	}
	if v.renew {
		s.welcome(w, r, v)
	}
	page := &listing{frame: s.frame(lang, &dialog.Card{}), InputID: random(), CSRF: s.token(v)}
	page.Foot = s.footOf(v, lang)
	behind := after(r)
	if !v.new {
		var err error
		if lang, err = s.fill(ctx, page, v, lang, behind); err != nil {
			s.warn("list the conversations", err)
			s.unreached(w, lang, err)
			return
		}
	}
	page.Heading, page.Create = s.say(lang, "page.list", nil), s.say(lang, "page.create", nil)
	page.Title = s.title(lang, page.Heading)
	if len(page.Items) == 0 && behind == nil {
		page.None = s.say(lang, "page.none", nil)
	}
	s.send(w, http.StatusOK, "list", page)
}

// fill reads a page of the list: the visitor's own conversation, those of the steps in Config.Waiting, and the newest ones
// behind a cursor.
func (s *Site) fill(ctx context.Context, page *listing, v visitor, lang string, behind *dialog.Head) (string, error) {
	owner := s.owner(v)
	personal, _, err := s.engine.Hydrate(ctx, s.engine.Route(&dialog.Input{Owner: owner}))
	if err != nil {
		return lang, err
	}
	if personal.Step != "" {
		page.Draft = s.say(lang, "page.draft", nil)
	}
	var first []*dialog.Record
	for _, step := range s.cfg.Waiting {
		list, err := s.engine.Conversations(ctx, owner, s.cfg.Flow, dialog.Page{Step: step, Limit: listMost})
		if err != nil {
			return lang, err
		}
		first = append(first, list...)
	}
	slices.SortStableFunc(first, func(a, b *dialog.Record) int {
		return cmp.Or(a.Expires.Compare(b.Expires), b.Created.Compare(a.Created))
	})
	rest, err := s.engine.Conversations(ctx, owner, s.cfg.Flow, dialog.Page{After: behind, Limit: listMost + 1})
	if err != nil {
		return lang, err
	}
	if len(rest) > listMost {
		rest = rest[:listMost]
		last := rest[listMost-1]
		to := url.Values{"after": {strconv.FormatInt(last.Created.UnixMilli(), 10) + " " + last.Key.String()}}
		page.Older = &link{listPath + "?" + to.Encode(), s.say(lang, "page.older", nil)}
	}
	rest = slices.DeleteFunc(rest, func(r *dialog.Record) bool {
		return slices.ContainsFunc(first, func(f *dialog.Record) bool { return f.Key == r.Key })
	})
	if behind != nil {
		first = nil
	}
	for _, rec := range append(first, rest...) {
		page.Items = append(page.Items, s.item(v, lang, rec))
	}
	return lang, nil
}

// item is a conversation as a line of the list.
func (s *Site) item(v visitor, lang string, rec *dialog.Record) item {
	c, _ := s.render(v, lang, rec)
	it := item{Action: "status:" + rec.Key.ID, Line: dialog.Line{Who: dialog.Isolate(rec.Key.ID), State: cmp.Or(c.Progress, c.Question)}}
	if c.Line != nil {
		it.Line = *c.Line
	}
	switch {
	case it.Needs:
		it.Class = "open"
	case c.Ended:
		it.Class = "past"
	}
	return it
}

// after is the cursor of a link to a further page, nil without a valid one.
func after(r *http.Request) *dialog.Head {
	at, name, _ := strings.Cut(r.URL.Query().Get("after"), " ")
	created, err := strconv.ParseInt(at, 10, 64)
	key, bad := dialog.ParseKey(name)
	if err != nil || bad != nil {
		return nil
	}
	return &dialog.Head{Key: key, Created: time.UnixMilli(created)}
}
