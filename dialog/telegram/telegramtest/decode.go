package telegramtest

import (
	"errors"
	"strconv"
	"strings"
)

// request is what the server needs to know of a call to execute it. It is read by a scanner of our own that looks at
// nothing else, in both modes; in strict mode the schema check has looked at the rest before.
type request struct {
	method string
	body   string // JSON object; "" when there are no parameters

	chatID        int64
	chatName      string // chat_id given as @name
	messageID     int
	messageIDs    []int
	text          string
	rawText       string // JSON literal
	parseMode     string
	entities      string // JSON
	markup        string // JSON of reply_markup; "" when absent
	rows          [][]Button
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

var errJSON = errors.New("can't parse JSON object")

// parse reads the parameters of a call. method may stand in the body ("method", of a webhook's answer).
func parse(method, body string) (*request, error) {
	r := &request{method: method, body: body, limit: 100}
	if body == "" {
		return r, nil
	}
	p := scanner{s: body}
	p.object(func(key string) {
		switch key {
		case "method":
			if v, _ := p.str(); r.method == "" {
				r.method = v
			}
		case "chat_id":
			v := p.scalar()
			if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				r.chatID = n
			} else {
				r.chatName = v
			}
		case "message_id":
			r.messageID = int(p.int())
		case "message_ids":
			p.array(func() { r.messageIDs = append(r.messageIDs, int(p.int())) })
		case "text":
			r.text, r.rawText = p.str()
		case "parse_mode":
			r.parseMode, _ = p.str()
		case "entities":
			r.entities = p.skip()
		case "reply_markup":
			raw := p.skip()
			if strings.HasPrefix(raw, `"`) { // serialised, as forms have it
				inner := scanner{s: raw}
				raw, _ = inner.str()
			}
			if raw == "null" || raw == "" {
				break
			}
			r.markup = raw
			m := scanner{s: raw}
			r.rows = m.keyboard()
			p.bad = p.bad || m.bad
		case "disable_notification":
			r.silent = p.skip() == "true"
		case "callback_query_id":
			r.queryID = p.scalar()
		case "show_alert":
			r.alert = p.scalar() == "true"
		case "url":
			r.url, _ = p.str()
		case "secret_token":
			r.secret, _ = p.str()
		case "drop_pending_updates":
			r.dropPending = p.scalar() == "true"
		case "max_connections":
			r.connections = int(p.int())
		case "allowed_updates":
			raw := p.skip()
			if raw == "null" {
				break
			}
			r.allowedGiven = true
			in := scanner{s: raw}
			in.array(func() { v, _ := in.str(); r.allowed = append(r.allowed, v) })
			p.bad = p.bad || in.bad
		case "offset":
			r.offset = p.int()
		case "limit":
			r.limit = int(p.int())
		case "timeout":
			r.timeout = int(p.int())
		case "commands":
			r.commands = p.skip()
		case "name":
			r.name, _ = p.str()
		case "description":
			r.description, _ = p.str()
		case "short_description":
			r.shortDescr, _ = p.str()
		case "inline_message_id":
			r.inlineMessage, _ = p.str()
		default:
			p.skip()
		}
	})
	p.space()
	if p.bad || p.i != len(p.s) {
		return nil, errJSON
	}
	return r, nil
}
