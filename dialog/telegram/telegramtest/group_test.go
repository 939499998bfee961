package telegramtest

import (
	"strings"
	"testing"
)

// TestGroups: what a bot gets of a group, with the privacy mode and without, and what it may do there.
func TestGroups(t *testing.T) {
	const group = int64(-1_001_234_567_890)
	for _, private := range []bool{false, true} {
		r := newRig(t, func(o *Options) { o.Privacy = private })
		if me := string(r.ok("getMe", `{}`)); strings.Contains(me, `"can_read_all_group_messages":true`) == private {
			t.Errorf("privacy %v: %s", private, me)
		}
		anna, boris := r.Person(1, "anna", "Anna"), r.Person(2, "boris", "Boris")
		said := anna.SayInGroup(group, "hello")
		boris.ReplyInGroup(group, said.MessageID, "hello Anna")
		anna.SayInGroup(group, "/start@another_bot")
		ours := r.send(`{"chat_id":` + itoa(group) + `,"text":"What?","reply_markup":{"force_reply":true,"selective":true}}`)
		anna.SayInGroup(group, "/start@lockbay_test_bot")
		boris.ReplyInGroup(group, ours, "this")
		boris.ReplyAnonymously(group, ours, "that")
		r.refused(400, "Bad Request: message can't be edited", "editMessageText", `{"chat_id":`+itoa(group)+`,"message_id":`+itoa(int64(ours))+`,"text":"Who?"}`)
		us := r.updates(`{}`)
		if want := map[bool]int{false: 6, true: 3}[private]; len(us) != want {
			t.Fatalf("privacy %v: %d updates, want %d", private, len(us), want)
		}
		last := us[len(us)-2:]
		if m := last[0].Message; m.From.ID != 2 || m.ReplyToMessage.ID != ours || m.MessageThreadID != ours {
			t.Errorf("a reply: %+v", m)
		}
		if m := last[1].Message; !m.From.IsBot || m.From.ID != 1087968824 || m.SenderChat.ID != group {
			t.Errorf("an anonymous reply: %+v", m)
		}
		r.noViolations()
	}
}

// TestGroupChanges: a group without the bot, and one that becomes a supergroup.
func TestGroupChanges(t *testing.T) {
	const group, super = int64(-4001), int64(-1_001_234_567_890)
	r := newRig(t, nil)
	anna := r.Person(1, "anna", "Anna")
	anna.SayInGroup(group, "hello")
	body := `{"chat_id":` + itoa(group) + `,"text":"x"}`
	for status, refused := range map[string][2]any{"left": {403, "Forbidden: bot is not a member of the group chat"}, "kicked": {403, "Forbidden: bot was kicked from the group chat"},
		"restricted": {400, "Bad Request: not enough rights to send text messages to the chat"}} {
		r.SetMember(anna, group, status)
		r.refused(refused[0].(int), refused[1].(string), "sendMessage", body)
	}
	r.SetMember(anna, group, "member")
	r.send(body)
	r.Migrate(group, super)
	e, err := r.try("sendMessage", body)
	if err != nil || e.Code != 400 || e.Parameters.MovedTo != super {
		t.Errorf("%+v %v", e, err)
	}
	if id := r.send(`{"chat_id":` + itoa(super) + `,"text":"x"}`); id != 2 {
		t.Errorf("the supergroup's message after the report has the id %d", id)
	}
	us := r.updates(`{}`)
	if from, to := us[len(us)-2].Message, us[len(us)-1].Message; from.MigrateToChatID != super || from.Chat.ID != group || to.MigrateFromChatID != group || to.Chat.ID != super {
		t.Errorf("reports: %+v %+v", from, to)
	}
	r.noViolations()
}
