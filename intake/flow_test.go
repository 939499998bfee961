package intake_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the transcripts of testdata anew")

// transcript compares the conversation with a file of testdata.
type transcript struct {
	*talk
	b strings.Builder
}

func (s *transcript) note(what string) {
	s.b.WriteString("> " + what + "\n" + s.text() + "\n")
	s.expect()
}

func (s *transcript) type_(text string) *transcript { s.say(text); s.note(text); return s }
func (s *transcript) press(action string) *transcript {
	s.tap(action)
	s.note("[" + action + "]")
	return s
}
func (s *transcript) look(what string) *transcript { s.note(what); return s }

func (s *transcript) same(name string) {
	s.t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(s.b.String()), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	got := strings.Split(s.b.String(), "\n")
	for i, line := range strings.Split(string(want), "\n") {
		if i >= len(got) || got[i] != line {
			s.t.Fatalf("%s:%d: want %q; got on\n%s", file, i+1, line, strings.Join(got[min(i, len(got)):], "\n"))
		}
	}
	if len(got) != strings.Count(string(want), "\n")+1 {
		s.t.Fatalf("%s is shorter than what was said", file)
	}
}

func TestWholeFlowCardByCard(t *testing.T) {
	s := &transcript{talk: begin(t)}
	s.type_("/start").press("create").type_("@anna_ceramics").type_("1.250 eur").type_("1250 eur").
		type_("Handmade dinner set, 24 pieces, celadon glaze, two spare plates").press("delivery:72").
		press("edit:fee").press("back").press("confirm")
	s.step("")
	id := s.out.Record.Started
	s.open(id).step("payment_pending")
	s.look("the deal").press("cancel").press("back").press("cancel").press("cancel:yes")
	s.step("cancelled")
	s.same("whole.txt")
}

func TestWholeFlowInCyrillicWithEmoji(t *testing.T) {
	s := &transcript{talk: begin(t)}
	s.type_("/create").type_("Анна").type_("@анна_керамика").type_("https://t.me/Anna_Ceramics").
		type_("1250,50 грн").type_("дорого 😅").type_("1250,50 евро").
		type_("тарелки").type_("Сервиз ручной работы 🍽️, 24 предмета, и две запасные тарелки 👨‍👩‍👧‍👦").
		type_("пятница").type_("3 days").press("confirm")
	s.open(s.out.Record.Started)
	s.look("the deal")
	s.same("cyrillic.txt")
	if d := s.deals(); len(d) != 1 || d[0].Terms.Seller.Value != "Anna_Ceramics" || d[0].Terms.DeliveryHours != 72 || d[0].Quote.Amount != 125050 {
		t.Errorf("the deal is %+v", d)
	}
}
