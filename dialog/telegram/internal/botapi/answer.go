package botapi

import (
	"bytes"
	"strconv"
)

var sentPrefix = []byte(`{"ok":true,"result":{"message_id":`)

// Sent reads the message id from the answer to a call. ok is false if the answer
// begins in an unusual way; encoding/json can read it then.
func Sent(raw []byte) (message int64, ok bool) {
	rest, ok := bytes.CutPrefix(raw, sentPrefix)
	if !ok {
		return 0, false
	}
	end := max(bytes.IndexAny(rest, ",}"), 0)
	message, err := strconv.ParseInt(string(rest[:end]), 10, 64)
	return message, err == nil
}
