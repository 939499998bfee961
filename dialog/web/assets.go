package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
)

//go:embed page.css page.js mark.svg
var files embed.FS

// asset is an immutable file.
type asset struct {
	kind        string
	plain, gzip []byte
}

type assets struct {
	css, js, icon string           // paths
	byPath        map[string]asset // path → file
}

// Sheet is the style sheet of the page, for pages that are to look like it.
func Sheet() []byte {
	plain, err := files.ReadFile("page.css")
	if err != nil {
		panic("web: " + err.Error()) // impossible: the file is embedded
	}
	return plain
}

// packed compresses the files and names them by their hash, once.
var packed = sync.OnceValue(func() *assets {
	a := &assets{byPath: map[string]asset{}}
	a.css = a.add("page", ".css", "text/css; charset=utf-8")
	a.js = a.add("page", ".js", "text/javascript; charset=utf-8")
	a.icon = a.add("mark", ".svg", "image/svg+xml")
	return a
})

func (a *assets) add(name, ext, kind string) string {
	plain, err := files.ReadFile(name + ext)
	if err != nil {
		panic("web: " + err.Error()) // impossible: the file is embedded
	}
	if ext == ".js" {
		plain = bare(plain)
	}
	sum := sha256.Sum256(plain)
	path := "/assets/" + name + "." + hex.EncodeToString(sum[:6]) + ext
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = z.Write(plain)                                 // into memory
	_ = z.Close()
	a.byPath[path] = asset{kind, plain, b.Bytes()}
	return path
}

// bare is a script without its indents and comments. Its source is for people.
func bare(script []byte) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(script) {
		line, _, _ = bytes.Cut(bytes.TrimSpace(line), []byte(" // "))
		if len(line) > 0 && !bytes.HasPrefix(line, []byte("//")) {
			b.Write(line)
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// serve serves an asset and reports whether the path names one.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) bool {
	f, ok := a.byPath[r.URL.Path]
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	write(w, http.StatusOK, body)
	return true
}
