package telegramtest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestFaults(t *testing.T) {
	r := newRig(t, nil)
	anna, bert := r.Person(7, "anna_buyer", "Anna"), r.Person(8, "bert", "Bert")
	const call = `{"chat_id":7,"text":"x"}`
	r.FailNext("sendMessage", TooManyRequests(3), InternalError(), BadGateway())
	r.FailNext("sendMessage", Refused("message can't be edited"))

	r.ok("getMe", "")
	if e := r.do("sendMessage", call); e.status != 429 || e.Description != "Too Many Requests: retry after 3" || e.Parameters == nil || e.Parameters.RetryAfter != 3 {
		t.Errorf("429: %s", e.raw)
	}
	if e := r.do("sendMessage", call); e.raw != `{"ok":false,"error_code":500,"description":"Internal Server Error"}` {
		t.Errorf("500: %s", e.raw)
	}
	if e := r.do("sendMessage", call); e.status != 502 || !strings.HasPrefix(e.raw, "<html>") {
		t.Errorf("502: %d %s", e.status, e.raw)
	}
	r.refused(400, "Bad Request: message can't be edited", "sendMessage", call)
	if n := len(anna.Messages()); n != 0 {
		t.Errorf("%d messages although every call failed", n)
	}

	r.FailNext("sendMessage", LostAnswer())
	if e, err := r.try("sendMessage", call); err == nil {
		t.Errorf("answer: %s", e.raw)
	}
	if n := len(anna.Messages()); n != 1 {
		t.Errorf("lost answer: %d messages, want 1", n)
	}
	r.FailNext("sendMessage", Dropped())
	if e, err := r.try("sendMessage", call); err == nil {
		t.Errorf("answer: %s", e.raw)
	}
	if n := len(anna.Messages()); n != 1 {
		t.Errorf("dropped: %d messages, want 1", n)
	}

	f := TooManyRequests(1)
	f.Chat = 8
	stop := r.FailAlways("", f)
	r.ok("sendMessage", call)
	for range 2 {
		if e := r.do("sendMessage", `{"chat_id":8,"text":"x"}`); e.status != 429 {
			t.Errorf("by chat: %s", e.raw)
		}
	}
	stop()
	r.ok("sendMessage", `{"chat_id":8,"text":"x"}`)
	if len(bert.Messages()) != 1 {
		t.Errorf("bert: %v", bert.Messages())
	}
	r.FailNext("sendMessage", Fault{Code: 500, Match: func(c Call) bool { return strings.Contains(c.Text, "special") }})
	r.ok("sendMessage", call)
	if e := r.do("sendMessage", `{"chat_id":7,"text":"special"}`); e.status != 500 {
		t.Errorf("by text: %s", e.raw)
	}
	codes := ""
	for _, c := range r.CallsOf("sendMessage") {
		codes += fmt.Sprint(c.Code, " ")
	}
	if codes != "429 500 502 400 200 0 200 429 429 200 200 500 " {
		t.Errorf("codes: %s", codes)
	}
	r.noViolations()
}

func TestHangs(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	post := func(ctx context.Context) error {
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, r.URL()+"/bot"+r.Token()+"/sendMessage", strings.NewReader(`{"chat_id":7,"text":"x"}`))
		req.Header.Set("Content-Type", "application/json")
		res, err := r.client.Do(req)
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	giveUp := func() error { // after the call has hit its fault
		left := len(r.faultsLeft())
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			soon(t, "the call arrives", func() bool { return len(r.faultsLeft()) < left })
			cancel()
		})
		return post(ctx)
	}
	r.FailNext("sendMessage", Hangs(), Late(30*time.Millisecond), Late(2*patience))
	if giveUp() == nil || len(anna.Messages()) != 0 {
		t.Error("the call that hangs was done")
	}
	if err := post(t.Context()); err != nil || len(anna.Messages()) != 1 {
		t.Errorf("late: %v, %d messages", err, len(anna.Messages()))
	}
	if giveUp() == nil || len(anna.Messages()) != 1 {
		t.Error("the call whose client gave up was done")
	}
	r.FailNext("", Hangs()) // Close ends it
	go post(context.WithoutCancel(t.Context()))
	soon(t, "it hangs", func() bool { return len(r.faultsLeft()) == 0 })
}

func (r *rig) faultsLeft() []*plannedFault {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.faults
}
