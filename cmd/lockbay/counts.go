package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog/copystore"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insightdb"
)

// scratchFile is the path of the file with what counts are made of, beside the SQLite database at path.
func scratchFile(path string) string { return strings.TrimSuffix(path, ".db") + fileInsightEnd }

// openCounts opens the counts of the events in the store. It makes the file that lacks.
func (s *Settings) openCounts(ctx context.Context, st store) (*insightdb.DB, error) {
	log, ok := st.(insightdb.Log)
	if !ok {
		return nil, errors.New("this database keeps no events")
	}
	_, cfg, err := s.insight()
	if err != nil {
		return nil, usageError{err}
	}
	kind, where, err := s.database()
	if err != nil {
		return nil, usageError{err}
	}
	if kind == "sqlite" {
		return insightdb.OpenSQLite(ctx, where, scratchFile(where), log, cfg)
	}
	return insightdb.OpenPostgres(ctx, where, log, cfg)
}

// haveCounts is openCounts for commands that make no file. Without one there is no DB, which is no error.
func (s *Settings) haveCounts(ctx context.Context, st store) (*insightdb.DB, error) {
	if kind, where, _ := s.database(); kind == "sqlite" {
		if _, err := os.Stat(scratchFile(where)); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	return s.openCounts(ctx, st)
}

const (
	foldEvery  = time.Minute
	foldLease  = 5 * time.Minute // of the instance that folds
	countsName = "insight:" + botName
)

// count folds events at once and then each minute, if no other instance does, until ctx ends.
func (s *server) count(ctx context.Context) {
	tick := time.NewTicker(foldEvery)
	defer tick.Stop()
	defer s.uncount(context.WithoutCancel(ctx))
	for {
		if err := s.fold(ctx); err != nil && ctx.Err() == nil {
			s.app.trouble("insight", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// fold folds events once, if no other instance does.
func (s *server) fold(ctx context.Context) error {
	db := s.app.counts.Load()
	if db == nil {
		var err error
		if db, err = s.app.set.openCounts(ctx, s.app.store); err != nil {
			return err
		}
		s.app.counts.Store(db)
	}
	mine, err := s.app.store.Lease(ctx, countsName, s.app.engine.Host(), foldLease)
	if err != nil {
		return err
	}
	until := time.Time{}
	if mine {
		done, err := db.Fold(ctx)
		if err != nil {
			return err
		}
		s.metrics.late.Add(float64(done.Late))
		until = done.Until
		if err := s.lookout.look(ctx, db, done.Until); err != nil && ctx.Err() == nil {
			s.app.trouble("alert", err) // it is told after the next fold
		}
	} else if until, _, err = db.Until(ctx); err != nil {
		return err
	}
	if !until.IsZero() {
		s.metrics.counted.Store(until.UnixMilli())
	}
	return nil
}

// uncount gives the lease back, so that another instance folds at once.
func (s *server) uncount(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, _ = s.app.store.Lease(ctx, countsName, s.app.engine.Host(), 0)
	if db := s.app.counts.Swap(nil); db != nil {
		_ = db.Close()
	}
}

// counted is the time up to which events are counted: later ones are not pruned, and none are while a fold is under way.
func (a *app) counted(ctx context.Context) (time.Time, error) {
	db := a.counts.Load()
	if db == nil {
		return time.Time{}, nil
	}
	until, whole, err := db.Until(ctx)
	if !whole {
		until = time.Time{}
	}
	return until, err
}

// forgetCounts blanks who began the creations of a person.
func (a *app) forgetCounts(ctx context.Context, owner string) error {
	db, err := a.set.haveCounts(ctx, a.store)
	if err != nil || db == nil {
		return err
	}
	return errors.Join(db.Forget(ctx, owner), db.Close())
}

// figures are those of the counts where they reach as far as the events do, and else those of the events themselves. since is
// the time of the first event, or of the first half hour, that is known.
func (s *Settings) figures(ctx context.Context, st store, at time.Time, window time.Duration) (x *insight.Figures, since time.Time, err error) {
	limits, cfg, err := s.insight()
	if err != nil {
		return nil, since, usageError{err}
	}
	if db := s.reaching(ctx, st, at); db != nil {
		x, since, err = db.Figures(ctx, at, window, limits)
		return x, since, errors.Join(err, db.Close())
	}
	f, since, err := collect(ctx, st, cfg, at, window)
	if err != nil {
		return nil, since, err
	}
	return f.Figures(at, window, limits), since, nil
}

const (
	foldsBehind = 2 * foldEvery // by how much counts may be behind a time and still reach it
	anewBehind  = time.Hour     // and while they are made anew
)

// reaching are the counts if they reach a time; else nil. Counts that cannot be read are none.
func (s *Settings) reaching(ctx context.Context, st store, at time.Time) *insightdb.DB {
	db, err := s.haveCounts(ctx, st)
	if err != nil || db == nil {
		return nil
	}
	until, whole, err := db.Until(ctx)
	behind := foldsBehind
	if !whole {
		behind = anewBehind
	}
	if err != nil || until.IsZero() || until.Before(at.Add(-behind)) {
		_ = db.Close()
		return nil
	}
	return db
}

type countsCmd struct {
	Rebuild countsRebuildCmd `cmd:"" help:"make all counts of the last 90 days anew from the events, also while serving"`
	Check   countsCheckCmd   `cmd:"" help:"compare the counts with the events: exit 1 if they differ"`
}

type countsRebuildCmd struct{}

// Run makes the counts anew.
func (c *countsRebuildCmd) Run(p *program, set *Settings) error {
	return withCounts(p.ctx, set, func(db *insightdb.DB) error {
		done, err := db.Rebuild(p.ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "Counted %s of %s.\n", count(done.Events, "event"), count(done.Slots, "half hour"))
		return nil
	})
}

type countsCheckCmd struct{}

// Run compares the counts with the events.
func (c *countsCheckCmd) Run(p *program, set *Settings) error {
	return withCounts(p.ctx, set, func(db *insightdb.DB) error {
		list, err := db.Check(p.ctx)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			fmt.Fprintln(p.out, "The counts are those of the events.")
			return nil
		}
		for _, line := range list {
			fmt.Fprintln(p.out, line)
		}
		return fmt.Errorf("%s; lockbay insight rebuild mends them", count(len(list), "difference"))
	})
}

func withCounts(ctx context.Context, set *Settings, fn func(db *insightdb.DB) error) error {
	if err := set.isReady(ctx); err != nil {
		return err
	}
	st, err := set.openStore(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	db, err := set.openCounts(ctx, st)
	if err != nil {
		return err
	}
	return errors.Join(fn(db), db.Close())
}

// copyCounts copies what counts are kept for good.
func copyCounts(ctx context.Context, from, to *Settings, source, target store) error {
	a, err := from.openCounts(ctx, source)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := copystore.Secret(ctx, source, target, "insight"); err != nil { // opening the source made it, if it lacked
		return err
	}
	b, err := to.openCounts(ctx, target)
	if err != nil {
		return err
	}
	defer b.Close()
	return a.CopyTo(ctx, b)
}
