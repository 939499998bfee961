package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

const forState = "state"

// state names what a page shows: the versions of its conversations and the language. Two pages of one visitor with the same
// state show the same. It tells nothing else to anybody, and all instances give it the same name.
func (s *Site) state(v visitor, lang string, x records) string {
	var b strings.Builder
	fmt.Fprintln(&b, v.id, lang, x.shown.Key)
	for _, r := range x.all() {
		fmt.Fprintln(&b, r.Key, r.Version, r.Tag, r.Lost)
	}
	return mac(s.keys[0], forState, b.String())
}

// all are the conversations, each once, in the order of the page.
func (x *records) all() []*dialog.Record {
	list := append([]*dialog.Record{x.personal}, x.others...)
	if !slices.ContainsFunc(list, func(r *dialog.Record) bool { return r.Key == x.shown.Key }) {
		list = append(list, x.shown)
	}
	return list
}

// keys are their keys.
func (x *records) keys() (keys []dialog.Key) {
	for _, r := range x.all() {
		keys = append(keys, r.Key)
	}
	return keys
}
