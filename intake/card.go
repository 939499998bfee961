package intake

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// receipt adds the sums and what happens next to the review.
func (f *Flow) receipt(d *Draft, v dialog.View, c *dialog.Card) {
	rules := f.cfg.Rules()
	terms := rules.Filled(d.Terms)
	q := rules.Quote(terms)
	money := func(minor int64) string { return rules.Sum(q, minor, v.Lang) }
	say := func(code string, args map[string]string) string { return f.cfg.Words(v.Lang, code, args) }
	if q.Hash != d.Shown { // the rules of this instance are others than those of the last turn
		c.Primary.Action = marked(q)
	}
	line := func(label string, minor int64) dialog.Sum {
		return dialog.Sum{Label: label, Value: dialog.Isolate(money(minor))}
	}
	c.Sums = append(c.Sums, line(say("sum.deal", nil), q.Amount))
	switch {
	case q.BuyerFee > 0 && q.SellerFee > 0:
		c.Sums = append(c.Sums, line(say("sum.half", nil), q.BuyerFee))
	case q.BuyerFee > 0:
		c.Sums = append(c.Sums, line(say("sum.fee", nil), q.BuyerFee))
	}
	pays, gets := line(say("sum.pays", nil), q.BuyerPays), line(say("sum.gets", nil), q.SellerGets)
	if q.SellerFee > 0 {
		gets.Label = say("sum.gets_after", map[string]string{"fee": money(q.SellerFee)})
	}
	pays.Total, gets.Part = true, true
	c.Sums = append(c.Sums, pays, gets)
	c.After = say("review.after", nil)
	if q.Keep {
		c.After = say("review.after.keep", map[string]string{"fee": money(q.Fee)})
	}
	c.Ahead = say("next", nil)
	for _, s := range rules.Ahead("", terms, q, f.cfg.Support, v.Lang) {
		c.Next = append(c.Next, dialog.Next{Who: say(s.Who, s.Args), When: say(s.When, s.Args)})
	}
}

// finish adds the menu to a card without a draft, and the list of escrows to a card that tells of escrows.
func (f *Flow) finish(r *dialog.Record, _ *Draft, v dialog.View, c *dialog.Card) {
	page := v.Visited // a page has no commands, and has Help in its footer
	if r.Step == "" && c.Primary != nil {
		for _, b := range [...][2]string{{"status", "status"}, {"help", "help_button"}} {
			if page { // both are links in its foot
				continue
			}
			c.Quiet = append(c.Quiet, dialog.Button{Action: b[0], Label: f.cfg.Words(v.Lang, b[1], nil), Free: true})
		}
	}
	f.interview(r, v, c)
	if page && r.Step == "" && !c.Ended && c.Primary != nil {
		f.welcome(v, c)
	}
	if two := f.cfg.Own(r.Owner); two != "" && !page && r.Step == "" && !c.Ended && c.Primary != nil {
		c.Body = append(c.Body, f.cfg.Words(v.Lang, "start.words", map[string]string{"words": two}))
	}
	if page && r.Said.Is(kindList) { // it has a page of its own
		c.Band = nil
		return
	}
	if r.Said != nil {
		c.Others = f.listed(r.Said.Items, v)
		if after := r.Said.Args["after"]; after != "" {
			code := "escrows.older" + map[string]string{"": ".next", "many": ".many"}[r.Said.Args["older"]]
			label := f.cfg.Words(v.Lang, code, map[string]string{"n": r.Said.Args["older"]})
			c.Others = append(c.Others, dialog.Button{Action: "status:" + afterPrefix + after, Label: label, Free: true})
		}
	}
	if f.cfg.Devices != nil {
		f.cfg.Devices.Finish(r, v, c)
	}
}

const (
	listMost  = 10  // escrows that /status shows
	olderMost = 100 // older ones that it counts
	heldMost  = 20  // escrows among which /cancel and /resume look for pending ones
	nearMost  = 100 // escrows among which /status looks for one whose id was mistyped
)

// typedID is what stands behind the command /status.
func typedID(in *dialog.Input) string {
	if in.Kind != dialog.KindCommand || in.Name != "status" {
		return ""
	}
	return strings.TrimSpace(in.Text)
}

