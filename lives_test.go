package lockbay

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	update = flag.Bool("update", false, "write docs/lifecycle.md")
	lives  = flag.Int("lives", 8000, "random lives of deals")
)

// randomAct is any move by anybody, mostly one that the table has.
func randomAct(r *rand.Rand, e *Escrow, at time.Time) Act {
	var steps []Step
	for _, s := range Lifecycle {
		if s.In == e.Status {
			steps = append(steps, s)
		}
	}
	s := steps[r.IntN(len(steps))]
	a := Act{Role: s.Roles[r.IntN(len(s.Roles))], Move: s.Move}
	if r.IntN(8) == 0 {
		a.Role, a.Move = []Role{Buyer, Seller, Desk, Clock}[r.IntN(4)], everyMove[r.IntN(len(everyMove))]
	}
	a.At, a.Key = at, refKey
	a.Operator = []string{"", "cli", "tg:1", "tg:2"}[r.IntN(4)]
	a.Sum = Money{r.Int64N(2*e.Quote.BuyerPays+2) - 1, []string{"EUR", "EUR", "EUR", "EUR", "EUR", "EUR", "EUR", "USD"}[r.IntN(8)]}
	if a.Rest = r.IntN(3) == 0; a.Rest {
		a.Sum = Money{}
	}
	a.Return, a.Seen = r.IntN(2) == 0, r.IntN(4) > 0
	if r.IntN(4) == 0 {
		a.Open = at.Add(-time.Duration(r.Int64N(int64(20 * time.Hour))))
	}
	a.Ref, a.Text = fmt.Sprint("R-", r.IntN(30)), []string{"because", "because", "because", ""}[r.IntN(4)]
	a.Share = []int{0, ShareAll, r.IntN(ShareAll + 1), -1}[r.IntN(4)]
	a.To, a.Seat = []Role{"", Buyer, Seller}[r.IntN(3)], []string{"web:1", "web:2", "tg:1", ""}[r.IntN(4)]
	a.Hours, a.Why = []int{24, 48, 72, 1}[r.IntN(4)], slices.Concat(Holds, Reasons)[r.IntN(len(Holds)+len(Reasons))]
	return a
}

// outside is what a witness outside of the books sees.
type outside struct {
	came, left, taken int64 // taken: charged back
	refs              map[string]bool
}

func (o *outside) see(t *testing.T, x *Entry) {
	t.Helper()
	b := Balances{}
	b.add(x)
	if cash := b.Of(AccountCash); cash > 0 {
		o.came += cash
	} else if x.verb() == MoveUndone {
		o.came += cash
	} else if x.verb() == MoveChargeback {
		o.taken -= cash
	} else {
		o.left -= cash
	}
	key := string(x.verb()) + x.Ref
	if x.Ref != "" && o.refs[key] {
		t.Fatalf("%s is booked twice", x.Ref)
	}
	o.refs[key] = true
}

// TestRandomLives: whatever people, desk and clock do, in whatever order: after every move the books are right, the log only
// grows, no more leaves than came, and a desk that answers ends the deal.
func TestRandomLives(t *testing.T) {
	n := *lives
	if testing.Short() {
		n /= 8
	}
	ends, losses := map[Status]int{}, 0
	for seed := range n {
		r := rand.New(rand.NewPCG(uint64(seed), 17))
		terms := plates()
		terms.Amount.Minor, terms.FeePayer = []int64{1, 125000, r.Int64N(1e12) + 1}[r.IntN(3)], Payers[r.IntN(3)]
		rules := DefaultRules()
		rules.Fee.BasisPoints, rules.Fee.Keep = r.IntN(basisPointsMax), r.IntN(2) == 0
		e := NewEscrow(NewEscrowID(r.Uint64()), "draft", "tg:1", terms, rules.Quote(terms), noon, time.Hour)
		if r.IntN(3) == 0 {
			e.WaitForSeller()
		}
		if r.IntN(2) == 0 {
			e.Sides.Joined = "web:1"
		}
		seen, at := outside{refs: map[string]bool{}}, noon
		step := func(a Act) bool {
			was := e
			changed, err := e.Act(a)
			if !changed && !reflect.DeepEqual(was, e) {
				t.Fatalf("seed %d: %s in %s changed the deal and says %v", seed, a.Move, was.Status, err)
			}
			if errors.Is(err, ErrSide) || errors.Is(err, ErrStatus) {
				t.Fatalf("seed %d: %s by the %s in %s: %v", seed, a.Move, a.Role, was.Status, err)
			}
			if len(e.Log) < len(was.Log) || len(was.Log) > 0 && !reflect.DeepEqual(e.Log[:len(was.Log)], was.Log) {
				t.Fatalf("seed %d: %s in %s changed the log", seed, a.Move, was.Status)
			}
			for i := len(was.Log); i < len(e.Log); i++ {
				seen.see(t, &e.Log[i])
			}
			if err := e.Verify(); err != nil {
				t.Fatalf("seed %d: after %s by the %s in %s: %v", seed, a.Move, a.Role, was.Status, err)
			}
			if seen.left > seen.came || seen.taken > seen.came {
				t.Fatalf("seed %d: %d came, %d left and %d were charged back", seed, seen.came, seen.left, seen.taken)
			}
			if b := e.Balances(); b.Owed(AccountBuyer) > 0 && b[AccountLoss] > 0 {
				t.Fatalf("seed %d: after %s in %s the buyer is owed what they have taken back: %v", seed, a.Move, was.Status, b)
			}
			if !e.Status.Ended() && e.Status != Disputed && e.OnHold() == "" && len(e.Alarms(at)) == 0 {
				t.Fatalf("seed %d: a deal that is %s waits for no time", seed, e.Status)
			}
			if late := e.Overdue(at.Add(365 * 24 * time.Hour)); (late || e.OnHold() != "") != e.Waits() {
				t.Fatalf("seed %d: a deal that is %s, on hold %q and overdue in a year %v, waits %v", seed, e.Status, e.OnHold(), late, e.Waits())
			}
			return changed
		}
		if r.IntN(10) == 0 { // nobody pays in time
			at = at.Add(2 * time.Hour)
			step(Act{Role: Clock, Move: MoveOver, At: at, Key: refKey})
		}
		for range r.IntN(40) {
			at = at.Add(time.Duration(r.Int64N(int64(30 * time.Hour))))
			if r.IntN(20) == 0 {
				at = at.Add(-24 * time.Hour) // a clock that was set back
			}
			step(randomAct(r, &e, at))
		}
		for tries := 0; !e.Status.Ended(); tries++ {
			if tries > 20 {
				t.Fatalf("seed %d: a desk that answers does not end a deal that is %s with %v", seed, e.Status, e.Balances())
			}
			at = at.Add(100 * 24 * time.Hour)
			a := Act{At: at, Key: refKey, Role: Desk, Text: "the end", Ref: fmt.Sprint("E-", tries)}
			for _, a.Move = range []Move{MoveResume, MoveDecide, MoveSending, MoveSent, MoveCancel} {
				for _, a.To = range party {
					step(a)
				}
			}
		}
		b := e.Balances()
		if ours := b.Owed(AccountFee) - b[AccountLoss]; b.Of(AccountCash) != ours || seen.came-seen.left-seen.taken != ours {
			t.Fatalf("seed %d: %+v, and the books are %v", seed, seen, b)
		}
		if b[AccountLoss] > 0 {
			losses++
		}
		if err := errors.Join(e.Forget(), e.Verify()); err != nil || !reflect.DeepEqual(e.Balances(), b) {
			t.Fatalf("seed %d: after its people were forgotten: %v, %v", seed, e.Balances(), err)
		}
		ends[e.Status]++
	}
	if losses < n/200 {
		t.Errorf("%d of %d lives have a loss: the lives are too much alike", losses, n)
	}
	for _, s := range []Status{Completed, Refunded, Cancelled, PaymentLapsed} {
		if ends[s] < n/200 {
			t.Errorf("%d of %d lives end as %s: the lives are too much alike", ends[s], n, s)
		}
	}
}

