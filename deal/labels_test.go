package deal_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// labelMost are the characters of a label that a phone shows in a row of its own.
const labelMost = 40

// tooLong are the labels on the cards of a deal, of all who see them, that a phone cuts.
func (k *talk) tooLong() (list []string) {
	for _, role := range []lockbay.Role{lockbay.Buyer, lockbay.Seller, lockbay.Desk} {
		if k.as(role); role == lockbay.Desk && k.rec.As("desk").Role() == "" { // nobody was called yet
			continue
		}
		for _, lang := range texts.Languages() {
			c := k.card(lang)
			all := slices.Concat(c.Choices, c.Alt, c.Quiet)
			if c.Primary != nil {
				all = append(all, *c.Primary)
			}
			for _, b := range all {
				if label := dialog.Plain(b.Label); utf8.RuneCountInString(label) > labelMost {
					list = append(list, string(role)+", "+lang+": "+label)
				}
			}
		}
	}
	return list
}

// TestLabelsFitAPhone: whoever presses a button has read all of its label, in each situation and on each card that a button
// leads to, in each language.
func TestLabelsFitAPhone(t *testing.T) {
	everySituation(t, func(t *testing.T, _ string, begin func() *talk) {
		for _, label := range begin().tooLong() {
			t.Error(label)
		}
		for _, role := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
			for _, action := range strings.Fields(begin().as(role).actions()) {
				if strings.HasPrefix(action, "accept:") || slices.Contains([]string{"create", "again", "where", "say"}, action) {
					continue
				}
				for _, label := range begin().as(role).tap(action).tooLong() {
					t.Errorf("after %s: %s", action, label)
				}
			}
		}
	})
}
