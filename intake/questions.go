package intake

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
	"unicode"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// The steps, stored as conversation_state.
const (
	StepSeller      = "seller_input"
	StepAmount      = "amount_input"
	StepDescription = "description_input"
	StepDelivery    = "delivery_time"
	StepReview      = "trade_review"
)

// Names of the questions, in buttons and codes.
const (
	askSeller      = "seller"
	askAmount      = "amount"
	askDescription = "description"
	askDelivery    = "delivery"
	askFee         = "fee"
)

func (f *Flow) questions() []form.Question[Draft] {
	list := []form.Question[Draft]{f.seller(), f.amount(), f.description(), f.delivery(), f.fee()}
	for i := range list {
		f.declared(&list[i])
	}
	return list
}

// declared completes a question from the table of terms: when it is answered, and when its answer is still valid. A text
// that shows nothing, or repeats an answer to another question, is told so.
func (f *Flow) declared(q *form.Question[Draft]) {
	field := lockbay.FieldOf(q.Field)
	take := q.Take
	q.Take = func(a form.Answer[Draft]) form.Taken {
		switch {
		case a.Tapped:
			return take(a)
		case strings.TrimSpace(a.Text) == "":
			return form.Refused(form.Refuse("empty"))
		case !dialog.Visible(a.Text):
			return form.Refused(form.Refuse("empty.unseen"))
		}
		saved := *a.Draft
		took := take(a)
		if !took.OK() && f.repeats(&saved, field.Name, a) {
			return form.Refused(form.Refuse("repeated", "typed", cut(a.Text)))
		}
		return took
	}
	if q.Has == nil {
		q.Has = func(d *Draft) bool { return field.Given(&d.Terms) }
	}
	q.Check = func(d *Draft) error {
		rules, terms := f.cfg.Rules(), &d.Terms
		if !field.Given(terms) { // the term has a default
			filled := rules.Filled(d.Terms)
			terms = &filled
		}
		return refused(field.Check(terms, rules))
	}
}

// refused turns a refusal of the domain into a refusal of the form.
func refused(err error) error {
	var r *lockbay.Refusal
	if errors.As(err, &r) {
		return &form.Refusal{Code: r.Code, Args: r.Args}
	}
	return err
}

// oneOf asks for a term with Options, which the table of terms has.
func oneOf(name, step, term string, word func(*Draft) *string) form.Question[Draft] {
	var options []string
	if field := lockbay.FieldOf(term); field != nil { // else Check says so
		options = field.Options
	}
	q := form.Choose(name, "", word, options...)
	q.Step, q.Field = step, term
	return q
}

func (f *Flow) seller() form.Question[Draft] {
	return form.Question[Draft]{
		Name: askSeller, Step: StepSeller, Field: lockbay.FieldSeller,
		Take: func(a form.Answer[Draft]) form.Taken {
			var said *lockbay.Refusal
			p, err := lockbay.ParseParty(a.Text, f.self(a.Input))
			switch who := a.Input.Mentioned; {
			case who == "", errors.As(err, &said) && said.Code == lockbay.SellerSeveral:
			case a.Input.Several, err == nil && !strings.EqualFold(who, p.String()):
				return form.Refused(form.Refuse(lockbay.SellerSeveral, "typed", cut(a.Text)))
			case err == nil:
			case strings.HasPrefix(who, "@"):
				p, err = lockbay.ParseParty(who, f.self(a.Input))
			default: // nobody but Telegram could tell who that is
				return form.Refused(form.Refuse("seller.nameless", "typed", cut(who)))
			}
			if err != nil {
				return form.Refused(refused(err))
			}
			a.Draft.Seller = p
			a.Draft.Bare = cmp.Or(a.Draft.Bare, f.cfg.Rules().Default) // of the card that asks for the amount next
			return form.Accepted()
		},
		Confirm: func(d *Draft, in *dialog.Input) error { // names change hands between an answer and Confirm
			return refused(d.Seller.CheckFor(f.self(in)))
		},
		Show:  func(d *Draft, _ dialog.View) string { return dialog.Isolate(d.Seller.String()) },
		Typed: func(d *Draft) string { return d.Seller.String() },
		Pose:  func(_ *Draft, _ dialog.View, c *dialog.Card) { c.Field = &dialog.Field{Input: "email"} },
		Reads: []string{contact},
	}
}