// Takes reports whether a command has this argument, where a text may begin with a slash, too: see web.Config. It is
// /status with an escrow's id, also one that was mistyped, and /support with what the person writes.
func Takes(name, argument string) bool {
	return name == CommandSupport || name == "status" && !strings.Contains(argument, " ") && strings.HasPrefix(strings.ToUpper(argument), "ESC")
}

// extra handles the commands about escrows. The escrows go into the record, since a card is rendered from the record
// alone.
func (f *Flow) extra(name string, t *dialog.Turn) bool {
	idle := t.Record.Step == "" && t.Input.Kind == dialog.KindCommand
	if _, ok := f.ofDevices(t.Input); ok {
		f.cfg.Devices.Write(t)
		return true
	}
	switch {
	case name == CommandSupport && f.cfg.Tickets != nil && t.Input.Kind == dialog.KindCommand:
		f.cfg.Tickets.Write(t)
		return true
	case name == interviewing && f.cfg.Tickets != nil && t.Input.Kind == dialog.KindTap:
		f.interviewAgreed(t)
		return true
	case name == "join" && t.Input.Name == "start":
		f.join(t)
		return true
	case name == "status":
		f.status(t, typedID(t.Input))
		return true
	case name == "cancel" && idle:
		return tell(t, "escrows.cancel", nil, pending)
	case name == "resume" && idle:
		return tell(t, "escrows.resume", nil, pending)
	}
	return false
}

// pending reports whether an escrow waits for the person's payment.
func pending(r *dialog.Record) bool {
	return r.Step == string(lockbay.PaymentPending) && r.Role() == ""
}

// idle answers a text without a draft: an escrow by its id, and what happens now with the escrows that wait for the payment,
// else with those that are paid.
func (f *Flow) idle(typed string, t *dialog.Turn) bool {
	if id, err := lockbay.ParseEscrowID(t.Input.Text); err == nil {
		if tell(t, "escrows.found", map[string]string{"id": id}, func(r *dialog.Record) bool { return r.Key.ID == id }) {
			return true
		}
	}
	args := map[string]string{"typed": cut(typed)}
	holds := func(r *dialog.Record) bool { return lockbay.Status(r.Step).HoldsMoney() }
	return tell(t, "escrows.waits", args, pending) || tell(t, "escrows.held", args, holds)
}

// status lists the escrows, or finds the escrow of a typed id.
func (f *Flow) status(t *dialog.Turn, typed string) {
	var ids []string
	for _, r := range t.Others {
		ids = append(ids, r.Key.ID)
	}
	id, err := lockbay.ParseEscrowID(typed)
	only := func(r *dialog.Record) bool { return r.Key.ID == id }
	near := lockbay.NearestEscrowID(typed, ids)
	args := map[string]string{"typed": cut(typed), "id": near}
	switch {
	case typed == "":
		f.list(t)
	case len(ids) == 0:
		t.Say("escrows.none", nil)
	case err == nil && slices.Contains(ids, id):
		tell(t, "escrows.found", map[string]string{"id": id}, only)
	case near != "":
		id = near
		tell(t, "escrows.near", args, only)
	default:
		tell(t, "escrows.unknown", args, nil)
	}
}

// afterPrefix begins the value of the button that lists older escrows; the id of the last one shown follows.
const afterPrefix = "after-"

// kindList is the kind of the list of all escrows, see [dialog.Said]. Records before kinds have it, too.
const kindList = "escrows.list"

// list lists the newest escrows, or those after the ones of a list before, with a button for the older ones.
func (f *Flow) list(t *dialog.Turn) {
	code, args := "escrows.list", map[string]string{}
	if t.Input.Kind == dialog.KindTap && strings.HasPrefix(t.Input.Value, afterPrefix) {
		code = "escrows.list.after"
	}
	older := t.Total - listMost
	switch {
	case older > olderMost:
		code, args["older"] = "escrows.list.many", "many"
	case older > 0:
		code, args["older"] = "escrows.list.some", strconv.Itoa(older)
	}
	if len(t.Others) > listMost || older > 0 {
		args["after"] = t.Others[listMost-1].Key.ID
		t.Others = t.Others[:listMost]
	}
	if !tell(t, code, args, nil) {
		t.Say("escrows.none", nil)
		return
	}
	t.Record.Said.Kind = kindList
	if t.Total > 0 {
		t.Record.Said.Args["n"] = strconv.Itoa(t.Total)
	}
}

