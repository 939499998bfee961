package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// tapUpdate is a tap as the official server sends it, with the message and its keyboard.
const tapUpdate = `{"update_id":700000123,"callback_query":{"id":"4382bfdwdsb323b2d9","from":{"id":1000001,"is_bot":false,"first_name":"Anna","last_name":"Buyer","username":"anna_buyer","language_code":"en"},"message":{"message_id":1234,"from":{"id":123456,"is_bot":true,"first_name":"LockBay","username":"lockbay_bot"},"chat":{"id":1000001,"first_name":"Anna","last_name":"Buyer","username":"anna_buyer","type":"private"},"date":1790000000,"edit_date":1790000100,"text":"Step 4 of 5\n\nSeller: @anna_ceramics\nAmount: 1,250.00 EUR\nFor: Handmade dinner set, 24 pieces, celadon glaze\n\nHow long may delivery take?","entities":[{"offset":80,"length":27,"type":"bold"}],"reply_markup":{"inline_keyboard":[[{"text":"24 hours","callback_data":"delivery:24|d7kq2mx9|7"}],[{"text":"48 hours","callback_data":"delivery:48|d7kq2mx9|7"}],[{"text":"72 hours","callback_data":"delivery:72|d7kq2mx9|7"}],[{"text":"Back","callback_data":"back|d7kq2mx9|7"},{"text":"Cancel","callback_data":"cancel|d7kq2mx9|7"}]]}},"chat_instance":"-1234567890123456789","data":"delivery:72|d7kq2mx9|7"}}`

const textUpdate = `{"update_id":700000124,"message":{"message_id":1235,"from":{"id":1000001,"is_bot":false,"first_name":"Anna","last_name":"Buyer","username":"anna_buyer","language_code":"en"},"chat":{"id":1000001,"first_name":"Anna","last_name":"Buyer","username":"anna_buyer","type":"private"},"date":1790000000,"text":"1250 eur"}}`

func BenchmarkDecode(b *testing.B) {
	for name, raw := range map[string]string{"text": textUpdate, "tap": tapUpdate} {
		body := []byte(raw)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				u, err := botapi.Parse(body)
				if err != nil {
					b.Fatal(err)
				}
				if _, ok := decode(&u, "1"); !ok {
					b.Fatal("nothing")
				}
			}
		})
		b.Run(name+"/library", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var u models.Update
				if err := json.Unmarshal(body, &u); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	c := golden["review"]
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			text, rows := render(&c)
			botapi.AppendShow(make([]byte, 0, 512+2*len(text)), 1000001, 0, 1234, text, rows.buttons)
		}
	})
	b.Run("library", func(b *testing.B) {
		b.ReportAllocs()
		off := true
		for b.Loop() {
			text, rows := render(&c)
			var keys [][]models.InlineKeyboardButton
			for i, x := range rows.buttons {
				if i == 0 || x.Row != rows.buttons[i-1].Row {
					keys = append(keys, nil)
				}
				keys[len(keys)-1] = append(keys[len(keys)-1], models.InlineKeyboardButton{Text: x.Text, CallbackData: x.Data})
			}
			_, err := json.Marshal(&bot.EditMessageTextParams{ChatID: 1000001, MessageID: 1234, Text: text, ParseMode: "HTML",
				LinkPreviewOptions: &models.LinkPreviewOptions{IsDisabled: &off}, ReplyMarkup: &models.InlineKeyboardMarkup{InlineKeyboard: keys}})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// sink is a ResponseWriter that discards the body.
type sink struct {
	h    http.Header
	code int
	n    int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(code int)        { s.code = code }
func (s *sink) Write(b []byte) (int, error) { s.n += len(b); return len(b), nil }

// BenchmarkWebhook measures an update from request to answer, on a store in memory.
// shown also sends the card over real HTTP to a fake server.
func BenchmarkWebhook(b *testing.B) {
	run := func(b *testing.B, detached bool) {
		api := telegramtest.New(telegramtest.Options{})
		defer api.Close()
		e, err := dialog.New(dialog.NewMemory(), dialog.Config{Detached: detached, Recorder: telling(quiet)}, quiz{})
		if err != nil {
			b.Fatal(err)
		}
		c := New(Config{Engine: e, Token: api.Token(), APIURL: api.URL(), Secret: secret, Log: quiet})
		defer c.Close()
		e.Attach(c)
		defer e.Close(context.Background())
		var person atomic.Int64
		b.ReportAllocs()
		b.SetParallelism(50)
		b.RunParallel(func(pb *testing.PB) {
			id := 2_000_000 + person.Add(1)
			req, _ := http.NewRequest(http.MethodPost, "/telegram/webhook", nil)
			req.Header.Set(secretHeader, secret)
			var body []byte
			w := &sink{h: http.Header{}}
			for n := int64(1); pb.Next(); n++ {
				body = fmt.Appendf(body[:0], `{"update_id":%d,"message":{"message_id":%d,"from":{"id":%d,"is_bot":false,"first_name":"Anna","language_code":"en"},"chat":{"id":%d,"type":"private"},"date":1790000000,"text":"%s"}}`,
					n, n, id, id, []string{"/start", "Anna"}[n%2])
				req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				w.code = 0
				c.ServeHTTP(w, req)
				if w.code > 200 {
					b.Fatal("code " + strconv.Itoa(w.code))
				}
			}
		})
	}
	b.Run("committed", func(b *testing.B) { run(b, true) })
	b.Run("shown", func(b *testing.B) { run(b, false) })
}