func (f *Flow) amount() form.Question[Draft] {
	return form.Question[Draft]{
		Name: askAmount, Step: StepAmount, Field: lockbay.FieldAmount,
		Take: func(a form.Answer[Draft]) form.Taken {
			m, err := f.money(a)
			if err != nil {
				return form.Refused(refused(err))
			}
			a.Draft.Amount = m
			return form.Accepted()
		},
		Show: func(d *Draft, v dialog.View) string {
			return dialog.Isolate(f.cfg.Rules().Format(d.Amount, v.Lang))
		},
		Typed: func(d *Draft) string {
			if !f.cfg.Rules().Offers(d.Amount.Currency) { // the field would offer what is refused
				return ""
			}
			return d.Amount.Plain()
		},
		Gist: func(args map[string]string, d *Draft, v dialog.View) {
			rules := f.cfg.Rules()
			m := rules.Example(f.currency(d, rules))
			args["example"] = m.Number(v.Lang) + " " + m.Currency
		},
		Pose: func(d *Draft, v dialog.View, c *dialog.Card) {
			rules := f.cfg.Rules()
			c.Field = &dialog.Field{Input: "text"}
			currency := f.currency(d, rules)
			c.After = f.feeRule(rules, currency, "amount.fee", v.Lang)
			for _, m := range rules.QuickAmounts(currency) {
				action := askAmount + ":" + m.Major()
				if currency != d.Bare {
					action += "." + currency
				}
				c.Picks = append(c.Picks, dialog.Button{Action: action, Label: rules.Short(m, v.Lang)})
			}
		},
	}
}

// feeRule says what the service costs, in a form of the text code. least is the least fee in this currency.
func (f *Flow) feeRule(rules *lockbay.Rules, currency, code, lang string) string {
	least := lockbay.Money{Minor: rules.Fee.Minimum[currency], Currency: currency}
	switch {
	case rules.Fee.BasisPoints == 0 && least.Minor == 0:
		code += ".none"
	case rules.Fee.BasisPoints == 0:
		code += ".fixed"
	case least.Minor == 0:
		code += ".share"
	}
	return f.cfg.Words(lang, code, map[string]string{"percent": rules.Fee.Percent(lang), "least": rules.Format(least, lang)})
}

// currency of the quick amounts: the currency of a reopened answer if it is still offered, else the default.
func (f *Flow) currency(d *Draft, rules *lockbay.Rules) string {
	if len(rules.QuickAmounts(d.Amount.Currency)) > 0 {
		return d.Amount.Currency
	}
	return rules.Default
}

// money reads a typed amount, or the value of a button. A number alone is in Draft.Bare: it is asked back if that is unknown,
// or if it was typed and the default is another now. Where the answers are lost, a number that was typed is the amount.
func (f *Flow) money(a form.Answer[Draft]) (lockbay.Money, error) {
	rules, bare := f.cfg.Rules(), a.Draft.Bare
	if !a.Tapped {
		beside := cmp.Or(a.Draft.Amount.Currency, bare)
		if beside == "" && !a.Draft.Seller.IsZero() { // an older program asked, in its default
			beside = noCurrency
		}
		return rules.ParseMoneyBeside(a.Text, f.lang(a.Lang), beside)
	}
	number, currency := tapped(a.Text)
	if currency == "" && bare == "" {
		return rules.ParseMoneyBeside(number, f.lang(a.Lang), noCurrency)
	}
	m, err := lockbay.MoneyOf(number, cmp.Or(currency, bare))
	if err != nil {
		return m, err
	}
	return m, rules.CheckAmount(m)
}

// noCurrency is the code of no currency, by ISO 4217.
const noCurrency = "XXX"

// tapped splits a button's value: 100, 0.005, or 100.EUR.
func tapped(value string) (number, currency string) {
	if i := strings.LastIndexByte(value, '.'); i >= 0 && i+1 < len(value) && (value[i+1] < '0' || value[i+1] > '9') {
		return value[:i], value[i+1:]
	}
	return value, ""
}

