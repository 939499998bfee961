package web

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// A visitor without a draft sees the newest conversation, and the question that it asks in
// the personal one.
func TestPageShowsWhatIsAsked(t *testing.T) {
	personal := &dialog.Record{}
	deal := &dialog.Record{Head: dialog.Head{Key: dialog.Key{Flow: "deal", ID: "D-1"}, Created: time.UnixMilli(1)}}
	if got := choose(personal, []*dialog.Record{deal}, nil); got != deal {
		t.Errorf("without a question it shows %v", got.Key)
	}
	personal.Asks = &dialog.Asks{Key: deal.Key, Action: "say"}
	if got := choose(personal, []*dialog.Record{deal}, nil); got != personal {
		t.Errorf("with a question it shows %v", got.Key)
	}
}
