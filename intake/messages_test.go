package intake_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// message makes a numbered message, as of Telegram.
func (k *talk) message(number int64, in dialog.Input) *talk {
	k.t.Helper()
	in.Serial = dialog.Serial{Series: "tg:1:1", Number: number, Sent: k.now.Unix()}
	if in.Kind == 0 {
		in.Kind = dialog.KindText
	}
	k.input(in)
	return k
}

// edit changes a message that was sent before.
func (k *talk) edit(number int64, text string) *talk {
	k.t.Helper()
	k.input(dialog.Input{Kind: dialog.KindOther, Name: "edited", Edit: true, Text: text, Serial: dialog.Serial{Series: "tg:1:1", Number: number}})
	return k
}

// An edit has one answer, in the card that is there, with a button back to the answer that
// the message gave.
func TestEdits(t *testing.T) {
	k := pushing(t)
	k.say("/create").message(10, dialog.Input{Text: "@anna_ceramics"}).message(12, dialog.Input{Text: "1250 eur"})
	k.shown()
	card := live(k.out.Record)
	k.edit(12, "1300 eur").did(dialog.DidRefuse).step(intake.StepDescription)
	k.expect("✗ An edit changes no answer. The price is still €1,250.00; the button below opens it.", "edit:amount back cancel")
	if _, message := k.shown(); message != card {
		t.Errorf("the answer is in message %q, want the card %q", message, card)
	}
	if b, _ := k.find("edit:amount"); b.Label != "Edit price" {
		t.Errorf("the button is %q", b.Label)
	}
	k.edit(12, "1350 eur").did(dialog.DidDuplicate) // once per message
	k.tap("edit:amount").step(intake.StepAmount).say("1300 eur").step(intake.StepDescription).expect("Price: €1,300.00")
	k.edit(10, "@piotr_books").expect("The seller is still @anna_ceramics", "edit:seller")
	k.edit(3, "hello").expect("✗ An edited message changes no answer.")
	k.message(14, dialog.Input{Text: "cups"}).did(dialog.DidRefuse).edit(14, "Two cups, without a crack")
	k.expect("✗ An edit is not read as an answer. Send it as a new message.").step(intake.StepDescription)
	k.message(16, dialog.Input{Text: "Two cups, without a crack"}).tap("delivery:72").step(intake.StepReview)
	k.edit(16, "Three cups").expect("The description is still Two cups, without a crack", "edit:description", "confirm")
	k.shown()
	sent := k.sent.n
	k.tapOn(live(k.out.Record), "confirm").shown()
	id := k.out.Record.Started
	k.edit(16, "Three cups").did(dialog.DidDuplicate) // answered before
	k.edit(13, "x").step("payment_pending").expect("! An edited message changes nothing.", "This escrow keeps what you confirmed.", "For: Two cups, without a crack")
	if k.shown(); k.sent.n != sent || k.out.Record.Key.ID != id {
		t.Errorf("%d messages were sent, want none; %s answered, want the deal %s", k.sent.n-sent, k.out.Record.Key, id)
	}
}

// An edit makes no message where no card is.
func TestEditWithoutACard(t *testing.T) {
	k := pushing(t)
	k.edit(5, "hello").did(dialog.DidNothing)
	k.say("/create").say("@anna_ceramics").shown()
	k.sent.n = 100
	if err := k.bot.Forget(t.Context(), k.out.Record.Key); err != nil {
		t.Fatal(err)
	}
	k.edit(6, "hello")
	if card, _ := k.shown(); card != "" || k.sent.n != 100 {
		t.Errorf("an edit made a message:\n%s", card)
	}
}

