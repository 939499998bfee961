package intake

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// startSteps are the steps of a deal on the start page. Each has a headline and a sentence: start.CODE and start.CODE.when.
var startSteps = []string{"answer", "pay", "deliver", "check"}

// welcome fills the start page, which a visitor reads before the first question: what the service does, how a deal goes, who
// runs it, and what it costs.
func (f *Flow) welcome(v dialog.View, c *dialog.Card) {
	say := func(code string, args map[string]string) string { return f.cfg.Words(v.Lang, code, args) }
	number := f.questionsInWords(v.Lang)
	args := map[string]string{"questions": number, "more_questions": capital(number), "support": f.cfg.Support}
	c.Hint, c.Body = say("start.hint", nil), nil
	c.After = say("start.after", args)
	c.Ahead = say("start.steps", nil)
	for _, step := range startSteps {
		when := "start." + step + ".when"
		if step == "check" {
			when = lockbay.Asked(when, f.cfg.Support)
		}
		if step == "pay" && f.cfg.Rules().AcceptFirst {
			when += ".first"
		}
		c.Next = append(c.Next, dialog.Next{Who: say("start."+step, args), When: say(when, args)})
	}
	c.AboutAs = say("start.about", nil)
	for _, term := range f.about(v.Lang) {
		c.About = append(c.About, dialog.Fact{Label: say("start."+term.name+".label", nil), Value: term.value, Note: term.note})
	}
}

// term is one line about the service.
type term struct{ name, value, note string }

// answered says when a person answers; empty: the operator did not say.
func (f *Flow) answered(lang string) string {
	if f.cfg.Operator.Hours == "" {
		return ""
	}
	return f.cfg.Words(lang, "operator.hours", map[string]string{"hours": f.cfg.Operator.Hours})
}

// runBy says who runs the service, how to reach them and when they answer.
func (f *Flow) runBy(say func(code string, args map[string]string) string, lang string) term {
	args := map[string]string{"support": f.cfg.Support, "operator": f.cfg.Operator.Name}
	who := lockbay.Asked("start.run.who", f.cfg.Support)
	if f.cfg.Operator.Name != "" {
		who = lockbay.Asked("start.run.named", f.cfg.Support)
	}
	note := say("start.run.note", nil)
	if hours := f.answered(lang); hours != "" {
		note += " " + hours
	}
	return term{"run", say(who, args), note}
}

// about says who runs the service, what it costs, and which deals it takes.
func (f *Flow) about(lang string) []term {
	rules := f.cfg.Rules()
	say := func(code string, args map[string]string) string { return f.cfg.Words(lang, code, args) }
	run := f.runBy(say, lang)

	example := rules.Example(rules.Default)
	fee := term{"fee", f.feeRule(rules, rules.Default, "start.fee", lang), ""}
	if of := rules.Fee.Of(example); of.Minor > 0 {
		fee.note = say("start.fee.note", map[string]string{"fee": rules.Format(of, lang), "amount": rules.Format(example, lang)})
	}

	limits := rules.Limits[rules.Default]
	low, high := lockbay.Money{Minor: limits.Min, Currency: rules.Default}, lockbay.Money{Minor: limits.Max, Currency: rules.Default}
	deals := term{"deals", say("start.deals.range", map[string]string{"low": rules.Short(low, lang), "high": rules.Short(high, lang)}), ""}
	others := slices.DeleteFunc(slices.Clone(rules.Currencies), func(c string) bool { return c == rules.Default })
	if len(others) > 0 {
		deals.note = say("start.deals.others", map[string]string{"currencies": strings.Join(others, ", ")})
	}
	return []term{run, fee, deals}
}

// questionsInWords is the number of the steps' questions.
func (f *Flow) questionsInWords(lang string) string {
	n := strconv.Itoa(f.Steps() - 1)
	return cmp.Or(f.cfg.Words(lang, "number."+n, nil), n)
}

// capital makes a text the beginning of a sentence.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
