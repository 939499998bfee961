package botapi

import (
	"strconv"
	"unicode/utf8"
)

// Button is one button of a message, in reading order.
type Button struct {
	Row        int
	Text, Data string
	URL        string // instead of Data
}

// AppendString appends s as a JSON string. Invalid UTF-8 becomes U+FFFD.
func AppendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			default:
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b = append(b, s[start:i]...)
			b = append(b, "\uFFFD"...)
			start = i + 1
		}
		i += n
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// appendMethod begins the object of a call. The method is in the object only if the
// call is the body of a webhook's answer.
func appendMethod(b []byte, method string) []byte {
	b = append(b, '{')
	if method != "" {
		b = append(b, `"method":"`...)
		b = append(b, method...)
		b = append(b, `",`...)
	}
	return b
}

// AppendShow appends a sendMessage, into the topic thread if that is not 0, or an
// editMessageText if message is not 0.
func AppendShow(b []byte, chat, thread, message int64, text string, buttons []Button) []byte {
	b = append(b, `{"chat_id":`...)
	b = strconv.AppendInt(b, chat, 10)
	if message != 0 {
		b = append(b, `,"message_id":`...)
		b = strconv.AppendInt(b, message, 10)
	} else {
		b = appendThread(b, thread)
	}
	b = append(b, `,"text":`...)
	b = AppendString(b, text)
	b = append(b, `,"parse_mode":"HTML","link_preview_options":{"is_disabled":true}`...)
	if len(buttons) > 0 {
		b = append(b, `,"reply_markup":{"inline_keyboard":[`...)
		for i, x := range buttons {
			switch {
			case i == 0:
				b = append(b, '[')
			case x.Row != buttons[i-1].Row:
				b = append(b, `],[`...)
			default:
				b = append(b, ',')
			}
			b = append(b, `{"text":`...)
			b = AppendString(b, x.Text)
			if x.URL != "" {
				b = AppendString(append(b, `,"url":`...), x.URL)
			} else {
				b = AppendString(append(b, `,"callback_data":`...), x.Data)
			}
			b = append(b, '}')
		}
		b = append(b, `]]}`...)
	}
	return append(b, '}')
}

// AppendMessage appends a call whose only arguments are chat and message.
func AppendMessage(b []byte, method string, chat, message int64) []byte {
	b = appendMethod(b, method)
	b = append(b, `"chat_id":`...)
	b = strconv.AppendInt(b, chat, 10)
	b = append(b, `,"message_id":`...)
	b = strconv.AppendInt(b, message, 10)
	return append(b, '}')
}

// AppendAsk appends a sendMessage, into the topic thread if that is not 0, that opens a reply in the clients of the people
// whom the text mentions.
func AppendAsk(b []byte, chat, thread int64, text string) []byte {
	b = append(b, `{"chat_id":`...)
	b = strconv.AppendInt(b, chat, 10)
	b = appendThread(b, thread)
	b = append(b, `,"text":`...)
	b = AppendString(b, text)
	return append(b, `,"parse_mode":"HTML","link_preview_options":{"is_disabled":true},"reply_markup":{"force_reply":true,"selective":true}}`...)
}

// AppendToast appends an answerCallbackQuery. alert: the text is shown in a window.
func AppendToast(b []byte, method, query, text string, alert bool) []byte {
	b = appendMethod(b, method)
	b = append(b, `"callback_query_id":`...)
	b = AppendString(b, query)
	if text != "" {
		b = append(b, `,"text":`...)
		b = AppendString(b, text)
		if alert {
			b = append(b, `,"show_alert":true`...)
		}
	}
	return append(b, '}')
}

func appendThread(b []byte, thread int64) []byte {
	if thread != 0 {
		b = append(b, `,"message_thread_id":`...)
		b = strconv.AppendInt(b, thread, 10)
	}
	return b
}

// AppendText appends a sendMessage of a plain text, into the topic thread if that is
// not 0. A url adds a link button with this label.
func AppendText(b []byte, method string, chat, thread int64, text, label, url string) []byte {
	b = appendMethod(b, method)
	b = append(b, `"chat_id":`...)
	b = strconv.AppendInt(b, chat, 10)
	b = appendThread(b, thread)
	b = append(b, `,"text":`...)
	b = AppendString(b, text)
	b = append(b, `,"link_preview_options":{"is_disabled":true}`...)
	if url != "" {
		b = append(b, `,"reply_markup":{"inline_keyboard":[[{"text":`...)
		b = AppendString(b, label)
		b = append(b, `,"url":`...)
		b = AppendString(b, url)
		b = append(b, `}]]}`...)
	}
	return append(b, '}')
}
