// Package browser drives a real Chromium in tests. It sees pages as people do,
// and checks their accessibility with axe-core. Only this file uses the
// automation library.
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
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// axe-core 4.14.1, MPL-2.0, see testdata/axe.LICENSE.
//
//go:embed testdata/axe.min.js
var axe string

// Shots is the environment variable with the folder for screenshots.
const Shots = "LOCKBAY_SHOTS"

// patience bounds a hang of one step; a slow machine needs far less.
const patience = 2 * time.Minute

// Browser is one Chromium. Its tabs have cookies of their own.
type Browser struct{ ctx context.Context }

// Start starts Chromium and ends it with the test. Without Chromium the test
// fails.
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
		t.Fatal("chromium is not installed: apt-get install --no-install-recommends chromium fonts-noto-core")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("lang", "en-GB"),
		chromedp.Flag("host-resolver-rules", "MAP *.lan 127.0.0.1")) // host names that do not count as loopback
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return &Browser{ctx}
}

// Tab is a window with one page. A failed step fails the test.
type Tab struct {
	t    testing.TB
	ctx  context.Context
	view View
}

// View configures how a tab shows pages.
type View struct {
	Width, Height int64
	Dark          bool
	Text          int64 // default font size in per cent, as people set it; 0: 100
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
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as the first step's context
		t.Fatalf("open a tab: %v", err)
	}
	tab := &Tab{t: t, ctx: ctx}
	tab.See(v)
	return tab
}

// Another opens a tab beside this one, with the same cookies.
func (tab *Tab) Another() *Tab {
	tab.t.Helper()
	ctx, cancel := chromedp.NewContext(tab.ctx)
	tab.t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		tab.t.Fatalf("open another tab: %v", err)
	}
	other := &Tab{t: tab.t, ctx: ctx}
	other.See(tab.view)
	return other
}

// Back goes back in the tab's history, and waits for the page.
func (tab *Tab) Back() {
	tab.t.Helper()
	tab.do("go back", chromedp.NavigateBack())
}

// See changes the tab's View.
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

// call turns a protocol command into a step.
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

// run runs a step and returns its result.
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

// Open loads a URL and waits for the page.
func (tab *Tab) Open(url string) {
	tab.t.Helper()
	tab.do("open "+url, chromedp.Navigate(url))
	if tab.view.Text > 0 { // Chromium forgets the size when a page comes from another process
		tab.do("font size", call(page.SetFontSizes, page.SetFontSizesParams{FontSizes: &page.FontSizes{Standard: 16 * tab.view.Text / 100}}))
	}
}

// Reload reloads the page.
func (tab *Tab) Reload() {
	tab.t.Helper()
	tab.do("reload", chromedp.Reload())
}

// Click clicks the element of the CSS selector and waits for the next page.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.leave("click "+selector, chromedp.Click(selector))
}

// Tap clicks the element of the CSS selector, where that leads to no other page.
func (tab *Tab) Tap(selector string) {
	tab.t.Helper()
	tab.do("tap "+selector, chromedp.Click(selector))
}

// Type types into the element of the selector.
func (tab *Tab) Type(selector, text string) {
	tab.t.Helper()
	tab.do("type into "+selector, chromedp.SendKeys(selector, text))
}

// Insert types a text where the focus is, as one step that can be undone.
func (tab *Tab) Insert(text string) {
	tab.t.Helper()
	tab.do("insert a text", call(input.InsertText, input.InsertTextParams{Text: text}))
}

// Press types where the focus is.
func (tab *Tab) Press(keys string) {
	tab.t.Helper()
	tab.do("press a key", chromedp.KeyEvent(keys))
}

// Replace replaces the value of a field by typing.
func (tab *Tab) Replace(selector, text string) {
	tab.t.Helper()
	had := len([]rune(tab.Value(selector)))
	tab.Type(selector, kb.End+strings.Repeat(kb.Backspace, had)+text)
}

