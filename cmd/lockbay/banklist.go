package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/lockbay/lockbay"
)

// bankList is the list of a bank: what came and what left.
type bankList struct {
	lines   []*bankLine
	byRef   map[string][]*bankLine     // :: reference as in the log
	byID    map[string][]*bankLine     // :: escrow that a line names
	waiting map[lockbay.Money][]string // :: sum → escrows that wait for it, of sums that a line has
}

type bankLine struct {
	line  int
	ref   string
	sum   lockbay.Money // negative: it left
	ids   []string      // escrows that the reference names
	found bool          // an escrow has it
}

// The directions of a transfer.
const (
	transferIn  = "in"
	transferOut = "out"
)

// direction is where a sum went.
func direction(sum lockbay.Money) string {
	if sum.Minor < 0 {
		return transferOut
	}
	return transferIn
}

// directions are the words for it in a list.
var directions = map[string]string{"in": transferIn, "credit": transferIn, "out": transferOut, "debit": transferOut}

var bankColumns = tableColumns{
	names:  [][]string{{"ref", "reference"}, {"sum", "amount"}, {"currency"}, {"direction"}},
	needed: 2,
	want:   "ref, sum, and if you have them currency and direction",
}

// readBankList reads a list. Every wrong row is named, and then nothing is compared.
func readBankList(p *program, path, currency string) (*bankList, error) {
	file, err := os.Open(path) //nolint:gosec // the operator's own
	if err != nil {
		return nil, usageError{err}
	}
	defer file.Close()
	t, err := openTable(file, bankColumns)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", path, err)}
	}
	b, wrong := &bankList{}, 0
	for {
		l, err := nextBankLine(t, currency)
		var bad errRow
		switch {
		case errors.Is(err, io.EOF) && wrong > 0:
			return nil, usageError{fmt.Errorf("%s wrong in %s; nothing was compared", map[bool]string{true: "one row is", false: fmt.Sprint(wrong, " rows are")}[wrong == 1], path)}
		case errors.Is(err, io.EOF):
			return b, nil
		case errors.As(err, &bad):
			if wrong++; wrong <= wrongRowsMost {
				fmt.Fprintln(p.err, "lockbay: "+bad.Error())
			}
		case err != nil:
			return nil, usageError{fmt.Errorf("%s: %w", path, err)}
		default:
			b.lines = append(b.lines, l)
		}
	}
}

// nextBankLine reads a row; io.EOF: there is no other one. A sum without a currency is in this one.
func nextBankLine(t *table, currency string) (*bankLine, error) {
	if err := t.next(); err != nil {
		return nil, err
	}
	l := &bankLine{line: t.line, ref: strings.Clone(t.of("ref"))}
	if own := strings.ToUpper(t.of("currency")); own != "" {
		currency = own
	}
	text, minus := strings.CutPrefix(strings.Replace(t.of("sum"), "−", "-", 1), "-")
	if _, known := lockbay.Digits(currency); !known {
		return nil, t.wrong(fmt.Errorf("currency %q is unknown", currency))
	}
	sum, err := sumOf(text, currency)
	if err != nil || sum.Currency != currency || sum.Minor <= 0 {
		return nil, t.wrong(fmt.Errorf("sum %q is no sum of %q such as 1265.63", t.of("sum"), currency))
	}
	way, known := directions[strings.ToLower(t.of("direction"))]
	switch {
	case t.has("direction") && !known:
		return nil, t.wrong(fmt.Errorf("direction %q is neither in nor out", t.of("direction")))
	case t.has("direction") && minus:
		return nil, t.wrong(fmt.Errorf("sum %q has a minus, beside the column direction", t.of("sum")))
	case minus || way == transferOut:
		sum.Minor = -sum.Minor
	}
	l.sum, l.ids = sum, escrowIDs(l.ref)
	return l, nil
}

// escrowIDs are the escrows that a text names, as ESC-…: other words of nine characters may look like an id.
func escrowIDs(text string) (ids []string) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:/()#", r) }) {
		id, err := lockbay.ParseEscrowID(word)
		if err == nil && strings.HasPrefix(strings.ToUpper(word), "ESC") && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// index makes the lines findable, under the key of references.
func (b *bankList) index(key []byte) {
	b.byRef, b.byID, b.waiting = map[string][]*bankLine{}, map[string][]*bankLine{}, map[lockbay.Money][]string{}
	for _, l := range b.lines {
		if ref := lockbay.HandRef(key, l.ref); l.ref != "" {
			b.byRef[ref] = append(b.byRef[ref], l)
		}
		b.waiting[l.sum] = nil
		for _, id := range l.ids {
			b.byID[id] = append(b.byID[id], l)
		}
	}
}

// take finds the first free line of this sum: a line is of one transfer.
func (b *bankList) take(lines []*bankLine, sum lockbay.Money) bool {
	for _, l := range lines {
		if !l.found && l.sum == sum {
			l.found = true
			return true
		}
	}
	return false
}

// mayBeMost is how many escrows are named that a line may be of.
const mayBeMost = 3

// waits notes that an escrow waits for this sum to come or, negative, to be sent.
func (b *bankList) waits(id string, sum lockbay.Money) {
	if list, asked := b.waiting[sum]; asked && len(list) < mayBeMost {
		b.waiting[sum] = append(list, id)
	}
}
