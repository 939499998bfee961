package intake_test

import (
	"testing"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// logged is the event of this kind in the log of a conversation; one is wanted.
func (k *talk) logged(key dialog.Key, kind dialog.EventKind) dialog.Event {
	k.t.Helper()
	var found []dialog.Event
	for _, e := range k.store.Logged() {
		if e.Key == key.String() && e.Kind == kind {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		k.t.Fatalf("%d events %q of %s, want 1", len(found), kind, key)
	}
	return found[0]
}

// The log leads from a draft to its escrow and back.
func TestEventsNameDraftAndEscrow(t *testing.T) {
	k := begin(t)
	id := k.confirmed()
	mine, its := dialog.Key{Bot: "bot", Flow: intake.FlowName, ID: k.owner}, dialog.Key{Bot: "bot", Flow: deal.FlowName, ID: id}
	started := k.logged(mine, "started")
	if started.Source != "tg" || started.Cause != "" || started.Step != "" || started.Draft == "" {
		t.Errorf("the draft: %+v", started)
	}
	if e := k.logged(mine, "confirmed"); e.Cause != id || e.Draft != started.Draft || e.Step != intake.StepReview {
		t.Errorf("its end: %+v", e)
	}
	if e := k.logged(its, "started"); e.Cause != started.Draft || e.Draft != id || e.Source != "tg" || e.Step != "" || e.Mode != "database" || e.Instance != started.Instance || !e.At.Equal(k.now) {
		t.Errorf("the escrow: %+v", e)
	}
}
