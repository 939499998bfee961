package device

import "github.com/lockbay/lockbay/dialog"

// SigningIn is the input of a sign-in with a hash of the test's choice.
func SigningIn(bot, owner, token, once, hash string) dialog.Input {
	r := &dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: bot, Flow: FlowName, ID: idOf(token)}, Owner: owner}}
	return signingIn(r, token, once, hash, "Firefox on Linux")
}

// HashOf is the hash under which a secret is kept.
func HashOf(secret string) string { return hashOf(secret) }
