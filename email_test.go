package lockbay

import (
	"strings"
	"testing"
)

// Addresses of RFC 3696 (with its errata), RFC 5321, RFC 6531, and of usual lists of examples. Quoted local parts, comments
// and literals are valid there, and refused here: nobody has them.
var (
	emailsTaken = strings.Fields(`simple@example.com very.common@example.com x@example.com long.email-address-with-hyphens@and.subdomains.example.com
		user.name+tag+sorting@example.com name/surname@example.com mailhost!username@example.org user%example.com@example.org user-@example.org
		customer/department=shipping@example.com !def!xyz%abc@example.com _somename@example.com $A12345@example.com fabio@disapproved.solutions
		a@b.co 1234567890@example.com email@example-one.com email@example.name firstname.o'lastname@example.com
		用户@例子.广告 Dörte@Sörensen.example.com коля@пример.рф χρήστης@παράδειγμα.ελ अजय@उदाहरण.भारत 二ノ宮@黒川.日本 홍길동@예시.한국 medić@example.com`)
	emailsRefused = []string{"abc.example.com", "a@b@c@example.com", `a"b(c)d,e:f;g<h>i[j\k]l@example.com`, `just"not"right@example.com`, `this is"not\allowed@example.com`,
		"1234567890123456789012345678901234567890123456789012345678901234+x@example.com", "i.like.underscores@but_they_are_not_allowed_in_this_part", `"quoted"@example.com`,
		".anna@example.com", "anna.@example.com", "anna..k@example.com", "anna@example", "anna@.example.com", "anna@example.com.", "anna@example.c", "anna@-example.com", "anna@exam_ple.com",
		"anna@111.222.333.44444", "anna@[IPv6:::1]", "anna@localhost", "@example.com@example.com", "anna", "anna@", "anna@ex ample.com"}
)

func TestEmails(t *testing.T) {
	for _, typed := range emailsTaken {
		if p, err := ParseParty(typed, Self{}); err != nil || p != (Party{KindEmail, typed}) {
			t.Errorf("%q: %v %v", typed, p, err)
		}
	}
	for _, typed := range emailsRefused {
		if p, err := ParseParty(typed, Self{}); err == nil {
			t.Errorf("%q: %v", typed, p)
		}
	}
}

// TestLookalikes: one letter of another script in any place of an address is asked back with that letter, and so is any
// sign that only looks like one of ASCII.
func TestLookalikes(t *testing.T) {
	alike := map[rune]string{'a': "аα", 'c': "с", 'e': "е", 'o': "оοо", 'p': "рρ", 'x': "х", 'y': "у", 'i': "і", 's': "ѕ", 'j': "ј",
		'-': "\u2010\u2011\u2012\u2013\u2014\u2212", '\'': "\u2018\u2019\u02bc\u2032\u00b4"}
	for _, address := range []string{"pay.joe-cox@example-site.com", "o'casey@icecap.com", "alice@paypal.com"} {
		for i, r := range address {
			for _, other := range alike[r] {
				typed := address[:i] + string(other) + address[i+len(string(r)):]
				_, err := ParseParty(typed, Self{})
				code, args := refused(t, err)
				if code != SellerSign && code != SellerAlphabet || args["sign"] != string(other) {
					t.Errorf("%q with %q at %d: %s %v", typed, other, i, code, args)
				}
			}
		}
	}
}
