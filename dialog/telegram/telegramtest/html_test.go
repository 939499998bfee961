package telegramtest

import (
	"reflect"
	"testing"
)

func TestParseHTML(t *testing.T) {
	for _, c := range []struct {
		in, text string
		entities []Entity
	}{
		{"plain", "plain", nil},
		{"<b>a<i>🧡</i></b>c", "a🧡c", []Entity{{Type: "bold", Offset: 0, Length: 3}, {Type: "italic", Offset: 1, Length: 2}}},
		{"&lt;b&gt; &quot;&amp;amp;&quot; &#8364;&#x20AC;", `<b> "&amp;" €€`, nil},
		{`<a href="https://a.b/?c=1&amp;d=2">x</a>`, "x", []Entity{{Type: "text_link", Offset: 0, Length: 1, URL: "https://a.b/?c=1&d=2"}}},
		{`<pre><code class="language-go">x</code></pre>`, "x", []Entity{{Type: "code", Offset: 0, Length: 1}, {Type: "pre", Offset: 0, Length: 1}}},
		{"<blockquote expandable>q</blockquote><b></b>", "q", []Entity{{Type: "blockquote", Offset: 0, Length: 1}}},
		{"<B>x</b >", "x", []Entity{{Type: "bold", Offset: 0, Length: 1}}},
		{`<span class="tg-spoiler">x</span>`, "x", []Entity{{Type: "spoiler", Offset: 0, Length: 1}}},
	} {
		text, entities, careless, err := parseHTML(c.in)
		if err != nil || len(careless) != 0 || text != c.text || !reflect.DeepEqual(entities, c.entities) {
			t.Errorf("%q: %q %+v %q %v", c.in, text, entities, careless, err)
		}
	}
	for in, want := range map[string]string{
		"<b":                 `can't parse entities: Unclosed start tag at byte offset 0`,
		`<a href="x`:         `can't parse entities: Unclosed start tag at byte offset 0`,
		"<b>x</b":            `can't parse entities: Unclosed end tag at byte offset 4`,
		"<span>x</span>":     `can't parse entities: Tag "span" must have class "tg-spoiler" at byte offset 0`,
		"x<br/>":             `can't parse entities: Unsupported start tag "br" at byte offset 1`,
		"<script>x</script>": `can't parse entities: Unsupported start tag "script" at byte offset 0`,
	} {
		if _, _, _, err := parseHTML(in); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

func TestTrimText(t *testing.T) {
	text, entities := trimText(" \n🧡 bold \n", []Entity{{Type: "bold", Offset: 0, Length: 10}, {Type: "code", Offset: 0, Length: 2}})
	if text != "🧡 bold" || !reflect.DeepEqual(entities, []Entity{{Type: "bold", Offset: 0, Length: 7}}) {
		t.Errorf("%q %+v", text, entities)
	}
}

func FuzzParseHTML(f *testing.F) {
	f.Add(`<b>a<i>🧡</i></b> &lt; <a href='x'>y</a> <span class=tg-spoiler>z</span>`)
	f.Add("<b &#x;<>&")
	f.Fuzz(func(t *testing.T, in string) {
		text, entities, _, err := parseHTML(in)
		if err != nil {
			return
		}
		text, entities = trimText(text, entities)
		for _, e := range entities {
			if e.Offset < 0 || e.Length < 1 || e.Offset+e.Length > utf16Len(text) {
				t.Errorf("%q: %+v outside of %q", in, e, text)
			}
		}
	})
}
