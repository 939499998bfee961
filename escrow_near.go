package lockbay

import "strings"

const (
	nearSlips = 2 // characters that may be wrong, missing, too many or swapped with their neighbour
	nearPart  = 4 // the fewest characters of a partial id
)

// NearestEscrowID returns the id that a mistyped one most likely means: within two slips, or containing the typed part.
// It returns "" if no id is near, or several are equally near.
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

// slips is the edit distance of a and b: characters changed, added, left out, or swapped with a neighbour.
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
