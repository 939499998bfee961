package dialog

import "strconv"

// named is the name of a value that counts from 0. One without a name, as a row
// made by hand may have it, is its number.
func named[V ~uint8](v V, names []string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return strconv.Itoa(int(v))
}
