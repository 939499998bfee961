package rollout

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lockbay/lockbay/dialog"
)

// Verb is what an order does.
type Verb string

// The verbs.
const (
	Start   Verb = "start"
	Advance Verb = "advance"
	Pause   Verb = "pause"
	Resume  Verb = "resume"
	Revert  Verb = "revert"
)

var verbs = []Verb{Start, Advance, Pause, Resume, Revert}

// Order is what an operator wants of a rollout.
type Order struct {
	Verb   Verb   `json:"-"`
	Reason string `json:"reason,omitempty"`
	Force  bool   `json:"force,omitempty"` // against what the figures say
	// Stage is that at which the rollout was seen: at any other one the order changes nothing, so that of two operators who
	// advance at once one does. Revert is good at any stage.
	Stage int `json:"stage,omitempty"`

	// Of Start.
	Mode string `json:"mode,omitempty"`
	Goal Goal   `json:"goal,omitempty"`
	Plan Plan   `json:"plan"`
	Pace Pace   `json:"pace"`
	// Ceiling is by which part a new mode can lower abandonment at most; negative: unknown.
	Ceiling float64 `json:"ceiling,omitempty"`
}

// Doubt is an error of an order that is taken with Force.
type Doubt struct {
	Why  string // as a sentence without its end
	Does string // with Force: "goes on", for example
}

// Error says it as a command does.
func (d *Doubt) Error() string { return d.Why + "; --force " + d.Does + " all the same" }

// ErrAlready is in the error of an order that asks for what is there already.
var ErrAlready = errors.New("already")

// Input is the order as an input of by: cli, or an operator. Given twice it is applied once.
func (o *Order) Input(bot, name, by string) dialog.Input {
	raw, err := json.Marshal(o)
	if err != nil {
		panic("rollout: " + err.Error()) // it has only strings and finite numbers
	}
	return dialog.Input{ID: "order " + rand.Text(), Kind: dialog.KindOrder, Key: Key(bot, name), Name: string(o.Verb), Text: string(raw), By: by}
}

// Key is that of a rollout.
func Key(bot, name string) dialog.Key { return dialog.Key{Bot: bot, Flow: FlowName, ID: name} }

// orderOf decodes the order of an input.
func orderOf(in *dialog.Input) (o Order, ok bool) {
	if in.Kind != dialog.KindOrder || !slices.Contains(verbs, Verb(in.Name)) || json.Unmarshal([]byte(in.Text), &o) != nil {
		return o, false
	}
	o.Verb = Verb(in.Name)
	o.Reason = strings.Join(strings.Fields(o.Reason), " ")
	return o, true
}

// Check is why a rollout does not take an order, as a sentence for the operator; nil: it does. It is pure, and the same for
// whoever gives an order and for the turn that decides it.
func (s *State) Check(o *Order, now time.Time) error {
	switch {
	case utf8.RuneCountInString(o.Reason) > ReasonMost:
		return fmt.Errorf("want a reason of at most %d characters", ReasonMost)
	case o.Verb == Start:
		return s.checkStart(o)
	case !s.Begun():
		return fmt.Errorf("there is no rollout %s", s.Name)
	case strings.TrimSpace(o.Reason) == "":
		return errors.New("want a reason, which is kept with the figures")
	case s.Reverted != 0 && o.Verb == Revert:
		return fmt.Errorf("rollout %s is reverted %w", s.Name, ErrAlready)
	case s.Reverted != 0:
		return fmt.Errorf("rollout %s is reverted; start another one, by a new name", s.Name)
	case o.Verb == Revert:
		return nil
	case o.Stage != s.Stage():
		return fmt.Errorf("rollout %s is at stage %d (%d %%) by now, not at stage %d; nothing was changed", s.Name, s.Stage(), s.Share(), o.Stage)
	case o.Verb == Pause && s.Paused:
		return fmt.Errorf("rollout %s is paused %w", s.Name, ErrAlready)
	case o.Verb == Resume && !s.Paused:
		return fmt.Errorf("rollout %s goes on %w", s.Name, ErrAlready)
	case o.Verb == Advance:
		return s.checkAdvance(o, now)
	}
	return nil
}

func (s *State) checkStart(o *Order) error {
	if s.Begun() {
		return fmt.Errorf("rollout %s exists; take another name, so that other people come first", s.Name)
	}
	if !IsName(s.Name) {
		return errors.New("want a name of 1 to 32 of a-z, 0-9 and -, for example database-1")
	}
	if _, err := dialog.ParseMode(o.Mode); err != nil {
		return err
	}
	if o.Goal != Safe && o.Goal != Fewer {
		return fmt.Errorf("goal %q: want safe or fewer", o.Goal)
	}
	if o.Goal == Fewer && len(o.Plan.Stages) == 1 {
		return errors.New("the goal fewer needs a stage below 100 % to compare in")
	}
	if err := o.Plan.check(); err != nil || o.Goal != Fewer || o.Force {
		return err
	}
	return doubtFewer(o.Ceiling)
}

// doubtFewer is why the goal Fewer may be out of reach, by the ceiling of an order.
func doubtFewer(ceiling float64) error {
	switch {
	case ceiling < 0:
		return &Doubt{fmt.Sprintf("nobody knows yet whether a new mode can lower abandonment by the %.0f %% of the goal fewer: too few creations came, or none was abandoned; take the goal safe", 100*Wanted), "starts it"}
	case ceiling < Wanted:
		return &Doubt{fmt.Sprintf("a new mode can lower abandonment by %.0f %% at most, and the goal fewer wants %.0f %%; take the goal safe", 100*ceiling, 100*Wanted), "starts it"}
	}
	return nil
}

func (s *State) checkAdvance(o *Order, now time.Time) error {
	if s.Paused {
		return fmt.Errorf("rollout %s is paused; resume it first", s.Name)
	}
	if s.Situation(now) == Full {
		return fmt.Errorf("rollout %s is at 100 %% %w", s.Name, ErrAlready)
	}
	if why := s.early(now); why != "" && !o.Force {
		return &Doubt{why, "goes on"}
	}
	return nil
}

// early is why it is too early for the next stage; empty: it is not.
func (s *State) early(now time.Time) string {
	switch s.Situation(now) {
	case Comparing:
		until := time.UnixMilli(s.last().Until)
		if !until.After(now) {
			return fmt.Sprintf("the goal of rollout %s is judged within a minute", s.Name)
		}
		return fmt.Sprintf("stage %d of rollout %s lasts until %s", s.Stage(), s.Name, until.UTC().Format("2006-01-02 15:04 MST"))
	case TooFewYet:
		return fmt.Sprintf("stage %d of rollout %s has compared too few creations: %d in new and %d in old, and %d of each are to be", s.Stage(), s.Name,
			s.last().All.New.N, s.last().All.Old.N, Enough)
	}
	return ""
}