func (f *Flow) description() form.Question[Draft] {
	return form.Question[Draft]{
		Name: askDescription, Step: StepDescription, Field: lockbay.FieldDescription,
		Take: func(a form.Answer[Draft]) form.Taken {
			s, err := f.cfg.Rules().CleanDescription(a.Text)
			var not *lockbay.Refusal
			if err == nil || errors.As(err, &not) && not.Code == lockbay.DescriptionShort { // an amount is short, too
				if f.answersOther(s, a) {
					return form.Refused(form.Refuse("description.answer", "typed", cut(s)))
				}
			}
			if err != nil {
				return form.Refused(refused(err))
			}
			a.Draft.Description = s
			return form.Accepted()
		},
		Most: func() int { return f.cfg.Rules().DescriptionMax },
		Show: func(d *Draft, _ dialog.View) string { return dialog.Isolate(d.Description) },
		Pose: func(_ *Draft, v dialog.View, c *dialog.Card) {
			rules := f.cfg.Rules()
			limits := map[string]string{"low": strconv.Itoa(rules.DescriptionMin), "high": strconv.Itoa(rules.DescriptionMax)}
			c.Field = &dialog.Field{Long: true, Input: "text", Count: f.cfg.Words(v.Lang, "description.count", limits)}
			if !v.Field { // a page has them beside its field
				c.Hint = f.cfg.Words(v.Lang, "description.hint.limits", limits)
			}
		},
	}
}

// repeats reports whether a text that the question of a field refused is a saved answer to another question: it was sent
// twice. A number alone is no such answer where numbers are another thing.
func (f *Flow) repeats(saved *Draft, field string, a form.Answer[Draft]) bool {
	rules, text := f.cfg.Rules(), strings.TrimSpace(a.Text)
	number := !strings.ContainsFunc(text, unicode.IsLetter)
	if p, err := lockbay.ParseParty(text, lockbay.Self{}); err == nil && field != lockbay.FieldSeller && p == saved.Seller {
		return len(strings.Fields(text)) == 1 || text == p.String()
	}
	beside := ""
	if field == lockbay.FieldDelivery {
		beside = noCurrency
	}
	if m, err := rules.ParseMoneyBeside(text, f.lang(a.Lang), beside); err == nil && field != lockbay.FieldAmount && m == saved.Amount {
		return true
	}
	if hours, err := rules.ParseDelivery(text); err == nil && field != lockbay.FieldDelivery && hours == saved.DeliveryHours {
		return !number
	}
	s, err := rules.CleanDescription(text)
	return err == nil && field != lockbay.FieldDescription && s == saved.Description
}

// answersOther reports whether a description is the answer to another question: a text
// without a letter, an amount, a time, or a person by name, phone or email. It settles no
// disagreement, and is mostly an answer that was sent twice.
func (f *Flow) answersOther(s string, a form.Answer[Draft]) bool {
	if !strings.ContainsFunc(s, unicode.IsLetter) {
		return true
	}
	rules := f.cfg.Rules()
	if _, err := rules.ParseDelivery(s); err == nil {
		return true
	}
	_, err := rules.ParseMoney(s, f.lang(a.Lang))
	var not *lockbay.Refusal
	if err == nil || errors.As(err, &not) && not.Code != lockbay.AmountUnclear { // any other refusal is of an amount
		return true
	}
	if _, err := lockbay.ParseEscrowID(s); err == nil {
		return true
	}
	p, err := lockbay.ParseParty(s, lockbay.Self{})
	switch words := len(strings.Fields(s)); {
	case words == 2 && err == nil && p == a.Draft.Seller: // "Anna @anna_ceramics"
		return true
	case words > 1 && !strings.ContainsAny(s[:1], "+("):
		return false // a name is one word
	}
	return err == nil && (p.Kind != lockbay.KindTelegram || p == a.Draft.Seller || strings.ContainsAny(s, "@/"))
}

// custom is the value of the button that asks to type a delivery time.
const custom = "custom"

