package telegramtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
)

// schemas are the parameters of every supported method. A field of an interface type, which JSON cannot decode into, is
// shadowed.
var schemas = map[string]func() any{
	"getMe": func() any { return new(struct{}) },
	"getUpdates": func() any {
		return new(struct {
			Offset         int64    `json:"offset"`
			Limit          int      `json:"limit"`
			Timeout        int      `json:"timeout"`
			AllowedUpdates []string `json:"allowed_updates"`
		})
	},
	"setWebhook": func() any {
		return new(struct {
			bot.SetWebhookParams
			Certificate json.RawMessage `json:"certificate"`
		})
	},
	"deleteWebhook":          func() any { return new(bot.DeleteWebhookParams) },
	"getWebhookInfo":         func() any { return new(struct{}) },
	"sendMessage":            func() any { return new(bot.SendMessageParams) },
	"editMessageText":        func() any { return new(bot.EditMessageTextParams) },
	"editMessageReplyMarkup": func() any { return new(bot.EditMessageReplyMarkupParams) },
	"deleteMessage":          func() any { return new(bot.DeleteMessageParams) },
	"deleteMessages":         func() any { return new(bot.DeleteMessagesParams) },
	"answerCallbackQuery":    func() any { return new(bot.AnswerCallbackQueryParams) },
	"getChat":                func() any { return new(bot.GetChatParams) },
	"sendChatAction":         func() any { return new(bot.SendChatActionParams) },
	"setMyCommands": func() any {
		return new(struct {
			bot.SetMyCommandsParams
			Scope json.RawMessage `json:"scope"`
		})
	},
	"deleteMyCommands": func() any {
		return new(struct {
			bot.DeleteMyCommandsParams
			Scope json.RawMessage `json:"scope"`
		})
	},
	"getMyCommands": func() any {
		return new(struct {
			bot.GetMyCommandsParams
			Scope json.RawMessage `json:"scope"`
		})
	},
	"setMyName":             func() any { return new(bot.SetMyNameParams) },
	"getMyName":             func() any { return new(bot.GetMyNameParams) },
	"setMyDescription":      func() any { return new(bot.SetMyDescriptionParams) },
	"getMyDescription":      func() any { return new(bot.GetMyDescriptionParams) },
	"setMyShortDescription": func() any { return new(bot.SetMyShortDescriptionParams) },
	"getMyShortDescription": func() any { return new(bot.GetMyShortDescriptionParams) },
	"setChatMenuButton": func() any {
		return new(struct {
			bot.SetChatMenuButtonParams
			MenuButton json.RawMessage `json:"menu_button"`
		})
	},
}

// checkSchema compares the parameters with the method's schema. An unknown field is a violation, but the server ignores the
// field, as the real API does. A wrong type fails the call.
func (s *Server) checkSchema(method, body string) (refused answer, ok bool) {
	if body == "" {
		return answer{}, true
	}
	if !utf8.ValidString(body) {
		s.violate(method, "not UTF-8", body)
		return badRequest("strings must be encoded in UTF-8"), false
	}
	strict := json.NewDecoder(strings.NewReader(body))
	strict.DisallowUnknownFields()
	err := strict.Decode(schemas[method]())
	if err == nil {
		err = checkCase(method, body)
	}
	if err != nil {
		s.violate(method, err.Error(), body)
		if !strings.Contains(err.Error(), "unknown field") {
			return badRequest("can't parse parameters: " + err.Error()), false
		}
		if err := json.Unmarshal([]byte(body), schemas[method]()); err != nil {
			return badRequest("can't parse parameters: " + err.Error()), false
		}
	}
	return answer{}, true
}

// checkKeyboard checks a reply_markup. The error's text is the API's own.
func (s *Server) checkKeyboard(method, raw string) error {
	if raw == "" {
		return nil
	}
	var shape map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &shape); err != nil {
		return errors.New("object expected as reply markup")
	}
	var target any
	inline := false
	switch {
	case shape["inline_keyboard"] != nil:
		target, inline = new(models.InlineKeyboardMarkup), true
	case shape["keyboard"] != nil:
		target = new(models.ReplyKeyboardMarkup)
	case shape["remove_keyboard"] != nil:
		target = new(models.ReplyKeyboardRemove)
	case shape["force_reply"] != nil:
		target = new(models.ForceReply)
	default:
		s.violate(method, "reply_markup is not a keyboard", raw)
		return nil // {} means no markup
	}
	strict := json.NewDecoder(strings.NewReader(raw))
	strict.DisallowUnknownFields()
	if err := strict.Decode(target); err != nil {
		s.violate(method, "reply_markup: "+err.Error(), raw)
		if !strings.Contains(err.Error(), "unknown field") {
			return errors.New("can't parse reply keyboard markup JSON object")
		}
	} else if s.opt.Keyboard != nil {
		if err := s.opt.Keyboard([]byte(raw)); err != nil {
			s.violate(method, "reply_markup: "+err.Error(), raw)
		}
	}
	if !inline {
		if strings.HasPrefix(method, "edit") {
			return errors.New("inline keyboard expected")
		}
		return nil
	}
	return s.checkButtons(method, raw)
}

