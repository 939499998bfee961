// Package lockbay is the domain of an escrow: who sells ([Party]), for how much ([Money]), what must arrive and when
// ([Terms]), what it costs ([Rules], [Quote]) and the deal that follows ([Escrow]).
//
// Nothing here does I/O, reads a clock or draws a random number: the same text under the same [Rules] gives the same
// answer for ever, which is what lets an old draft be checked again on another machine. What a person typed and cannot
// be used comes back as a [*Refusal]: a code with arguments, that a message catalogue turns into a sentence.
//
// Money is integer minor units from end to end; nothing is ever rounded on the way in.
package lockbay
