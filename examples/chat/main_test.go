package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// echo is a bot that answers each message with the same text and two buttons, and each tap with a toast.
func echo(t *testing.T, api *telegramtest.Server) {
	client := &http.Client{}
	call := func(method string, args url.Values, into any) {
		res, err := client.PostForm(api.URL()+"/bot"+api.Token()+"/"+method, args)
		if err != nil {
			return // the test is over
		}
		defer res.Body.Close()
		_ = json.NewDecoder(res.Body).Decode(into)
	}
	go func() {
		for offset := int64(0); t.Context().Err() == nil; {
			var got struct {
				OK     bool
				Result []struct {
					ID      int64 `json:"update_id"`
					Message struct {
						Text string
						Chat struct{ ID int64 }
					}
					Tap struct{ ID, Data string } `json:"callback_query"`
				}
			}
			call("getUpdates", url.Values{"offset": {strconv.FormatInt(offset, 10)}, "timeout": {"1"}}, &got)
			for _, u := range got.Result {
				offset = u.ID + 1
				if u.Tap.ID != "" {
					call("answerCallbackQuery", url.Values{"callback_query_id": {u.Tap.ID}, "text": {"you chose " + u.Tap.Data}}, &struct{}{})
					continue
				}
				call("sendMessage", url.Values{"chat_id": {strconv.FormatInt(u.Message.Chat.ID, 10)}, "text": {"you said " + u.Message.Text},
					"reply_markup": {`{"inline_keyboard":[[{"text":"Tea","callback_data":"tea"},{"text":"Milk","callback_data":"milk"}]]}`}}, &struct{}{})
			}
		}
	}()
}

// TestTalk: people write and tap by name, and read what the bot answers to each of them.
func TestTalk(t *testing.T) {
	api := telegramtest.New(telegramtest.Options{Strict: true, Fail: t.Errorf})
	defer api.Close()
	echo(t, api)
	if !api.WaitBot(time.Minute) {
		t.Fatal("the bot did not come")
	}
	var out strings.Builder
	c := newChat(api, &out)
	for _, x := range []struct{ line, want string }{
		{"anna: good morning", "[anna]\nyou said good morning\n  1 Tea\n  2 Milk\n"},
		{"@ben: hi", "[ben]\nyou said hi\n"},
		{"anna! 2", "[anna] (you chose milk)"},
		{"ben! tea", "[ben] (you chose tea)"},
		{"ben! coffee", "ben sees no such button"},
		{"ben! 3", "want a button from 1 to 2"},
		{"what", "want NAME: TEXT"},
		{"anna?", "you said good morning"},
	} {
		out.Reset()
		c.do(x.line)
		for end := time.Now().Add(time.Minute); !strings.Contains(out.String(), x.want); c.news() {
			if time.Now().After(end) {
				t.Fatalf("%q brings\n%s\nwant %q", x.line, &out, x.want)
			}
			time.Sleep(time.Millisecond)
		}
	}
	if v := api.Violations(); len(v) > 0 {
		t.Error(v)
	}
}
