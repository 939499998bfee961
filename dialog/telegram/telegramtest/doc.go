// Package telegramtest is a strict fake of the Telegram Bot API over real HTTP, with simulated people.
//
// A bot gets the server's URL and token in place of the official ones. It polls or sets a webhook, sends, edits and deletes
// as usual. People say and tap, and see their messages. Strict mode checks every request against its method's schema and
// the API's limits: a bad request gets the API's own error and is recorded in Violations. Faults make calls fail, hang, or
// succeed with a lost answer.
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
// # Like the original
//
// Unconfirmed updates are delivered again. Failed webhook deliveries are repeated after 2, 4, 8 … seconds, messages in
// order by chat and taps by user, so taps and messages can overtake each other. Messages wait 24 hours, taps 150 seconds; a
// tap can be answered for 15 seconds, a message deleted for 48 hours. Two pollers, or a poller beside a webhook, are a
// conflict. A block arrives as my_chat_member. A webhook's answer may contain a call.
//
// # Unlike the original
//
// Only the methods of an escrow bot exist. Only Faults limit the rate of calls. HTML is the only parse mode. A person has
// always started the bot. Unknown parameters, which the original ignores, are violations, but the call is executed.
//
// # Fast mode
//
// Without Strict the server parses and checks only as much as a load test needs, and calls OnShow for each message, with
// its markup. A call to an unknown chat creates it, taps made outside of the server can be answered, and a chat keeps only
// its newest messages.
package telegramtest
