package lockbay

import (
	"regexp"
	"strings"
)

// Shapes of wallet addresses. Checksums are ignored: a mistyped address is an address, too.
var (
	hexAddress = regexp.MustCompile(`^0[xX][0-9a-fA-F]{10,}$`)                                          // Ethereum and its kin
	bech32     = regexp.MustCompile(`^(?i:[a-z]{2,10})1(?i:[02-9ac-hj-np-z]{25,})$`)                    // bc1, ltc1, addr1, cosmos1
	base58     = regexp.MustCompile(`^[1-9A-HJ-NP-Za-km-z]{25,110}$`)                                   // Bitcoin, Tron, Dogecoin, Solana, Monero, XRP
	tonAddress = regexp.MustCompile(`^(?:[EUk0][Qqf][A-Za-z0-9_\-+/]{46}|-?[01]:[0-9a-fA-F]{64})$`)     // TON
	walletURI  = regexp.MustCompile(`^(?i:bitcoin|litecoin|dogecoin|ethereum|tron|ton|solana|monero):`) // payment links
	chainName  = regexp.MustCompile(`^(?i:[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:eth|ton|sol))$`)              // ENS, TON DNS, SNS
)

// IsWallet reports whether a word is an address on some chain.
func IsWallet(word string) bool { return looksLikeWallet(strings.Trim(word, `.,;:()"'`)) }

// looksLikeWallet reports text that is an address on some chain rather than a person.
func looksLikeWallet(s string) bool {
	if hexAddress.MatchString(s) || bech32.MatchString(s) || tonAddress.MatchString(s) || walletURI.MatchString(s) || chainName.MatchString(s) {
		return true
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
