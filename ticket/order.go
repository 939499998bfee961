package ticket

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"

	"github.com/lockbay/lockbay/dialog"
)

// SetClass is an operator's order to give a ticket a class. Given twice it changes nothing.
func SetClass(bot, id string, class Class) dialog.Input {
	return dialog.Input{ID: "order " + rand.Text(), Kind: dialog.KindOrder, Key: dialog.Key{Bot: bot, Flow: FlowName, ID: id}, Name: orderClass, Value: string(class)}
}

// Import is an operator's order to take a ticket of another helpdesk. source names it there, and decides its id: the same
// source twice is one ticket.
func Import(bot, source string, k Ticket) dialog.Input {
	raw, err := json.Marshal(imported{k, k.Owner})
	if err != nil {
		panic("ticket: " + err.Error()) // it has only strings and numbers
	}
	sum := sha256.Sum256([]byte("lockbay ticket\x00" + source))
	id := NewID(binary.BigEndian.Uint64(sum[:8]))
	return dialog.Input{ID: "import " + id, Kind: dialog.KindOrder, Key: dialog.Key{Bot: bot, Flow: FlowName, ID: id}, Name: orderImport, Text: string(raw)}
}
