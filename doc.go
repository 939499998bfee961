// Package lockbay is the domain of an escrow: who sells ([Party]), for how much ([Money]), what must arrive and when
// ([Terms]), what it costs ([Rules], [Quote]) and the deal that follows ([Escrow]).
//
// The package is pure: the same text under the same [Rules] gives the same answer for ever, so an old draft can be
// checked again on another machine. An unusable answer is a [*Refusal]: a code with arguments, which a message
// catalogue turns into a sentence.
//
// Money is integer minor units from end to end; typed amounts are never rounded.
package lockbay
