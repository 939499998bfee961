package dialog

import (
	"strconv"
	"strings"
	"time"
)

// Touch is where and when something was changed, to the second. Its text is
// CHANNEL:SECONDS, the unix time in base 36.
type Touch struct {
	Channel string
	At      time.Time
}

// MarshalText implements [encoding.TextMarshaler].
func (x Touch) MarshalText() ([]byte, error) {
	return strconv.AppendInt([]byte(x.Channel+":"), x.At.Unix(), 36), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler]. A text that it cannot read is nobody's
// change, long ago.
func (x *Touch) UnmarshalText(text []byte) error {
	channel, seconds, _ := strings.Cut(string(text), ":")
	if n, err := strconv.ParseInt(seconds, 36, 64); err == nil {
		*x = Touch{channel, time.Unix(n, 0).UTC()}
	}
	return nil
}
