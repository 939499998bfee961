package report

import (
	"maps"
	"slices"
	"time"

	"github.com/lockbay/lockbay/insight"
)

// Document is the report for programs. Times are RFC 3339 in UTC, rates are from 0 to 1.
type Document struct {
	From       string         `json:"from"`
	Until      string         `json:"until"`
	Since      string         `json:"known_since"`
	Mode       string         `json:"mode"`
	Now        string         `json:"mode_now"`
	Creations  int            `json:"creations"`
	UnderWay   int            `json:"under_way"`
	Decision   string         `json:"decision"`
	Headline   string         `json:"headline"`
	Reason     string         `json:"reason"`
	Step       string         `json:"step"`
	Condition  string         `json:"condition"`
	Threshold  string         `json:"threshold"`
	Does       string         `json:"does"`
	Here       string         `json:"here"`
	Met        bool           `json:"met"`
	Note       string         `json:"note"`
	Reach      string         `json:"reach"`
	Changes    []string       `json:"changes"`
	Why        []Question     `json:"why"`
	TypedAgain Rate           `json:"typed_again"`
	Rehydrated Rate           `json:"rehydrated"`
	Abandoned  Rate           `json:"abandoned"`
	Complaints Complaints     `json:"complaints"`
	AfterStart Rate           `json:"after_start"`
	Worst      string         `json:"worst"`
	Steps      []Step         `json:"steps"`
	Refusals   []Refusal      `json:"refusals"`
	Modes      []Mode         `json:"modes"`
	Days       []Day          `json:"days"`
	Tooks      []Took         `json:"took"`
	Lost       int            `json:"lost"`
	Durable    int            `json:"durable"`
	Confirmed  int            `json:"confirmed"`
	Cancelled  int            `json:"cancelled"`
	Blocked    int            `json:"blocked"`
	Silent     int            `json:"silent"`
	Replaced   int            `json:"replaced"`
	Back       int            `json:"back"`
	Paid       int            `json:"paid"`
	Lapsed     int            `json:"lapsed"`
	Starts     int            `json:"starts"`
	Episodes   int            `json:"episodes"`
	Felt       int            `json:"felt"`
	FeltLimit  float64        `json:"felt_threshold"` // a day
	Causes     map[string]int `json:"causes"`
	Sources    map[string]int `json:"sources"`
	Ceiling    float64        `json:"ceiling"`
	Related    string         `json:"related"`
	Exposed    int            `json:"exposed"`
	Control    int            `json:"control"`
	Ratio      float64        `json:"ratio"` // 0: unknown, and so are its limits
	RatioLow   float64        `json:"ratio_low"`
	RatioHigh  float64        `json:"ratio_high"`
	Cost       Cost           `json:"cost"`
}

// Cost is what a month costs, in dollars: in the mode of new drafts, and in the one to which the decision moves them.
type Cost struct {
	Known     bool    `json:"known"` // false: Month is 0
	Month     float64 `json:"month"`
	Move      string  `json:"move"` // empty: drafts stay where they are, and the others are 0 and empty
	MoveKnown bool    `json:"move_known"`
	MoveMonth float64 `json:"move_month"`
	Threshold float64 `json:"threshold"` // more a month
	Verdict   string  `json:"verdict"`
}

// Question is one on the way to the decision.
type Question struct {
	Asks   string `json:"asks"`
	Answer string `json:"answer"`
	Yes    bool   `json:"yes"`
	Else   string `json:"else"`
}

