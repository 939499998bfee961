package deal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// story is a deal as its two sides read it, written down: what somebody did, and then each card that is another one.
type story struct {
	*talk
	chats *chat
	b     strings.Builder
	last  map[lockbay.Role]map[string]bool // the lines of a side's card
}

// storyOf begins a story: the buyer has confirmed, and is in a chat.
func storyOf(t *testing.T, name string) *story {
	t.Helper()
	o := opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: "bay_bot", operators: []string{clerk}}
	s := &story{talk: beginWith(t, o), chats: &chat{}, last: map[lockbay.Role]map[string]bool{}}
	s.bot.Attach(s.chats)
	s.handle(dialog.Input{Kind: dialog.KindTap, Owner: buyer, Name: "status", Value: escrow().ID, Place: dialog.Place{Channel: "tg", Address: "1000001", Push: true}})
	s.b.WriteString(strings.ReplaceAll(name, "-", " ") + "\n")
	s.then("The buyer confirms")
	return s
}

// then writes what somebody did, and the cards that it changed.
func (s *story) then(what string) *story {
	s.t.Helper()
	s.delivered()
	fmt.Fprintf(&s.b, "\n%s. %s.\n", s.now.Format("Mon 2 Jan, 15:04"), what)
	for _, side := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
		if s.as(side); side == lockbay.Seller && s.rec.Guest == "" {
			continue
		}
		lines := s.lines()
		had, now := s.last[side], map[string]bool{}
		var changed bool
		for _, line := range lines {
			now[line] = true
			changed = changed || !had[line] && !countdown.MatchString(line)
		}
		if s.last[side] = now; !changed && len(now) == len(had) {
			continue
		}
		fmt.Fprintf(&s.b, "\n  The %s reads\n", side)
		for _, line := range lines {
			if !strings.HasPrefix(line, "· ") || !had[line] { // what is known is written once
				s.b.WriteString("    " + strings.ReplaceAll(line, "\n", "\n    ") + "\n")
			}
		}
	}
	s.now = s.now.Add(3 * time.Minute)
	return s
}

