// Package browser drives a real Chromium in tests: it looks at pages as a
// person would, and asks axe-core what stands in the way of those who cannot.
// Everything that knows the automation library is in this file.
package browser

import (
	"context"
	_ "embed" // axe-core
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// axe-core 4.14.1, MPL-2.0, see testdata/axe.LICENSE.
//
//go:embed testdata/axe.min.js
var axe string

// Shots is the environment variable that names a folder for pictures.
const Shots = "LOCKBAY_SHOTS"

// patience bounds a hang of one step, not a slow machine.
const patience = 2 * time.Minute

// Browser is one Chromium. Its tabs have cookies of their own.
type Browser struct{ ctx context.Context }

// Start starts Chromium and ends it with the test. A machine without it fails
// the test: what is promised is tested.
func Start(t testing.TB) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Fatal("no chromium here: apt-get install --no-install-recommends chromium fonts-noto-core")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("lang", "en-GB"),
		chromedp.Flag("host-resolver-rules", "MAP *.lan 127.0.0.1")) // names that are not loopback's
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return &Browser{ctx}
}

// Tab is a window with one page in it. A failing step fails its test.
type Tab struct {
	t    testing.TB
	ctx  context.Context
	view View
}

// View is how a tab looks at pages.
type View struct {
	Width, Height int64
	Dark          bool
	Text          int64 // per cent; 0: 100. The default size of letters, as a person sets it
	NoScript      bool
}

// Phone and Desktop are the usual sizes.
var (
	Phone   = View{Width: 390, Height: 844}
	Desktop = View{Width: 1280, Height: 900}
)

// Tab opens a tab with its own cookies; it closes with the test.
func (b *Browser) Tab(t testing.TB, v View) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // the first step's context is the tab's life
		t.Fatalf("open a tab: %v", err)
	}
	tab := &Tab{t: t, ctx: ctx}
	tab.See(v)
	return tab
}

// See changes how the tab looks at pages.
func (tab *Tab) See(v View) {
	tab.t.Helper()
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	tab.view = v
	tab.do("emulate", chromedp.EmulateViewport(v.Width, v.Height),
		call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}}),
		call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.NoScript}),
	)
}

// call makes a step of a protocol command.
func call[P, R any](cmd cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, cmd, params)
		return err
	})
}

func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
}

// run runs a step that returns something.
func run[T any](tab *Tab, what string, a chromedp.Action[T]) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
	return v
}

// Open goes to an address and waits until it is there.
func (tab *Tab) Open(url string) {
	tab.t.Helper()
	tab.do("open "+url, chromedp.Navigate(url))
	if tab.view.Text > 0 { // forgotten when a page comes from another process
		tab.do("size of letters", call(page.SetFontSizes, page.SetFontSizesParams{FontSizes: &page.FontSizes{Standard: 16 * tab.view.Text / 100}}))
	}
}

// Reload asks for the page again.
func (tab *Tab) Reload() {
	tab.t.Helper()
	tab.do("reload", chromedp.Reload())
}

// Click clicks what the CSS selector finds and waits for the page that follows.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.leave("click "+selector, chromedp.Click(selector))
}

// Type types into what the selector finds.
func (tab *Tab) Type(selector, text string) {
	tab.t.Helper()
	tab.do("type into "+selector, chromedp.SendKeys(selector, text))
}

// Replace types text in the place of what stands in a field.
func (tab *Tab) Replace(selector, text string) {
	tab.t.Helper()
	had := len([]rune(tab.Value(selector)))
	tab.Type(selector, kb.End+strings.Repeat(kb.Backspace, had)+text)
}

// Enter presses Enter there and waits for the page that follows.
func (tab *Tab) Enter(selector string) {
	tab.t.Helper()
	tab.leave("enter in "+selector, chromedp.SendKeys(selector, "\r"))
}

// leave does a step that leads to another page.
func (tab *Tab) leave(what string, step chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, step); err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
}

// Text is the text of what the selector finds, as it is seen.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return run(tab, "text of "+selector, chromedp.Text(selector))
}

// Value is what stands in a field.
func (tab *Tab) Value(selector string) string {
	tab.t.Helper()
	return run(tab, "value of "+selector, chromedp.Value(selector))
}

// Title of the page.
func (tab *Tab) Title() string {
	tab.t.Helper()
	return run(tab, "title", chromedp.Title())
}

// Attribute of what the selector finds, "" if it has none.
func (tab *Tab) Attribute(selector, name string) string {
	tab.t.Helper()
	return run(tab, name+" of "+selector, chromedp.AttributeValue(selector, name, chromedp.NodeReady)).Value
}

// Eval evaluates an expression in the page, for what it tells of itself. It
// needs scripts.
func Eval[T any](tab *Tab, expr string) T {
	tab.t.Helper()
	return run(tab, "evaluate", chromedp.Evaluate[T](expr, chromedp.EvalAwaitPromise))
}

// Shot writes a picture of the whole page if the environment asks for it.
func (tab *Tab) Shot(name string) {
	tab.t.Helper()
	folder := os.Getenv(Shots)
	if folder == "" {
		return
	}
	// A picture beyond the window forgets the size of letters and shifts pages
	// that run from right to left: make the window as high as the page instead.
	size := run(tab, "size of the page", func(ctx context.Context, t *chromedp.Target) (page.GetLayoutMetricsResult, error) {
		return cdp.Call(ctx, t, page.GetLayoutMetrics, cdp.Empty{})
	})
	high := max(int64(size.CSSContentSize.Height), tab.view.Height)
	tab.do("make the window high", chromedp.EmulateViewport(tab.view.Width, high))
	png := run(tab, "picture", chromedp.CaptureScreenshot())
	tab.do("make the window low", chromedp.EmulateViewport(tab.view.Width, tab.view.Height))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		tab.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600); err != nil {
		tab.t.Fatal(err)
	}
}

// Axe asks axe-core for what breaks WCAG 2.0 to 2.2, A and AA; each line
// is one fault. The page's own policy forbids scripts, so
// it is set aside: load the page after SetAside.
func (tab *Tab) Axe() []string {
	tab.t.Helper()
	run(tab, "axe", chromedp.Evaluate[chromedp.Void](axe))
	raw := Eval[string](tab, `axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html)}))))`)
	var found []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		tab.t.Fatalf("axe: %v", err)
	}
	var faults []string
	for _, f := range found {
		faults = append(faults, fmt.Sprintf("%s: %s: %s", f.ID, f.Help, strings.Join(f.Nodes, " | ")))
	}
	return faults
}

// SetAside sets the pages' content policy aside, so that Axe can be put into
// pages that are opened from now on.
func (tab *Tab) SetAside() {
	tab.t.Helper()
	tab.do("bypass the policy", call(page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true}))
}

// Overflow is what reaches beyond the edge of the window, in CSS pixels.
func (tab *Tab) Overflow() float64 {
	tab.t.Helper()
	return Eval[float64](tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
}
