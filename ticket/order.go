package ticket

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strconv"

	"github.com/lockbay/lockbay/dialog"
)

// SetClass is an operator's order to give a ticket a class. Given twice it changes nothing.
func SetClass(bot, id string, class Class) dialog.Input {
	return dialog.Input{ID: "order " + rand.Text(), Kind: dialog.KindOrder, Key: dialog.Key{Bot: bot, Flow: FlowName, ID: id}, Name: orderClass, Value: string(class)}
}

// Import is an operator's order to take a ticket of another helpdesk. source names it there, and decides its id, with n, which is
// 0 but for sources that have come to the same id, see [Ticket.Is]: the same source twice is one ticket. Its class is that of its
// text, unless k has one.
func Import(bot, source string, n int, k *Ticket) dialog.Input {
	raw, err := json.Marshal(imported{Owner: k.Owner, Class: k.Class, At: k.At, Source: sourceOf(source)})
	if err != nil {
		panic("ticket: " + err.Error()) // it has only strings and numbers
	}
	sum := sha256.Sum256([]byte("lockbay ticket\x00" + strconv.Itoa(n) + "\x00" + source))
	id := NewID(binary.BigEndian.Uint64(sum[:8]))
	return dialog.Input{ID: "import " + id, Kind: dialog.KindOrder, Key: dialog.Key{Bot: bot, Flow: FlowName, ID: id}, Name: orderImport, Value: string(raw), Text: k.Text}
}

// imported is the argument of an import, beside the text.
type imported struct {
	Owner  string `json:"owner,omitempty"`
	Class  Class  `json:"class,omitempty"`
	At     int64  `json:"at"`
	Source string `json:"source"`
}

// sourceOf are 128 bits that stand for the name of a ticket in another helpdesk.
func sourceOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// Is reports whether the ticket was imported from a source.
func (k *Ticket) Is(source string) bool { return k.Source == sourceOf(source) }
