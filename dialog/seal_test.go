package dialog_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// forge changes what lies in the draft store under name, as somebody who can write there
// would, and repairs the checksum of copies before seals.
func (w *world) forge(name, old, changed string) {
	w.Helper()
	b, err := w.drafts.Get(w.Context(), name)
	if err != nil || !bytes.Contains(b, []byte(old)) || len(old) != len(changed) {
		w.Fatalf("%s has %q, %v; want %q in it", name, b, err, old)
	}
	b = bytes.ReplaceAll(b, []byte(old), []byte(changed))
	for _, value := range [][]byte{b, binary.BigEndian.AppendUint32(b[:len(b)-4:len(b)-4], crc32.ChecksumIEEE(b[:len(b)-4]))} {
		if err := w.drafts.Put(w.Context(), name, 0, value, time.Hour); err != nil {
			w.Fatal(err)
		}
	}
}

// TestForgedCopy: a copy that somebody else wrote is no copy, and the row is read.
func TestForgedCopy(t *testing.T) {
	everywhere(t, dialog.Hybrid, func(w *world) {
		w.say("/create")
		w.say("small")
		w.copied(2)
		w.forge("{"+w.key().String()+"}", "small", "large")
		w.restart()
		w.at(w.say("2"), "address", Order{Size: "small", Count: 2})
		w.rebuilt(dialog.FromDatabase, dialog.CauseFailover, false)
	})
}

// TestReplayedCopy: the copy of another conversation is no copy either.
func TestReplayedCopy(t *testing.T) {
	everywhere(t, dialog.Hybrid, func(w *world) {
		w.say("/create")
		w.say("small")
		w.copied(2)
		b, err := w.drafts.Get(t.Context(), "{"+w.key().String()+"}")
		if err != nil {
			t.Fatal(err)
		}
		w.owner = "tg:1000002"
		w.say("/create")
		w.say("large")
		w.copied(2)
		if err := w.drafts.Put(t.Context(), "{"+w.key().String()+"}", 0, b, time.Hour); err != nil {
			t.Fatal(err)
		}
		w.restart()
		w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
	})
}

// TestForgedDraft: a draft that somebody else changed is lost, and its answers are asked again.
func TestForgedDraft(t *testing.T) {
	everywhere(t, dialog.Redis, func(w *world) {
		w.say("/create")
		w.say("small")
		w.eventually("one value", func() bool { return len(w.names()) == 1 })
		w.forge(w.names()[0], "small", "large")
		w.restart()
		troubles := w.troubles.Load()
		w.at(w.say("2"), "size", Order{Count: 2})
		w.rebuilt(dialog.FromHead, dialog.CauseRestart, true)
		if w.troubles.Load() == troubles {
			t.Error("nobody is told")
		}
	})
}

// TestUnsealedDraft: a draft without a seal counts as long as its row does not say that it was
// sealed. The next turn seals it, also a turn that leaves the draft.
func TestUnsealedDraft(t *testing.T) {
	everywhere(t, dialog.Redis, func(w *world) {
		w.say("/create")
		w.say("small")
		row := w.unseal()
		w.restart()
		w.at(w.say("200"), "count", Order{Size: "small"}) // refused
		w.rebuilt(dialog.FromRedis, dialog.CauseRestart, false)
		next := w.row(dialog.InRedis)
		if next.DraftTag == row.DraftTag {
			t.Fatal("the draft has its old tag, under which it had no seal")
		}
		w.eventually("the draft without a seal fades", func() bool { return len(w.names()) == 1 })
		b, err := w.drafts.Get(t.Context(), w.names()[0])
		if err != nil || !strings.Contains(string(b), "small") || strings.HasPrefix(string(b), "{") {
			t.Fatalf("draft store has %q, %v; want a sealed draft", b, err)
		}
		w.restart()
		w.at(w.say("2"), "address", Order{Size: "small", Count: 2})
		w.rebuilt(dialog.FromRedis, dialog.CauseRestart, false)
	})
}

// unseal makes the present row and its draft as a program before seals left them.
func (w *world) unseal() *dialog.Row {
	w.Helper()
	row := w.row(dialog.InRedis)
	rec, err := dialog.Decode(row)
	if err != nil || !rec.Sealed {
		w.Fatalf("sealed %v, %v", rec.Sealed, err)
	}
	w.eventually("one value", func() bool { return len(w.names()) == 1 })
	name := w.names()[0]
	b, err := w.drafts.Get(w.Context(), name)
	if err != nil {
		w.Fatal(err)
	}
	if err := w.drafts.Put(w.Context(), name, 0, b[1:len(b)-16], 24*time.Hour); err != nil {
		w.Fatal(err)
	}
	row.State = bytes.Replace(row.State, []byte(`,"k":true`), nil, 1)
	if err := w.memory.Forget(context.Background(), row.Key, row.Stamp()); err != nil {
		w.Fatal(err)
	}
	if _, err := w.memory.Commit(w.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
		w.Fatal(err)
	}
	return row
}
