// Package telegramtest is a strict fake of the Telegram Bot API over real HTTP, and the people on its other side.
//
// A bot is given the server's URL and token in place of the official ones. It polls or sets a webhook, sends, edits and
// deletes as usual; people say and tap, and see, message by message, what a person would see. In strict mode every request
// is checked against its method's schema and the API's limits: what no correct bot sends is answered as the API answers it
// and kept in Violations. Faults make calls fail, hang, or succeed with the answer lost.
//
//	api := telegramtest.New(telegramtest.Options{Strict: true, Fail: t.Fatalf})
//	defer api.Close()
//	startBot(api.URL(), api.Token())
//
//	anna := api.Person(1000001, "anna_buyer", "Anna")
//	anna.Say("/start")
//	anna.WaitText(5*time.Second, "What would you like to do?")
//	api.FailNext("editMessageText", telegramtest.LostAnswer())
//	anna.TapTwice("Create escrow")
//	anna.WaitText(5*time.Second, "Step 1 of 5")
//	if v := api.Violations(); len(v) > 0 {
//		t.Error(v)
//	}
//
// # What is true to the original
//
// Updates that are not confirmed come again. A webhook's failures are retried after 2, 4, 8 … seconds, messages in order
// by chat and taps by user, so that the two can overtake each other. Messages wait 24 hours, taps 150 seconds; a tap can be
// answered for 15 seconds, a message deleted for 48 hours. Two pollers, or one beside a webhook, are a conflict. Blocking
// arrives as my_chat_member. A call may stand in the body of a webhook's answer.
//
// # What is not
//
// Calls that no escrow bot makes are unknown methods. Nothing limits the rate of calls unless a Fault says so. Of parse
// modes only HTML is read. A person has always started the bot. Unknown parameters are violations, where the original
// ignores them; the call is done all the same.
//
// # Fast mode
//
// Without Strict the server reads only what it needs, checks nothing that a load test does not need, and tells OnShow of each
// message, still with its markup. Chats come into being by themselves, taps that it has not made itself can be answered, and
// only the newest messages of a chat are kept.
package telegramtest
