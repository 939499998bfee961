package telegram

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

const (
	updateMax    = 1 << 20 // bytes of a post
	secretHeader = "X-Telegram-Bot-Api-Secret-Token"
)

var jsonType = []string{"application/json"}

// ServeHTTP takes one update from the server and answers 200 after its commit. After
// any other status the server repeats the update after 2, 4, 8 … seconds, for 24
// hours, and delays later updates:
//
//   - 401: a post without the right secret, which the log reports once a minute.
//   - 503: the store is away, or a newer version has to handle the update. Without
//     Retry-After, which could make the server drop the update.
//   - 429: too many inputs of one person, or older updates of the person are set aside.
//   - 400: no JSON, as after a connection was cut.
//   - 413: a body over 1 MiB.
//
// JSON of another shape than an update would be repeated for ever, so it is logged and
// answered 200.
func (c *Channel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	given := r.Header.Get(secretHeader)
	if c.cfg.Secret == "" || subtle.ConstantTimeCompare([]byte(given), []byte(c.cfg.Secret)) != 1 {
		c.strangers.count()
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	buf := buffer()
	defer giveBack(buf)
	u, status := c.readUpdate(r, buf)
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	if c.hasBacklog(r.Context(), &u) {
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	answer, err := c.handle(r.Context(), &u, buf.Bytes(), true)
	switch {
	case errors.Is(err, errTooMany):
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case err != nil:
		c.log.Warn("telegram: an update failed and is left to the server to repeat", "update", u.ID, "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	// In a pause only the answer to a tap goes out, and the removal of a message that nobody
	// else removes now.
	_, free := c.pace.paused(answer.chat)
	if goes := free || answer.method == "answerCallbackQuery" || answer.method == "deleteMessage"; answer.method == "" || !goes {
		return
	}
	buf.Reset()
	w.Header()["Content-Type"] = jsonType
	body := answer.append(buf.AvailableBuffer(), true)
	if answer.method == "deleteMessage" {
		c.writeRemoval(w, r, answer.chat, answer.message, body)
		return
	}
	_, _ = w.Write(body)
}

// writeRemoval writes a reply that removes a message. If the sender is gone, a call of its
// own removes it: the sender repeats the update, and the answer to a duplicate removes
// nothing. Any other reply comes again with the repeated update.
func (c *Channel) writeRemoval(w http.ResponseWriter, r *http.Request, chat, message int64, body []byte) {
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	_, err := w.Write(body)
	_ = http.NewResponseController(w).Flush() // if it fails, net/http ends the request's context
	if err == nil && r.Context().Err() == nil {
		return
	}
	c.tidyUp(func(ctx context.Context) error { return c.remove(ctx, chat, message) })
}

// readUpdate reads the body of a post into buf. A status other than 0 is the answer
// to a post without an update to handle.
func (c *Channel) readUpdate(r *http.Request, buf *bytes.Buffer) (u botapi.Update, status int) {
	if r.ContentLength > updateMax {
		return u, http.StatusRequestEntityTooLarge
	}
	if _, err := buf.ReadFrom(io.LimitReader(r.Body, updateMax+1)); err != nil {
		return u, http.StatusBadRequest
	}
	if buf.Len() > updateMax {
		return u, http.StatusRequestEntityTooLarge
	}
	u, err := botapi.Parse(buf.Bytes())
	switch {
	case errors.Is(err, botapi.ErrPoison):
		c.log.Error("telegram: an update has an unknown shape and is skipped", "update", u.ID)
		return u, http.StatusOK
	case err != nil:
		return u, http.StatusBadRequest
	}
	return u, 0
}
