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

func TestContactURL(t *testing.T) {
	for contact, want := range map[string]string{
		"@bay_help": "https://t.me/bay_help", "help@bay.example": "mailto:help@bay.example", "https://bay.example/help": "https://bay.example/help",
		"http://bay.example": "http://bay.example", "t.me/bay_help": "https://t.me/bay_help", "bay.example": "https://bay.example",
		"": "", "Anna at the desk": "", "+49 1511 2345678": "", "javascript:alert(1)": "", "@two words": "", "Anna <help@bay.example>": "", "https://a@b.example": "", "ask me": "",
		"javascript://bay.example/%0aalert(1)": "", "data:text/html,x.y": "",
	} {
		if got := contactURL(contact); got != want {
			t.Errorf("%q leads to %q, want %q", contact, got, want)
		}
	}
	const contact = "@bay_help"
	for text, want := range map[string]string{
		"Write to \u2068@bay_help\u2069.": `Write to <bdi><a href="https://t.me/bay_help" rel="noopener noreferrer nofollow" dir="ltr">@bay_help</a></bdi>.`,
		"\u2068@anna\u2069 and @bay_help": `<bdi>@anna</bdi> and @bay_help`,
	} {
		if got := string(linkedTo(text, contact, contactURL(contact))); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}
