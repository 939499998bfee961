package dialog

import (
	"errors"
	"strings"
	"sync"
)

// Speaker is implemented by flows that have texts: for the codes of the engine (see
// [CodeOldButton] and others), and for their own codes of Turn.Toast. Text is a [Words].
type Speaker interface {
	Text(lang, code string, args map[string]string) string
}

// Text is the text of s, in two parts divided by a newline: in the words of own (nil:
// none), else in those of the first flow that has the code. A code without a text is
// shown as it is, and reported as trouble.
func (e *Engine) Text(v View, own Words, s *Said) string {
	if s == nil {
		return ""
	}
	if text := own.Tell(v, s); text != "" {
		return text
	}
	for _, f := range e.order {
		if speaker, ok := f.(Speaker); ok {
			if text := Words(speaker.Text).Tell(v, s); text != "" {
				return text
			}
		}
	}
	e.untold.report(e, s.Code)
	return s.Code
}

// TextLine is Text in one line.
func (e *Engine) TextLine(v View, own Words, s *Said) string {
	return strings.Replace(e.Text(v, own, s), "\n", " ", 1)
}

var errNoText = errors.New("neither the channel nor a flow has a text for it")

// untoldMost is how many codes without a text are reported.
const untoldMost = 100

// untold are the codes without a text, each of which is reported once.
type untold struct {
	mu    sync.Mutex
	codes map[string]bool
}

func (u *untold) report(e *Engine, code string) {
	u.mu.Lock()
	known := u.codes[code] || len(u.codes) >= untoldMost
	if !known {
		if u.codes == nil {
			u.codes = map[string]bool{}
		}
		u.codes[code] = true
	}
	u.mu.Unlock()
	if !known {
		e.trouble("code "+code, errNoText)
	}
}
