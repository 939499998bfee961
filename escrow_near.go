package lockbay

import "strings"

const (
	nearSlips = 2 // characters that may be wrong, missing, too many or swapped with their neighbour
	nearPart  = 4 // characters that are enough where the rest is missing
)

// NearestEscrowID is the one of ids that somebody who typed this may have meant: with one or two slips, or of which a
// part was typed. Empty where there is none, or more than one that is as near.
func NearestEscrowID(typed string, ids []string) string {
	if len(typed) > 64 {
		return ""
	}
	typed = strings.ToUpper(bareID(typed))
	short := strings.TrimPrefix(typed, "ESC")
	found, least, several := "", nearSlips+1, false
	for _, id := range ids {
		bare := bareID(id)
		d := min(slips(typed, bare), slips(short, bare))
		if d > nearSlips && len(short) >= nearPart && strings.Contains(bare, short) {
			d = nearSlips
		}
		switch {
		case d < least:
			found, least, several = id, d, false
		case d == least && id != found:
			several = true
		}
	}
	if several {
		return ""
	}
	return found
}

// slips counts how often one has to change, add, leave out a character or swap two
// neighbours to make b of a.
func slips(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before, last, now []int
	last = make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		now = make([]int, len(y)+1)
		now[0] = i + 1
		for j := range y {
			other := 1
			if x[i] == y[j] {
				other = 0
			}
			now[j+1] = min(last[j]+other, last[j+1]+1, now[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last = last, now
	}
	return last[len(y)]
}
