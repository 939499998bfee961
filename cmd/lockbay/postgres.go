package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/pgstore"
	"github.com/lockbay/lockbay/views"
)

func postgresOptions() []pgstore.Option {
	return []pgstore.Option{pgstore.WithMigrations("views", views.Postgres()), pgstore.WithNotices()}
}

func openPostgres(ctx context.Context, _ *Settings, url string) (store, error) {
	st, err := pgstore.Open(ctx, url, postgresOptions()...)
	if err != nil {
		return nil, err
	}
	return st, nil
}

func postgresStatus(ctx context.Context, url string) ([]dialog.Migration, error) {
	return pgstore.Status(ctx, url, postgresOptions()...)
}

// listen drops what other instances have changed from the cache, until ctx
// ends. Losing a notice costs freshness, never correctness.
func (a *app) listen(ctx context.Context) error {
	st, ok := a.store.(*pgstore.Store)
	if !ok {
		return nil
	}
	setting, url := "--database-direct-url", a.set.DatabaseDirectURL
	if url == "" {
		setting, url = "--database-url", a.set.DatabaseURL
	}
	return st.Notices(ctx, url, func(keys []string) error {
		for _, k := range keys {
			if key, err := dialog.ParseKey(k); err == nil {
				a.engine.Refresh(key)
			}
		}
		return nil // no keys: some may have been missed; the commit judges what is stale
	}, func(err error) {
		if a.trouble != nil {
			a.trouble("notices", noticesTrouble(setting, url, err))
		}
	})
}

// noticesTrouble is why nothing is heard of other instances, and what to do.
// Nothing is lost by it: the commit judges what is stale.
func noticesTrouble(setting, url string, err error) error {
	why, mend := postgresTrouble(url, err)
	switch {
	case errors.Is(err, pgstore.ErrDeaf) && setting == "--database-url":
		why, mend = "a pooler stands between", "set --database-direct-url to a URL that leads to the server itself"
	case errors.Is(err, pgstore.ErrDeaf):
		why, mend = "what is told there is not heard", "it must lead to the server itself, past any pooler, and to the same database"
	case why == "":
		return fmt.Errorf("changes by other instances are not heard: %s: %q: %w", setting, maskedURL(url), err)
	}
	return fmt.Errorf("changes by other instances are not heard: %s: %q: %s; %s", setting, maskedURL(url), why, mend)
}
