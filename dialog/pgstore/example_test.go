package pgstore_test

import (
	"context"
	"log"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
	"github.com/lockbay/lockbay/dialog/pgstore"
)

type order struct {
	Size string `json:"size"`
}

var pizza = form.Form[order]{
	Name: "pizza", Version: 1,
	Questions: []form.Question[order]{
		form.Choose("size", "What size?", func(o *order) *string { return &o.Size }, "small", "large"),
	},
	Submit: func(order, *dialog.Turn) string { return "Coming!" },
}

// Of two hosts the writable one is used, also after a failover.
func ExampleOpen() {
	ctx := context.Background()
	store, err := pgstore.Open(ctx, "postgres://bot@db1,db2/bot?target_session_attrs=read-write", pgstore.WithNotices())
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	bot, err := dialog.New(store, dialog.Config{}, pizza)
	if err != nil {
		log.Fatal(err)
	}
	defer bot.Close(ctx)
}
