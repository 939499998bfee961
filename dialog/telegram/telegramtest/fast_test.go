package telegramtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
)

func TestFastMode(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Strict = false })
	type show struct {
		chat int64
		id   int
		text string
		rows [][]Button
	}
	var shows []show
	var removed []int
	r.OnShow(func(chat int64, id int, text string, rows [][]Button) {
		r.Messages(chat) // no lock is held
		shows = append(shows, show{chat, id, text, rows})
	})
	r.OnRemove(func(chat int64, id int) { removed = append(removed, id) })
	id := r.send(twoButtons)
	rows := [][]Button{{{Text: "Back", Data: "back|d|1"}, {Text: "Cancel", Data: "cancel|d|1"}}, {{Text: "Site", URL: "https://example.org"}}}
	if want := []show{{7, id, "<b>Кто</b> 🧑‍🎨 &lt;x&gt;?", rows}}; !reflect.DeepEqual(shows, want) {
		t.Errorf("shows %+v, want %+v", shows, want)
	}
	if ms := r.Messages(7); len(ms) != 1 || ms[0].Text != "Кто 🧑‍🎨 <x>?" || len(ms[0].Bold()) != 1 {
		t.Errorf("messages: %+v", ms)
	}
	edit := fmt.Sprintf(`{"message_id":%d,"text":"Tom \u0026 \"J\u00e9r\ud83d\ude00\"\n","chat_id":7}`, id)
	var m sent
	if err := json.Unmarshal(r.ok("editMessageText", edit), &m); err != nil || m.Text != "Tom & \"Jér😀\"\n" || m.ID != id {
		t.Errorf("result: %+v %v", m, err)
	}
	if last := shows[len(shows)-1]; last.text != "Tom & \"Jér😀\"\n" || last.rows != nil {
		t.Errorf("edit: %+v", last)
	}
	r.refused(400, "Bad Request: "+notModified, "editMessageText", edit)
	r.ok("answerCallbackQuery", `{"callback_query_id":"made elsewhere"}`)
	r.Execute([]byte(fmt.Sprintf(`{"chat_id":7,"method":"deleteMessage","message_id":%d}`, id)))
	if len(removed) != 1 || removed[0] != id {
		t.Errorf("removed: %v", removed)
	}
	r.refused(400, "Bad Request: message to edit not found", "editMessageText", edit)
	r.FailNext("sendMessage", LostAnswer())
	if _, err := r.try("sendMessage", twoButtons); err == nil || len(r.Messages(7)) != 1 {
		t.Errorf("lost answer: %v, %d messages", err, len(r.Messages(7)))
	}
	for range 3 * keptMessages {
		r.ok("sendMessage", twoButtons)
	}
	if n := len(r.Messages(7)); n != keptMessages {
		t.Errorf("%d messages are kept", n)
	}
	if r.Count("sendMessage") != 3*keptMessages+2 {
		t.Errorf("counts: %v", r.Counts())
	}
	for _, broken := range []string{`{`, `{"chat_id":7,"text":"x"`, `{"chat_id":7,"text":"\x"}`, `{"chat_id":[}`, `{"chat_id":7,"text":"x"}}`, `[]`, `{"text":"\ud83d\u00`, `{"a"`} {
		if e := r.do("sendMessage", broken); e.status != 400 {
			t.Errorf("%s: %s", broken, e.raw)
		}
	}
}

type sent struct {
	ID   int `json:"message_id"`
	Text string
}

// The real API accepts several spellings of parameters, and a load test's bot may use any.
func TestParse(t *testing.T) {
	cases := map[string]struct {
		body string
		want request // nil and "" for absent parameters
	}{
		"numbers":           {`{"chat_id":-7,"message_id":5,"offset":-1,"limit":3,"timeout":9,"max_connections":4}`, request{chatID: -7, messageID: 5, offset: -1, limit: 3, timeout: 9, connections: 4}},
		"numbers in quotes": {`{"chat_id":"7","message_id":"5","message_ids":["1",2],"show_alert":"true"}`, request{chatID: 7, messageID: 5, messageIDs: []int{1, 2}, alert: true, limit: 100}},
		"a name":            {`{"chat_id":"@shop"}`, request{chatName: "@shop", limit: 100}},
		"nulls":             {`{"chat_id":null,"message_id":null,"text":null,"reply_markup":null,"allowed_updates":null}`, request{limit: 100}},
		"no kinds":          {`{"allowed_updates":[]}`, request{allowed: []string{}, allowedGiven: true, limit: 100}},
		"escapes":           {`{"text":"a\ud83d\ude00\u0026\\\"\ud83d"}`, request{text: "a😀&\\\"\uFFFD", limit: 100}},
		"a keyboard":        {`{"reply_markup":{"inline_keyboard":[[{"text":"a","callback_data":"b"}],[]]}}`, request{markup: `{"inline_keyboard":[[{"text":"a","callback_data":"b"}],[]]}`, rows: [][]Button{{{Text: "a", Data: "b"}}}, limit: 100}},
		"one as a string":   {`{"reply_markup":"{\"inline_keyboard\":[[{\"text\":\"a\",\"url\":\"u\"}]]}"}`, request{markup: `{"inline_keyboard":[[{"text":"a","url":"u"}]]}`, rows: [][]Button{{{Text: "a", URL: "u"}}}, limit: 100}},
		"another one":       {`{"reply_markup":{"force_reply":true}}`, request{markup: `{"force_reply":true}`, asks: true, limit: 100}},
	}
	for name, c := range cases {
		c.want.body = c.body
		if got, err := parse("", c.body); err != nil || !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
	for _, broken := range []string{`[]`, `null`, `{"message_id":"five"}`, `{"message_id":1.5}`, `{"message_id":{}}`, `{"text":7}`, `{"reply_markup":[]}`, `{"reply_markup":"x"}`, `{"reply_markup":{"inline_keyboard":7}}`} {
		if _, err := parse("", broken); err == nil {
			t.Errorf("%s is accepted", broken)
		}
	}
}

// cheapClient is an HTTP client with minimal cost.
type cheapClient struct {
	net.Conn
	br *bufio.Reader
}

func dial(tb testing.TB, s *Server) *cheapClient {
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		tb.Fatal(err)
	}
	return &cheapClient{Conn: c, br: bufio.NewReader(c)}
}

