package telegramtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
	"github.com/mymmrac/telego"
	"github.com/mymmrac/telego/telegoapi"
)

// TestTelego drives the server with a telego bot, over long polling.
func TestTelego(t *testing.T) {
	r := newRig(t, nil)
	b, err := telego.NewBot(r.Token(), telego.WithAPIServer(r.URL()), telego.WithHTTPClient(r.client), telego.WithDiscardLogger())
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	me, err := b.GetMe(ctx)
	if err != nil || me.Username != r.BotUsername() {
		t.Fatalf("%+v %v", me, err)
	}
	if err := b.SetMyCommands(ctx, &telego.SetMyCommandsParams{Commands: []telego.BotCommand{{Command: "start", Description: "Begin"}}}); err != nil {
		t.Fatal(err)
	}
	anna := r.Person(7, "anna_buyer", "Anna")
	polling, stop := context.WithCancel(ctx)
	updates, err := b.UpdatesViaLongPolling(polling, &telego.GetUpdatesParams{Timeout: 5})
	if err != nil {
		t.Fatal(err)
	}
	anna.Say("/start")
	u := <-updates
	keyboard := &telego.InlineKeyboardMarkup{InlineKeyboard: [][]telego.InlineKeyboardButton{{{Text: "Go", CallbackData: "go"}}}}
	m, err := b.SendMessage(ctx, &telego.SendMessageParams{ChatID: telego.ChatID{ID: u.Message.Chat.ID}, Text: "<i>Hi</i>", ParseMode: "HTML", ReplyMarkup: keyboard})
	if err != nil || m.Text != "Hi" || m.ReplyMarkup == nil || len(m.Entities) != 1 {
		t.Fatalf("%+v %v", m, err)
	}
	anna.Tap("Go")
	u = <-updates
	if u.CallbackQuery == nil || u.CallbackQuery.Message.GetMessageID() != m.MessageID {
		t.Fatalf("%+v", u)
	}
	if err := b.AnswerCallbackQuery(ctx, &telego.AnswerCallbackQueryParams{CallbackQueryID: u.CallbackQuery.ID}); err != nil {
		t.Fatal(err)
	}
	anna.Block()
	_, err = b.SendMessage(ctx, &telego.SendMessageParams{ChatID: telego.ChatID{ID: 7}, Text: "x"})
	var e *telegoapi.Error
	if !errors.As(err, &e) || e.ErrorCode != 403 || e.Description != "Forbidden: bot was blocked by the user" {
		t.Errorf("%v", err)
	}
	stop()
	for range updates {
	}
	if s := r.Commands(); len(s) != 1 || s[0] != "/start - Begin" {
		t.Errorf("commands: %q", s)
	}
	r.noViolations()
}

// TestGoTelegram drives the server with the library go-telegram, which sends chunked multipart forms.
func TestGoTelegram(t *testing.T) {
	r := newRig(t, nil)
	got := make(chan *models.Update, 10)
	b, err := bot.New(r.Token(), bot.WithServerURL(r.URL()), bot.WithHTTPClient(5*time.Second, r.client),
		bot.WithDefaultHandler(func(_ context.Context, _ *bot.Bot, u *models.Update) { got <- u }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { b.Start(ctx); close(ended) }()
	anna := r.Person(7, "anna_buyer", "Anna")
	anna.Say("hello")
	if u := <-got; u.Message.Text != "hello" || u.Message.From.FirstName != "Anna" {
		t.Errorf("%+v", u)
	}
	m, err := b.SendMessage(ctx, &bot.SendMessageParams{ChatID: 7, Text: "1 < 2"})
	if err != nil || m.Text != "1 < 2" {
		t.Fatalf("%+v %v", m, err)
	}
	if _, err := b.EditMessageText(ctx, &bot.EditMessageTextParams{ChatID: 7, MessageID: m.ID, Text: "<b>2</b>", ParseMode: models.ParseModeHTML}); err != nil {
		t.Fatal(err)
	}
	if last := anna.Last(); last.Text != "2" || len(last.Bold()) != 1 {
		t.Errorf("%+v", last)
	}
	r.FailNext("sendMessage", TooManyRequests(9))
	_, err = b.SendMessage(ctx, &bot.SendMessageParams{ChatID: 7, Text: "x"})
	var limited *bot.TooManyRequestsError
	if !errors.As(err, &limited) || limited.RetryAfter != 9 {
		t.Errorf("%v", err)
	}
	// This library gives every button an empty copy_text, which the real API rejects.
	_, err = b.SendMessage(ctx, &bot.SendMessageParams{ChatID: 7, Text: "x", ReplyMarkup: models.InlineKeyboardMarkup{
		InlineKeyboard: [][]models.InlineKeyboardButton{{{Text: "a", CallbackData: "b"}}}}})
	if err == nil || len(r.Violations()) != 1 {
		t.Errorf("%v, violations %v", err, r.Violations())
	}
	stop()
	<-ended
}
