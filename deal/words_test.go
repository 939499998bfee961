package deal_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// TestWordsOfAPerson: everybody has two words of their own, which stand where money is asked for.
func TestWordsOfAPerson(t *testing.T) {
	raw, err := os.ReadFile("words.txt")
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Fields(string(raw))
	if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != 1024 {
		t.Errorf("%d words", len(list))
	}
	for _, w := range list {
		if len(w) < 3 && w != "ox" || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("the word %q", w)
		}
	}
	key, all := []byte("words"), map[string]bool{}
	for i := range 1000 {
		two := deal.WordsOf(key, fmt.Sprint("tg:", i))
		for _, w := range strings.Fields(two) {
			if !slices.Contains(list, w) {
				t.Errorf("%q is no word", w)
			}
		}
		if all[two] = true; len(strings.Fields(two)) != 2 {
			t.Errorf("the words %q", two)
		}
	}
	if len(all) < 995 || deal.WordsOf([]byte("other"), buyer) == deal.WordsOf(key, buyer) || deal.WordsOf(nil, buyer) != "" {
		t.Errorf("%d pairs of words for 1,000 people", len(all))
	}
	k := beginWith(t, opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: "bay_bot", words: key})
	k.handle(start(seller, k.payload(), anna))
	k.load()
	mine, theirs := deal.WordsOf(key, buyer), deal.WordsOf(key, seller)
	for role, want := range map[string][2]string{"": {mine, theirs}, "seller": {theirs, mine}} {
		k.role = role
		if facts := dialog.Plain(fmt.Sprint(k.card("en").Facts)); !strings.Contains(facts, want[0]) || strings.Contains(facts, want[1]) {
			t.Errorf("%q reads %s", role, facts)
		}
	}
}
