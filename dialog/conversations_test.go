package dialog

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// The page of a person's conversations has the newest ones, wherever their keys
// stand, and never loses the person's own.
func TestConversations(t *testing.T) {
	store := NewMemory()
	e, err := New(store, Config{}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	began := time.UnixMilli(1_700_000_000_000)
	put := func(key Key, owner string, age, format int) {
		t.Helper()
		row := &Row{Head: Head{Key: key, Owner: owner, Version: 1, Tag: 1, Format: format, Created: began.Add(-time.Duration(age) * time.Hour)}}
		done, err := store.Commit(t.Context(), &Batch{Writes: []*Write{{After: row}}})
		if err != nil || done.Verdicts[0] != Applied {
			t.Fatal(done.Verdicts, err)
		}
	}
	const most, all = 200, 450
	for i := range all {
		put(Key{"bot", "sale", fmt.Sprintf("%03d", i)}, "tg:1", all-i, recordFormat) // the newest has the last key
	}
	put(Key{"bot", "sale", "of-another"}, "tg:2", 0, recordFormat)
	put(Key{"bot", "sale", "of-tomorrow"}, "tg:1", 0, recordFormat+1)
	put(Key{"bot", AsideFlow, "7:tg:1"}, "tg:1", 0, AsideFormat)

	own, others, err := e.Conversations(t.Context(), "tg:1")
	if err != nil || own.Version != 0 || own.Owner != "tg:1" || len(others) != most {
		t.Fatalf("%+v, %d others, %v", own, len(others), err)
	}
	put(Key{"bot", "lines", "tg:1"}, "tg:1", 10_000, recordFormat)
	own, others, err = e.Conversations(t.Context(), "tg:1")
	if err != nil || own.Version != 1 || len(others) != most {
		t.Fatalf("%+v, %d others, %v", own, len(others), err)
	}
	for i, r := range others {
		if want := fmt.Sprintf("%03d", all-1-i); r.Key.ID != want {
			t.Fatalf("number %d is %s, want %s", i, r.Key.ID, want)
		}
	}
	put(Key{"bot", "lines", "tg:3"}, "tg:3", 0, recordFormat+1)
	if _, _, err := e.Conversations(t.Context(), "tg:3"); !errors.Is(err, ErrSchemaNewer) {
		t.Errorf("the own one is newer: %v", err)
	}
}
