package lockbay

import (
	"regexp"
	"strings"
)

// Shapes of wallet addresses. Checksums are ignored: a mistyped address is an address, too.
var (
	hexAddress = regexp.MustCompile(`^0[xX][0-9a-fA-F]{10,}$`)                                      // Ethereum and its kin
	bech32     = regexp.MustCompile(`^(?i:[a-z]{2,10})1(?i:[02-9ac-hj-np-z]{25,})$`)                // bc1, ltc1, addr1, cosmos1
	base58     = regexp.MustCompile(`^[1-9A-HJ-NP-Za-km-z]{25,110}$`)                               // Bitcoin, Tron, Dogecoin, Solana, Monero, XRP
	tonAddress = regexp.MustCompile(`^(?:[EUk0][Qqf][A-Za-z0-9_\-+/]{46}|-?[01]:[0-9a-fA-F]{64})$`) // TON
	base32     = regexp.MustCompile(`^(?:G[A-Z2-7]{55}|[A-Z2-7]{58})$`)                             // Stellar, Algorand
	hexKey     = regexp.MustCompile(`^[0-9a-f]{64}$`)                                               // NEAR, Aptos and others without 0x
	lightning  = regexp.MustCompile(`^(?i:ln(?:bc|tb)[0-9a-z]{20,}|lnurl1[0-9a-z]{20,})$`)
	prefixed   = regexp.MustCompile(`^(?:nano|xrb)_[13][0-9a-z]{50,}$`)
	walletURI  = regexp.MustCompile(`^(?i:bitcoin|bitcoincash|lightning|litecoin|dogecoin|ethereum|tron|ton|solana|monero|` +
		`cardano|ripple|stellar|web\+stellar|nano|upi):`) // payment links
	chainName = regexp.MustCompile(`^(?i:[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:eth|ton|sol))$`) // ENS, TON DNS, SNS
)

// IsWallet reports whether a word is an address on some chain.
func IsWallet(word string) bool { return looksLikeWallet(strings.Trim(word, `.,;:()"'`)) }

// looksLikeWallet reports text that is an address on some chain rather than a person.
func looksLikeWallet(s string) bool {
	for _, shape := range []*regexp.Regexp{hexAddress, bech32, tonAddress, walletURI, chainName, base32, hexKey, lightning, prefixed} {
		if shape.MatchString(s) {
			return true
		}
	}
	if !base58.MatchString(s) {
		return false
	}
	if len(s) > usernameMax {
		return strings.ContainsAny(s, "0123456789")
	}
	// Short enough for a Telegram name: addresses mix digits and both cases, and begin with their network's character.
	return strings.ContainsAny(s[:1], "13LMDTrA") && strings.ContainsAny(s[1:], "0123456789") &&
		strings.ToLower(s) != s && strings.ToUpper(s) != s && strings.Count(s, "")-1 > 25 && scattered(s)
}

// scattered tells random letters from a name with a year behind it: digits in at least two places.
func scattered(s string) bool {
	runs, in := 0, false
	for i := range len(s) {
		d := s[i] >= '0' && s[i] <= '9'
		if d && !in {
			runs++
		}
		in = d
	}
	return runs > 2
}