// Rate is a judged rate.
type Rate struct {
	X         int     `json:"x"`
	N         int     `json:"n"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Threshold float64 `json:"threshold"`
	Verdict   string  `json:"verdict"`
	More      int     `json:"more"`
}

// Step is a question.
type Step struct {
	Step    string  `json:"step"`
	Left    Rate    `json:"left"`
	Answer  float64 `json:"answer_seconds"`
	Refused int     `json:"refused"`
}

// Refusal is an answer that a question did not accept.
type Refusal struct {
	Step string `json:"step"`
	Code string `json:"code"`
	N    int    `json:"n"`
}

// Mode is one in which creations began.
type Mode struct {
	Mode       string `json:"mode"`
	TypedAgain Rate   `json:"typed_again"`
}

// Day is one of the window.
type Day struct {
	Day      string `json:"day"`
	ReadBack int    `json:"read_back"`
	Soon     int    `json:"soon"`
	Episodes int    `json:"episodes"`
	Felt     int    `json:"felt"`
}

// Took is how long rehydrations from a source took.
type Took struct {
	Source string  `json:"source"`
	N      int     `json:"n"`
	P50    float64 `json:"p50_ms"`
	P95    float64 `json:"p95_ms"`
	P99    float64 `json:"p99_ms"`
}

// Complaints are tickets about lost progress.
type Complaints struct {
	N         int     `json:"n"`
	WithLost  int     `json:"with_lost"`
	Weeks     float64 `json:"weeks"`
	Low       float64 `json:"low"` // a week
	High      float64 `json:"high"`
	Threshold float64 `json:"threshold"`
	Verdict   string  `json:"verdict"`
	More      int     `json:"more_weeks"`
	Related   string  `json:"related"`
}

func rate(r insight.Rate, threshold float64) Rate {
	return Rate{r.X, r.N, r.Low, r.High, threshold, string(r.Verdict), r.More}
}

// Document is the report for programs.
func (r *Report) Document() *Document {
	t, c := r.Limits, r.Complaints
	x := &Document{
		From: rfc(r.From), Until: rfc(r.Until), Since: rfc(r.Since), Mode: r.Mode, Now: r.Now, Creations: r.Creations, UnderWay: r.UnderWay,
		Decision: string(r.Leaf), Headline: r.Headline(), Reason: r.Reason(), Step: r.Step, Note: r.Note, Reach: r.Reach, Changes: append([]string{}, r.Changes...),
		TypedAgain: rate(r.TypedAgain, t.Rehydration), Rehydrated: rate(r.Rehydrated, t.Rehydration), Abandoned: rate(r.Abandoned, t.Abandonment), AfterStart: rate(r.AfterStart, t.Restart),
		Complaints: Complaints{c.N, c.WithLost, c.Weeks, c.Low, c.High, t.Complaints, string(c.Verdict), c.More, string(c.Related)},
		Lost:       r.Lost, Durable: r.Durable, Confirmed: r.Ended[insight.Confirmed], Cancelled: r.Ended[insight.Cancelled], Blocked: r.Ended[insight.Blocked], Silent: r.Ended[insight.Silent],
		Replaced: r.Ended[insight.Replaced], Back: r.Back, Paid: r.Paid, Lapsed: r.Lapsed, Starts: r.Starts, Episodes: r.Episodes, Felt: r.Felt, FeltLimit: t.Felt,
		Causes: r.Causes, Sources: r.Sources, Ceiling: r.Ceiling, Related: r.Related.Verdict, Exposed: r.Related.Exposed, Control: r.Related.Control,
	}
	if a := r.Action; a != nil {
		x.Condition, x.Threshold, x.Does, x.Here, x.Met = a.Condition, a.Threshold, a.Does, a.Here, a.Met
	}
	if r.Related.Ratio > 0 { // else its upper limit is infinite
		x.Ratio, x.RatioLow, x.RatioHigh = r.Related.Ratio, r.Related.Low, r.Related.High
	}
	x.Cost = Cost{Threshold: r.Costs.Most, Move: r.Move(), Verdict: r.costVerdict()}
	x.Cost.Month, x.Cost.Known = r.Costs.Month[r.Now]
	x.Cost.MoveMonth, x.Cost.MoveKnown = r.Costs.Month[x.Cost.Move]
	x.lists(r)
	return x
}

// lists fills the lists, none of which is null.
func (x *Document) lists(r *Report) {
	x.Why, x.Steps, x.Refusals, x.Modes, x.Days, x.Tooks = []Question{}, []Step{}, []Refusal{}, []Mode{}, []Day{}, []Took{}
	for _, q := range r.Asked {
		x.Why = append(x.Why, Question{q.Asks, q.Answer, q.Yes, q.Else})
	}
	if r.Worst != nil {
		x.Worst = r.Worst.Step
	}
	for _, s := range r.Steps {
		x.Steps = append(x.Steps, Step{s.Step, rate(s.Left, r.Limits.Step), s.Answer.Seconds(), s.Refused})
	}
	for _, f := range r.Refusals {
		x.Refusals = append(x.Refusals, Refusal{f.Step, f.Code, f.N})
	}
	for _, m := range r.Modes {
		x.Modes = append(x.Modes, Mode{m.Mode, rate(m.TypedAgain, r.Limits.Rehydration)})
	}
	for _, d := range r.Days {
		x.Days = append(x.Days, Day{d.Day, d.ReadBack, d.Soon, d.Episodes, d.Felt})
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	for _, source := range slices.Sorted(maps.Keys(r.Tooks)) {
		t := r.Tooks[source]
		x.Tooks = append(x.Tooks, Took{source, t.N, ms(t.P50), ms(t.P95), ms(t.P99)})
	}
}
