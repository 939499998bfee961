// Package dialog keeps conversations that cannot be lost.
//
// A conversation is one row in a store. An input (a text, a tap, a command, a
// timer) is one turn: the engine reads the record, a pure function decides, and
// one compare-and-swap commits the record, what it starts and what it logs.
// After the commit a courier shows the card, which is rendered from the record
// alone, and does the effects that wait in the record. If a process dies in
// between, the next input or the sweeper finishes its work.
//
//	channel decodes → key is locked → rehydrate → decide → commit → unlock, acknowledge → courier shows
//
// A bot is a form (questions in order, package dialog/form) or any [Flow], a [Store], and one or
// more channels; [New] ties them together.
package dialog
