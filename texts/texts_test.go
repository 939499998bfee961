package texts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

var _ dialog.Words = Words

// supplied are the arguments of a code, beyond those in the library's own English text.
var supplied = map[string]string{
	"deal.agree": "back rest n", "deal.offer": "back rest n at", "deal.desk.offer": "back n", "deal.answer": "answer_at", "deal.earlier": "n", "deal.say.after": "n", "deal.hold.goes_on.then": "left", "deal.hold.write": "support id", "deal.grant": "n", "deal.asked": "n", "told.where": "mine", "deal.settling.agreed": "n",
	"alert": "n of since_at percent low high before step lost", "alert.rollout": "rollout share next evidence", "alert.cost": "rollout mode base sum after",
	"device": "device n at seen until_near next_near",
	"ticket": "id n support", "keep": "value", "welcome_back": "open answers n", "welcome_back.review": "step of saved_ago answers n", "choose.after": "answers n",
	"rule_changed": "step of", "answers_lost": "typed again", "place_kept": "again", "reminder": "more kept until_at", "cancelled.body": "until_near",
	"expired": "expired_on", "expired.body": "kept more", "done.ask": "id", "choose.hint": "step of saved_ago",
	"start": "questions more_questions support percent least fee amount low high currencies", "help.time": "window", "help": "support kept fee window", "amount.hint": "example", "edited.answer": "open value", "seller.nameless": "typed", "description.answer": "typed", "repeated": "typed", "description.hint.limits": "low high", "delivery.hint": "example example_days", "ask": "example example_days", "delivery.unclear": "example_days", "description.count": "low high", "delivery.other": "most",
	"fee.ask": "fee", "fee.you_pay": "pays", "fee.now": "what", "fee.choice": "what detail", "sum.gets_after": "fee", "quote_changed": "was now",
	"help.support": "support", "help_page": "kept", "help_page.support": "support kept", "page.helped": "kept", "deal.support": "support", "deal.sent": "support id", "deal.sent_back": "support id", "deal.wrong": "support id", "deal.payment_confirmed.hint": "seller", "escrows.list": "n",
	"escrows.found": "id n", "escrows.near": "id typed n", "escrows.unknown": "typed n", "escrows.older": "n", "escrows.cancel": "n", "escrows.waits": "n typed support", "escrows.held": "n typed support", "escrows.resume": "n", "escrows.full": "n",
	"escrows.line": "id amount state seller since", "list.settling": "mine", "list": "currency expires_at until_at confirmed_on description",
	"clock": "weekday day month time year", "date": "weekday day month time year", "tomorrow": "time",
	"span.seconds": "n", "span.minutes": "n", "span.hours": "n", "span.days": "n", "delivery.deal": "n", "deal.left": "n at", "deal.left.days": "n at_day hours", "as_of": "at", "amount.fee": "percent least",
	"ago.minute": "n", "ago.hour": "n", "ago.day": "n",
	"deal.payment_pending.ask": "id pays expires_at confirmed_at", "deal.payment_confirmed.ask": "id pays", "deal.payment_lapsed.ask": "id expires_at",
	"next.late.then": "late", "next.wrong.sent": "decided", "join": "seller you", "start.words": "words", "deal.join": "bot", "told": "seller buyer buyer_first gets why n until_at end_at", "told.away": "open_at end_at", "next": "buyer_first gets n expires_at check",
	"review.after.keep": "fee", "deal": "currency fee back mine theirs id seller buyer buyer_first price pays gets expires_at confirmed_at until_at end_at check", "deal.accepts": "support", "deal.unlinked": "support", "deal.disputed": "support", "deal.help": "support missing", "desk": "why currency operator", "told.desk.aside": "operator other text", "deal.desk": "n text who why did operator missing sum from_at", "deal.part": "missing", "deal.where": "end currency", "deal.settling": "support reason from_at",
	"operator.hours": "hours", "start.run.named": "operator support",
	"deal.completed": "sum", "deal.link": "link", "deal.refunded": "sum", "deal.sent_to": "sum sent_on ref", "deal.sent_to.seller.earlier": "n", "deal.sent_to.buyer.earlier": "n", "deal.sent_to.you.earlier": "n", "deal.charged_back": "taken", "deal.hold.chargeback.part": "taken",
	"deal.cancelled.ask": "id", "deal.known": "confirmed_at", "deal.cancel.ask": "id", "deal.instructions": "id support", "deal.judge": "id support", "deal.hold.call": "id support",
}

