package main

import (
	"context"

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

func postgresStatus(ctx context.Context, url string) ([]migration, error) {
	list, err := pgstore.Status(ctx, url, postgresOptions()...)
	out := []migration{}
	for _, m := range list {
		out = append(out, migration(m))
	}
	return out, err
}

// listen drops what other instances have changed from the cache, until ctx
// ends. Losing a notice costs freshness, never correctness.
func (a *app) listen(ctx context.Context) error {
	st, ok := a.store.(*pgstore.Store)
	if !ok {
		return nil
	}
	url := a.set.DatabaseDirectURL
	if url == "" {
		url = a.set.DatabaseURL
	}
	return st.Notices(ctx, url, func(keys []string) error {
		for _, k := range keys {
			if key, err := dialog.ParseKey(k); err == nil {
				a.engine.Refresh(key)
			}
		}
		return nil // no keys: some may have been missed; the commit judges what is stale
	})
}
