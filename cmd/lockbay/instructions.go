package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"github.com/lockbay/lockbay"
)

// howToPay is the setting of the payment instructions: a file for every currency, or a file or text for each.
type howToPay struct {
	file string            // for every currency
	each map[string]string // :: currency → file or text. Nil: file counts

	// wrong is the mistake in the table. It is told to the commands that show cards; the others, such as mark-paid, need
	// no instructions.
	wrong error
}

// Decode implements kong.MapperValue. It reads the path of a file, the table of the configuration file, and that table in
// a flag or variable: EUR=eur.txt,BTC=btc.txt.
func (h *howToPay) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("file")
	if err != nil {
		return err
	}
	table, isTable := t.Value.(map[string]any)
	if !isTable {
		text := fmt.Sprint(t.Value)
		if isFile(text) || !entry.MatchString(text) {
			*h = howToPay{file: text}
			return nil
		}
		table, err = entriesOf(text)
	}
	*h = howToPay{each: map[string]string{}, wrong: err}
	if err == nil {
		h.wrong = h.read(table)
	}
	return nil
}

// read reads the table.
func (h *howToPay) read(table map[string]any) error {
	for name, value := range table {
		text, isText := value.(string)
		code := strings.ToUpper(name)
		switch _, known := lockbay.Digits(code); {
		case !known || code == "":
			return fmt.Errorf("%q: is not a currency; want CODE = file or text, for example EUR", name)
		case !isText:
			return fmt.Errorf("%q: want a file or a text", name)
		case h.each[code] != "":
			return fmt.Errorf("%q: is given twice: give it once", code)
		case strings.TrimSpace(text) == "":
			return fmt.Errorf("%q: is empty: want a file or a text", code)
		}
		h.each[code] = text
	}
	return nil
}

// entry matches the name of an entry, at the beginning of text or after a comma.
var entry = regexp.MustCompile(`^\s*([A-Za-z]{2,6})\s*=`)

// entriesOf reads the entries of a flag or variable. A comma that is followed by no name belongs to the text before it.
func entriesOf(text string) (map[string]any, error) {
	table, name := map[string]any{}, ""
	for part := range strings.SplitSeq(text, ",") {
		m := entry.FindStringSubmatch(part)
		if m == nil {
			table[name] = table[name].(string) + "," + part
			continue
		}
		if name = m[1]; table[name] != nil {
			return nil, fmt.Errorf("%q: is given twice: give it once", name)
		}
		table[name] = strings.TrimSpace(part[len(m[0]):])
	}
	return table, nil
}

// isFile reports whether there is a file of this name.
func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}

// isGiven reports whether there are any instructions.
func (h *howToPay) isGiven() bool { return h.file != "" || h.each != nil }

// texts reads the texts, by currency; "": it has no instructions.
func (h *howToPay) texts() func(currency string) string {
	if h.each != nil {
		read := map[string]string{}
		for code, value := range h.each {
			read[code] = readInstructions(value)
		}
		return func(currency string) string { return read[currency] }
	}
	text := readInstructions(h.file)
	return func(currency string) string {
		if h.file != "" && !takes(text, currency) {
			return ""
		}
		return text
	}
}

// takes reports whether money of a currency can be sent as a text for every currency says. A coin sent elsewhere is lost,
// so coins count only by name. A text with a wallet's address is for money of banks only if it names the currency, or an
// account.
func takes(text, currency string) bool {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ':' || unicode.IsSpace(r) }) // BTC:bc1q…
	switch {
	case lockbay.NamesCurrency(text, currency):
		return true
	case lockbay.IsCoin(currency):
		return false
	}
	return lockbay.NamesBank(text) || !slices.ContainsFunc(words, lockbay.IsWallet)
}

// isText tells a text from the name of a file: it has a blank or a placeholder, begins like no path, and does not end
// like a file.
func isText(value string) bool {
	return !isFile(value) && strings.ContainsAny(value, " \t\n{") && !strings.ContainsAny(value[:1], "/.~") &&
		!strings.HasSuffix(strings.ToLower(value), ".txt")
}