// args are the arguments of a code, or nil for an unknown code.
func args(code string, own map[string]map[string]bool) map[string]bool {
	all := map[string]bool{}
	for c := code; ; {
		for name := range own[c] {
			all[name] = true
		}
		for _, name := range strings.Fields(supplied[c]) {
			all[name] = true
		}
		i := strings.LastIndexByte(c, '.')
		if i < 0 {
			return all
		}
		c = c[:i]
	}
}

func placeholders(s string) map[string]bool {
	all := map[string]bool{}
	parts, _ := split(s)
	for _, p := range parts {
		if p.name != "" {
			all[p.name] = true
		}
	}
	return all
}

// english reads the table of texts of a package :: code → placeholders.
func english(t *testing.T, file string) map[string]map[string]bool {
	t.Helper()
	codes := map[string]map[string]bool{}
	for code, text := range englishTexts(t, file) {
		codes[code] = placeholders(text)
	}
	return codes
}

// englishTexts reads the table of texts of a package :: code → text.
func englishTexts(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != "english" {
			return true
		}
		for _, e := range spec.Values[0].(*ast.CompositeLit).Elts {
			kv := e.(*ast.KeyValueExpr)
			code, _ := strconv.Unquote(kv.Key.(*ast.BasicLit).Value)
			text, _ := strconv.Unquote(kv.Value.(*ast.BasicLit).Value)
			codes[code] = text
		}
		return false
	})
	if len(codes) == 0 {
		t.Fatalf("%s has no table of texts", file)
	}
	return codes
}

// neutral are codes of the library that this program never uses.
// An operator's order is answered on the command line: its code is no text.
var neutral = []string{"order.sum", "too_short", "too_long", "no_room", "not_number", "not_between",
	"yes", "no", "with", "skip", "skipped", "none_chosen", "not_date", "date_unclear", "no_draft_page", "menu.body_page", "day", "day.year"}

func TestEveryCodeHasATextAndEveryPlaceholderItsValue(t *testing.T) {
	own := english(t, "../dialog/form/english.go")
	for code, names := range english(t, "../dialog/web/words.go") {
		own[code] = names
	}
	needed := []string{"group", "too_fast", dialog.CodeOldButton, dialog.CodeOldForm, dialog.CodeForeign, dialog.CodeNewer, dialog.CodeDefect}
	for code := range own {
		if !slices.Contains(neutral, code) {
			needed = append(needed, code)
		}
	}
	for _, r := range lockbay.Refusals() {
		needed = append(needed, r.Code)
		own[r.Code] = map[string]bool{}
		for name := range r.Args {
			own[r.Code][name] = true
		}
	}
	for _, status := range append([]lockbay.Status{"", lockbay.PaidBefore}, lockbay.Statuses...) {
		if status != "" {
			needed = append(needed, "list."+string(status))
		}
		if slices.Contains(lockbay.Statuses, status) {
			needed = append(needed, "escrows."+string(status))
		}
		for _, window := range []time.Duration{time.Hour, 4 * time.Hour} {
			support := map[bool]string{true: "@bay_help"}[window == time.Hour]
			rules, first := &lockbay.Rules{PaymentWindow: window}, &lockbay.Rules{PaymentWindow: window, AcceptFirst: true, Times: lockbay.Times{Accept: int(window / time.Minute)}}
			terms, quote := lockbay.Terms{}, lockbay.Quote{Currency: "EUR"}
			stages := slices.Concat(rules.Ahead(status, terms, quote, support, "en"), first.Ahead(status, terms, quote, support, "en"),
				first.Ahead(lockbay.AcceptsFirst, terms, quote, support, "en"), first.Ahead(lockbay.AcceptedFirst, terms, quote, support, "en"))
			for _, s := range stages {
				needed = append(needed, s.Who, s.When)
				own[s.Who], own[s.When] = map[string]bool{}, map[string]bool{}
				for name := range s.Args {
					own[s.Who][name], own[s.When][name] = true, true
				}
			}
		}
	}
	for _, code := range lockbay.Holds {
		needed = append(needed, "deal.hold."+code, "deal.desk.hold."+code)
	}
	for _, f := range lockbay.Fields {
		if f.InSums {
			continue // shown by the sums of a quote
		}
		needed = append(needed, f.Name+".ask", f.Name+".label", f.Name+".soon", f.Name+".aria", f.Name+".open", f.Name+".again")
		for _, word := range f.Options {
			needed = append(needed, f.Name+":"+word)
		}
		if f.Number != "" {
			needed = append(needed, f.Name+".deal")
		}
	}
	for _, folder := range []string{"../dialog", "../dialog/form", "../intake", "../deal", "../dialog/telegram", "../dialog/web", "../device"} {
		needed = append(needed, literals(t, folder)...)
	}
	for _, lang := range Languages() {
		have := Codes(lang)
		for _, code := range needed {
			if !slices.Contains(have, code) {
				t.Errorf("%s: no text for %q", lang, code)
			}
		}
		for _, code := range have {
			given := args(code, own)
			for _, name := range Placeholders(lang, code) {
				if !given[name] {
					t.Errorf("%s: %q says {%s}, which nobody fills in", lang, code, name)
				}
			}
		}
		if lang != Default && !slices.Equal(have, Codes(Default)) {
			t.Errorf("%s has other codes than %s", lang, Default)
		}
	}
}