// lines are the card of the side: the question with what is said around it, what is known, and the buttons.
func (s *story) lines() []string {
	c := s.card("en")
	var labels []string
	if c.Primary != nil {
		labels = append(labels, "["+c.Primary.Label+"]")
	}
	for _, b := range slices.Concat(c.Choices, c.Alt, c.Quiet) {
		labels = append(labels, "["+b.Label+"]")
	}
	text := strings.TrimSuffix(strings.TrimSuffix(s.text(), "\n"), s.actions())
	var lines []string
	for _, f := range c.Facts {
		lines = append(lines, strings.TrimSuffix(dialog.Plain("· "+f.Label+": "+f.Value+" ("+f.Note+")"), " ()"))
	}
	lines = append(lines, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
	lines = append(lines, dialog.Plain(strings.Join(labels, " ")))
	hash := s.hash()
	for i := range lines {
		lines[i] = receipts.ReplaceAllString(strings.ReplaceAll(lines[i], hash[:5]+"-"+hash[5:], "HASHA-HASHB"), "${1}0123-4567")
	}
	return lines
}

// countdown is the time that is left, which runs while nobody does anything.
var countdown = regexp.MustCompile(`^\d+/\d+ `)

// receipts are drawn by chance, as the hash of the terms is.
var receipts = regexp.MustCompile(`(Receipt[^:]*: )[0-9a-fA-F-]{8,9}`)

// joins: the seller comes by the link.
func (s *story) joins() *story {
	s.as(lockbay.Buyer)
	s.handle(start(seller, s.payload(), anna))
	return s.then("The seller opens the link")
}

// side presses buttons of a side, one after the other.
func (s *story) side(role lockbay.Role, actions ...string) *story {
	s.t.Helper()
	for _, action := range actions {
		if s.as(role); action == "accept" {
			action = s.accept()
		}
		label := s.label(action)
		s.tap(action)
		s.then(fmt.Sprintf("The %s presses “%s”", role, label))
	}
	return s
}

func (s *story) buyer(actions ...string) *story {
	s.t.Helper()
	return s.side(lockbay.Buyer, actions...)
}
func (s *story) seller(actions ...string) *story {
	s.t.Helper()
	return s.side(lockbay.Seller, actions...)
}

// label is that of a button.
func (s *story) label(action string) string {
	c := s.card("en")
	if c.Primary != nil && c.Primary.Action == action {
		return dialog.Plain(c.Primary.Label)
	}
	for _, b := range slices.Concat(c.Choices, c.Alt, c.Quiet) {
		if b.Action == action {
			return dialog.Plain(b.Label)
		}
	}
	return action
}

// write is a text of a side, under a button that asks for it, with what their own message says then.
func (s *story) write(role lockbay.Role, button, text string) *story {
	s.t.Helper()
	s.as(role)
	label := s.label(button)
	asked := s.tap(button).asked()
	answer, _, _ := strings.Cut(s.typesWhere(text).asked(), "\n")
	return s.then(fmt.Sprintf("The %s presses “%s”, is asked “%s”, writes “%s”, and reads “%s”", role, label, strings.TrimSpace(asked), text, answer))
}

// orders makes a move at the desk, by order.
func (s *story) orders(what string, a lockbay.Act) *story {
	s.t.Helper()
	s.must(a)
	return s.then("The desk " + what)
}

// again gives an order that was given before: nothing changes.
func (s *story) again(what string, a lockbay.Act) *story {
	s.t.Helper()
	if err := s.act(a); err != nil {
		s.t.Error(err)
	}
	return s.then("The desk " + what)
}

// rings lets the time of an alarm come.
func (s *story) rings(name string) *story {
	s.t.Helper()
	s.alarm(name)
	return s.then("The time comes")
}

// after lets time go by.
func (s *story) after(d time.Duration) *story { s.now = s.now.Add(d); s.ring(); return s }

// paid books the whole sum, and active leads to a deal that is under way.
func (s *story) paid() *story {
	s.t.Helper()
	return s.orders("books €1,265.63", cameAs(126563, "R-1"))
}
func (s *story) active() *story {
	s.t.Helper()
	return s.joins().seller("accept").paid()
}

// pays sends what a side is owed.
func (s *story) pays(role lockbay.Role, ref string) *story {
	s.t.Helper()
	sending, sent := by(lockbay.Desk, lockbay.MoveSending), by(lockbay.Desk, lockbay.MoveSent)
	sending.To, sent.To, sent.Ref = role, role, ref
	s.must(sending)
	s.then(fmt.Sprintf("The desk sends to the %s", role))
	return s.orders("has sent it, reference "+ref, sent)
}

// ends compares the story with its file, and wants the deal to have ended so.
func (s *story) ends(name string, as lockbay.Status) {
	s.t.Helper()
	if e := s.stored(); e.Status != as {
		s.t.Errorf("the deal is %s, want %s", e.Status, as)
	}
	file := filepath.Join("testdata", "talks", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(s.b.String()), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	if got := s.b.String(); got != string(want) {
		s.t.Errorf("%s is another story; -update writes it anew, for you to read:\n%s", file, got)
	}
}

// TestTalks: what both sides read in each kind of deal, in testdata/talks.
func TestTalks(t *testing.T) {
	act := func(m lockbay.Move, share int, why string) lockbay.Act {
		return lockbay.Act{Role: lockbay.Desk, Move: m, Share: share, Text: why}
	}
	in := func(minor int64, currency, ref string, back bool) lockbay.Act {
		a := cameAs(minor, ref)
		a.Sum.Currency, a.Return = currency, back
		return a
	}
	const iban, other = "LT60 1010 0123 4567 8901", "LV80 BANK 0000 4351 9500 1"
	for name, c := range map[string]struct {
		play func(*story)
		ends lockbay.Status
	}{
		"happy": {func(s *story) {
			s.active().seller("delivered").buyer("release", "release:yes").write(lockbay.Seller, "where", iban).pays(lockbay.Seller, "R-77")
		}, lockbay.Completed},
		"declined": {func(s *story) {
			s.joins().paid().seller("decline", "decline:yes").write(lockbay.Buyer, "where", iban).pays(lockbay.Buyer, "R-78")
		}, lockbay.Refunded},
		"declined-before-payment": {func(s *story) { s.joins().seller("decline", "decline:yes") }, lockbay.Cancelled},
		"silent-seller": {func(s *story) {
			s.joins().paid().rings(lockbay.AlarmOver).write(lockbay.Buyer, "where", iban).pays(lockbay.Buyer, "R-78")
		}, lockbay.Refunded},
		"late": {func(s *story) {
			s.active().rings(lockbay.AlarmHalf).rings(lockbay.AlarmLate).buyer("takeback", "takeback:yes").pays(lockbay.Buyer, "R-78")
		}, lockbay.Refunded},
		"late-and-silent": {func(s *story) {
			s.active().rings(lockbay.AlarmLate).rings(lockbay.AlarmOver).pays(lockbay.Buyer, "R-78")
		}, lockbay.Refunded},
		"auto-release": {func(s *story) {
			s.active().after(time.Hour).seller("delivered").rings(lockbay.AlarmSoon).rings(lockbay.AlarmOver).pays(lockbay.Seller, "R-77")
		}, lockbay.Completed},
		"blocked-buyer": {func(s *story) {
			s.active().chats.blocked.Store(true)
			s.after(time.Hour).seller("delivered").rings(lockbay.AlarmOver)
			s.orders("decides 100 %", act(lockbay.MoveDecide, lockbay.ShareAll, "The carrier has the buyer's signature")).after(25 * time.Hour)
			s.pays(lockbay.Seller, "R-77")
		}, lockbay.Completed},
		"split-by-decision": {func(s *story) {
			s.active().buyer("dispute", "dispute:damaged").orders("decides 70 %", act(lockbay.MoveDecide, 7000, "Seven of ten plates are whole"))
			s.write(lockbay.Seller, "where", iban).write(lockbay.Buyer, "where", other).after(25 * time.Hour)
			s.pays(lockbay.Seller, "R-77").pays(lockbay.Buyer, "R-78")
		}, lockbay.Completed},
		"decision-changed": {func(s *story) {
			s.active().buyer("dispute", "dispute:damaged").orders("decides 70 %", act(lockbay.MoveDecide, 7000, "Seven of ten plates are whole"))
			s.after(time.Hour).orders("decides 0 %", act(lockbay.MoveDecide, 0, "All plates have a crack")).after(25 * time.Hour)
			s.pays(lockbay.Buyer, "R-78")
		}, lockbay.Refunded},
		"under": {func(s *story) {
			s.joins().seller("accept").orders("books €1,000.00", cameAs(100000, "R-1")).orders("books €265.63", cameAs(26563, "R-2"))
			s.seller("delivered").buyer("release", "release:yes").pays(lockbay.Seller, "R-77")
		}, lockbay.Completed},
		"under-and-lapsed": {func(s *story) {
			s.joins().orders("books €1,000.00", cameAs(100000, "R-1")).rings(lockbay.AlarmLapse).write(lockbay.Buyer, "where", iban).pays(lockbay.Buyer, "R-78")
		}, lockbay.PaymentLapsed},
		"over": {func(s *story) {
			s.joins().seller("accept").orders("books €1,300.00", cameAs(130000, "R-1")).seller("delivered").buyer("release", "release:yes")
			s.write(lockbay.Buyer, "where", other).pays(lockbay.Buyer, "R-78").pays(lockbay.Seller, "R-77")
		}, lockbay.Completed},
		"other-currency": {func(s *story) {
			s.joins().orders("books $1,265.63", in(126563, "USD", "R-1", false)).orders("resumes", by(lockbay.Desk, lockbay.MoveResume)).rings(lockbay.AlarmLapse)
		}, lockbay.PaymentLapsed},
		"late-money-revives": {func(s *story) {
			s.joins().rings(lockbay.AlarmLapse).after(time.Hour).paid().seller("accept")
		}, lockbay.Active},
		"late-money-returned": {func(s *story) {
			s.joins().rings(lockbay.AlarmLapse).orders("books €1,000.00", in(100000, "EUR", "R-1", true)).pays(lockbay.Buyer, "R-78")
		}, lockbay.PaymentLapsed},
		"after-cancel": {func(s *story) {
			s.joins().buyer("cancel", "cancel:yes").orders("books €1,265.63, to be returned", in(126563, "EUR", "R-1", true)).pays(lockbay.Buyer, "R-78")
		}, lockbay.Cancelled},
		"twice": {func(s *story) {
			s.active().again("books €1,265.63 with the same reference", cameAs(126563, "R-1"))
			s.seller("delivered").buyer("release")
			yes := s.button("release:yes")
			s.buyer("release:yes")
			s.handle(yes)
			s.then("The buyer's button comes again")
			s.pays(lockbay.Seller, "R-77").again("says it again", sentAs("R-77"))
		}, lockbay.Completed},
		"dispute-and-offer": {func(s *story) {
			s.active().seller("delivered").buyer("dispute", "dispute:damaged").write(lockbay.Buyer, "say", "Four plates are broken.")
			s.write(lockbay.Seller, "say", "They left here whole.").seller("offer", "offer:25").buyer("agree:1", "agree:yes")
			s.pays(lockbay.Seller, "R-77").pays(lockbay.Buyer, "R-78")
		}, lockbay.Completed},
		"dispute-and-silence": {func(s *story) {
			s.active().seller("delivered").buyer("dispute", "dispute:not_come").write(lockbay.Buyer, "say", "Nothing came.").rings(lockbay.AlarmAnswer)
			s.orders("decides 0 %", act(lockbay.MoveDecide, 0, "The seller shows no proof of sending")).after(25 * time.Hour)
			s.pays(lockbay.Buyer, "R-78")
		}, lockbay.Refunded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := storyOf(t, name)
				c.play(s)
				s.ends(name, c.ends)
			})
		})
	}
}