// TestLifecyclePage: docs/lifecycle.md is the table.
func TestLifecyclePage(t *testing.T) {
	page := lifecyclePage()
	if *update {
		if err := os.WriteFile("docs/lifecycle.md", []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("docs/lifecycle.md"); err != nil || string(got) != page {
		t.Errorf("docs/lifecycle.md is not the table (%v); go test . -run TestLifecyclePage -update writes it", err)
	}
}

func lifecyclePage() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# The life of a deal\n")
	line("This page is made from the table `Lifecycle` of the root package by its test. A move that is not in the table is refused.")
	line("An end with money to return is reached through `settling`. The desk may also `hold` a deal that has not ended, `resume` it, and")
	line("`reseat` its seller to another account; while a deal is on hold, only the desk moves it and no time runs out.")
	line("A payout begins on hold only after a decision; else `resume` comes first. [Decision 15](decisions/0015-hold.md) has the exceptions.\n")
	line("| status | who | move | leads to | books |")
	line("|---|---|---|---|---|")
	for _, s := range Lifecycle {
		var roles []string
		for _, r := range s.Roles {
			roles = append(roles, string(r))
		}
		to := "`" + string(s.To) + "`"
		if s.To == "" {
			to = ""
		}
		line("| `%s` | %s | `%s` | %s | %s |", s.In, strings.Join(roles, ", "), s.Move, to, s.Books)
	}
	line("\n## Times\n")
	line("| status | its time | when it is over |")
	line("|---|---|---|")
	line("| `payment_pending` | `--payment-window`; with `--deal accept=first` %s to accept, and the window from then | `payment_lapsed`; money that came goes back |", hours(AcceptWithin))
	line("| `payment_confirmed` | %s to accept | all goes back to the buyer |", hours(AcceptWithin))
	line("| `active` | the delivery time of the terms, from payment and acceptance | the buyer may take everything back; %s later it goes back by itself |", hours(Late))
	line("| `active` | the seller is told at the half of it, if it has %s at least; at its end; and %s before all goes back | |", hours(HalfFrom), hours(Soon))
	line("| `delivered` | %s to check, and %s more, once | the seller is paid, if the buyer was shown that it was delivered; else the deal is held |", hours(Inspection), hours(Extension))
	line("| `disputed` | each %s to answer the other's last word | both and the desk are told; nothing is settled by it |", hours(Answer))
	line("| `settling` | a payee is reminded to say where to, after a day, a week and 30 days | |")
	line("| `settling` | a decision waits %s before anything is sent | after %s the deal is held |", hours(DecisionDelay), hours(Unclaimed))
	line("\nThe operator's setting `--deal` changes these times: `accept_within`, `late`, `inspection`, `answer` and `decision_delay`. A deal keeps those")
	line("of its Confirm.")
	line("\nA time runs out only if people could reach LockBay in its last quarter (%d minutes at least, %s at most). Else they have that much from", DoorLeast/time.Minute, hours(DoorMost))
	line("when it is back, and the time moves.\n")
	line("A hold moves every deadline by its length. `end` follows from the log alone: `completed` if the seller was paid,")
	line("`refunded` if the buyer had paid in full, else `cancelled` or `payment_lapsed`.")
	return b.String()
}

func hours(d time.Duration) string { return fmt.Sprintf("%d hours", d/time.Hour) }