// An app divides a text near 4096 units: the rest of what was refused is refused with it.
func TestDividedText(t *testing.T) {
	for name, first := range map[string]int{"at the limit": 4096, "at a blank": 3900, "half": 2048} {
		t.Run(name, func(t *testing.T) {
			k := begin(t).say("/create").say("@anna_ceramics").say("1250 eur")
			k.expect("10 to 500 characters") // the limit is known beforehand
			k.message(20, dialog.Input{Text: strings.Repeat("a b ", first/4)}).did(dialog.DidRefuse)
			k.message(21, dialog.Input{Text: strings.Repeat("tail ", 80)}).did(dialog.DidRefuse).step(intake.StepDescription)
			k.expect("characters too long. All of it is still here.")
			if typed := k.out.Record.Said.Typed; !strings.HasSuffix(typed, "tail ") || len(typed) != first+400 {
				t.Errorf("%d characters are given back", len(typed))
			}
			k.message(22, dialog.Input{Text: "A third part of the same text"}).did(dialog.DidRefuse)
			k.after(10 * 1e9) // a person has read the card and writes anew
			k.message(30, dialog.Input{Text: "Two cups, without a crack"}).step(intake.StepDelivery).expect("For: Two cups, without a crack")
		})
	}
	// a short refused text has no rest, however quick the next one is
	k := begin(t).say("/create").say("@anna_ceramics").message(5, dialog.Input{Text: "1.250"}).did(dialog.DidRefuse)
	k.message(6, dialog.Input{Text: "1250 eur"}).step(intake.StepDescription)
}

// An answer to another question is no description, and letters are needed in one.
func TestDescriptionIsNoOtherAnswer(t *testing.T) {
	k := begin(t).say("/create").say("@anna_ceramics").say("1250.50 eur")
	for _, s := range []string{"1250.50 EUR", "1250.50 USD", "1 250,50 EUR", "€1,300.00 EUR", "1250.50 CHF", "999,999,999 EUR", "12345678901", "@anna_ceramics", "@piotr_books",
		"https://t.me/anna_ceramics", "anna@example.com", "+49 1511 2345678", "1 day 12 hours", "------------", "anna_ceramics", "Anna @anna_ceramics", "@anna_ceramics (Anna)", "ESC-7K4M-92QXA"} {
		k.say(s).did(dialog.DidRefuse).step(intake.StepDescription)
		if k.out.Record.Said.Code == "description.long" {
			t.Errorf("%q: %s", s, k.out.Record.Said.Code)
		}
	}
	k.say("1250.60 EUR").expect("“1250.60 EUR” does not say what you are buying. Say it in words; your other answers are kept.", "Price: €1,250.50")
	for _, s := range []string{"Handmade dinner set, 24 pieces", "24 plates of porcelain", "iPhone 15 Pro 256 GB", "100 EUR gift card for a shop", "Samsung_Galaxy_S24",
		"An account, anna@example.com", "Сервиз ручной работы", "手工制作的陶瓷餐具二十四件", "طقم عشاء مصنوع يدويا", "2 hours of tuition in German"} {
		k.say(s).did(dialog.DidApply).step(intake.StepDelivery).say("/back").step(intake.StepDescription)
	}
}

// A caption is an answer, and the card says that its picture is not kept.
func TestCaptions(t *testing.T) {
	k := begin(t).say("/create").say("@anna_ceramics").say("1250 eur")
	k.message(20, dialog.Input{Text: "Two cups, without a crack", Attached: "photo"}).step(intake.StepDelivery)
	k.expect("! We read your words.", "The picture is not kept", "For: Two cups, without a crack")
	k.say("/back").message(22, dialog.Input{Text: "Two cups", Attached: "photo"}).did(dialog.DidRefuse).step(intake.StepDescription)
	k.message(24, dialog.Input{Text: "Two cups, without a crack", Attached: "paid_media"}).step(intake.StepDelivery).expect("What came with them is not kept")
}

