package telegram

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

const (
	basic = -4001          // a group
	super = -1001234567890 // the supergroup that it becomes
	other = -1009876543210 // a group of other people
)

// inGroup is a place of a group.
func inGroup(chat int64) dialog.Place { return spot{chat: chat}.place("") }

// grouped starts a bot that shows cards in a group.
func grouped(t *testing.T, chat int64) *rig {
	r := start(t, true, func(_ *rig, cfg *Config) { cfg.Groups = []int64{chat} })
	r.anna.SayInGroup(chat, "hello")
	return r
}

// show shows a card in a group.
func (r *rig) show(chat int64, message, text string) (string, error) {
	return r.ch.Show(context.Background(), dialog.Showing{Place: inGroup(chat), Message: message, Card: dialog.Card{Question: text}})
}

// texts are the texts of the bot in a chat.
func (r *rig) texts(chat int64) (out []string) {
	for _, m := range r.Messages(chat) {
		if m.FromBot && m.Kind == "" {
			out = append(out, m.Text)
		}
	}
	return out
}

// TestGroupMoves: the cards of a group go to the supergroup that it becomes, whether the report or an error tells first,
// and a message of before is never taken for one of the supergroup.
func TestGroupMoves(t *testing.T) {
	for _, told := range []string{"report", "error", "mark"} {
		t.Run(told, func(t *testing.T) {
			r := grouped(t, basic)
			id, err := r.show(basic, "", "one")
			if err != nil || strings.Contains(id, "@") {
				t.Fatal(id, err)
			}
			r.Migrate(basic, super)
			foreign := 0 // the supergroup has messages of the bot with the numbers of before
			for number := int64(0); strconv.FormatInt(number, 10) != id; foreign++ {
				if number, err = r.ch.api.send(t.Context(), "sendMessage", botapi.AppendText(nil, "", super, 0, "-", "", "")); err != nil {
					t.Fatal(err)
				}
			}
			if told == "report" {
				r.eventually("the report", func() bool { x, _ := r.ch.groups.of(basic); return x.Now == super })
			} else {
				r.ch.groups.change(basic, func(x *Group) { x.Now = basic })
			}
			next, err := r.show(basic, id, "two")
			if err != nil || !strings.HasSuffix(next, "@-1001234567890") {
				t.Fatalf("%q %v", next, err)
			}
			if told == "mark" { // another process knows the id alone
				r.ch.groups.change(basic, func(x *Group) { x.Now = basic })
			}
			edited, err := r.show(basic, next, "three")
			if err != nil || edited != next {
				t.Fatalf("%q %v", edited, err)
			}
			if got := strings.TrimLeft(strings.Join(r.texts(super), ""), "-"); got != "three" || len(r.texts(super)) != foreign+1 {
				t.Errorf("the supergroup reads %q", got)
			}
			if x, ok := r.ch.groups.of(super); !ok || x.Chat != basic || x.Now != super {
				t.Errorf("known: %+v", x)
			}
			if err := r.ch.Remove(t.Context(), inGroup(basic), id); err != nil { // a message of before
				t.Error(err)
			}
			if err := r.ch.Remove(t.Context(), inGroup(basic), next); err != nil || len(r.texts(super)) != foreign {
				t.Errorf("%v, left: %q", err, r.texts(super))
			}
			if n := strings.Count(r.logs.String(), "has become a supergroup"); n == 0 {
				t.Errorf("the log says nothing\n%s", r.logs)
			}
		})
	}
}

// TestGroupWithoutRights: a card that a group rejects is blocked there, so that it is not tried again and again, and the
// log says once why.
func TestGroupWithoutRights(t *testing.T) {
	for status, trouble := range map[string]string{"left": GroupAbsent, "kicked": GroupAbsent, "restricted": GroupMute} {
		t.Run(status, func(t *testing.T) {
			r := grouped(t, super)
			id, err := r.show(super, "", "one")
			if err != nil {
				t.Fatal(err)
			}
			r.SetMember(r.anna, super, status)
			r.eventually("the report", func() bool { return r.ch.Groups()[0].Trouble == trouble })
			for range 3 {
				if _, err := r.show(super, id, "two"); !errors.Is(err, dialog.ErrBlocked) {
					t.Errorf("%v", err)
				}
			}
			if x, err := r.ch.CheckGroup(t.Context(), super); err != nil || x.Trouble != trouble {
				t.Errorf("%+v %v", x, err)
			}
			if n := strings.Count(r.logs.String(), "cannot write to a group"); n != 1 {
				t.Errorf("%d lines in the log\n%s", n, r.logs)
			}
			r.SetMember(r.anna, super, "member")
			r.eventually("the report", func() bool { return r.ch.Groups()[0].Trouble == "" })
			if _, err := r.show(super, id, "two"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCheckGroup: what the server says of a group, and of what is none.
func TestCheckGroup(t *testing.T) {
	r := grouped(t, basic)
	for chat, want := range map[int64]Group{
		basic:     {Chat: basic, Now: basic, Title: "A group"},
		other:     {Chat: other, Now: other, Trouble: GroupAbsent},
		r.anna.ID: {Chat: r.anna.ID, Now: r.anna.ID, Trouble: GroupOther},
	} {
		if got, err := r.ch.CheckGroup(t.Context(), chat); err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	r.Migrate(basic, super)
	alone := New(Config{Token: r.Token(), APIURL: r.URL(), Log: quiet})
	defer alone.Close()
	if got, err := alone.CheckGroup(t.Context(), basic); err != nil || got.Now != super || got.Trouble != "" {
		t.Errorf("%+v, %v", got, err)
	}
	r.FailNext("getChat", telegramtest.InternalError())
	if _, err := r.ch.CheckGroup(t.Context(), basic); err == nil {
		t.Error("no error of a server that is away")
	}
}
