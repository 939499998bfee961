package telegram

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"

	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

const (
	updateMax    = 1 << 20 // bytes of a post
	secretHeader = "X-Telegram-Bot-Api-Secret-Token"
)

var jsonType = []string{"application/json"}

// ServeHTTP takes one update from the server and answers 200 after its commit.
// Everything else makes the server bring the update again, after 2, 4, 8 …
// seconds and for 24 hours, and hold up what comes after it: 503 (the store is
// away, or a newer version has to take it; without Retry-After, which could make
// the server drop it), 429 (too many inputs of one
// person, or what a poller has set aside of theirs comes first), 400 (no JSON: a body
// that was cut off on its way), 413. JSON of a shape that is not the API's would
// come again for ever and never be better: it is logged and answered 200.
func (c *Channel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	given := r.Header.Get(secretHeader)
	if c.cfg.Secret == "" || subtle.ConstantTimeCompare([]byte(given), []byte(c.cfg.Secret)) != 1 {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.ContentLength > updateMax {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	buf := buffers.Get().(*bytes.Buffer)
	buf.Reset()
	defer func() {
		if buf.Cap() <= 64<<10 {
			buffers.Put(buf)
		}
	}()
	if _, err := buf.ReadFrom(io.LimitReader(r.Body, updateMax+1)); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if buf.Len() > updateMax {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	u, err := botapi.Parse(buf.Bytes())
	switch {
	case errors.Is(err, botapi.ErrPoison):
		c.log.Error("telegram: an update cannot be read and is passed over", "update", u.ID)
		w.WriteHeader(http.StatusOK)
		return
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if c.isBehind(r.Context(), &u) {
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	answer, err := c.handle(r.Context(), &u, buf.Bytes(), true)
	switch {
	case errors.Is(err, errTooMany):
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case err != nil:
		c.log.Warn("telegram: an update has to come again", "update", u.ID, "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if _, free := c.pace.paused(answer.chat); answer.method == "" || !free && answer.method != "answerCallbackQuery" {
		w.WriteHeader(http.StatusOK) // in a pause nothing rides in it but the end of a spinner
		return
	}
	buf.Reset()
	w.Header()["Content-Type"] = jsonType
	_, _ = w.Write(answer.append(buf.AvailableBuffer(), true))
}
