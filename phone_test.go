package lockbay

import (
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

// examplePhones are libphonenumber's example numbers of all regions and types, as far as they are whole numbers in use.
func examplePhones() []*phonenumbers.PhoneNumber {
	var all []*phonenumbers.PhoneNumber
	var regions []string
	for region := range phonenumbers.GetSupportedRegions() {
		regions = append(regions, region)
	}
	slices.Sort(regions)
	for _, region := range regions {
		for typ := phonenumbers.FIXED_LINE; typ <= phonenumbers.VOICEMAIL; typ++ {
			if n := phonenumbers.GetExampleNumberForType(region, typ); n != nil && phonenumbers.IsValidNumber(n) {
				all = append(all, n)
			}
		}
	}
	return all
}

// TestExamplePhones: each number is read however it is written with the marks that libphonenumber knows, and is shown so
// that it is read back.
func TestExamplePhones(t *testing.T) {
	all := examplePhones()
	if len(all) < 500 {
		t.Fatalf("%d examples", len(all))
	}
	for _, n := range all {
		want := phonenumbers.Format(n, phonenumbers.E164)
		spaced := phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
		country, rest, _ := strings.Cut(spaced, " ")
		for _, typed := range []string{want, spaced, "00" + want[1:], "＋" + want[1:], "(" + country + ") " + rest, country + "(" + rest + ")",
			strings.NewReplacer(" ", "−", "-", "−").Replace(spaced), strings.ReplaceAll(spaced, " ", "."), strings.ReplaceAll(spaced, " ", "/"),
			phonenumbers.Format(n, phonenumbers.RFC3966), "wa.me/" + want[1:], "https://wa.me/" + want, "t.me/" + want} {
			p, err := ParseParty(typed, Self{})
			if err != nil || p != (Party{KindPhone, want}) {
				t.Errorf("%q: %v %v, want %s", typed, p, err, want)
			}
		}
		shown := Party{KindPhone, want}.String()
		if p, err := ParseParty(shown, Self{}); err != nil || p.Value != want {
			t.Errorf("%s is shown as %q: %v %v", want, shown, p, err)
		}
	}
}

// TestPhoneWithoutPlus: a number that lacks its + alone is refused with what to write, and that is read.
func TestPhoneWithoutPlus(t *testing.T) {
	advised := 0
	for _, n := range examplePhones() {
		want := phonenumbers.Format(n, phonenumbers.E164)
		for _, typed := range []string{want[1:], strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.INTERNATIONAL), "+")} {
			code, args := refused(t, second(ParseParty(typed, Self{})))
			switch code {
			case SellerPlus:
				advised++
				if p, err := ParseParty(args["write"], Self{}); err != nil || p != (Party{KindPhone, want}) {
					t.Errorf("%q: %q is advised, and read as %v %v", typed, args["write"], p, err)
				}
			case SellerPhone, SellerNumber, SellerWallet, SellerUnknown: // as an amount, as a card, or too short
			default:
				t.Errorf("%q is refused with %s", typed, code)
			}
		}
	}
	if advised < 500 {
		t.Errorf("%d numbers are advised", advised)
	}
}

// TestPhoneMarks: any of libphonenumber's marks may stand between the digits.
func TestPhoneMarks(t *testing.T) {
	var marks []rune
	for r := rune(' '); r < 0xffff; r++ {
		if r != 'x' && r != '@' && phoneShape.MatchString("+"+string(r)+"1") && !(('0' <= r) && r <= '9') {
			marks = append(marks, r)
		}
	}
	if len(marks) < 25 {
		t.Fatalf("%d marks: %q", len(marks), marks)
	}
	rapid.Check(t, func(t *rapid.T) {
		typed := "+49"
		for _, d := range "15123456789" {
			if rapid.IntRange(0, 3).Draw(t, "gap") == 0 {
				typed += string(rapid.SampledFrom(marks).Draw(t, "mark"))
			}
			typed += string(d)
		}
		if p, err := ParseParty(typed, Self{}); err != nil || p.Value != "+4915123456789" {
			t.Fatalf("%q: %v %v", typed, p, err)
		}
	})
}

// TestAnonymousNumbers: the numbers that Telegram sells are shown in groups, and read back.
func TestAnonymousNumbers(t *testing.T) {
	for number, shown := range map[string]string{"+88801234567": "+888 0123 4567", "+8888123": "+888 8 123"} {
		p := Party{KindPhone, number}
		if got := p.String(); got != shown {
			t.Errorf("%s is shown as %q, want %q", number, got, shown)
		}
		if back, err := ParseParty(shown, Self{}); err != nil || back != p || p.Check() != nil {
			t.Errorf("%q: %v %v", shown, back, err)
		}
	}
}
