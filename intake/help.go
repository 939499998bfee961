package intake

import (
	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// Worry is a question of a buyer, with its answer.
type Worry struct{ Ask, Answer string }

// worries are the questions of the help page, in the order of their weight: texts help.NAME and help.NAME.answer. After the
// answer of a contact stands whom to write to.
var worries = []struct {
	name    string
	contact bool
}{
	{"paid", true}, {"silent", true}, {"wrong", true}, {"elsewhere", false}, {"cost", false}, {"time", false}, {"back", true}, {"mistake", false}, {"readers", false}, {"close", false},
}

// Help answers what a buyer asks, by the rules in force.
func (f *Flow) Help(lang string) (list []Worry) {
	rules := f.cfg.Rules()
	args := map[string]string{
		"support": f.cfg.Support, "kept": f.kept(lang), "fee": f.feeRule(rules, rules.Default, "amount.fee", lang),
		"window": f.cfg.Words.Span(dialog.View{Lang: lang}, rules.Window(rules.Default)),
	}
	for _, w := range worries {
		code := "help." + w.name + ".answer"
		if w.name == "time" && rules.AcceptFirst {
			code += ".first"
		}
		answer := f.cfg.Words(lang, code, args)
		if w.contact {
			answer += " " + f.cfg.Words(lang, lockbay.Asked("help.contact", f.cfg.Support), args)
		}
		list = append(list, Worry{f.cfg.Words(lang, "help."+w.name, nil), answer})
	}
	return list
}
