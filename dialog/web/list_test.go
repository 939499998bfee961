package web

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

var itemTag = regexp.MustCompile(`<li(?: class="([a-z]*)")?><button class="item" name="action" value="status:([^"]*)">`)

// listed are the conversations on the list, each with its class.
func listed(body string) (all []string) {
	for _, m := range itemTag.FindAllStringSubmatch(body, -1) {
		all = append(all, strings.TrimSpace(m[1]+" "+m[2]))
	}
	return all
}

// The list has all conversations, page by page, each once: those that wait first, the nearest end before the others; then
// the others, newest first.
func TestList(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Waiting = []string{"waits"} })
	b := w.visit()
	b.get("/list")
	b.want(200, "", "There are none yet.", `<button class="go" name="action" value="create">Start`)
	b.open()
	owner := w.ownerOf(b)
	now := w.engine.Now()
	const n = 50
	for i := range n {
		step, expires := "under_way", time.Time{}
		if i%10 == 5 { // 5, 15, … the older, the nearer its end
			step, expires = "waits", now.Add(time.Duration(i)*time.Hour)
		}
		id := fmt.Sprintf("PARCEL-%05d", i)
		row := &dialog.Row{Head: dialog.Head{
			Key: dialog.Key{Bot: "Shop", Flow: "parcel", ID: id}, Owner: owner, Draft: id, Step: step, Version: 1, Tag: 1,
			Revision: 1, Format: 1, Created: now.Add(time.Duration(i-n) * time.Minute), Expires: expires,
		}}
		if _, err := w.store.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for i := 5; i < n; i += 10 {
		want = append(want, fmt.Sprintf("open PARCEL-%05d", i))
	}
	for i := n - 1; i >= 0; i-- {
		if i%10 != 5 {
			want = append(want, fmt.Sprintf("PARCEL-%05d", i))
		}
	}
	var got []string
	path := "/list"
	for pages := 0; path != ""; pages++ {
		b.get(path)
		b.want(200, "", "Yours", "Go on with your draft", `value="resume"`)
		got = append(got, listed(b.page.body)...)
		path = ""
		if m := regexp.MustCompile(`class="more" href="([^"]*)"`).FindStringSubmatch(b.page.body); m != nil {
			path = html.UnescapeString(m[1])
		}
		if pages > n {
			t.Fatal("the pages have no end")
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the list is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, after := range []string{"nonsense", "1 bot:parcel:%00", "1 bot:parcel:%ff"} {
		b.get("/list?after=" + strings.ReplaceAll(after, " ", "+"))
		b.want(200, "", "PARCEL-00049")
	}
	b.get("/list?" + url.Values{"after": {fmt.Sprint(now.Add(-n*time.Minute).UnixMilli()) + " Shop:parcel:PARCEL-00000"}}.Encode())
	b.want(200, "") // nothing is older
	if strings.Contains(b.page.body, "There are none yet.") {
		t.Error("a further page without lines says that there is no conversation")
	}
	// a line opens its conversation, and another visitor sees none of them
	b.follow(b.post(b.page.with("action", "status:PARCEL-00007")))
	if b.page.draft != "PARCEL-00007" {
		t.Errorf("opened %q", b.page.draft)
	}
	e := w.visit()
	e.open()
	e.get("/list?" + url.Values{"after": {fmt.Sprint(now.UnixMilli()) + " Shop:parcel:PARCEL-00040"}}.Encode())
	if strings.Contains(e.page.body, "PARCEL") {
		t.Error("another visitor's parcels are listed")
	}
	if s := b.post(b.page.with("action", "status")); s.status != 303 || s.header.Get("Location") != "/list" {
		t.Errorf("status leads to %d %s", s.status, s.header.Get("Location"))
	}
	w.store.reads.Store(true)
	b.get("/list")
	b.want(503, "", "The server does not answer")
}
