package dialog

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// errDefect marks what came of a panic in a bot's own function.
var errDefect = errors.New("a defect of this version")

// guard calls a function of the bot's own. A panic in it ends neither the
// process nor anybody else's conversation: it becomes an ErrSchemaNewer, for
// another version may well do what this one cannot.
func guard(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %s: %w: %w", blame(p), errDefect, ErrSchemaNewer)
		}
	}()
	f()
	return nil
}

// blame says what panicked and where. Of a value that is not the runtime's only
// the type is told: it may quote a person.
func blame(p any) string {
	what := fmt.Sprintf("%T", p)
	if e, ok := p.(runtime.Error); ok {
		what = e.Error()
	}
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s in %s line %d", what, f.Function, f.Line)
		}
		if !more {
			return what
		}
	}
}