// cut shortens typed text for quoting it inside a sentence. Numbers of cards are hidden first: half a number is not known
// as one.
func cut(typed string) string {
	typed = lockbay.WithoutCards(strings.Join(strings.Fields(typed), " "))
	if r := []rune(typed); len(r) > typedMost {
		return string(r[:typedMost-1]) + "…"
	}
	return typed
}

// tell says something, with buttons of the person's wanted escrows (nil: all). It returns false, and says nothing, if there
// are none.
func tell(t *dialog.Turn, code string, args map[string]string, wanted func(*dialog.Record) bool) bool {
	said := dialog.Said{Code: code, Args: map[string]string{}}
	shown := slices.DeleteFunc(slices.Clone(t.Others), func(r *dialog.Record) bool { return wanted != nil && !wanted(r) })
	said.Items = itemsOf(shown)
	if len(said.Items) == 0 {
		return false
	}
	maps.Copy(said.Args, args)
	said.Args["n"] = strconv.Itoa(max(len(said.Items), len(shown)))
	t.Tell(said)
	return true
}

// itemsOf are the items of the first deals that can be read, at most listMost. Those to be paid come first.
func itemsOf(deals []*dialog.Record) (items [][]string) {
	rank := func(r *dialog.Record) int {
		if pending(r) {
			return 0
		}
		return 1
	}
	deals = slices.Clone(deals)
	slices.SortStableFunc(deals, func(a, b *dialog.Record) int { return rank(a) - rank(b) })
	for _, r := range deals {
		if e, ok := escrow(r); ok && len(items) < listMost {
			i := item{e.ID, e.Quote.BuyerPays, e.Quote.Currency, r.Step, e.Terms.Seller.String(), dialog.At(e.CreatedAt())}
			if r.Role() != "" {
				i.pays, i.status, i.seller = e.Quote.SellerGets, selling+r.Step, cmp.Or(e.Sides.Buyer, buyerUnknown)
			}
			items = append(items, i.values())
		}
	}
	return items
}

const (
	selling      = "selling." // begins the status of an escrow whose seller the person is
	buyerUnknown = "-"        // of a buyer without a name
)

// item is an escrow in a list of tell.
type item struct {
	id       string
	pays     int64 // minor units; what a seller gets
	currency string
	status   string
	seller   string        // the other side; empty: an older program wrote the item
	since    dialog.Moment // of Confirm
}

// values are the item as the record keeps it.
func (i item) values() []string {
	return []string{i.id, strconv.FormatInt(i.pays, 10), i.currency, i.status, i.seller, strconv.FormatInt(int64(i.since), 10)}
}

// itemOf reads the values of an item. Items had four values at first.
func itemOf(values []string) (i item, ok bool) {
	if len(values) != 4 && len(values) != 6 {
		return i, false
	}
	pays, err := strconv.ParseInt(values[1], 10, 64)
	i = item{id: values[0], pays: pays, currency: values[2], status: values[3]}
	if len(values) == 6 && err == nil {
		var since int64
		since, err = strconv.ParseInt(values[5], 10, 64)
		i.seller, i.since = values[4], dialog.Moment(since)
	}
	return i, err == nil
}

// listed are the buttons of the items in the record.
func (f *Flow) listed(items [][]string, v dialog.View) (list []dialog.Button) {
	for _, values := range items {
		i, ok := itemOf(values)
		if !ok {
			break
		}
		said := dialog.Said{Code: "escrows.line", Args: map[string]string{
			"id": i.id, "seller": i.seller,
			"amount": f.cfg.Rules().Format(lockbay.Money{Minor: i.pays, Currency: i.currency}, v.Lang),
			"state":  f.cfg.Words(v.Lang, "escrows."+i.status, nil),
			"since":  f.cfg.Words.Day(v, i.since.Time()),
		}}
		switch i.seller {
		case "":
			said.Code = "escrows.line.short"
		case buyerUnknown:
			said.Args["seller"] = f.cfg.Words(v.Lang, "deal.buyer.first", nil)
		}
		label := f.cfg.Words.Tell(v, &said)
		list = append(list, dialog.Button{Action: "status:" + i.id, Label: label, Free: true})
	}
	return list
}
