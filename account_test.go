package lockbay

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// ibans are the examples of SWIFT's IBAN registry, one a country.
var ibans = strings.Fields(`AD1200012030200359100100 AE070331234567890123456 AL47212110090000000235698741 AT611904300234573201
AZ21NABZ00000000137010001944 BA391290079401028494 BE68539007547034 BG80BNBG96611020345678 BH67BMAG00001299123456 BR1800360305000010009795493C1
BY13NBRB3600900000002Z00AB00 CH9300762011623852957 CR05015202001026284066 CY17002001280000001200527600 CZ6508000000192000145399 DE89370400440532013000
DK5000400440116243 DO28BAGR00000001212453611324 EE382200221020145685 EG380019000500000000263180002 ES9121000418450200051332 FI2112345600000785
FO6264600001631634 FR1420041010050500013M02606 GB29NWBK60161331926819 GE29NB0000000101904917 GI75NWBK000000007099453 GL8964710001000206
GR1601101250000000012300695 GT82TRAJ01020000001210029690 HR1210010051863000160 HU42117730161111101800000000 IE29AIBK93115212345678
IL620108000000099999999 IQ98NBIQ850123456789012 IS140159260076545510730339 IT60X0542811101000000123456 JO94CBJO0010000000000131000302
KW81CBKU0000000000001234560101 KZ86125KZT5004100100 LB62099900000001001901229114 LC55HEMM000100010012001200023015 LI21088100002324013AA
LT121000011101001000 LU280019400644750000 LV80BANK0000435195001 MC5811222000010123456789030 MD24AG000225100013104168 ME25505000012345678951
MK07250120000058984 MR1300020001010000123456753 MT84MALT011000012345MTLCAST001S MU17BOMM0101101030300200000MUR NL91ABNA0417164300 NO9386011117947
PK36SCBL0000001123456702 PL61109010140000071219812874 PS92PALS000000000400123456702 PT50000201231234567890154 QA58DOHB00001234567890ABCDEFG
RO49AAAA1B31007593840000 RS35260005601001611379 SA0380000000608010167519 SC18SSCB11010000000000001497USD SE4550000000058398257466 SI56263300012039086
SK3112000000198742637541 SM86U0322509800000000270100 ST68000100010051845310112 SV62CENR00000000000000700025 TL380080012345678910157
TN5910006035183598478831 TR330006100519786457841326 UA213223130000026007233566001 VA59001123000012345678 VG96VPVG0000012345678901 XK051212012345678906`)

// testCards are the numbers that card processors publish for tests: Visa (also of 13 digits), Mastercard (both ranges), American Express,
// Diners Club, Discover, JCB, UnionPay, Maestro, Mir.
var testCards = strings.Fields(`4111111111111111 4242424242424242 4222222222222 5555555555554444 5105105105105100 2223003122003222 378282246310005 371449635398431
30569309025904 38520000023237 36227206271667 6011111111111117 6011000990139424 3530111333300000 3566002020360505 6200000000000005 6759649826438453 2200000000000004`)

