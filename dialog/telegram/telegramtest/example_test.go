package telegramtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// A bot of one answer: it polls once, asks, and its first try is told to wait.
func Example() {
	api := telegramtest.New(telegramtest.Options{Strict: true})
	defer api.Close()

	call := func(method, params string) {
		res, err := http.Post(api.URL()+"/bot"+api.Token()+"/"+method, "application/json", strings.NewReader(params))
		if err != nil {
			fmt.Println(err)
			return
		}
		res.Body.Close()
		fmt.Println(method, res.StatusCode)
	}

	anna := api.Person(1000001, "anna_buyer", "Anna")
	anna.Say("/start")
	api.FailNext("sendMessage", telegramtest.TooManyRequests(1))
	call("getUpdates", `{"timeout":10}`)
	for range 2 {
		call("sendMessage", `{"chat_id":1000001,"text":"What <b>size</b>?","parse_mode":"HTML",
			"reply_markup":{"inline_keyboard":[[{"text":"Small","callback_data":"size:s"},{"text":"Large","callback_data":"size:l"}]]}}`)
	}

	card := anna.WaitText(time.Minute, "What size?")
	fmt.Println(card.Bold(), card.Labels())
	fmt.Println(anna.Tap("Large").Text)
	fmt.Println(len(api.Violations()), "violations")
	// Output:
	// getUpdates 200
	// sendMessage 429
	// sendMessage 200
	// [size] [[Small Large]]
	// size:l
	// 0 violations
}