// Enter presses Enter in the element and waits for the next page.
func (tab *Tab) Enter(selector string) {
	tab.t.Helper()
	tab.leave("enter in "+selector, chromedp.SendKeys(selector, "\r"))
}

// leave runs a step that leads to another page.
func (tab *Tab) leave(what string, step chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, step); err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
}

// Text returns the visible text of the element.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return run(tab, "text of "+selector, chromedp.Text(selector))
}

// Value returns the value of a field.
func (tab *Tab) Value(selector string) string {
	tab.t.Helper()
	return run(tab, "value of "+selector, chromedp.Value(selector))
}

// Title returns the title of the page.
func (tab *Tab) Title() string {
	tab.t.Helper()
	return run(tab, "title", chromedp.Title())
}

// Attribute returns an attribute of the element, "" if missing.
func (tab *Tab) Attribute(selector, name string) string {
	tab.t.Helper()
	return run(tab, name+" of "+selector, chromedp.AttributeValue(selector, name, chromedp.NodeReady)).Value
}

// Eval evaluates an expression in the page. The page must allow scripts.
func Eval[T any](tab *Tab, expr string) T {
	tab.t.Helper()
	return run(tab, "evaluate", chromedp.Evaluate[T](expr, chromedp.EvalAwaitPromise))
}

// Wait waits until an expression in the page is true.
func (tab *Tab) Wait(expr string) {
	tab.t.Helper()
	for began := time.Now(); !Eval[bool](tab, "Boolean("+expr+")"); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > patience {
			tab.t.Fatalf("%s is not true after %v", expr, patience)
		}
	}
}

// Before runs a script in the pages that are opened from now on, before any script of theirs.
func (tab *Tab) Before(script string) {
	tab.t.Helper()
	tab.do("a script before the page's", call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}))
}

// Cookie gives the tab a cookie for a URL.
func (tab *Tab) Cookie(url, name, value string) {
	tab.t.Helper()
	tab.do("cookie", call(network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: url}))
}

// Compose types with an input method, which has not ended: the text is marked in the field.
func (tab *Tab) Compose(text string) {
	tab.t.Helper()
	n := int64(len([]rune(text)))
	tab.do("compose", call(input.ImeSetComposition, input.ImeSetCompositionParams{Text: text, SelectionStart: n, SelectionEnd: n}))
}

// Composed ends what Compose began: the field has this text.
func (tab *Tab) Composed(text string) {
	tab.t.Helper()
	tab.Insert(text)
}

// Shot saves a screenshot of the whole page if the variable Shots is set.
func (tab *Tab) Shot(name string) {
	tab.t.Helper()
	folder := os.Getenv(Shots)
	if folder == "" {
		return
	}
	// A screenshot beyond the window loses the font size and shifts
	// right-to-left pages. So make the window as high as the page.
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

// Axe returns the page's violations of WCAG 2.0 to 2.2, A and AA, one a line.
// The page's content policy forbids scripts, so call BypassPolicy before loading
// the page.
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

// BypassPolicy disables the content policy of pages loaded from now on, so that Axe
// can inject its script.
func (tab *Tab) BypassPolicy() {
	tab.t.Helper()
	tab.do("bypass the policy", call(page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true}))
}

// Overflow returns how far the page reaches beyond the window's edge, in CSS
// pixels.
func (tab *Tab) Overflow() float64 {
	tab.t.Helper()
	return Eval[float64](tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
}

// Torn returns the elements whose text is laid out in pieces: a flex or grid box makes
// an item of each isolate in it, and drops the blanks between.
func (tab *Tab) Torn() []string {
	tab.t.Helper()
	all := Eval[string](tab, `[...document.querySelectorAll('body *')].filter(e => /flex|grid/.test(getComputedStyle(e).display) &&
		e.querySelector(':scope > bdi') && [...e.childNodes].some(n => n.nodeType == Node.TEXT_NODE && n.data.trim())).map(e => e.outerHTML).join('\n')`)
	return strings.FieldsFunc(all, func(r rune) bool { return r == '\n' })
}
