// Package web is the channel of the browser: a conversation as a page that
// works without a script and can be driven by a plain HTTP client.
//
// GET shows the card of the visitor's conversation and stores nothing. POST is
// one input; it answers 303 to / once the turn is committed, 422 with the same
// card when the answer was refused, 409 with the current card when the form
// belongs to an earlier one, 503 with everything typed still there when the
// store is away.
//
// A visitor is a signed random cookie. Conversations are shown by this rule:
// the one that the visitor has tapped open (a line of the list; a cookie keeps
// its id, which counts only if it is the visitor's own), else the personal one
// while it has an open draft, or when the last thing the visitor did went
// there, else the newest conversation that it started.
package web
