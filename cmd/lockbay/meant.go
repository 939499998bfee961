package main

// meant is the known word nearest to typed. It is empty if no word is near, or several are equally near.
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

// slips is the edit distance of a and b: bytes changed, added or left out.
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
