package telegram

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// TestRowOfAnother: a row that another instance has deleted or changed is no error where it was to go, and no update of it
// is counted. Any other error is told.
func TestRowOfAnother(t *testing.T) {
	store := dialogtest.NewFaulty(dialog.NewMemory())
	c := bare(t, store, nil)
	key := c.asideKey("tg:7")
	err := c.engine.SetAside(t.Context(), dialog.Stamp{}, &dialog.Row{Head: dialog.Head{Key: key, Owner: "tg:7", Version: 1, Tag: 1, Format: dialog.AsideFormat}, Answers: []byte(`{"updates":[{},{}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		err  error
		fine bool
	}{{dialog.ErrNotFound, true}, {dialog.ErrConflict, true}, {dialogtest.ErrFault, false}} {
		store.Next(dialogtest.Forget, 1, dialogtest.Fault{Before: x.err})
		if n, err := c.drop(t.Context(), key); x.fine && (n != 0 || err != nil) || !x.fine && err == nil {
			t.Errorf("drop after %v: %d updates, %v", x.err, n, err)
		}
	}
	for _, x := range []struct {
		err  error
		fine bool
	}{{dialog.ErrNotFound, true}, {dialog.ErrConflict, false}, {dialogtest.ErrFault, false}} {
		store.Next(dialogtest.Forget, 1, dialogtest.Fault{Before: x.err})
		if err := c.put(t.Context(), key, &asideWrite{}); (err == nil) != x.fine {
			t.Errorf("delete after %v: %v", x.err, err)
		}
	}
}

// TestMayMove: a tap in a supergroup that is not known may come from one that a configured group has become, unless no
// group can become one any more.
func TestMayMove(t *testing.T) {
	for _, x := range []struct {
		groups []int64
		chat   int64
		want   bool
	}{
		{[]int64{basic}, super, true}, {[]int64{basic}, basic, false}, {[]int64{basic}, -4002, false}, {[]int64{super}, other, false},
		{[]int64{basic, super}, super, false}, {[]int64{basic, super}, other, true}, {nil, super, false}, {[]int64{basic}, 7, false},
		{[]int64{basic}, basicLeast, false}, {[]int64{basic}, basicLeast - 1, true}, {[]int64{basicLeast}, super, true}, {[]int64{basicLeast - 1}, super, false},
	} {
		if got := newGroups(x.groups).mayMove(x.chat); got != x.want {
			t.Errorf("groups %d, tap in %d: %t", x.groups, x.chat, got)
		}
	}
}

// TestTooManyIsNoFailure: updates that wait for their turn are no line in the log.
func TestTooManyIsNoFailure(t *testing.T) {
	var asked atomic.Int64
	r := start(t, false, func(_ *rig, cfg *Config) {
		cfg.allow = func(string) bool { return asked.Add(1) > 3 }
	})
	r.anna.Say("/start")
	r.eventually("it was let in", func() bool { return asked.Load() > 3 })
	if strings.Contains(r.logs.String(), "an update failed") {
		t.Errorf("%s", r.logs)
	}
}

// TestSentInAnyForm: the number of the new message is read from an answer of any form.
func TestSentInAnyForm(t *testing.T) {
	for answer, want := range map[string]int64{
		`{"ok":true,"result":{"message_id":77,"chat":{"id":1}}}`:                  77,
		"{ \"result\" : {\"chat\":{\"id\":1}, \"message_id\":78},\n\"ok\":true }": 78,
	} {
		c := answering(answer)
		if got, err := c.send(t.Context(), "sendMessage", []byte(`{}`)); err != nil || got != want {
			t.Errorf("%s: message %d, %v", answer, got, err)
		}
	}
}

// answering is a client of a server that has one answer.
func answering(answer string) *client {
	return newClient("http://example.org", "1:x", tripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(answer)), Header: http.Header{}}, nil
	}), 2)
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestCallsEnd: a call to a server that says nothing ends before the courier gives its own call up, after 20 s.
func TestCallsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient("http://example.org", "1:x", tripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}), 2)
		began := time.Now()
		if _, err := c.send(t.Context(), "sendMessage", []byte(`{}`)); err == nil {
			t.Error("no error")
		}
		if took := time.Since(began); took >= 20*time.Second || took < 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestFailedWithoutToken: without a token nothing is taken out of an error.
func TestFailedWithoutToken(t *testing.T) {
	c := &client{}
	if err := c.failed("getMe", errors.New("no route")); err.Error() != "telegram: getMe: no route" {
		t.Error(err)
	}
}

// TestWhatBotSaysStays: where a card is too long, what people have written is cut before what the bot says, and the
// longest of it first.
func TestWhatBotSaysStays(t *testing.T) {
	body := strings.Repeat("b", 3000)
	text, _ := render(&dialog.Card{Question: "Right?", Body: []string{body}, Facts: []dialog.Fact{
		{Label: "For", Value: strings.Repeat("f", 2500)}, {Label: "Seller", Value: strings.Repeat("s", 300)}}})
	seen := visible(text)
	if !strings.Contains(seen, body) || !strings.Contains(seen, strings.Repeat("s", 300)) || strings.Contains(seen, strings.Repeat("f", 1000)) || units(seen) > textMax {
		t.Errorf("%d units, %d of the body, %d of the seller", units(seen), strings.Count(seen, "b"), strings.Count(seen, "s"))
	}
}

// TestEditWithoutNumber: an edit of a message that has no number belongs to no series.
func TestEditWithoutNumber(t *testing.T) {
	u, err := botapi.Parse([]byte(`{"update_id":1,"edited_message":{"from":{"id":7},"chat":{"id":7,"type":"private"},"edit_date":9,"text":"x"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if in, ok := decode(&u, "1"); ok && in.Serial != (dialog.Serial{}) {
		t.Errorf("%+v", in)
	}
}

// TestLargestUpdate: a body of 1 MiB is read, and one byte more is too large, with a length or without.
func TestLargestUpdate(t *testing.T) {
	c := bare(t, dialog.NewMemory(), nil)
	good := text(1, 1, "/start")
	fits := good + strings.Repeat(" ", updateMax-len(good))
	for body, want := range map[string]int{fits: 200, fits + " ": 413} {
		for _, stream := range []bool{false, true} {
			var in io.Reader = strings.NewReader(body)
			if stream {
				in = io.MultiReader(in)
			}
			q := httptest.NewRequest(http.MethodPost, "/telegram/webhook", in)
			q.Header.Set(secretHeader, secret)
			w := httptest.NewRecorder()
			if c.ServeHTTP(w, q); w.Code != want {
				t.Errorf("%d bytes, streamed %t: %d, want %d", len(body), stream, w.Code, want)
			}
		}
	}
}

// TestPhone: the plus sign is added before each digit but 0.
func TestPhone(t *testing.T) {
	for number, want := range map[string]string{"1555": "+1555", "995": "+995", "0995": "0995", "": "", "+49": "+49", ":1": ":1", "/1": "/1"} {
		if got := phone(number); got != want {
			t.Errorf("%q is %q", number, got)
		}
	}
}

// TestForeignReplyInGroup: a text that nobody has asked for in a group is answered with nothing: others read there, too.
func TestForeignReplyInGroup(t *testing.T) {
	r := grouped(t, super)
	id, err := r.show(super, "", "card")
	if err != nil {
		t.Fatal(err)
	}
	before := r.Count("sendMessage")
	u := r.anna.ReplyInGroup(super, number(t, id), "R-77")
	raw := u.JSON()
	x, err := botapi.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.ch.handle(t.Context(), &x, raw, true); err != nil || got != (reply{}) {
		t.Errorf("%+v, %v", got, err)
	}
	if n := r.Count("sendMessage"); n != before {
		t.Errorf("%d messages, and %d before", n, before)
	}
}

func number(t *testing.T, id string) int {
	t.Helper()
	n, err := spotOf(dialog.Place{Address: id})
	if err != nil {
		t.Fatal(err)
	}
	return int(n.chat)
}

// TestRowsBeforeTheWebhook: the server is told of the webhook once the rows of updates set aside are read: their people's
// older updates come first.
func TestRowsBeforeTheWebhook(t *testing.T) {
	var faulty *dialogtest.Faulty
	r := start(t, true, nil, func(s dialog.Store) dialog.Store {
		faulty = dialogtest.NewFaulty(s)
		faulty.Func(func(m dialogtest.Method, _ *dialog.Batch) dialogtest.Fault {
			if m == dialogtest.List {
				return dialogtest.Fault{Before: dialogtest.ErrFault}
			}
			return dialogtest.Fault{}
		})
		return faulty
	})
	r.eventually("the rows were asked for", func() bool { return faulty.Calls(dialogtest.List) > 0 })
	r.stays("no webhook yet", func() bool { return r.Count("setWebhook") == 0 })
	faulty.Heal()
	r.eventually("the webhook", func() bool { return r.Count("setWebhook") > 0 })
}

// TestTroubleOf: which errors tell of a chat.
func TestTroubleOf(t *testing.T) {
	for _, x := range []struct {
		err  error
		want string
	}{
		{nil, ""}, {errors.New("CHAT_RESTRICTED"), ""}, {&callError{Code: 403}, ChatAbsent}, {&callError{Code: 400, Description: "Bad Request: chat not found"}, ChatAbsent},
		{&callError{Code: 400, Description: "Bad Request: CHAT_WRITE_FORBIDDEN"}, ChatMute}, {&callError{Code: 500, Description: "CHAT_WRITE_FORBIDDEN"}, ""},
		{&callError{Code: 429, Description: "not enough rights"}, ""}, {&callError{Code: 400, Description: "message is too long"}, ""},
		{&callError{Code: 400, MovedTo: super, Description: "group chat was upgraded to a supergroup chat; chat not found"}, ""},
	} {
		if got := troubleOf(x.err); got != x.want {
			t.Errorf("%+v: %q, want %q", x.err, got, x.want)
		}
	}
}

// TestGroupTroubleIsOneCall: an error that names no other chat is not tried in another one.
func TestGroupTroubleIsOneCall(t *testing.T) {
	r := grouped(t, super)
	before := r.Count("sendMessage")
	r.FailNext("sendMessage", telegramtest.InternalError())
	if _, err := r.show(super, "", "card"); err == nil {
		t.Error("no error")
	}
	if n := r.Count("sendMessage") - before; n != 1 {
		t.Errorf("%d calls", n)
	}
}

// TestReplyInAPause: while a chat is paused, the answer to an update does not send a message there.
func TestReplyInAPause(t *testing.T) {
	r := start(t, true, nil)
	r.eventually("the bot knows its name", func() bool { return r.ch.Username() != "" })
	ask := func() string {
		body := `{"update_id":900,"message":{"message_id":77,"from":{"id":7},"chat":{"id":-1001234567890,"type":"supergroup"},"text":"/start@` + r.ch.Username() + `"}}`
		return post(r.ch, secret, body).Body.String()
	}
	if got := ask(); !strings.Contains(got, "sendMessage") {
		t.Fatalf("without a pause: %q", got)
	}
	r.ch.pace.pause(super, time.Minute)
	if got := ask(); got != "" {
		t.Errorf("in a pause: %q", got)
	}
}
