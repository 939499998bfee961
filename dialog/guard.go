package dialog

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// errDefect marks a fault of the bot's own code, such as a panic.
var errDefect = errors.New("a defect of this version")

// guard calls a function of the bot's own. A panic there ends neither the process nor
// another conversation: it becomes an ErrSchemaNewer, because another version may be
// able to handle the input.
func guard(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %s: %w: %w", blame(p), errDefect, ErrSchemaNewer)
		}
	}()
	f()
	return nil
}

// blame says what panicked, and where. For a value other than the runtime's it gives the
// type only, because the value may quote a person.
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