// A contact is a seller, and so is a person whom a link in the text names, by the username. For a person without one another
// address is asked.
func TestContactsAndMentions(t *testing.T) {
	contact := func(k *talk, phone, id string) *talk {
		k.input(dialog.Input{Kind: dialog.KindOther, Name: "contact", Text: phone, Value: id})
		return k
	}
	contact(begin(t).say("/create"), "+4915112345678", "1000002").step(intake.StepAmount).expect("Seller: +49 1511 2345678")
	contact(begin(t).say("/create"), "00491511 2345678", "1000002").step(intake.StepAmount).expect("Seller: +49 1511 2345678")
	contact(begin(t).say("/create"), "01511 2345678", "1000002").did(dialog.DidRefuse).expect("✗ “01511 2345678” is not a whole phone number.")
	for _, own := range []string{"+4915112345678", "+49 1511 2345678", "0049 1511 2345678"} {
		contact(begin(t).say("/create"), own, "1000001").did(dialog.DidRefuse).expect("✗ That is you.")
	}
	contact(begin(t).say("/create"), "", "1000002").did(dialog.DidRefuse).expect("✗ We cannot read a contact")
	k := contact(begin(t).say("/create").say("@anna_ceramics"), "+4915112345678", "1000002")
	k.did(dialog.DidRefuse).step(intake.StepAmount).expect("✗ We cannot read a contact")
	k = begin(t).say("/create")
	k.input(dialog.Input{Kind: dialog.KindText, Text: "Anna", Mentioned: "Anna"})
	k.did(dialog.DidRefuse).expect("✗ “Anna” has no Telegram name. Write their phone or email, or send their contact.")
	mention := func(name string) *talk {
		k := begin(t).say("/create")
		k.input(dialog.Input{Kind: dialog.KindText, Text: "I buy from Anna K.", Mentioned: name})
		return k
	}
	mention("@anna_ceramics").step(intake.StepAmount).expect("Seller: @anna_ceramics")
	mention("@boris_k").did(dialog.DidRefuse).expect("✗ That is you.")
	k = begin(t).say("/create")
	k.input(dialog.Input{Kind: dialog.KindText, Text: "@boris_x or @olga_x", Mentioned: "@anna_ceramics"})
	k.did(dialog.DidRefuse).step(intake.StepSeller)
	for _, in := range []dialog.Input{
		{Text: "Anna or Olga", Mentioned: "@anna_ceramics", Several: true},
		{Text: "@olga_x or Anna", Mentioned: "@anna_ceramics"},
		{Text: "Anna or olga@example.com", Mentioned: "Anna"},
	} {
		in.Kind = dialog.KindText
		k.input(in)
		k.did(dialog.DidRefuse).step(intake.StepSeller).expect("✗ “" + in.Text + "” names more than one.")
	}
	k.input(dialog.Input{Kind: dialog.KindText, Text: "@Anna_Ceramics", Mentioned: "@anna_ceramics"})
	k.step(intake.StepAmount)
}

// A text beside an escrow says what happens now, how to pay and whom to ask.
func TestTextBesideAnEscrow(t *testing.T) {
	k := begin(t).review().tap("confirm")
	id := k.out.Record.Started
	for _, text := range []string{"I paid", "done", "Where do I send the money?", "1250 eur", "ESC-0000-00000", "не работает"} {
		k.say(text).step("").expect("Your escrow waits for the payment. We tell you here when it comes. Tap it to see how to pay. Write to @bay_help if something is wrong.", "status:"+id)
	}
	k.expect("“не работает” is not saved: no draft is open.")
	for _, typed := range []string{id, strings.ToLower(id), " " + id + " ", strings.ReplaceAll(id, "-", "")} {
		k.say(typed).expect(id+" is yours.", "Tap it to see where it stands.", "status:"+id)
	}
	if len(k.deals()) != 1 {
		t.Error("a text made a deal")
	}
	if err := k.order("mark-paid", id); err != nil {
		t.Fatal(err)
	}
	k.mine().say("I got it").expect("We hold the money of your escrow. Tap it to see what happens next.", "status:"+id)
	begin(t).say("I paid").expect("There is no draft here.")
	k = begin(t).review().tap("confirm")
	k.open(k.out.Record.Started).tap("cancel").tap("cancel:yes").mine().say("I paid").expect("There is no draft here.")
	k = begin(t).review().tap("confirm").review().tap("confirm").say("I paid").expect("2 escrows wait for their payment. We tell you here when it comes.")
	k.say("/help").expect("/create starts a deal, /status lists your escrows and /support writes to us, at any time. /back, /cancel, /restart and /resume are for a draft.")
}
