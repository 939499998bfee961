package main

// meant is the one of known that is nearest to typed. Empty where none is near, or
// several are as near.
func meant(typed string, known []string) (found string) {
	least, several := min(2, len(typed)/2)+1, false
	for _, k := range known {
		switch d := slips(typed, k); {
		case d < least:
			found, least, several = k, d, false
		case d == least && found != "":
			several = true
		}
	}
	if several {
		return ""
	}
	return found
}

// slips counts the bytes that one has to change, add or leave out to make b of a.
func slips(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d++
			}
			diagonal = row[j+1]
			row[j+1] = min(d, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