func rawCall(s *Server, method, body string) []byte {
	return []byte(fmt.Sprintf("POST /bot%s/%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: %d\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n%s",
		s.Token(), method, s.listen.Addr(), len(body), body))
}

func (c *cheapClient) do(call []byte) error {
	if _, err := c.Write(call); err != nil {
		return err
	}
	length := 0
	for {
		line, err := c.br.ReadSlice('\n')
		if err != nil {
			return err
		}
		if n, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			fmt.Sscan(string(n), &length)
		}
		if len(line) == 2 {
			_, err := c.br.Discard(length)
			return err
		}
	}
}

// TestPlainAndOther sends plain and other requests on one connection, in pieces and in one piece.
func TestPlainAndOther(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	c := dial(t, r.Server)
	defer c.Close()
	plain := rawCall(r.Server, "sendMessage", `{"chat_id":7,"text":"x"}`)
	chunked := []byte("POST /bot" + r.Token() + "/sendMessage HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\na\r\n{\"chat_id\"\r\ne\r\n:7,\"text\":\"x\"}\r\n0\r\n\r\n")
	both := append(append([]byte(nil), plain...), chunked...)
	for cut := 1; cut < len(both); cut += 37 {
		c.Write(both[:cut])
		c.Write(both[cut:])
		for range 2 {
			res, err := http.ReadResponse(c.br, nil)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("cut at %d: %v %v", cut, res, err)
			}
			io.Copy(io.Discard, res.Body)
		}
	}
	if n, want := len(anna.Messages()), 2*((len(both)-2)/37+1); n != want {
		t.Errorf("%d messages, want %d", n, want)
	}
	r.noViolations()
}

// BenchmarkFast measures a call in fast mode over TCP, with a cheap client.
func BenchmarkFast(b *testing.B) {
	s := New(Options{})
	defer s.Close()
	var shown atomic.Int64
	s.OnShow(func(int64, int, string, [][]Button) { shown.Add(1) })
	body := `{"chat_id":%d,"text":"\u003cb\u003eStep 2 of 5\u003c/b\u003e\n` + strings.Repeat("How much? ", 20) + `","parse_mode":"HTML","reply_markup":{"inline_keyboard":[[{"text":"100","callback_data":"amount:100|01JQ8Z5K3M9T7W2X4Y6A8B0C1D|12"},{"text":"250","callback_data":"amount:250|01JQ8Z5K3M9T7W2X4Y6A8B0C1D|12"},{"text":"500","callback_data":"amount:500|01JQ8Z5K3M9T7W2X4Y6A8B0C1D|12"}],[{"text":"Back","callback_data":"back|01JQ8Z5K3M9T7W2X4Y6A8B0C1D|12"},{"text":"Cancel","callback_data":"cancel|01JQ8Z5K3M9T7W2X4Y6A8B0C1D|12"}]]}}`
	var chats atomic.Int64
	b.SetParallelism(50)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		c := dial(b, s)
		defer c.Close()
		call := rawCall(s, "sendMessage", fmt.Sprintf(body, chats.Add(1)))
		for pb.Next() {
			if err := c.do(call); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	if shown.Load() != int64(b.N) {
		b.Errorf("%d of %d were shown", shown.Load(), b.N)
	}
}

// BenchmarkFastExecute measures the same call without TCP: decode, execute, show.
func BenchmarkFastExecute(b *testing.B) {
	s := New(Options{})
	defer s.Close()
	s.OnShow(func(int64, int, string, [][]Button) {})
	b.ReportAllocs()
	for b.Loop() {
		if a := s.call("sendMessage", twoButtons, nil); a.code != 200 {
			b.Fatal(a)
		}
	}
}