// grouped writes digits or letters in groups of four.
func grouped(s, mark string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteString(mark)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// TestWhereMoneyGoesIsNotWho: an account or a card is refused as a wallet is, however it is written, and a card is never
// quoted.
func TestWhereMoneyGoesIsNotWho(t *testing.T) {
	r := DefaultRules()
	for _, number := range append(ibans, testCards...) {
		for _, typed := range []string{number, "@" + number, strings.ToLower(number), grouped(number, " "), grouped(number, "-"), grouped(number, "."), grouped(number, "\u00a0"),
			"IBAN: " + grouped(number, " "), "pay to " + grouped(number, " ") + ", please", "card " + number + " 12/27"} {
			if strings.HasPrefix(typed, "card") && ibanShape.MatchString(number) || strings.Contains(typed, ".") && len(number) != 16 {
				continue
			}
			p, err := ParseParty(typed, Self{})
			if code, args := refused(t, err); code != SellerWallet || args["typed"] != "" {
				t.Errorf("%q: %v %s", typed, p, code)
			}
		}
	}
	for _, number := range ibans {
		wrong := "0"
		if strings.HasSuffix(number, wrong) {
			wrong = "1"
		}
		number = number[:len(number)-1] + wrong // a mistyped account is no person, either
		for _, typed := range []string{number, "@" + number, strings.ToLower(number), grouped(number, " ")} {
			if code, _ := refused(t, second(ParseParty(typed, Self{}))); code != SellerWallet {
				t.Errorf("mistyped %q: %s", typed, code)
			}
		}
	}
	for _, typed := range []string{"032180000118359719", "CLABE 032180000118359719"} {
		if code, _ := refused(t, second(ParseParty(typed, Self{}))); code != SellerWallet {
			t.Errorf("%q: %s", typed, code)
		}
	}
	for _, number := range testCards {
		ways := []string{number, grouped(number, " "), "my card is " + grouped(number, "-") + " ok", number + "x", "card" + number}
		if len(number) == 16 {
			for _, mark := range strings.Split("/ , · _ | \u2212 . : ; –", " ") {
				ways = append(ways, grouped(number, mark), grouped(number, mark+" "))
			}
		}
		for _, typed := range ways {
			for field, err := range map[string]error{"amount": second(r.ParseMoney(typed, "en")), "delivery": second(r.ParseDelivery(typed)), "any": refuse(SellerUnknown, "typed", quoted(typed))} {
				_, args := refused(t, err)
				for name, arg := range args {
					if strings.Contains(digitsOf(arg), number) {
						t.Errorf("%q as %s: %s is %q", typed, field, name, arg)
					}
				}
			}
			if got := WithoutCards(typed); strings.Contains(digitsOf(got), number) {
				t.Errorf("%q is left as %q", typed, got)
			}
		}
	}
}

// TestNamesBank: an account in a sentence is found by its form, however it is written; words about banks are none.
func TestNamesBank(t *testing.T) {
	for _, number := range append(ibans, "LT12 7300 0101 2345 6789", "DE00370400440532013000") { // the last two are mistyped
		number = strings.ReplaceAll(number, " ", "")
		for _, written := range []string{number, grouped(number, " "), grouped(number, "-"), grouped(number, "\u00a0")} {
			for _, text := range []string{written, "Send {amount} to " + written + ", Bay Escrow", "IBAN:" + written + " BIC HABALT22", "Account (" + written + ").\nReference {id}"} {
				if !NamesBank(text) {
					t.Errorf("no account in %q", text)
				}
			}
			if NamesBank(written[:len(written)-1]) || NamesBank("X"+written) {
				t.Errorf("a part of %q is an account", written)
			}
		}
	}
	for text, want := range map[string]bool{
		"BIC: HABALT22": true, "SWIFT code DEUTDEFF, account 123": true, "BIC/SWIFT COBADEFFXXX": true, "Sort code: 20-00-00, account 12345678": true, "Routing number 021000021": true,
		"Pay {amount} to GTBank, account number 0123456789, name Bay Escrow": true, "Wire: Chase, routing # 021000021, account 123456789": true, "IBAN: de89 3704 0044 0532 0130 00": true, "Account no. 12345678": true,
		"": false, "No bank transfers, no IBAN, no SWIFT.": false, "No SWIFT TRANSFER": false, "BY 20 NOVEMBER 2026": false, "Sort code on request": false, "Account number on request": false, "No account number is needed, 24 hours": false, "DE89": false,
		"AT 24 HOURS AFTER THE PAYMENT": false, "ESC-7K4M-92QXA": false, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq": false, "0x52908400098527886E0F7030069857D2E4169EE7": false,
	} {
		if NamesBank(text) != want {
			t.Errorf("%q names a bank account: %t", text, !want)
		}
	}
}

// TestNoAccount: a number with one wrong digit, a phone number and a usual text are none.
func TestNoAccount(t *testing.T) {
	for _, number := range append(ibans, testCards...) {
		last := number[len(number)-1]
		wrong := number[:len(number)-1] + string('0'+(last-'0'+1)%10)
		if last <= '9' && (hasIBAN(wrong) || allDigits(wrong) && cardNumber(wrong)) {
			t.Errorf("%q passes its check", wrong)
		}
	}
	for _, text := range []string{"", "anna", "@anna_ceramics", "+49 1512 3456789", "0049 1512 3456789", "+4111111111111111", "1250.50 EUR", "Is 26 a good number for the set of plates in Germany",
		"24 pieces, 1234 5678", "0x52908400098527886E0F7030069857D2E4169EE7", "DE89", "1111 1111 1111 1111"} {
		if looksLikeAccount(text) || WithoutCards(text) != text {
			t.Errorf("%q looks like an account", text)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if got := WithoutCards(text); len(got) > len(text) {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

// TestCardsInAnySpelling: whatever blanks, dashes and invisible characters stand between its digits, the number of a card is
// hidden as a whole. The work does not grow with the square of the text.
func TestCardsInAnySpelling(t *testing.T) {
	between := []rune(" \t\n\u00a0\u2003\u2007\u2009\u200a\u202f\u205f\u3000\u1680\u200b\u200d\u2060\ufeff\u00ad-\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d\ufe0f\u20e3")
	zeros := []rune("0٠۰०０𝟎")
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.SampledFrom(testCards).Draw(t, "number")
		zero := rapid.SampledFrom(zeros).Draw(t, "script")
		marks := rapid.SliceOfN(rapid.SampledFrom(between), 0, 4)
		var b strings.Builder
		for i, d := range number {
			if i > 0 && rapid.IntRange(0, 2).Draw(t, "gap") == 0 {
				b.WriteString(string(marks.Draw(t, "between")))
			}
			b.WriteRune(zero + d - '0')
		}
		before, behind := rapid.SampledFrom([]string{"", "card: ", "12/27, ", "💳"}).Draw(t, "before"), rapid.SampledFrom([]string{"", " ok", ", 12/27", "!"}).Draw(t, "behind")
		if got := WithoutCards(before + b.String() + behind); got != before+"…"+behind {
			t.Fatalf("%q is left as %q", before+b.String()+behind, got)
		}
	})
	if got := WithoutCards("12/27, 601100099013942 4"); got != "12/27, …" { // 17 digits from 27 pass the check, too
		t.Errorf("behind a date: %q", got)
	}
	// the first 17 digits and the last 16 pass as the number of a card
	if got := WithoutCards("65, 601100099013942 4"); strings.ContainsAny(got, "0123456789") {
		t.Errorf("a part of a card is left: %q", got)
	}
	for _, text := range []string{"1 ", "4 ", "4111 1111 1111 1112 ", "4\u00a0"} {
		long := strings.Repeat(text, 1<<17/len(text))
		if got := WithoutCards(long); got == "" {
			t.Error(text)
		}
	}
}
