package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockbay/lockbay"
)

// longestOperator bounds the operator's name and hours, in characters.
const longestOperator = 60

// operator reads who runs the service: the setting name=Bay Escrow,hours=Mon to Fri, 9 to 17 UTC. A part that names nothing
// belongs to the text before it.
func (s *Settings) operator() (o lockbay.Operator, err error) {
	var into *string
	for part := range strings.SplitSeq(s.Operator, ",") {
		name, text, is := strings.Cut(part, "=")
		field := map[string]*string{"name": &o.Name, "hours": &o.Hours}[strings.TrimSpace(name)]
		switch {
		case strings.TrimSpace(s.Operator) == "":
			return o, nil
		case is && field == nil, !is && into == nil:
			return o, badSetting("operator", strings.TrimSpace(part), "want name=TEXT,hours=TEXT, for example name=Bay Escrow,hours=Mon to Fri 9 to 17 UTC")
		case !is:
			*into += "," + part
		case *field != "":
			return o, badSetting("operator", strings.TrimSpace(name), "is given twice: give it once")
		default:
			*field, into = text, field
		}
	}
	for name, text := range map[string]*string{"name": &o.Name, "hours": &o.Hours} {
		*text = strings.TrimSpace(*text)
		if utf8.RuneCountInString(*text) > longestOperator || !utf8.ValidString(*text) || strings.ContainsFunc(*text, unicode.IsControl) {
			r := []rune(*text)
			return o, badSetting("operator", name+"="+string(r[:min(len(r), 40)])+"…", fmt.Sprintf("want one line of at most %d characters", longestOperator))
		}
	}
	return o, nil
}