// literals are the codes in the literals of a package.
func literals(t *testing.T, folder string) (codes []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	said := map[string][]int{ // function :: positions of its code argument
		"Say": {0, 1}, "say": {0, 1}, "Refuse": {0}, "Quote": {0}, "Toast": {0}, "Words": {1}, "button": {1}, "AskedOn": {0}, "lasts": {1},
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			continue // an editor is just writing it
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := ""
			switch fun := call.Fun.(type) {
			case *ast.Ident:
				name = fun.Name
			case *ast.SelectorExpr:
				name = fun.Sel.Name
			}
			for i, arg := range call.Args {
				lit, ok := arg.(*ast.BasicLit)
				if !ok || !slices.Contains(said[name], i) || lit.Kind != token.STRING {
					continue
				}
				code, _ := strconv.Unquote(lit.Value)
				if code != "" && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_.") == "" && !strings.HasSuffix(code, ".") && !slices.Contains(neutral, code) {
					codes = append(codes, code)
				}
			}
			return true
		})
	}
	return codes
}

func TestFormsOfNumbers(t *testing.T) {
	for n, want := range map[string]string{"1": "1 hour ago", "0": "0 hours ago", "2": "2 hours ago", "21": "21 hours ago", "-1": "-1 hour ago"} {
		if got := Words("en", "ago.hour", map[string]string{"n": n}); got != want {
			t.Errorf("%s: %q, want %q", n, got, want)
		}
	}
	all, err := load(fstest.MapFS{
		"en.toml": {Data: []byte("x = \"x\"\n")},
		"ru.toml": {Data: []byte("ago = { one = \"{n} час назад\", few = \"{n} часа назад\", many = \"{n} часов назад\", other = \"{n} часа назад\" }\n")},
		"ar.toml": {Data: []byte("ago = { zero = \"z\", one = \"o\", two = \"t\", few = \"f\", many = \"m\", other = \"x\" }\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[string]string{"1": "1 час назад", "2": "2 часа назад", "5": "5 часов назад", "11": "11 часов назад", "21": "21 час назад", "104": "104 часа назад"} {
		if got := all["ru"].texts["ago"].fill(all["ru"], map[string]string{"n": n}); got != want {
			t.Errorf("ru %s: %q, want %q", n, got, want)
		}
	}
	for n, want := range map[string]string{"0": "z", "1": "o", "2": "t", "3": "f", "11": "m", "100": "x", "1000002": "x"} {
		if got := all["ar"].texts["ago"].fill(all["ar"], map[string]string{"n": n}); got != want {
			t.Errorf("ar %s: %q, want %q", n, got, want)
		}
	}
}

func TestPluralFollowsTheFirstNumberWhereThereIsNoN(t *testing.T) {
	got := Words("en", "choose.after", map[string]string{"typed": "x", "answers": "1"})
	if want := "Starting over deletes this answer."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestValuesAreIsolatedOnce(t *testing.T) {
	for typed, want := range map[string]string{"100": "“\u2068100\u2069” looks", "\u2068100\u2069": "“\u2068100\u2069” looks", "{low}": "“\u2068{low}\u2069” looks"} {
		if got := Words("en", "seller.number", map[string]string{"typed": typed, "low": "x"}); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want it to begin with %q", got, want)
		}
	}
	if got, want := Words("en", "seller.number", nil), "“{typed}” looks like an amount. That comes next; first, who is selling?"; got != want {
		t.Errorf("without arguments: %q, want %q", got, want)
	}
}

func TestLanguagesFallBackToEnglish(t *testing.T) {
	for _, lang := range []string{"en", "EN", "en-GB", "de", "", "zz-Latn-x-nothing", "\x00"} {
		if got := Words(lang, "back", nil); got != "Back" {
			t.Errorf("%q: %q", lang, got)
		}
	}
	if got := Words("en", "no such code", nil); got != "" {
		t.Errorf("a code that does not exist says %q", got)
	}
}

func TestTimesAsTheyAreRead(t *testing.T) {
	when := map[string]string{"weekday": "5", "day": "27", "month": "11", "year": "2026", "time": "14:32"}
	for code, want := range map[string]string{"clock": "Fri 27 Nov, 14:32", "clock.year": "Fri 27 Nov 2026, 14:32", "date": "27 Nov", "date.year": "27 Nov 2026", "tomorrow": "tomorrow, 14:32"} {
		if got := Words("en", code, when); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

func TestVoice(t *testing.T) {
	for _, code := range Codes(Default) {
		m := catalogues[Default].texts[code]
		for form := range m.forms {
			for _, s := range m.forms[form] {
				low := " " + strings.ToLower(s.literal) + " "
				for _, word := range []string{"please", "sorry", "oops", "invalid", " error ", "session", "timeout", "token", "!"} {
					if strings.Contains(low, word) {
						t.Errorf("%s says %q", code, word)
					}
				}
			}
		}
	}
}

// A card promises only steps that exist: a word for a step belongs to a button of the deal, or stands in no text.
func TestTextsPromiseStepsThatExist(t *testing.T) {
	steps := map[string]string{ // word in a text :: action of its button
		"release": "release", "accept": "accept", "decline": "decline", "refund": "giveback", "give back": "giveback", "take back": "takeback",
		"dispute": "dispute", "both must agree": "agree", "hear nothing": "accept", "joined": "accept", "i have it": "release", "extend": "extend",
	}
	have := actions(t, "../deal")
	for _, s := range lockbay.Lifecycle { // the seller's are made by an operator
		have[string(s.Move)] = true
	}
	for _, code := range Codes(Default) {
		m := catalogues[Default].texts[code]
		for form := range m.forms {
			var all strings.Builder
			for _, s := range m.forms[form] {
				all.WriteString(strings.ToLower(s.literal))
			}
			for word, action := range steps {
				if strings.Contains(all.String()+" ", word) && !have[action] {
					t.Errorf("%s says %q, and no button of a deal does %q", code, word, action)
				}
			}
		}
	}
}

// actions are the strings that a package compares or assigns, among them the actions of its buttons.
func actions(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				word, _ := strconv.Unquote(lit.Value)
				all[word] = true
			}
			return true
		})
	}
	return all
}

// People read their own words: a card is a bank's, beside "pay by card", and an answer is saved or not.
func TestWordsOfPeople(t *testing.T) {
	ours := regexp.MustCompile(`\b(cards?|threads?|conversations?|taken over|meanwhile|not applied|drafts? id|revision|callback|record|payload|update)\b`)
	for _, file := range []string{"../dialog/form/english.go", "../dialog/web/words.go"} {
		for code, text := range englishTexts(t, file) {
			if word := ours.FindString(strings.ToLower(text)); word != "" {
				t.Errorf("%s: %s says %q: %s", file, code, word, text)
			}
		}
	}
	for _, code := range Codes(Default) {
		for _, form := range catalogues[Default].texts[code].forms {
			for _, s := range form {
				if word := ours.FindString(strings.ReplaceAll(strings.ToLower(s.literal), "bank card", "")); word != "" {
					t.Errorf("%s says %q: %s", code, word, s.literal)
				}
			}
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	for why, file := range map[string]string{"a brace that is not closed": "x = \"{n\"", "a brace that is not opened": "x = \"n}\"", "a placeholder that is none": "x = \"{N 1}\"", "no form other": "x = { one = \"1\" }", "no TOML": "x = "} {
		if _, err := load(fstest.MapFS{"en.toml": {Data: []byte(file)}}); err == nil {
			t.Errorf("%s is taken", why)
		}
	}
	if _, err := load(fstest.MapFS{"en.toml": {Data: []byte("x = \"x\"")}, "xx.toml": {Data: []byte("x = \"x\"")}}); err == nil {
		t.Error("a language whose plurals nobody knows is taken")
	}
	if _, err := load(fstest.MapFS{"de.toml": {Data: []byte("x = \"x\"")}}); err == nil {
		t.Error("catalogues without the default one are taken")
	}
}

func BenchmarkWords(b *testing.B) {
	amount := map[string]string{"typed": "1.250 eur", "a": "1,250", "b": "1.25", "write_a": "1250 EUR", "write_b": "1.25 EUR"}
	for _, x := range []struct {
		name, code string
		args       map[string]string
	}{{"whole", "back", nil}, {"step", "step_of", map[string]string{"n": "2", "of": "5"}}, {"plural", "ago.hour", map[string]string{"n": "2"}}, {"refusal", "amount.ambiguous", amount}, {"missing", "seller.note", nil}} {
		b.Run(x.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Words("en", x.code, x.args)
			}
		})
	}
}
