package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
	"github.com/lockbay/lockbay/dialog/web"
)

type greeting struct {
	Name string `json:"name"`
}

var hello = form.Form[greeting]{
	Name:      "hello",
	Questions: []form.Question[greeting]{form.Text("name", "What is your name?", func(g *greeting) *string { return &g.Name })},
	Submit:    func(g greeting, _ *dialog.Turn) string { return "Hello, " + g.Name },
}

// web.Run(ctx, bot, ":8080") serves a bot in the browser. A program with its own
// server mounts the page as a handler.
func ExampleNew() {
	ctx := context.Background()
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{}, hello)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := web.Key(ctx, bot)
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := web.New(web.Config{Engine: bot, Key: key, Name: "Hello"})
	if err != nil {
		fmt.Println(err)
		return
	}
	srv := httptest.NewServer(page)
	defer srv.Close()
	res, err := http.Get(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	fmt.Println(res.StatusCode, strings.Contains(string(body), `name="action" value="create"`))
	// Output: 200 true
}
