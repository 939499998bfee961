package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"sync"

	"github.com/lockbay/lockbay/dialog/web"
)

//go:embed console.css overview.html pages.html rollout.html file.html
var files embed.FS

// sheet is the sheet of people's page, and the console's own on top of it.
var sheet = sync.OnceValue(func() []byte {
	own, err := files.ReadFile("console.css")
	if err != nil {
		panic("console: " + err.Error()) // impossible: the file is embedded
	}
	return bytes.Join([][]byte{web.Sheet(), own}, []byte("\n"))
})

// sheetPath is where the sheet is, below Path. The name has its hash, so that browsers may keep it.
var sheetPath = sync.OnceValue(func() string {
	sum := sha256.Sum256(sheet())
	return "/console." + hex.EncodeToString(sum[:6]) + ".css"
})

// inlineSheet is the sheet for a file of its own.
func inlineSheet() template.CSS { return template.CSS(sheet()) } //nolint:gosec // our own sheet

// funcs of the templates.
var funcs = template.FuncMap{
	"mark": func() template.HTML {
		return markup(`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.5" aria-hidden="true"><path d="M8 3.5H3.75v17H8M16 3.5h4.25v17H16"/><circle cx="12" cy="12" r="3.25" fill="currentColor" stroke="none"/></svg>`)
	},
}

// json is the document of the report, as the command writes it.
func (c *Console) json(v *visit) {
	r := c.current(v)
	if r == nil {
		return
	}
	v.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	e := json.NewEncoder(v.w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r.Document()); err != nil && v.r.Context().Err() == nil {
		c.cfg.Slog.Warn("console: report", "err", err)
	}
}
