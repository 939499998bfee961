package telegramtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
)

// request is the part of a call that the server executes. In strict mode the schema check covers the rest.
type request struct {
	method string
	body   string // JSON object; "" without parameters

	chatID        int64
	chatName      string // chat_id given as @name
	messageID     int
	messageIDs    []int
	text          string
	parseMode     string
	entities      string // JSON
	markup        string // JSON of reply_markup; "" when absent
	rows          [][]Button
	asks          bool // force_reply
	silent        bool
	queryID       string
	alert         bool
	url           string
	secret        string
	dropPending   bool
	connections   int
	allowed       []string // nil: not given
	allowedGiven  bool
	offset        int64
	limit         int
	timeout       int // seconds
	commands      string
	name          string
	description   string
	shortDescr    string
	inlineMessage string
}

// parameters are the parameters of all methods, named as in JSON. As in the real API, a number or a truth value may be
// quoted, and a reply_markup may be a string of JSON.
type parameters struct {
	Method        string          `json:"method"`
	Chat          scalar          `json:"chat_id"`
	Message       scalar          `json:"message_id"`
	Messages      []scalar        `json:"message_ids"`
	Text          string          `json:"text"`
	ParseMode     string          `json:"parse_mode"`
	Entities      json.RawMessage `json:"entities"`
	Markup        markup          `json:"reply_markup"`
	Silent        scalar          `json:"disable_notification"`
	Query         scalar          `json:"callback_query_id"`
	Alert         scalar          `json:"show_alert"`
	URL           string          `json:"url"`
	Secret        string          `json:"secret_token"`
	DropPending   scalar          `json:"drop_pending_updates"`
	Connections   scalar          `json:"max_connections"`
	Allowed       []string        `json:"allowed_updates"`
	Offset        scalar          `json:"offset"`
	Limit         scalar          `json:"limit"`
	Timeout       scalar          `json:"timeout"`
	Commands      json.RawMessage `json:"commands"`
	Name          string          `json:"name"`
	Description   string          `json:"description"`
	ShortDescr    string          `json:"short_description"`
	InlineMessage string          `json:"inline_message_id"`
}

var errJSON = errors.New("can't parse JSON object")

// parse parses the parameters of a call. In a webhook's answer the body contains the method.
func parse(method, body string) (*request, error) {
	r := &request{method: method, body: body, limit: 100}
	if body == "" {
		return r, nil
	}
	var p parameters
	if body[0] != '{' || json.Unmarshal([]byte(body), &p) != nil {
		return nil, errJSON
	}
	if r.method == "" {
		r.method = p.Method
	}
	var ids numbers
	r.messageID, r.connections, r.timeout = ids.of(p.Message), ids.of(p.Connections), ids.of(p.Timeout)
	if p.Limit != "" {
		r.limit = ids.of(p.Limit)
	}
	r.offset = int64(ids.of(p.Offset))
	for _, m := range p.Messages {
		r.messageIDs = append(r.messageIDs, ids.of(m))
	}
	if ids.bad {
		return nil, errJSON
	}
	if n, err := strconv.ParseInt(string(p.Chat), 10, 64); err == nil {
		r.chatID = n
	} else {
		r.chatName = string(p.Chat)
	}
	r.text, r.parseMode, r.entities = p.Text, p.ParseMode, string(p.Entities)
	r.markup, r.rows, r.asks = p.Markup.json, p.Markup.rows, p.Markup.asks
	r.silent, r.alert, r.dropPending = p.Silent == "true", p.Alert == "true", p.DropPending == "true"
	r.queryID, r.url, r.secret = string(p.Query), p.URL, p.Secret
	r.allowed, r.allowedGiven = p.Allowed, p.Allowed != nil
	r.commands, r.name, r.description, r.shortDescr = string(p.Commands), p.Name, p.Description, p.ShortDescr
	r.inlineMessage = p.InlineMessage
	return r, nil
}

// scalar is a string's value, or the literal of a number, true or false; null is "".
type scalar string

// UnmarshalJSON implements json.Unmarshaler.
func (s *scalar) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '"':
		return json.Unmarshal(b, (*string)(s))
	case '{', '[':
		return errors.New("a string or a number is expected")
	case 'n':
		*s = ""
	default:
		*s = scalar(b)
	}
	return nil
}

// numbers turns scalars into integers and sets bad for any other scalar.
type numbers struct{ bad bool }

func (n *numbers) of(s scalar) int {
	if s == "" {
		return 0
	}
	v, err := strconv.Atoi(string(s))
	n.bad = n.bad || err != nil
	return v
}

// markup is a reply_markup. Only an inline keyboard has rows.
type markup struct {
	json string
	rows [][]Button
	asks bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *markup) UnmarshalJSON(b []byte) error {
	if b[0] == '"' { // serialised, as in a form
		var inner string
		if err := json.Unmarshal(b, &inner); err != nil {
			return err
		}
		b = []byte(inner)
	}
	if len(b) == 0 || bytes.Equal(b, []byte("null")) {
		return nil
	}
	var keyboard struct {
		Rows [][]Button `json:"inline_keyboard"`
		Asks bool       `json:"force_reply"`
	}
	if err := json.Unmarshal(b, &keyboard); err != nil {
		return err
	}
	m.json, m.asks = string(b), keyboard.Asks
	m.rows = slices.DeleteFunc(keyboard.Rows, func(row []Button) bool { return len(row) == 0 })
	return nil
}
