package deal

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// seat is the role of the seller's seat. The buyer is the owner.
const seat = string(lockbay.Seller)

// linkPrefix begins the payload of a seller's link: s_ID_TOKEN, with the escrow's id without ESC and dashes.
const linkPrefix = "s_"

// linksOld is how many earlier links of a deal are recognised as such.
const linksOld = 20

// token proves the n-th link of a deal. Only n is stored.
func (f *Flow) token(id string, n int) string {
	h := hmac.New(sha256.New, f.cfg.SeatKey)
	h.Write([]byte(id + "\x00" + strconv.Itoa(n)))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// is reports whether a token proves the n-th link.
func (f *Flow) is(token string, e *lockbay.Escrow, n int) bool {
	return n > 0 && len(f.cfg.SeatKey) > 0 && hmac.Equal([]byte(token), []byte(f.token(e.ID, n)))
}

// bare is an escrow's id as a link has it.
func bare(id string) string { return strings.ReplaceAll(strings.TrimPrefix(id, "ESC-"), "-", "") }

// parseLink reads the payload of a link.
func parseLink(payload string) (id, token string, ok bool) {
	payload = strings.TrimSpace(payload)
	rest, is := strings.CutPrefix(payload, linkPrefix)
	short, token, more := strings.Cut(rest, "_")
	id, err := lockbay.ParseEscrowID(short)
	return id, token, is && more && err == nil && bare(id) == short
}

// Claims implements dialog.Claimer: a seller's link is the command /start with its payload, or comes with the own contact.
func (*Flow) Claims(in *dialog.Input) (id string, ok bool) {
	link, is := linkIn(in)
	id, _, ok = parseLink(link)
	return id, ok && is
}

// contact is the name of an input that is a contact: its text is the phone number.
const contact = "contact"

// linkIn is the payload of the link that somebody comes by: the command's, or the value of the own contact, which their
// own conversation has asked for.
func linkIn(in *dialog.Input) (payload string, ok bool) {
	switch {
	case in.Kind == dialog.KindCommand && in.Name == "start":
		return in.Text, true
	case in.Kind == dialog.KindOther && in.Name == contact:
		return in.Value, true
	}
	return "", false
}

// link is the address by which the seller comes; empty: there is none yet, or no place that it could lead to. Only a
// seller named by e-mail joins on the page.
func (f *Flow) link(e *lockbay.Escrow) string {
	if e.Sides.Link == 0 || len(f.cfg.SeatKey) == 0 {
		return ""
	}
	id, token := bare(e.ID), f.token(e.ID, e.Sides.Link)
	page := f.cfg.PublicURL
	if page == "" && !f.chats {
		page = f.cfg.Page()
	}
	switch bot := f.cfg.Bot(); {
	case e.Terms.Seller.Kind == lockbay.KindEmail && page != "":
		return strings.TrimRight(page, "/") + "/s/" + id + "/" + token
	case bot != "":
		return "https://t.me/" + bot + "?start=" + linkPrefix + id + "_" + token
	}
	return ""
}

// share opens Telegram with the link, ready to be sent to somebody.
func share(link string) string { return "https://t.me/share/url?url=" + url.QueryEscape(link) }

// nameOf is the name of a person on Telegram; empty: they have none.
func nameOf(in *dialog.Input) string {
	if in.Profile.Username == "" {
		return ""
	}
	return "@" + in.Profile.Username
}

// meet lets the people of a deal of before meet.
func meet(t *dialog.Turn, e *lockbay.Escrow) {
	if e.Sides.Salt == "" && !e.Forgotten() {
		e.Sides.Salt, e.Sides.Link = t.ID(12)+t.ID(12), 1
	}
}

// join gives the seat to who has the link and is the seller. Everybody else learns why not, and nothing is written.
func (f *Flow) join(t *dialog.Turn) {
	link, _ := linkIn(t.Input)
	_, token, _ := parseLink(link)
	if t.Record.Version == 0 {
		t.Refuse("join.unknown", nil, "")
		return
	}
	e, err := Escrow(t.Record)
	if err != nil {
		t.Park()
		return
	}
	code, args := f.stranger(&e, token, t.Input)
	if code == needsContact && t.Input.Kind == dialog.KindCommand {
		t.PassOwn() // which asks for the contact
		return
	}
	if code != "" {
		t.Refuse(code, args, "")
		return
	}
	if !t.Sit(seat) {
		t.Refuse("join.used", nil, "")
		return
	}
	e.Sides.Joined, e.Sides.Seller = t.Input.Owner, nameOf(t.Input)
	e.Sides.Link++
	save(t.Record, &e)
	t.Log(dialog.Event{Kind: EventDealt, Cause: "joined", Source: e.Witness()})
	t.SayTo("", dialog.Said{Code: "told.joined"}, true)
	t.Applied()
	switch t.Input.Value { // the button on the page of the link
	case accepting(&e):
		_, _ = f.act(t, &e, lockbay.Act{Role: lockbay.Seller, Move: lockbay.MoveAccept})
	case string(declining):
		if f.mayNow(t, &e, t.Input.Value) {
			declining.set(t.Record)
		}
	}
}

// accepting is the action that accepts the terms.
func accepting(e *lockbay.Escrow) string { return string(lockbay.MoveAccept) + ":" + e.TermsHash() }

// stranger says, as the code of a refusal, why a person may not sit down; empty: they may. The link comes first: who has
// none learns nothing of the deal.
func (f *Flow) stranger(e *lockbay.Escrow, token string, in *dialog.Input) (code string, args map[string]string) {
	named := e.Terms.Seller
	args = map[string]string{"seller": named.String()}
	was := false
	for n := max(e.Sides.Link-linksOld, 1); n < e.Sides.Link; n++ {
		was = was || f.is(token, e, n)
	}
	switch good := f.is(token, e, e.Sides.Link); {
	case !good && !was:
		return "join.wrong", nil
	case e.Status.Ended():
		return "join.ended", nil
	case e.Sides.Joined != "":
		return "join.used", nil
	case !good:
		return "join.old", nil
	case named.Kind != lockbay.KindEmail && in.Profile.ID == "":
		return "join.chat", args
	case named.Kind == lockbay.KindPhone && !hasNumber(in, named.Value):
		return needsContact, args
	case named.Kind == lockbay.KindTelegram && in.Profile.Username == "":
		return "join.nameless", args
	case named.Kind == lockbay.KindTelegram && !strings.EqualFold(named.Value, in.Profile.Username):
		args["you"] = nameOf(in)
		return "join.other", args
	}
	return "", nil
}

// needsContact refuses the contact of another number. The seller's own shows that the number is theirs.
const needsContact = "join.phone"

// hasNumber reports whether an input is a contact of this number. The person's own conversation has seen that the
// contact is their own.
func hasNumber(in *dialog.Input, number string) bool {
	p, err := lockbay.ParseParty(in.Text, lockbay.Self{})
	return in.Kind == dialog.KindOther && err == nil && p.Kind == lockbay.KindPhone && p.Value == number
}

// opened answers the link of somebody who has a seat.
func (f *Flow) opened(t *dialog.Turn, e *lockbay.Escrow) {
	if t.Record.Role() == "" {
		t.Say("join.own", map[string]string{"seller": e.Terms.Seller.String()})
	} else {
		t.Record.Said = nil
	}
	t.Anew()
}

// relink makes a new link, so that the one before counts no more.
func (f *Flow) relink(t *dialog.Turn, e *lockbay.Escrow) {
	if t.Record.Role() != "" || e.Sides.Joined != "" || e.Status.Ended() {
		t.Stale()
		return
	}
	if e.Sides.Salt == "" {
		meet(t, e)
	} else {
		e.Sides.Link++
		t.Say("told.link", nil)
	}
	save(t.Record, e)
	t.Log(dialog.Event{Kind: EventDealt, Cause: "link", Source: e.Witness()})
	t.Applied()
}

// reseat gives the seat to the account that the deal has for the seller now, and tells both. An account of Telegram is told
// in its chat.
func (f *Flow) reseat(t *dialog.Turn, e *lockbay.Escrow) {
	var at dialog.Place
	if number, is := strings.CutPrefix(e.Sides.Joined, "tg:"); is {
		at = dialog.Place{Channel: "tg", Address: number, Push: true}
	}
	if !t.Reseat(seat, e.Sides.Joined, at) {
		panic("deal: a seller who has joined has no seat")
	}
	t.SayTo("", dialog.Said{Code: "told.reseated"}, true)
	t.SayTo(seat, dialog.Said{Code: "told.reseated.seller"}, true)
}

// Invited shows the terms to who opens the page of a link, before they join; what stands behind /s/ is path. It reads and
// writes nothing else. The command joins; it is empty where the seller joins in the chat. Not ok: the link leads to
// nothing, or does no more.
func (f *Flow) Invited(r *dialog.Record, path string, v dialog.View) (_ dialog.Card, command string, ok bool) {
	short, token, _ := strings.Cut(path, "/")
	e, err := Escrow(r)
	if err != nil || bare(e.ID) != short || !f.is(token, &e, e.Sides.Link) || e.Sides.Joined != "" || e.Status.Ended() {
		return dialog.Card{}, "", false
	}
	v.Lang = cmp.Or(f.cfg.Words(v.Lang, "language", nil), texts.Default)
	c := card{Card: dialog.Card{Step: r.Step, Lang: v.Lang}, sells: true, f: f, r: r, v: v, e: e}
	next := []string{"pays", "you_deliver", "you_are_paid"}
	code := "deal.join"
	switch {
	case e.AwaitsSeller():
		code, next[0] = "deal.join.first", "pays_first"
	case e.Status != lockbay.PaymentPending:
		code, next = "deal.join.paid", next[1:]
	}
	c.sellerHead(code)
	if code == "deal.join" && e.CameSome() {
		c.Hint = c.say("deal.join.part.hint", nil)
	}
	c.sellerFoot(next, nil)
	c.Refresh, c.Quiet = false, nil
	c.gets("deal.you_get")
	if bot := f.cfg.Bot(); bot != "" {
		to := "https://t.me/" + bot + "?start=" + linkPrefix + short + "_" + token
		c.Alt = []dialog.Button{{URL: to, Label: c.say("deal.join.open", map[string]string{"bot": "@" + bot})}}
	}
	if e.Terms.Seller.Kind != lockbay.KindEmail {
		c.Body = append(c.Body, c.say("deal.join.chat", c.args()))
		return c.Card, "", true
	}
	open := c.Alt
	c.accept()
	c.Alt, c.After = append(c.Alt, open...), c.say("deal.join.after", nil)
	return c.Card, "start " + linkPrefix + short + "_" + token, true
}

// LinkedID is the escrow that a link on the page leads to; empty: none.
func LinkedID(path string) string {
	short, _, _ := strings.Cut(path, "/")
	if id, err := lockbay.ParseEscrowID(short); err == nil && bare(id) == short {
		return id
	}
	return ""
}
