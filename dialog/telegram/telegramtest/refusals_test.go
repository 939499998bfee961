package telegramtest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mymmrac/telego"
)

func TestRefusals(t *testing.T) {
	long := strings.Repeat("🧡", 2048) // 4096 units
	keyboard := func(button string) string {
		return `{"chat_id":7,"text":"x","reply_markup":{"inline_keyboard":[[` + button + `]]}}`
	}
	for name, c := range map[string]struct {
		method, body string
		code         int
		description  string
		violations   int
	}{
		"longest text":      {"sendMessage", `{"chat_id":7,"text":"` + long + `"}`, 200, "", 0},
		"longest, marked":   {"sendMessage", `{"chat_id":7,"parse_mode":"HTML","text":"<b>` + long[4:] + `</b>&lt;&amp;"}`, 200, "", 0},
		"too long":          {"sendMessage", `{"chat_id":7,"text":"` + long + `x"}`, 400, "Bad Request: message is too long", 1},
		"empty":             {"sendMessage", `{"chat_id":7,"text":" \n"}`, 400, "Bad Request: message text is empty", 1},
		"no chat":           {"sendMessage", `{"text":"x"}`, 400, "Bad Request: chat_id is empty", 0},
		"unknown chat":      {"sendMessage", `{"chat_id":8,"text":"x"}`, 400, "Bad Request: chat not found", 0},
		"unknown field":     {"sendMessage", `{"chat_id":7,"text":"x","texxt":"y"}`, 200, "", 1},
		"field's case":      {"sendMessage", `{"chat_id":7,"text":"x","Parse_Mode":"HTML"}`, 200, "", 1},
		"wrong type":        {"sendMessage", `{"chat_id":7,"text":5}`, 400, "", 1},
		"no json":           {"sendMessage", `{"chat_id":7`, 400, "", 1},
		"unknown method":    {"sendMessages", `{"chat_id":7}`, 404, "Not Found", 1},
		"unknown tag":       {"sendMessage", `{"chat_id":7,"text":"a <q>b</q>","parse_mode":"HTML"}`, 400, `Bad Request: can't parse entities: Unsupported start tag "q" at byte offset 2`, 1},
		"open tag":          {"sendMessage", `{"chat_id":7,"text":"<b>a","parse_mode":"HTML"}`, 400, `Bad Request: can't parse entities: Can't find end tag corresponding to start tag "b"`, 1},
		"crossed tags":      {"sendMessage", `{"chat_id":7,"text":"<b><i>a</b></i>","parse_mode":"HTML"}`, 400, `Bad Request: can't parse entities: Unmatched end tag at byte offset 7, expected "</i>", found "</b>"`, 1},
		"unopened tag":      {"sendMessage", `{"chat_id":7,"text":"a</b>","parse_mode":"HTML"}`, 400, `Bad Request: can't parse entities: Unexpected end tag at byte offset 1`, 1},
		"less than":         {"sendMessage", `{"chat_id":7,"text":"1 < 2","parse_mode":"HTML"}`, 400, `Bad Request: can't parse entities: Unsupported start tag "" at byte offset 2`, 1},
		"bare ampersand":    {"sendMessage", `{"chat_id":7,"text":"a & b","parse_mode":"HTML"}`, 200, "", 1},
		"unknown reference": {"sendMessage", `{"chat_id":7,"text":"a&nbsp;b","parse_mode":"HTML"}`, 200, "", 1},
		"no parse mode":     {"sendMessage", `{"chat_id":7,"text":"1 < 2 & 3"}`, 200, "", 0},
		"parse mode":        {"sendMessage", `{"chat_id":7,"text":"x","parse_mode":"HTLM"}`, 400, "Bad Request: unsupported parse_mode", 1},
		"all tags": {"sendMessage", `{"chat_id":7,"text":"<b>b</b><i>i</i><u>u</u><s>s</s><code>c</code><pre>p</pre><a href=\"https://a.b/?c=1&amp;d=2\">a</a><tg-spoiler>t</tg-spoiler><blockquote expandable>q</blockquote>","parse_mode":"HTML"}`,
			200, "", 0},
		"callbackdata":  {"sendMessage", keyboard(`{"text":"a","callbackdata":"b"}`), 400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard", 2},
		"extra field":   {"sendMessage", keyboard(`{"text":"a","callback_data":"b","colour":"red"}`), 200, "", 1},
		"data 64":       {"sendMessage", keyboard(`{"text":"a","callback_data":"` + strings.Repeat("é", 32) + `"}`), 200, "", 0},
		"data 65":       {"sendMessage", keyboard(`{"text":"a","callback_data":"` + strings.Repeat("é", 32) + `x"}`), 400, "Bad Request: BUTTON_DATA_INVALID", 1},
		"data 0":        {"sendMessage", keyboard(`{"text":"a","callback_data":""}`), 400, "Bad Request: BUTTON_DATA_INVALID", 1},
		"two actions":   {"sendMessage", keyboard(`{"text":"a","callback_data":"b","url":"https://c.d"}`), 400, "Bad Request: BUTTON_TYPE_INVALID", 1},
		"empty copy":    {"sendMessage", keyboard(`{"text":"a","callback_data":"b","copy_text":{"text":""}}`), 400, "Bad Request: BUTTON_COPY_TEXT_INVALID", 1},
		"bad url":       {"sendMessage", keyboard(`{"text":"a","url":"nowhere"}`), 400, "Bad Request: BUTTON_URL_INVALID", 1},
		"flat keyboard": {"sendMessage", `{"chat_id":7,"text":"x","reply_markup":{"inline_keyboard":[{"text":"a","callback_data":"b"}]}}`, 400, "", 1},
		"wide row":      {"sendMessage", keyboard(strings.Repeat(`{"text":"a","callback_data":"b"},`, 8) + `{"text":"a","callback_data":"b"}`), 200, "", 1},
		"many buttons":  {"sendMessage", `{"chat_id":7,"text":"x","reply_markup":{"inline_keyboard":[` + strings.TrimSuffix(strings.Repeat(`[{"text":"a","callback_data":"b"}],`, 101), ",") + `]}}`, 400, "Bad Request: REPLY_MARKUP_TOO_LONG", 1},
		"no message id": {"editMessageText", `{"chat_id":7,"text":"x"}`, 400, "Bad Request: message identifier is not specified", 0},
		"toast 200":     {"answerCallbackQuery", `{"callback_query_id":"1","text":"` + strings.Repeat("я", 200) + `"}`, 400, "Bad Request: query is too old and response timeout expired or query ID is invalid", 0},
		"toast 201":     {"answerCallbackQuery", `{"callback_query_id":"1","text":"` + strings.Repeat("я", 201) + `"}`, 400, "Bad Request: MESSAGE_TOO_LONG", 1},
		"commands":      {"setMyCommands", `{"commands":[{"command":"start","description":"Begin"}],"scope":{"type":"all_private_chats"}}`, 200, "", 0},
		"command":       {"setMyCommands", `{"commands":[{"command":"Start","description":"Begin"}]}`, 400, "Bad Request: BOT_COMMAND_INVALID", 1},
		"webhook http":  {"setWebhook", `{"url":"http://example.org/hook"}`, 400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook", 1},
		"secret":        {"setWebhook", `{"url":"https://example.org/hook","secret_token":"a b"}`, 400, "Bad Request: secret token contains unallowed characters", 1},
		"not UTF-8":     {"sendMessage", "{\"chat_id\":7,\"text\":\"a\xff\"}", 400, "Bad Request: strings must be encoded in UTF-8", 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.Person(7, "anna_buyer", "Anna")
			e := r.do(c.method, c.body)
			if e.status != c.code || c.description != "" && e.Description != c.description {
				t.Errorf("got %d %s, want %d %s", e.status, e.raw, c.code, c.description)
			}
			if vs := r.Violations(); len(vs) != c.violations {
				t.Errorf("%d violations, want %d: %v", len(vs), c.violations, vs)
			}
		})
	}
}

func TestAddressAndToken(t *testing.T) {
	r := newRig(t, nil)
	for path, want := range map[string]string{
		"/bot123456:AAWrongWrongWrongWrongWrongWrongWrong00/getMe": `{"ok":false,"error_code":401,"description":"Unauthorized"}`,
		"/botnonsense/getMe":           `{"ok":false,"error_code":404,"description":"Not Found"}`,
		"/":                            `{"ok":false,"error_code":404,"description":"Not Found"}`,
		"/bot" + r.Token() + "/getme2": `{"ok":false,"error_code":404,"description":"Not Found"}`,
	} {
		res, err := r.client.Get(r.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if string(b) != want {
			t.Errorf("%s: %s", path, b)
		}
	}
}

// TestBodies sends one call in every form that HTTP clients use.
func TestBodies(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	address := r.URL() + "/bot" + r.Token() + "/sendMessage"
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	w.WriteField("chat_id", "7")
	w.WriteField("text", "12")
	w.WriteField("reply_markup", `{"inline_keyboard":[[{"text":"a","callback_data":"b"}]]}`)
	w.Close()
	values := url.Values{"chat_id": {"7"}, "text": {"12"}, "reply_markup": {`{"inline_keyboard":[[{"text":"a","callback_data":"b"}]]}`}}
	body := `{"chat_id":"7","text":"12","reply_markup":"{\"inline_keyboard\":[[{\"text\":\"a\",\"callback_data\":\"b\"}]]}"}`
	plain := `{"chat_id":7,"text":"12","reply_markup":{"inline_keyboard":[[{"text":"a","callback_data":"b"}]]}}`
	request := func(verb, address, kind string, body io.Reader) *http.Request {
		req, _ := http.NewRequest(verb, address, body)
		if kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		return req
	}
	closing := request("POST", address, "application/json", strings.NewReader(plain))
	closing.Close = true
	expecting := request("POST", address, "application/json", strings.NewReader(plain))
	expecting.Header.Set("Expect", "100-continue")
	for name, req := range map[string]*http.Request{
		"json":      request("POST", address, "application/json; charset=utf-8", strings.NewReader(plain)),
		"quoted":    request("POST", address, "application/json", strings.NewReader(body)),
		"chunked":   request("POST", address, "application/json", io.MultiReader(strings.NewReader(plain[:20]), strings.NewReader(plain[20:]))),
		"closing":   closing,
		"expecting": expecting,
		"multipart": request("POST", address, w.FormDataContentType(), &form),
		"form":      request("POST", address, "application/x-www-form-urlencoded", strings.NewReader(values.Encode())),
		"query":     request("GET", address+"?"+values.Encode(), "", nil),
	} {
		t.Run(name, func(t *testing.T) {
			before := len(anna.Messages())
			res, err := r.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if last := anna.Last(); res.StatusCode != http.StatusOK || len(anna.Messages()) != before+1 || last.Text != "12" || len(last.Rows) != 1 {
				t.Errorf("%s: %+v", b, last)
			}
		})
	}
	r.noViolations()
}

func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal("curl is not installed: the Debian package curl has it")
	}
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	address := r.URL() + "/bot" + r.Token() + "/sendMessage"
	big := strings.Repeat(" ", 2<<20) // above this size curl sends Expect: 100-continue
	for _, args := range [][]string{
		{"-d", `{"chat_id":7,"text":"a"}`, "-H", "Content-Type: application/json", address, "--next", "-s", "-d", "chat_id=7", "-d", "text=b", address},
		{"-0", "-F", "chat_id=7", "-F", "text=c", address},
		{"-H", "Transfer-Encoding: chunked", "-H", "Content-Type: application/json", "-d", `{"chat_id":7,"text":"d"}`, address},
		{"-H", "Content-Type: application/json", "--data-binary", "@-", address},
	} {
		cmd := exec.Command(curl, append([]string{"-s", "-m", "10"}, args...)...)
		cmd.Stdin = strings.NewReader(`{"chat_id":7,"text":"e"` + big + `}`)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), `"ok":true`) {
			t.Errorf("%q: %v %s", args, err, out)
		}
	}
	var texts []string
	for _, m := range anna.Messages() {
		texts = append(texts, m.Text)
	}
	if got := strings.Join(texts, ""); got != "abcde" {
		t.Errorf("arrived: %q", got)
	}
	r.noViolations()
}

