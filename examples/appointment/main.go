// Command appointment books visits at a hairdresser's. A booked visit is a conversation
// of its own: the person is reminded the evening before, and may move or cancel it. Kill
// the program at any moment and continue where you were.
//
//	go run ./examples/appointment                        # in this terminal
//	go run ./examples/appointment -listen 127.0.0.1:8081 # in the browser
//	APPOINTMENT_TOKEN=… go run ./examples/appointment    # on Telegram
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/dialog/telegram"
	"github.com/lockbay/lockbay/dialog/terminal"
	"github.com/lockbay/lockbay/dialog/web"
)

// Booking is the draft: plain data, saved with every answer.
type Booking struct {
	Service string       `json:"service"`
	Day     time.Time    `json:"day,omitzero"`
	Time    string       `json:"time"`
	First   *bool        `json:"first,omitempty"`
	Note    string       `json:"note"`
	Skipped form.Skipped `json:"skipped,omitempty"`
}

var booking = form.Form[Booking]{
	Name: "booking", Version: 1, Review: true,
	Questions: []form.Question[Booking]{
		form.Choose("service", "What may we do?", func(b *Booking) *string { return &b.Service }, "Haircut", "Colour", "Beard"),
		form.Date("day", "Which day?", func(b *Booking) *time.Time { return &b.Day }, form.Days(1, 60)),
		form.Choose("time", "What time?", func(b *Booking) *string { return &b.Time }, "09:00", "11:00", "14:00", "16:00"),
		form.YesNo("first_visit", "Is it your first visit?", func(b *Booking) **bool { return &b.First }),
		form.Optional(form.Text("note", "Anything we should know?", func(b *Booking) *string { return &b.Note }, form.Length(2, 300)),
			func(b *Booking) *form.Skipped { return &b.Skipped }),
	},
	Submit: func(b Booking, t *dialog.Turn) string { // pure
		at, err := time.ParseInLocation("2006-01-02 15:04", b.Day.Format(time.DateOnly)+" "+b.Time, t.Zone)
		if err != nil {
			t.Refuse("plain", map[string]string{"text": "That is no time of this day."}, "")
			return ""
		}
		startVisit(t, Visit{Service: b.Service, At: at, Note: b.Note})
		return ""
	},
}

func main() {
	file := flag.String("db", "appointment.db", "SQLite file")
	listen := flag.String("listen", "", "serve a page at this address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *file, *listen, os.Getenv("APPOINTMENT_TOKEN")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, file, listen, token string) error {
	store, err := sqlitestore.Open(ctx, file)
	if err != nil {
		return err
	}
	defer store.Close()
	bot, err := dialog.New(store, dialog.Config{Bot: "appointment", Zone: time.Local}, booking, visits{})
	if err != nil {
		return err
	}
	defer bot.Close(context.WithoutCancel(ctx))
	ctx, stop := context.WithCancel(ctx) // the channel may end first: by Ctrl+D
	swept := make(chan struct{})
	go func() { defer close(swept); _ = bot.Run(ctx) }() // timers, and what a crash left undone
	defer func() { stop(); <-swept }()
	switch {
	case token != "":
		channel := telegram.New(telegram.Config{Engine: bot, Token: token})
		bot.Attach(channel)
		return channel.Run(ctx)
	case listen != "":
		return web.Run(ctx, bot, listen, func(c *web.Config) { c.Name = "The hairdresser's" })
	default:
		return terminal.Run(ctx, bot, os.Stdin, os.Stdout, "tty:me")
	}
}