// readInstructions is the text of a value, which is a text or the name of a file.
func readInstructions(value string) string {
	if value == "" || isText(value) {
		return strings.TrimSpace(value)
	}
	b, err := readFile(value)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// check accepts texts that fit into a message and have only known placeholders.
func (h *howToPay) check() error {
	if h.wrong != nil {
		return fmt.Errorf("--payment-instructions: %w", h.wrong)
	}
	if h.each == nil {
		return checkInstructions("", h.file)
	}
	for _, code := range slices.Sorted(maps.Keys(h.each)) {
		if err := checkInstructions(code+"=", h.each[code]); err != nil {
			return err
		}
	}
	return nil
}

// checkInstructions accepts a value; name is that of its entry, with the sign behind it.
func checkInstructions(name, value string) error {
	if value == "" {
		return nil
	}
	bad := func(why string) error {
		if r := []rune(value); len(r) > 60 {
			value = string(r[:60]) + "…"
		}
		return badSetting("payment-instructions", name+value, why)
	}
	text := value
	if name == "" || !isText(value) {
		info, err := os.Stat(value)
		if err == nil && info.Size() > 4*longestHow {
			return bad(fmt.Sprintf("want a text of at most %d characters", longestHow))
		}
		b, err := readFile(value)
		switch {
		case err != nil && name == "":
			return bad("want a readable file")
		case err != nil:
			return bad("want a readable file, or a text with {id} and {amount}")
		}
		text = string(b)
	}
	if err := checkHow(text); err != nil {
		return bad(err.Error())
	}
	return nil
}

// checkHow accepts a text on how to pay.
func checkHow(text string) error {
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return errors.New("want a text in UTF-8")
	case strings.TrimSpace(text) == "":
		return errors.New("the file is empty: want how to pay, with {id} {amount} {expires}")
	case n > longestHow:
		return fmt.Errorf("it has %d characters: want at most %d", n, longestHow)
	}
	for _, m := range toFill.FindAllStringSubmatch(text, -1) {
		if slices.Contains(filledIn, m[0]) {
			continue
		}
		ask := "the placeholders are {id} {amount} {expires}"
		if found := meant(strings.ToLower(m[1]), []string{"id", "amount", "expires"}); found != "" {
			ask = "did you mean {" + found + "}? The placeholders are {id} {amount} {expires}"
		}
		return fmt.Errorf("%s is not a placeholder: %s", m[0], ask)
	}
	return nil
}

var (
	// toFill matches placeholders and mistyped ones.
	toFill   = regexp.MustCompile(`\{[ \t]*([\pL\pN_-]{1,30})[ \t]*\}`)
	filledIn = []string{"{id}", "{amount}", "{expires}"}
)

// payable splits currencies into those with payment instructions, and the others. Without any instructions all are
// payable: the operator tells the buyers.
func (h *howToPay) payable(currencies []string) (yes, no []string) {
	text := h.texts()
	for _, c := range currencies {
		if !h.isGiven() || text(c) != "" {
			yes = append(yes, c)
		} else {
			no = append(no, c)
		}
	}
	return yes, no
}

// paymentTrouble says what buyers miss, and how to mend it; "": nothing.
func (s *Settings) paymentTrouble() (what, mend string) {
	const write = "write how to pay into a file, with {id} {amount} {expires}, and "
	if !s.Instructions.isGiven() {
		return "no payment instructions: buyers read whom to ask",
			write + "set --payment-instructions"
	}
	offered, unpayable := s.Instructions.payable(s.currencies())
	if len(unpayable) == 0 {
		return "", ""
	}
	what = "no payment instructions for " + strings.Join(unpayable, ", ") + ": not offered"
	if was := s.currency(); slices.Contains(unpayable, was) && len(offered) > 0 {
		what += fmt.Sprintf(", and an amount without a currency is in %s, not %s", offered[0], was)
	}
	table := "name it in the table [payment-instructions]"
	if s.Instructions.each == nil {
		what += fmt.Sprintf(", since %s does not name them", s.Instructions.file)
		table = "name each currency there (BTC: bc1q…) or in the table [payment-instructions]"
	}
	return what, write + table + ", or leave the currency out of --currencies"
}
