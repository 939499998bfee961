package web

import "testing"

func TestLinked(t *testing.T) {
	const rel = `" rel="noopener noreferrer nofollow" dir="ltr">`
	for text, want := range map[string]string{
		"Pay at https://pay.example/a?b=1&c=2.":                `Pay at <a href="https://pay.example/a?b=1&amp;c=2` + rel + `https://pay.example/a?b=1&amp;c=2</a>.`,
		"(see http://pay.example/x_(y)), or write":             `(see <a href="http://pay.example/x_(y)` + rel + `http://pay.example/x_(y)</a>), or write`,
		"Write to \u2068https://t.me/bay_help\u2069 if":        `Write to <bdi><a href="https://t.me/bay_help` + rel + `https://t.me/bay_help</a></bdi> if`,
		"HTTPS://Pay.example/ОПЛАТА":                           `<a href="HTTPS://Pay.example/ОПЛАТА` + rel + `HTTPS://Pay.example/ОПЛАТА</a>`,
		`https://x.example/"onmouseover="alert(1)`:             `<a href="https://x.example/` + rel + `https://x.example/</a>&#34;onmouseover=&#34;alert(1)`,
		"https://x.example/'><script>alert(1)":                 `<a href="https://x.example/` + rel + `https://x.example/</a>&#39;&gt;&lt;script&gt;alert(1)`,
		"javascript:alert(1)//https://":                        `javascript:alert(1)//https://`,
		"javascript://x.example/%0aalert(1)":                   `javascript://x.example/%0aalert(1)`,
		"data:text/html,<b>hi":                                 `data:text/html,&lt;b&gt;hi`,
		"https://bank.example@evil.example/":                   `https://bank.example@evil.example/`,
		"https:///nowhere and http://. and xhttps://a.example": `https:///nowhere and http://. and xhttps://a.example`,
		"no link & <b>":                                        `no link &amp; &lt;b&gt;`,
	} {
		if got := string(linked(text)); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}
