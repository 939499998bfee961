// Package web is the channel of the browser: a conversation as a page without
// scripts, which a plain HTTP client can use too.
//
// GET shows the card of the visitor's conversation and stores nothing. POST is
// one input. It answers 303 to / after the commit, 422 with the same card if the
// answer is refused, 409 with the current card if the form belongs to an earlier
// card, and 503 with the text of the form while the store is away.
//
// A visitor is a signed random cookie. The page shows the first of:
//
//   - the conversation that the visitor opened from the list; a cookie has its id, or a link,
//     by which a page reloads. It counts only for the visitor's own conversations
//   - the personal conversation, if it has an open draft, asks for another one, or its last draft began after the
//     newest conversation did
//   - the newest conversation that the personal one started
package web
