package web

import (
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// cards has one card of every kind that an escrow shows.
func cards() map[string]*dialog.Card {
	anna := dialog.Isolate("@anna_ceramics")
	saved := time.Date(2026, 11, 24, 14, 40, 0, 0, time.UTC)
	what := dialog.Isolate("Handmade dinner set, 24 pieces, celadon glaze, two spare plates")
	facts := []dialog.Fact{
		{Field: "seller", Label: "Seller", Value: anna},
		{Field: "amount", Label: "Price", Value: dialog.Isolate("€1,250.00")},
		{Field: "description", Label: "For", Value: what},
		{Field: "delivery", Label: "Delivery", Value: "72 hours", Note: "Counted from your payment"},
		{Field: "fee_payer", Label: "Fee", Value: "Half each"},
	}
	known := func(n int) []dialog.Fact {
		f := append([]dialog.Fact(nil), facts[:n]...)
		if n > 0 {
			f[n-1].Fresh = true
		}
		return f
	}
	cancel, back := dialog.Button{Action: "cancel", Label: "Cancel"}, dialog.Button{Action: "back", Label: "Back"}
	base := func(step, progress string) *dialog.Card {
		return &dialog.Card{
			Draft: "d7kq2mx9", Revision: 8, Step: step, Progress: progress, Saved: saved, SavedAs: "Saved 14:40",
			Known: "Known so far", Quiet: []dialog.Button{back, cancel},
		}
	}
	all := map[string]*dialog.Card{}

	menu := &dialog.Card{
		Question: "Deals between people who have not met", Body: []string{"LockBay holds the buyer's money until both have what they agreed.", "Every answer is saved as you give it. You may close the page at any time."},
		Primary: &dialog.Button{Action: "create", Label: "New escrow", Free: true}, Ended: true,
	}
	all["menu"] = menu

	c := base("seller_input", "Step 1 of 5")
	c.Saved, c.SavedAs, c.Quiet = time.Time{}, "No answers yet", []dialog.Button{cancel}
	c.Question, c.Hint, c.After = "Who is selling?", "Their Telegram name, phone or email, for example "+anna, "They hear nothing until you confirm."
	c.Field = &dialog.Field{Input: "email"}
	c.Soon, c.SoonFrom = []string{"Price", "What it is for", "Delivery", "Review"}, 2
	all["step1"] = c

	amount := func() *dialog.Card {
		c := base("amount_input", "Step 2 of 5")
		c.Facts, c.Question = known(1), "How much is the deal?"
		c.Hint = "An amount with its currency, for example " + dialog.Isolate("1,250.50 EUR")
		c.Field = &dialog.Field{}
		for _, a := range []string{"50", "100", "250", "500"} {
			c.Picks = append(c.Picks, dialog.Button{Action: "amount:" + a, Label: "€" + a})
		}
		c.Soon, c.SoonFrom = []string{"What it is for", "Delivery", "Review"}, 3
		return c
	}
	all["step2"] = amount()
	c = amount()
	c.Refusal, c.Field.Value = "“"+dialog.Isolate("1.250")+"” can mean 1,250 or 1.25. Write "+dialog.Isolate("1250 EUR")+" or "+dialog.Isolate("1.25 EUR")+".", "1.250 eur"
	all["refused"] = c

	c = base("description_input", "Step 3 of 5")
	c.Facts, c.Question = known(2), "What are you buying?"
	c.Hint = "Say what must arrive, and in what state. If you two disagree later, this text decides."
	c.Field = &dialog.Field{Long: true, Count: "10 to 500 characters"}
	c.Soon, c.SoonFrom = []string{"Delivery", "Review"}, 4
	all["step3"] = c

	delivery := func() *dialog.Card {
		c := base("delivery_time", "Step 4 of 5")
		c.Facts, c.Question, c.First = known(3), "How long may delivery take?", true
		c.Hint = "For example " + dialog.Isolate("36h") + " or " + dialog.Isolate("5 days") + ", counted from your payment"
		c.Choices = []dialog.Button{{Action: "delivery:24", Label: "24 hours", Detail: "1 day"}, {Action: "delivery:48", Label: "48 hours", Detail: "2 days"}, {Action: "delivery:72", Label: "72 hours", Detail: "3 days"}}
		c.Field = &dialog.Field{Label: "Or another time, up to 7 days", Continue: "Continue"}
		c.Soon, c.SoonFrom = []string{"Review"}, 5
		return c
	}
	all["step4"] = delivery()
	c = delivery()
	c.Band = &dialog.Band{Strong: "Welcome back: step 4 of 5, saved 2 hours ago", Text: "Your three answers are here. Delivery is still open."}
	all["welcome-back"] = c
	c = delivery()
	c.Facts[1].Note = "Changed in Telegram, 14:36"
	c.Band = &dialog.Band{Strong: "The amount was changed in Telegram", Text: "It is now €1,300.00. Here you had typed 1250.50 EUR."}
	all["changed"] = c
	c = delivery()
	c.Refusal, c.Field.Value = "200 hours is too long. Write 1 to 168 hours.", "200"
	all["refused-delivery"] = c

	review := func() *dialog.Card {
		c := base("trade_review", "Step 5 of 5")
		c.Known, c.Review, c.Question, c.Title = "Your answers", true, "Is this right?", "Review"
		c.Facts = known(5)
		for i := range c.Facts {
			f := &c.Facts[i]
			f.Fresh = false
			f.Edit = &dialog.Button{Action: "edit:" + f.Field, Label: "Edit", Aria: "Edit " + f.Label}
		}
		c.Sums = []dialog.Sum{{Label: "Price", Value: "€1,250.00"}, {Label: "Your half of the fee", Value: "€15.63"}, {Label: "You pay", Value: "€1,265.63", Total: true}, {Label: "Seller gets, after €15.62 fee", Value: "€1,234.38", Part: true}}
		c.Primary, c.After = &dialog.Button{Action: "confirm", Label: "Confirm escrow"}, "Nothing is charged by confirming."
		c.Next = []dialog.Next{
			{Who: "You pay into escrow", When: "Within 60 minutes. Until then you can cancel for free."},
			{Who: anna + " delivers", When: "Within 72 hours of your payment. The money stays locked."},
			{Who: "You check, then release", When: "Now " + anna + " gets €1,234.38. To cancel, both must agree."},
		}
		return c
	}
	all["review"] = review()

	c = base("trade_review", "Step 5 of 5")
	c.Facts, c.Question = known(4), "Who pays the fee of €31.25?"
	c.Choices = []dialog.Button{{Action: "fee:split", Label: "Half each (now)", Detail: "you pay €1,265.63", Chosen: true}, {Action: "fee:buyer", Label: "You", Detail: "you pay €1,281.25"}, {Action: "fee:seller", Label: "Seller", Detail: "you pay €1,250.00"}}
	all["fee"] = c

	c = base("payment_pending", "Confirmed. Waiting for your payment")
	c.Draft, c.Title, c.Refresh, c.Known = "ESC-7K4M-92QXA", "Waiting for your payment", true, "Confirmed at 14:41"
	c.Facts = []dialog.Fact{{Label: "Escrow", Value: "ESC-7K4M-92QXA", Mono: true}, facts[0], {Field: "delivery", Label: "Delivery", Value: "72 hours from your payment"}}
	c.Question, c.Bar = "Pay €1,265.63 by 15:41", &dialog.Bar{Value: 52, Max: 60, Label: "Time left to pay", Text: "52 minutes left, counted at 14:49"}
	c.Sums = []dialog.Sum{{Label: "To pay", Value: "€1,265.63"}, {Label: "Reference", Value: "ESC-7K4M-92QXA", Mono: true}}
	c.Body = []string{"Send it to " + dialog.Isolate("LT12 7300 0101 2345 6789") + ", Bay Escrow, with the reference. Write to " + dialog.Isolate("@bay_help") + " if you cannot pay."}
	c.After = "This card changes when it has arrived. You may close the page."
	c.Quiet = []dialog.Button{{Action: "create", Label: "New escrow", Free: true}, {Action: "cancel", Label: "Cancel escrow"}}
	c.Next = review().Next[1:]
	c.Others = []dialog.Button{{Action: "status:ESC-3N8V-PT4WB", Label: dialog.Isolate("ESC-3N8V-PT4WB"), Detail: "Paid. Waiting for delivery", Free: true}, {Action: "resume", Label: "Go on with your draft", Free: true}}
	all["pending"] = c

	c = base("delivery_time", "You already have a draft")
	c.Facts, c.Question, c.Hint, c.Quiet = known(3), "Go on with this draft?", "Step 4 of 5, saved 2 hours ago", nil
	c.Primary, c.Alt = &dialog.Button{Action: "continue", Label: "Continue"}, []dialog.Button{{Action: "restart", Label: "Start over"}}
	c.After = "Starting over deletes these three answers."
	all["choose"] = c

	all["cancelled"] = &dialog.Card{
		Draft: "d7kq2mx9", Revision: 12, Ended: true, Question: "This draft is cancelled", Body: []string{"Nothing was charged, and the seller was not told. Your answers can come back until tomorrow, 14:41."},
		Primary: &dialog.Button{Action: "create", Label: "New escrow", Free: true}, Alt: []dialog.Button{{Action: "undo", Label: "Undo"}},
	}
	all["expired"] = &dialog.Card{
		Draft: "d7kq2mx9", Revision: 12, Ended: true, Question: "This draft expired on 17 Nov", Body: []string{"We kept it for 7 days after your last answer, then deleted it. Nothing was charged, and the seller was not told."},
		Primary: &dialog.Button{Action: "create", Label: "New escrow", Free: true},
	}

	c = &dialog.Card{
		Lang: "ar", Draft: "d7kq2mx9", Revision: 7, Step: "delivery_time", Saved: saved, SavedAs: "حُفظ 14:34",
		Progress: "الخطوة 4 من 5", Known: "ما نعرفه حتى الآن", Question: "ما أقصى مدة للتسليم؟", First: true,
		Facts: []dialog.Fact{
			{Field: "seller", Label: "البائع", Value: anna},
			{Field: "amount", Label: "المبلغ", Value: dialog.Isolate("1,250.00 €")},
			{Field: "description", Label: "الشيء", Value: dialog.Isolate("طقم عشاء مصنوع يدويًا، 24 قطعة، مع طبقين إضافيين")},
		},
		Choices: []dialog.Button{{Action: "delivery:24", Label: "24 ساعة", Detail: "يوم واحد"}, {Action: "delivery:48", Label: "48 ساعة", Detail: "يومان"}, {Action: "delivery:72", Label: "72 ساعة", Detail: "3 أيام"}},
		Field:   &dialog.Field{Label: "أو مدة أخرى، حتى 7 أيام", Continue: "متابعة"},
		Hint:    "مثلًا " + dialog.Isolate("36") + " أو " + dialog.Isolate("5 أيام") + "، تُحسب من وقت الدفع",
		Quiet:   []dialog.Button{{Action: "back", Label: "رجوع"}, {Action: "cancel", Label: "إلغاء"}},
		Ahead:   "ما تبقى", Soon: []string{"المراجعة"}, SoonFrom: 5,
	}
	all["arabic"] = c
	return all
}