func (s *Server) checkButtons(method, raw string) error {
	var markup struct {
		Rows [][]map[string]json.RawMessage `json:"inline_keyboard"`
	}
	if json.Unmarshal([]byte(raw), &markup) != nil {
		return errors.New("can't parse reply keyboard markup JSON object")
	}
	total := 0
	for _, row := range markup.Rows {
		total += len(row)
		if len(row) > 8 {
			s.violate(method, fmt.Sprintf("a row of %d buttons, at most 8 are shown", len(row)), raw)
		}
		if len(row) == 0 {
			s.violate(method, "an empty row of buttons", raw)
		}
		for _, b := range row {
			if err := checkButton(b); err != nil {
				return err
			}
		}
	}
	if total > 100 {
		return errors.New("REPLY_MARKUP_TOO_LONG")
	}
	return nil
}

// actions are the fields of an inline button's action. A button has exactly one.
var actions = []string{"callback_data", "url", "web_app", "login_url", "switch_inline_query",
	"switch_inline_query_current_chat", "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay"}

func checkButton(b map[string]json.RawMessage) error {
	str := func(field string) string {
		var v string
		json.Unmarshal(b[field], &v)
		return v
	}
	if b["text"] == nil {
		return errors.New(`can't parse inline keyboard button: Can't find field "text"`)
	}
	if strings.TrimSpace(str("text")) == "" {
		return errors.New("BUTTON_TEXT_INVALID")
	}
	has := 0
	for _, a := range actions {
		if b[a] != nil {
			has++
		}
	}
	if b["copy_text"] != nil {
		var c models.CopyTextButton
		json.Unmarshal(b["copy_text"], &c)
		if n := utf8.RuneCountInString(c.Text); n < 1 || n > 256 {
			return errors.New("BUTTON_COPY_TEXT_INVALID")
		}
	}
	switch {
	case has == 0:
		return errors.New("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
	case has > 1:
		return errors.New("BUTTON_TYPE_INVALID")
	}
	if b["callback_data"] != nil {
		if n := len(str("callback_data")); n < 1 || n > 64 {
			return errors.New("BUTTON_DATA_INVALID")
		}
	}
	if b["url"] != nil {
		u, err := url.Parse(str("url"))
		if err != nil || u.Scheme == "" || u.Host == "" {
			return errors.New("BUTTON_URL_INVALID")
		}
	}
	return nil
}

// jsonBody turns the parameters of a call, in any form, into one JSON object.
func jsonBody(method string, h *httpCall) ([]byte, error) {
	kind, _, _ := mime.ParseMediaType(h.contentType)
	if kind == "application/json" {
		if h.query != "" {
			return nil, errors.New("parameters in both address and body")
		}
		body := bytes.TrimSpace(h.body)
		if string(body) == "null" { // some clients send null for a method without parameters
			return nil, nil
		}
		return body, nil
	}
	if len(h.body) == 0 && h.query == "" {
		return nil, nil
	}
	req := &http.Request{Method: h.verb, URL: &url.URL{RawQuery: h.query}, Header: http.Header{"Content-Type": {h.contentType}},
		Body: io.NopCloser(bytes.NewReader(h.body))}
	switch kind {
	case "multipart/form-data":
		if err := req.ParseMultipartForm(maxBody); err != nil {
			return nil, err
		}
	case "application/x-www-form-urlencoded", "":
		if err := req.ParseForm(); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("unexpected content type %q", kind)
	}
	isText := fields(method)
	object := map[string]json.RawMessage{}
	for name, values := range req.Form {
		value := json.RawMessage(values[0])
		if isText[name] || !json.Valid(value) {
			value, _ = json.Marshal(values[0])
		}
		object[name] = value
	}
	return json.Marshal(object)
}

// checkCase finds parameters whose names differ from the schema only in case, which encoding/json accepts.
func checkCase(method, body string) error {
	known := fields(method)
	var given map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &given); err != nil {
		return err
	}
	for name := range given {
		if _, ok := known[name]; !ok {
			return fmt.Errorf("unknown field %q", name)
		}
	}
	return nil
}

// fields returns the parameters of a method, and whether each is a string.
func fields(method string) map[string]bool {
	known := map[string]bool{}
	schema, ok := schemas[method]
	if !ok {
		return known
	}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Anonymous {
				walk(f.Type)
			} else {
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				known[name] = f.Type.Kind() == reflect.String
			}
		}
	}
	walk(reflect.TypeOf(schema()).Elem())
	return known
}
