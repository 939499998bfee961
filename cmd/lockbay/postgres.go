package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/pgstore"
	"github.com/lockbay/lockbay/insight/insightdb"
	"github.com/lockbay/lockbay/views"
)

func postgresOptions() []pgstore.Option {
	return []pgstore.Option{pgstore.WithMigrations("views", views.Postgres()), pgstore.WithMigrations("deals", deal.Postgres()), pgstore.WithMigrations("insight", insightdb.Postgres()), pgstore.WithNotices()}
}

func openPostgres(ctx context.Context, url string, trouble func(what string, err error)) (store, error) {
	options := postgresOptions()
	if trouble != nil {
		options = append(options, pgstore.WithTrouble(trouble))
	}
	st, err := pgstore.Open(ctx, url, options...)
	if err != nil {
		return nil, err
	}
	return st, nil
}

func postgresStatus(ctx context.Context, url string) ([]dialog.Migration, error) {
	return pgstore.Status(ctx, url, postgresOptions()...)
}

// listen hears what other instances have changed, until ctx ends: it drops those records from the cache, and tells who
// watches them.
func (a *app) listen(ctx context.Context) error {
	if file, ok := a.store.(*sqliteFile); ok {
		return file.Notices(ctx, func() bool { return a.engine.Watchers() > 0 }, a.engine.RefreshAll)
	}
	st, ok := a.store.(*pgstore.Store)
	if !ok {
		return nil
	}
	setting, url := "--database-direct-url", a.set.DatabaseDirectURL
	if url == "" {
		setting, url = "--database-url", a.set.DatabaseURL
	}
	return st.Notices(ctx, url, func(keys []string) error {
		if len(keys) == 0 { // notices may have been lost: commits detect stale records, and watchers look again
			a.engine.RefreshAll()
		}
		for _, k := range keys {
			if key, err := dialog.ParseKey(k); err == nil {
				a.engine.Refresh(key)
			}
		}
		return nil
	}, func(err error) {
		if a.trouble != nil {
			a.trouble("notices", noticesTrouble(setting, url, err))
		}
	})
}

// noticesTrouble explains why notices of other instances do not arrive, and how to fix it. Data is safe meanwhile:
// commits detect stale records.
func noticesTrouble(setting, url string, err error) error {
	why, mend := postgresTrouble(url, err)
	switch {
	case errors.Is(err, pgstore.ErrNoNotices) && setting == "--database-url":
		why, mend = "this URL goes through a pooler", "set --database-direct-url to the URL of the server itself"
	case errors.Is(err, pgstore.ErrNoNotices):
		why, mend = "NOTIFY does not arrive there", "use the URL of the server itself, past any pooler, and of the same database"
	case why == "":
		return fmt.Errorf("changes by other instances do not arrive: %s: %q: %w", setting, maskedURL(url), err)
	}
	return fmt.Errorf("changes by other instances do not arrive: %s: %q: %s; %s", setting, maskedURL(url), why, mend)
}
