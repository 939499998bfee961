package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of settings. Values beyond them make no sense.
const (
	shortest       = time.Second // trials need seconds; doctor reports a payment window that is too short
	longestKept    = 10 * 365 * 24 * time.Hour
	longestPayment = 30 * 24 * time.Hour
	slowestRate    = 0.1
	quickestRate   = 100_000
	usualOpen      = 20
	mostOpen       = 1000
	mostLive       = 1_000_000
	longestSupport = 200  // characters
	longestHow     = 2000 // characters, so that the whole card fits into one message
)

// checkDuration accepts a duration from one second to most.
func checkDuration(name string, d, most time.Duration) error {
	if d < shortest || d > most {
		return badSetting(name, tidy(d), fmt.Sprintf("want a duration from %s to %s, for example 60m", tidy(shortest), tidy(most)))
	}
	return nil
}

// checkRate accepts 0 (off) and usable rates.
func checkRate(rate float64) error {
	if rate != 0 && (rate < slowestRate || rate > quickestRate) {
		return badSetting("rate-limit", strconv.FormatFloat(rate, 'f', -1, 64), fmt.Sprintf("want 0 (off), or %g to %d inputs per second", slowestRate, quickestRate))
	}
	return nil
}

// checkLivePages accepts 0 (none) and numbers that a process may hold.
func checkLivePages(n int) error {
	if n < 0 || n > mostLive {
		return badSetting("live-pages", strconv.Itoa(n), fmt.Sprintf("want 0 (pages ask), or a number up to %d", mostLive))
	}
	return nil
}

// checkOpenEscrows accepts 0 (no limit) and numbers that can be read at each Confirm.
func checkOpenEscrows(n int) error {
	if n < 0 || n > mostOpen {
		return badSetting("open-escrows", strconv.Itoa(n), fmt.Sprintf("want 0 (no limit), or a number up to %d", mostOpen))
	}
	return nil
}

// checkAddress accepts an address to listen at.
func checkAddress(name, address string) error {
	if address == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return badSetting(name, address, "want host:port, for example 127.0.0.1:8080; port 0 picks one")
	}
	return nil
}

// checkSite accepts the https address of a web server, without user, query and fragment.
func checkSite(name, address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || strings.Contains(address, "@"): // may have a password in it
		return nil, fmt.Errorf("--%s: want https://HOST, without user and password", name)
	case u.Hostname() == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopbackHost(u.Hostname())):
		return nil, badSetting(name, address, "want https://… (http:// only on loopback)")
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r >= utf8.RuneSelf }):
		return nil, badSetting(name, address, "want the host as browsers send it, in ASCII: https://xn--…")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, badSetting(name, address, "want the address alone, without query and fragment")
	}
	return u, nil
}

// contact is what every way to reach somebody has: an @ at a name, a point in an address or URL, or a digit of a phone or
// a house.
var contact = regexp.MustCompile(`@[\p{L}\p{N}_]|[\p{L}\p{N}]\.\p{L}|\p{N}|://`)

// checkSupport accepts a contact that fits into a sentence. "support me" would have people write to nobody.
func checkSupport(s string) error {
	bad := s != "" && !contact.MatchString(s) || utf8.RuneCountInString(s) > longestSupport || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
	if bad {
		if r := []rune(s); len(r) > 40 {
			s = string(r[:40]) + "…"
		}
		return badSetting("support", s, fmt.Sprintf("want one line of at most %d characters that says where people reach you: @name, address or URL", longestSupport))
	}
	return nil
}

// checkFile rejects the path of a folder.
func checkFile(setting, path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return badSetting(setting, "sqlite:"+path, "is a folder: want the path of a file")
	}
	return nil
}

// checkZone accepts a named time zone. "Local" means nothing to a reader.
func checkZone(name string) error {
	_, err := time.LoadLocation(name)
	if err == nil && strings.EqualFold(name, "local") {
		err = errors.New("local")
	}
	if err != nil {
		return badSetting("time-zone", name, "want a name such as UTC or Europe/Vilnius")
	}
	return nil
}
