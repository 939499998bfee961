package terminal

import (
	"os"
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// leastColumns is the narrowest line that is wrapped.
const leastColumns = 20

// measure reads the terminal's width.
func (t *Terminal) measure() {
	t.columns = t.Width
	if f, ok := t.Out.(*os.File); ok && t.Width == 0 {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			t.columns = w
		}
	}
	if t.columns < leastColumns {
		t.columns = 0
	}
}

// columns is the width of a text in columns: two for a character of East Asia, one for an emoji family of any size.
func columns(text string) int { return uniseg.StringWidth(text) }

// wrap breaks each line of a text at blanks, so that it has at most wide columns; 0 leaves the text as it is. The rest of a
// line begins at the column hang. A longer word has a line of its own, which the terminal breaks.
func wrap(text string, wide, hang int) string {
	if wide <= 0 {
		return text
	}
	if hang > wide/2 {
		hang = 0
	}
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		wrapLine(&b, line, wide, hang)
	}
	return b.String()
}

func wrapLine(b *strings.Builder, line string, wide, hang int) {
	at, begun := 0, false // at is the column
	for line != "" {
		blanks := len(line) - len(strings.TrimLeft(line, " "))
		word, rest, _ := strings.Cut(line[blanks:], " ")
		if rest != "" || strings.HasSuffix(line, " ") {
			rest = line[blanks+len(word):]
		}
		n := columns(word)
		if begun && at+blanks+n > wide {
			b.WriteByte('\n')
			b.WriteString(strings.Repeat(" ", hang))
			at = hang
		} else {
			b.WriteString(line[:blanks])
			at += blanks
		}
		b.WriteString(word)
		at += n
		begun = begun || word != ""
		line = rest
	}
}