// TestKeyboardOption checks keyboards with a second library, whose types have every field.
func TestKeyboardOption(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Keyboard = func(raw []byte) error {
			d := json.NewDecoder(bytes.NewReader(raw))
			d.DisallowUnknownFields()
			return d.Decode(new(telego.InlineKeyboardMarkup))
		}
	})
	r.Person(7, "anna_buyer", "Anna")
	r.send(twoButtons)
	r.noViolations()
	r.do("sendMessage", `{"chat_id":7,"text":"x","reply_markup":{"inline_keyboard":[[{"text":"a","callback_data":"b"}]],"resize":true}}`)
	if len(r.Violations()) != 1 {
		t.Errorf("violations: %v", r.Violations())
	}
}

func TestExpiries(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	id := r.send(twoButtons)
	tap := anna.Tap("Back")
	r.clock.Add(16 * time.Second)
	tooOld := "Bad Request: query is too old and response timeout expired or query ID is invalid"
	r.refused(400, tooOld, "answerCallbackQuery", `{"callback_query_id":"`+tap.QueryID+`"}`)
	r.refused(400, tooOld, "answerCallbackQuery", `{"callback_query_id":"nonsense"}`)
	anna.Say("hello")
	if n := len(r.updates(`{}`)); n != 2 {
		t.Errorf("%d updates, want tap and text", n)
	}
	r.clock.Add(135 * time.Second) // 151 s: the tap has expired, the text still waits
	if us := r.updates(`{}`); len(us) != 1 || us[0].Message == nil {
		t.Errorf("after 151 s: %+v", us)
	}
	if d := r.Dropped(); len(d) != 1 || d[0].QueryID != tap.QueryID {
		t.Errorf("dropped: %+v", d)
	}
	r.clock.Add(24 * time.Hour)
	if us := r.updates(`{}`); len(us) != 0 {
		t.Errorf("after a day: %+v", us)
	}
	r.clock.Add(24 * time.Hour)
	r.refused(400, "Bad Request: message can't be deleted for everyone", "deleteMessage", `{"chat_id":7,"message_id":`+itoa(int64(id))+`}`)
	r.ok("editMessageReplyMarkup", `{"chat_id":7,"message_id":`+itoa(int64(id))+`}`)
	if m := anna.Messages()[0]; len(m.Rows) != 0 || m.Text == "" {
		t.Errorf("buttons taken away: %+v", m)
	}
	r.noViolations()
}
