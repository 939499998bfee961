// Package console is the operators' pages: whether anybody had to type anything again, where people stop, what to do about
// it, and what became of a conversation. It also writes the monthly report as one file.
//
// The pages name nobody. A conversation's answers are shown after a reason, which is an event in its log.
package console
