package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lockbay/lockbay"
)

// payWindows are the times to pay: the usual one, and those of currencies whose payments take longer: 60m,EUR=48h.
type payWindows struct {
	usual time.Duration
	each  map[string]time.Duration // :: currency → time
}

// Decode implements kong.MapperValue.
func (w *payWindows) Decode(ctx *kong.DecodeContext) error {
	t, err := ctx.Scan.PopValue("duration")
	if err != nil {
		return err
	}
	given, err := readWindows(fmt.Sprint(t.Value))
	if err != nil {
		return err
	}
	if given.usual == 0 {
		given.usual = max(w.usual, time.Hour)
	}
	*w = given
	return nil
}

// readWindows reads the setting. A usual time of 0 is one that is not given.
func readWindows(text string) (w payWindows, err error) {
	usual := false
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		code, value, of := strings.Cut(part, "=")
		if !of {
			code, value = "", part
		}
		code, value = strings.ToUpper(strings.TrimSpace(code)), strings.TrimSpace(value)
		d, err := readDuration(value)
		_, known := lockbay.Digits(code)
		_, twice := w.each[code]
		switch {
		case err != nil, of && (!known || code == ""):
			return w, fmt.Errorf("%q: want a duration, for example 90s, 60m or 7d, and CODE=DURATION for a currency: 60m,EUR=48h", part)
		case twice, !of && usual:
			return w, fmt.Errorf("%q: is given twice: give it once", part)
		case d < shortest || d > longestPayment:
			return w, fmt.Errorf("%q: want a duration from %s to %s, for example 60m", strings.TrimPrefix(code+"="+tidy(d), "="), tidy(shortest), tidy(longestPayment))
		case of:
			if w.each == nil {
				w.each = map[string]time.Duration{}
			}
			w.each[code] = d
		default:
			w.usual, usual = d, true
		}
	}
	return w, nil
}

// of is the time to pay in a currency.
func (w payWindows) of(currency string) time.Duration {
	if d, ok := w.each[currency]; ok {
		return d
	}
	return w.usual
}

// String writes the setting.
func (w payWindows) String() string {
	text := tidy(w.usual)
	for _, code := range slices.Sorted(maps.Keys(w.each)) {
		text += "," + code + "=" + tidy(w.each[code])
	}
	return text
}

// windowsInWords is the setting in a sentence: 1h (in EUR 48h).
func windowsInWords(w payWindows) string {
	text := tidy(w.usual)
	if usual, each, more := strings.Cut(w.String(), ","); more {
		text = usual + " (in " + strings.NewReplacer("=", " ", ",", ", ").Replace(each) + ")"
	}
	return text
}
