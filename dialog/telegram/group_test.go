package telegram

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

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

// grouped starts a bot that shows cards in a group, and knows that it can.
func grouped(t *testing.T, chat int64) *rig {
	r := start(t, true, func(r *rig, cfg *Config) {
		cfg.Groups = []int64{chat}
		r.anna.SayInGroup(chat, "hello")
	})
	r.eventually("the server was asked for the group", func() bool { return r.ch.Groups()[0].Title != "" })
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
	for status, trouble := range map[string]string{"left": ChatAbsent, "kicked": ChatAbsent, "restricted": ChatMute} {
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
			if x, err := r.ch.CheckChat(t.Context(), super); err != nil || x.Trouble != trouble {
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

// TestCheckChat: what the server says of groups and of people's chats.
func TestCheckChat(t *testing.T) {
	r := grouped(t, basic)
	for chat, want := range map[int64]Group{
		basic:     {Chat: basic, Now: basic, Title: "A group"},
		other:     {Chat: other, Now: other, Trouble: ChatAbsent},
		r.anna.ID: {Chat: r.anna.ID, Now: r.anna.ID},
		77:        {Chat: 77, Now: 77, Trouble: ChatAbsent},
	} {
		if got, err := r.ch.CheckChat(t.Context(), chat); err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	r.Migrate(basic, super)
	alone := New(Config{Token: r.Token(), APIURL: r.URL(), Log: quiet})
	defer alone.Close()
	if got, err := alone.CheckChat(t.Context(), basic); err != nil || got.Now != super || got.Trouble != "" {
		t.Errorf("%+v, %v", got, err)
	}
	r.FailNext("getChat", telegramtest.InternalError())
	if _, err := r.ch.CheckChat(t.Context(), basic); err == nil {
		t.Error("no error of a server that is away")
	}
}

// TestGroupTroubleEnds: the bot learns by itself that it can write to a group again, where another process got the report.
func TestGroupTroubleEnds(t *testing.T) {
	r := start(t, true, func(_ *rig, cfg *Config) { cfg.Groups, cfg.groupAgain = []int64{super}, time.Millisecond })
	r.eventually("the group is missed", func() bool { return r.ch.Groups()[0].Trouble == ChatAbsent }) // nobody has made it
	r.anna.SayInGroup(super, "hello")
	r.eventually("the group is there", func() bool { return r.ch.Groups()[0].Trouble == "" })
	asked := r.Count("sendChatAction")
	r.stays("nobody is told that the bot types", func() bool { return r.Count("sendChatAction") == asked })
}

// TestGroupAnswerIsOld: a report that comes while the server is asked stands, whatever the answer says.
func TestGroupAnswerIsOld(t *testing.T) {
	r := start(t, false, nil)
	r.anna.SayInGroup(super, "hello")
	c := New(Config{Token: r.Token(), APIURL: r.URL(), Groups: []int64{super}, Log: quiet})
	defer c.Close()
	for _, x := range []struct {
		report, want string
		fails        bool // the answer to the question
	}{{"kicked", ChatAbsent, false}, {"member", "", true}} {
		m := &botapi.Change{Status: x.report}
		m.Chat.ID = super
		stop := r.FailAlways("sendChatAction", telegramtest.Fault{Code: 403, Description: "Forbidden: bot is not a member", Match: func(telegramtest.Call) bool {
			c.memberChanged(m)
			return x.fails
		}})
		if err := c.checkGroups(t.Context()); err != nil {
			t.Fatal(err)
		}
		stop()
		if got := c.Groups()[0].Trouble; got != x.want {
			t.Errorf("after %q: %q, want %q", x.report, got, x.want)
		}
	}
}

// TestGroupInputs: of a group that the configuration names, taps of people and their replies to the bot are inputs. What
// nobody can answer for is none: commands, what is no reply, edits, bots, and messages in the name of a chat.
func TestGroupInputs(t *testing.T) {
	c := New(Config{Token: "1:x", Groups: []int64{basic}, Log: quiet})
	defer c.Close()
	c.moved(basic, super)
	const (
		olga  = `"from":{"id":7,"username":"olga"}`
		there = `"chat":{"id":-1001234567890,"type":"supergroup"}`
		ours  = `"reply_to_message":{"message_id":55,"from":{"id":1,"is_bot":true}}`
		reply = `"message":{"message_id":88,` + olga + `,` + there + `,` + ours
	)
	tap := func(from, chat string) string {
		return `"callback_query":{"id":"9",` + from + `,"data":"came|ESC-1~o|3","message":{"message_id":55,"date":1,` + chat + `}}`
	}
	for raw, want := range map[string]dialog.Input{
		tap(olga, there): {ID: "c:9", Kind: dialog.KindTap, Name: "came", Draft: "ESC-1~o", Revision: 3, Bound: true, Message: "55"},
		tap(olga, `"chat":{"id":-4001,"type":"group"}`):  {ID: "c:9", Kind: dialog.KindTap, Name: "came", Draft: "ESC-1~o", Revision: 3, Bound: true, Message: "55"},
		reply + `,"text":"R-77","message_thread_id":55}`: {ID: "m:1:-1001234567890:88", Kind: dialog.KindText, Text: "R-77", Reply: dialog.Reply{Message: "55"}},
		reply + `,"caption":"R-77","photo":[{}]}`:        {ID: "m:1:-1001234567890:88", Kind: dialog.KindText, Text: "R-77", Attached: "photo", Reply: dialog.Reply{Message: "55"}},

		reply + `,"text":"/start"}`: {}, reply + `,"text":"/start@shop_bot x"}`: {}, reply + `,"photo":[{}]}`: {}, reply + `,"pinned_message":{}}`: {},
		reply + `,"text":"R-77","sender_chat":{"id":-1001234567890}}`: {}, reply + `,"text":"R-77","is_automatic_forward":true}`: {},
		"\"edited_" + reply[1:] + `,"text":"R-77","edit_date":9}`:                                                                   {},
		`"message":{"message_id":88,` + olga + `,` + there + `,"text":"R-77"}`:                                                      {},
		`"message":{"message_id":88,` + olga + `,` + there + `,"text":"R-77","reply_to_message":{"message_id":55,"from":{"id":8}}}`: {},
		`"message":{"message_id":88,"from":{"id":1087968824,"is_bot":true},` + there + `,` + ours + `,"text":"R-77"}`:               {},
		`"message":{"message_id":88,` + there + `,` + ours + `,"text":"R-77"}`:                                                      {},
		`"message":{"message_id":88,` + olga + `,"chat":{"id":-1009876543210,"type":"supergroup"},` + ours + `,"text":"R-77"}`:      {},
		tap(olga, `"chat":{"id":-1009876543210,"type":"supergroup"}`):                                                               {}, tap(`"from":{"id":7,"is_bot":true}`, there): {},
	} {
		u, err := botapi.Parse([]byte(`{"update_id":1,` + raw + `}`))
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if want.ID != "" {
			want.Owner, want.Group, want.Place, want.Profile = "tg:7", true, inGroup(basic), dialog.Profile{ID: "7", Username: "olga"}
		}
		if got, ok := c.decode(&u); ok != (want.ID != "") || ok && !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v %v\nwant %+v", raw, got, ok, want)
		}
	}
}

// TestGroupQuestion: a question for one of several people names them, opens a reply, and is never an edit.
func TestGroupQuestion(t *testing.T) {
	r := grouped(t, super)
	id, err := r.show(super, "", "card")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "@olga <b>"} {
		asked, err := r.ch.Show(t.Context(), dialog.Showing{Place: inGroup(super), Message: id, Card: dialog.Card{Question: "Why?", For: "tg:7000007", ForName: name,
			Field: &dialog.Field{}, Quiet: []dialog.Button{{Action: "leave", Label: "Leave it"}}}})
		if err != nil || asked == id {
			t.Fatalf("%q %v", asked, err)
		}
		ms := r.Messages(super)
		m := ms[len(ms)-1]
		who := cmp.Or(name, "7000007")
		if !m.Asks || m.Text != who+"\n\nWhy?" || len(m.Rows) > 0 || m.Entities[0].URL != "tg://user?id=7000007" || m.Entities[0].Length != len(who) {
			t.Errorf("%+v", m)
		}
		next, err := r.show(super, asked, "done")
		if err != nil || next == asked {
			t.Errorf("%q %v", next, err)
		}
	}
}

// TestGroupOfOtherProcess: a tap in a supergroup that nobody has told of asks whether the group has become it.
func TestGroupOfOtherProcess(t *testing.T) {
	r := grouped(t, basic)
	id, err := r.show(basic, "", "card")
	if err != nil {
		t.Fatal(err)
	}
	r.Migrate(basic, super)
	r.eventually("the report", func() bool { return r.ch.Groups()[0].Now == super })
	r.ch.groups.change(basic, func(x *Group) { x.Now = basic }) // another process got it
	n, _ := strconv.Atoi(id)
	r.anna.TapInGroup(super, n, "came|ESC-1~o|3")
	r.eventually("the supergroup is known", func() bool { return r.ch.Groups()[0].Now == super })
}

// TestGroupTroubleByCard: the first card that a group rejects tells that the bot cannot write there, the next one that
// arrives tells that it can again, and an error that says nothing of the group tells nothing.
func TestGroupTroubleByCard(t *testing.T) {
	r := grouped(t, super)
	trouble := func() string { return r.ch.Groups()[0].Trouble }
	for _, x := range []struct {
		fault telegramtest.Fault
		want  string
	}{
		{telegramtest.InternalError(), ""}, {telegramtest.Fault{Code: 403, Description: "Forbidden: bot was kicked from the supergroup chat"}, ChatAbsent},
		{telegramtest.InternalError(), ChatAbsent}, {telegramtest.TooManyRequests(0), ChatAbsent},
	} {
		r.FailNext("sendMessage", x.fault)
		if _, err := r.show(super, "", "card"); err == nil {
			t.Errorf("%+v: no error", x.fault)
		}
		if got := trouble(); got != x.want {
			t.Errorf("after %+v the trouble is %q, want %q", x.fault, got, x.want)
		}
		r.ch.pace.mu.Lock()
		clear(r.ch.pace.limited)
		r.ch.pace.mu.Unlock()
	}
	if _, err := r.show(super, "", "card"); err != nil || trouble() != "" {
		t.Errorf("%v, trouble %q after a card that arrived", err, trouble())
	}
}

// TestForeignTapInGroup: whose tap in a group means nothing reads so in a window, because a line there passes unseen. In
// a private chat it is a line.
func TestForeignTapInGroup(t *testing.T) {
	r := grouped(t, super)
	id, err := r.show(super, "", "card")
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(id)
	r.anna.TapInGroup(super, n, "came|ESC-1~o|3")
	r.eventually("an answer", func() bool { return len(r.anna.Toasts()) == 1 })
	if got := r.anna.Toasts()[0]; !got.Alert || got.Text == "" {
		t.Errorf("in the group: %+v", got)
	}
	r.anna.Say("/start")
	card := r.oneCard("Step 1")
	r.anna.TapOn(card.ID, "came|ESC-1~o|3")
	r.eventually("an answer", func() bool { return len(r.anna.Toasts()) == 2 })
	if got := r.anna.Toasts()[1]; got.Alert {
		t.Errorf("in the private chat: %+v", got)
	}
}
