package rollout

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Counter counts what a rollout compares. It may be called at any time, by any instance, and returns the same counts for the
// same events. It writes nothing. Counts only grow while the stages stay as they are, apart from events that come late.
type Counter func(ctx context.Context, r Running) (Counted, error)

// Running is a rollout whose creations are to be counted.
type Running struct {
	Name string
	// Stages are those that are still counted, in their order. The last one goes on.
	Stages []Stage
}

// Stage is a part of a rollout in which its share stays as it is.
type Stage struct {
	Number  int           // from 1 on
	Before  int           // share of owners in percent before the stage
	Share   int           // and in it
	Began   time.Time     // of the stage
	Ended   time.Time     // of it; zero: it goes on. Attempts begun before it count, once they are a horizon old, and no later ones
	Resumed time.Time     // since when creations count: when the rollout was last resumed, or Began
	Slow    time.Duration // a rehydration that takes longer is slow; 0: not known yet, so none is
}

// Counted is what a Counter finds.
type Counted struct {
	// Stages are the counts of each stage that was asked for, in the same order.
	Stages []Compared `json:"stages"`
	// P95 is the 95th percentile of how long persons' rehydrations took with the old, in the seven days before the last stage
	// began: of all of them before the first stage, and of the arm Old of the stage before any other. 0: there were none.
	P95 time.Duration `json:"p95,omitempty"`
}

// VariantOf names the arm of a stage, as the events of a creation have it: NAME/STAGE/ARM. The creation keeps the variant with
// which it began.
func VariantOf(name string, stage int, arm Arm) string {
	return name + "/" + strconv.Itoa(stage) + "/" + string(arm)
}

// ParseVariant is the inverse of VariantOf. ok is false for any other text.
func ParseVariant(s string) (name string, stage int, arm Arm, ok bool) {
	part := strings.Split(s, "/")
	if len(part) != 3 || part[0] == "" {
		return "", 0, "", false
	}
	stage, err := strconv.Atoi(part[1])
	arm = Arm(part[2])
	ok = err == nil && stage > 0 && (arm == New || arm == Old || arm == Earlier) && VariantOf(part[0], stage, arm) == s
	return part[0], stage, arm, ok
}
