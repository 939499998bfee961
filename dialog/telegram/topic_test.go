package telegram

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
)

// writes injects a text of Anna in a chat, in a topic and with more fields.
func (r *rig) writes(chat int64, id int, text, more string) {
	kind := "private"
	if chat < 0 {
		kind = "supergroup"
	}
	r.Inject("message", json.RawMessage(fmt.Sprintf(`{"message_id":%d,"from":{"id":1000001,"is_bot":false,"first_name":"Anna"},"chat":{"id":%d,"type":%q},"date":%d,"text":%q%s}`,
		id, chat, kind, r.clock.Now().Unix(), text, more)))
}

// threads are the topics that the last calls of a method named; 0: none.
func (r *rig) threads(method string) (list []int64) {
	for _, c := range r.CallsOf(method) {
		var p struct {
			Thread int64 `json:"message_thread_id"`
		}
		if json.Unmarshal([]byte(c.Body), &p) == nil {
			list = append(list, p.Thread)
		}
	}
	return list
}

const inTopic = `,"message_thread_id":%d,"is_topic_message":true`

// The card is in the topic where the person wrote last.
func TestTopics(t *testing.T) {
	for name, hook := range map[string]bool{"webhook": true, "polling": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, hook, nil)
			for i, c := range []struct {
				text, more, card string
				thread           int64
			}{
				{"/start", fmt.Sprintf(inTopic, 7), "Step 1", 7},
				{"Anna", fmt.Sprintf(inTopic, 7), "Step 2", 7},
				{"/start", fmt.Sprintf(inTopic, 9), "Step 1", 9},
				{"Anna", "", "Step 2", 0},
				{"/start", `,"message_thread_id":5`, "Step 1", 0}, // a thread of replies is no topic
			} {
				r.writes(1000001, r.NewMessageID(), c.text, c.more)
				r.oneCard(c.card)
				r.settled()
				if sent := r.threads("sendMessage"); len(sent) != i+1 || sent[i] != c.thread {
					t.Errorf("%q was answered in the topics %v, want the last one in %d", c.text, sent, c.thread)
				}
			}
		})
	}
}

// In a group a command is answered in its topic, also to an anonymous administrator, and
// within the limit of its sender.
func TestCommandsInGroups(t *testing.T) {
	var allowed atomic.Int64
	allowed.Store(2)
	r := start(t, true, func(_ *rig, cfg *Config) { cfg.allow = func(string) bool { return allowed.Add(-1) >= 0 } })
	r.eventually("the bot knows its name", func() bool { return r.ch.Username() != "" })
	me := "/create@" + r.ch.Username()
	const group = -1000000000005
	r.Person(1000001, "anna", "Anna").SayInGroup(group, "hello") // the server knows the group
	r.writes(group, 900, me, fmt.Sprintf(inTopic, 7))
	anonymous := `,"sender_chat":{"id":-1000000000005,"type":"supergroup"}`
	r.Inject("message", json.RawMessage(`{"message_id":901,"from":{"id":1087968824,"is_bot":true,"first_name":"Group"},"chat":{"id":-1000000000005,"type":"supergroup"},"date":1,"text":"`+me+`"`+anonymous+fmt.Sprintf(inTopic, 9)+`}`))
	for id := range 5 {
		r.writes(group, 902+id, me, "")
	}
	r.writes(group, 950, "", fmt.Sprintf(inTopic, 7)+`,"forum_topic_created":{"name":"x","icon_color":1}`)
	if !r.WaitDelivered(patience) {
		t.Fatal(r.Transcript(group))
	}
	answers := 0
	r.eventually("the answers are sent", func() bool {
		answers = 0
		for _, m := range r.Messages(group) {
			if m.FromBot {
				answers++
			}
		}
		return answers >= 2
	})
	if got := r.threads("sendMessage"); len(got) != 2 || got[0]+got[1] != 7+9 {
		t.Errorf("the answers stand in the topics %v, want 7 and 9, and none beyond the limit", got)
	}
}

// A service message in a private chat leaves the card as it is.
func TestServiceMessagesAreSilent(t *testing.T) {
	r := start(t, false, nil)
	r.anna.Say("/start")
	card := r.oneCard("Step 1")
	r.settled()
	version := r.record().Version
	r.writes(1000001, r.NewMessageID(), "", `,"forum_topic_created":{"name":"x","icon_color":1}`)
	r.writes(1000001, r.NewMessageID(), "", `,"gift":{}`)
	if !r.WaitDelivered(patience) {
		t.Fatal(r.anna.Transcript())
	}
	if now := r.oneCard("Step 1"); now.ID != card.ID || r.record().Version != version {
		t.Errorf("the card was %d, and is %d", card.ID, now.ID)
	}
}