func (f *Flow) delivery() form.Question[Draft] {
	return form.Question[Draft]{
		Name: askDelivery, Step: StepDelivery, Field: lockbay.FieldDelivery,
		Take: func(a form.Answer[Draft]) form.Taken {
			rules := f.cfg.Rules()
			if a.Tapped && a.Text == custom {
				return form.AskedOn("ask")
			}
			hours, err := rules.ParseDelivery(a.Text)
			if err != nil {
				return form.Refused(refused(err))
			}
			a.Draft.DeliveryHours = hours
			return form.Accepted()
		},
		Show:  func(d *Draft, v dialog.View) string { return f.hours(v, d.DeliveryHours) },
		Typed: func(d *Draft) string { return strconv.Itoa(d.DeliveryHours) + "h" },
		Note:  func(_ *Draft, v dialog.View) string { return f.cfg.Words(v.Lang, "delivery.note", nil) },
		Options: func(_ *Draft, v dialog.View) (list []form.Option) {
			rules := f.cfg.Rules()
			for _, h := range [...]int{24, 48, 72} {
				if rules.CheckDelivery(h) == nil {
					list = append(list, form.Option{Value: strconv.Itoa(h), Label: f.hours(v, h), Detail: f.span(v, "span.days", h/24)})
				}
			}
			if !v.Field { // a page has a field instead
				list = append(list, form.Option{Value: custom})
			}
			return list
		},
		Pose: func(_ *Draft, v dialog.View, c *dialog.Card) {
			rules := f.cfg.Rules()
			c.First = true
			most := f.hours(v, rules.DeliveryMax)
			if rules.DeliveryMax%24 == 0 {
				most = f.span(v, "span.days", rules.DeliveryMax/24)
			}
			c.Field = &dialog.Field{Input: "text", Label: f.cfg.Words(v.Lang, "delivery.other", map[string]string{"most": most})}
		},
	}
}

// deliveryExamples adds examples of typed delivery times that the rules allow: example in hours, and example_days in
// days, empty if no whole number of days is allowed.
func (f *Flow) deliveryExamples(lang string, args map[string]string) map[string]string {
	rules := f.cfg.Rules()
	args = with(args, "example", rules.ExampleHours(36))
	days := min(max(5, (rules.DeliveryMin+23)/24), rules.DeliveryMax/24)
	if rules.CheckDelivery(days*24) != nil {
		return with(args, "example_days", "")
	}
	return with(args, "example_days", f.cfg.Words(lang, "span.days", map[string]string{"n": strconv.Itoa(days)}))
}

func (f *Flow) hours(v dialog.View, n int) string { return f.span(v, "span.hours", n) }

func (f *Flow) span(v dialog.View, code string, n int) string {
	return f.cfg.Words(v.Lang, code, map[string]string{"n": strconv.Itoa(n)})
}

// fee has a default, so it is asked only from the review.
func (f *Flow) fee() form.Question[Draft] {
	q := oneOf(askFee, askFee, lockbay.FieldFeePayer, func(d *Draft) *string { return &d.FeePayer })
	q.Side = true
	q.Has = func(d *Draft) bool { return d.Amount.IsZero() || f.cfg.Rules().Fee.Of(d.Amount).Minor > 0 }
	q.Value = func(d *Draft) string { return f.cfg.Rules().Filled(d.Terms).FeePayer }
	q.Gist = func(args map[string]string, d *Draft, v dialog.View) {
		rules := f.cfg.Rules()
		quote := rules.Quote(d.Terms)
		args["fee"] = rules.Sum(quote, quote.Fee, v.Lang)
	}
	q.Options = func(d *Draft, v dialog.View) (list []form.Option) {
		rules := f.cfg.Rules()
		terms := rules.Filled(d.Terms)
		for _, payer := range lockbay.Payers {
			terms.FeePayer = payer
			quote := rules.Quote(terms)
			pays := map[string]string{"pays": rules.Sum(quote, quote.BuyerPays, v.Lang)}
			list = append(list, form.Option{Value: payer, Detail: f.cfg.Words(v.Lang, "fee.you_pay", pays)})
		}
		return list
	}
	return q
}
