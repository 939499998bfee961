package soak

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"time"
)

// askReady asks /readyz again and again until ctx ends, each time over a new connection, as a supervisor does.
func (f *flooding) askReady(ctx context.Context) {
	client := &http.Client{Timeout: finishing, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, f.server.URL("/readyz"), nil)
		if err != nil {
			f.complain("%v", err)
			return
		}
		if res, err := client.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				f.row.Ready++
			} else {
				f.row.NotReady++
			}
		} else {
			f.row.NotReady++
		}
		if !pause(ctx, asksReadyIn) {
			return
		}
	}
}

// askNobody measures the floor again and again until ctx ends: two bare requests, as an answer on the page has, to a server
// in this process that does nothing.
func (f *flooding) askNobody(ctx context.Context) {
	nobody := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer nobody.Close()
	client := &http.Client{Timeout: finishing, Transport: &http.Transport{DisableKeepAlives: true}}
	for pause(ctx, asksNobodyIn) {
		began := time.Now()
		for range 2 {
			req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, nobody.URL, nil)
			if err != nil {
				f.complain("%v", err)
				return
			}
			if res, err := client.Do(req); err == nil {
				_ = res.Body.Close()
			}
		}
		f.row.Floor = max(f.row.Floor, time.Since(began))
	}
}

// disk is the size of the database and its log, in bytes. The log of SQLite keeps its largest size; that of PostgreSQL is
// the server's.
func (f *flooding) disk() (size int64) {
	if f.file == "" {
		f.query(&size, `select pg_database_size(current_database())`)
		return size
	}
	for _, name := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(f.file + name); err == nil {
			size += info.Size()
		}
	}
	return size
}

// stored counts the rows and the events of the flood: of everybody but the bystanders.
func (f *flooding) stored() (rows, events int64) {
	notOwner, notKey := "true", "key not like '%:deal:%'"
	for _, b := range f.others {
		notOwner += " and owner <> '" + b.owner() + "'"
		notKey += " and key not like '%:" + b.owner() + "'"
	}
	f.query(&rows, "select count(*) from conversations where "+notOwner)
	f.query(&events, "select count(*) from events where "+notKey)
	return rows, events
}

// query reads a number from the database.
func (f *flooding) query(into *int64, query string) {
	driver, name := "pgx", f.url
	if f.file != "" {
		driver, name = "sqlite", "file:"+(&url.URL{Path: f.file}).EscapedPath()+"?_pragma=query_only(1)&_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, name)
	if err == nil {
		defer func() { _ = db.Close() }()
		err = db.QueryRowContext(context.Background(), query).Scan(into)
	}
	if err != nil {
		f.complain("%s: %v", strings.Fields(query)[0], err)
	}
}
