package soak

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/internal/testdb"
)

func postgresLines() []*line {
	own := func(t testing.TB, w *world) { w.ownPostgres(t) }
	return []*line{
		{name: "PostgreSQL restarted", servers: own, trouble: func(ctx context.Context, w *world) {
			every(ctx, 800*time.Millisecond, func() { w.postgres.Restart(); w.struck() })
		}},
		{name: "PostgreSQL crashed", servers: own, modes: []string{"database", "hybrid", "redis"}, trouble: func(ctx context.Context, w *world) {
			every(ctx, 800*time.Millisecond, func() { w.postgres.Crash(); w.struck(); w.postgres.Start() })
		}},
		{name: "PostgreSQL: connections cut mid-commit", servers: own, trouble: func(ctx context.Context, w *world) {
			every(ctx, 60*time.Millisecond, func() {
				before := w.database.Dropped()
				w.database.DropAnswerAfter(0)
				pause(ctx, 50*time.Millisecond)
				if w.database.Dropped() > before {
					w.struck()
				}
			})
			w.database.Heal()
		}},
		{name: "PostgreSQL: connections cut", servers: own, instances: 2, modes: []string{"database", "hybrid"}, trouble: func(ctx context.Context, w *world) {
			every(ctx, 100*time.Millisecond, func() { w.database.Cut(); w.struck() })
		}},
		{name: "PostgreSQL hung", servers: own, trouble: func(ctx context.Context, w *world) {
			every(ctx, 500*time.Millisecond, func() {
				w.database.Hang(true)
				w.struck()
				pause(ctx, 700*time.Millisecond)
				w.database.Heal()
			})
		}},
		{name: "PostgreSQL slow by 100 ms", servers: own, modes: []string{"database", "hybrid"}, trouble: func(ctx context.Context, w *world) {
			every(ctx, 500*time.Millisecond, func() {
				w.database.Delay(100 * time.Millisecond)
				w.struck()
				pause(ctx, 700*time.Millisecond)
				w.database.Heal()
			})
		}},
		{name: "PostgreSQL read-only", servers: own, trouble: func(ctx context.Context, w *world) {
			every(ctx, 500*time.Millisecond, func() {
				w.postgres.Set("default_transaction_read_only", "on")
				w.struck()
				pause(ctx, 500*time.Millisecond)
				w.writable()
			})
		}},
		{name: "PostgreSQL out of connections", servers: fewConnections, modes: []string{"database", "hybrid"}, trouble: noConnections},
		{name: "PostgreSQL: standby promoted", instances: 2, modes: []string{"database", "hybrid", "redis"}, servers: withStandby, trouble: promoting},
		{name: "PostgreSQL restored from a backup", restores: true,
			loses:   map[string]string{"database": ofBackup, "hybrid": ofBackup, "redis": ofBackup, "lightweight": ofBackup},
			servers: withBackup, trouble: restoring, enough: anew},
		{name: "PgBouncer, two instances, one killed at random", instances: 2, modes: []string{"database", "hybrid"},
			servers: func(t testing.TB, w *world) {
				url := testdb.Postgres(t)
				w.databases.use, w.databases.audit = testdb.PgBouncer(t, url), url
				w.flags = []string{"--database-direct-url", url}
			}, trouble: killing},
		{name: "SQLite, kill -9 at random", modes: []string{"database", "lightweight"}, loses: map[string]string{"lightweight": ofRestart},
			servers: oneFile, trouble: killing},
		{name: "SQLite, two processes on one file", instances: 2, modes: []string{"database"},
			servers: oneFile, trouble: killing},
		{name: "SQLite, disk full", modes: []string{"database"}, servers: smallDisk, trouble: fillingDisk},
	}
}

// oneFile makes a database file for all instances.
func oneFile(t testing.TB, w *world) {
	w.databases.use = "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
}

const ofBackup = "gone with what came after the backup"

// ownPostgres starts a PostgreSQL for this run, behind a proxy.
func (w *world) ownPostgres(t testing.TB, settings ...string) {
	w.postgres = testdb.Primary(t, settings...)
	w.database = testdb.Proxy(t, w.postgres.Addr())
	w.databases.use, w.databases.audit = w.database.URL(w.postgres.URL()), w.postgres.URL()
}

// writable ends read-only.
func (w *world) writable() {
	w.postgres.Set("default_transaction_read_only", "off")
}

// fewConnections starts a PostgreSQL that accepts 30 connections.
func fewConnections(t testing.TB, w *world) {
	w.ownPostgres(t, "max_connections = 30", "superuser_reserved_connections = 0")
}

// noConnections takes all connections of the server.
func noConnections(ctx context.Context, w *world) {
	every(ctx, 500*time.Millisecond, func() {
		w.database.Cut()
		var taken []*pgx.Conn
		for len(taken) < 40 {
			c, err := pgx.Connect(context.Background(), w.postgres.URL())
			if err != nil {
				break // all are taken
			}
			taken = append(taken, c)
		}
		w.struck()
		pause(ctx, 500*time.Millisecond)
		for _, c := range taken {
			_ = c.Close(context.Background())
		}
	})
}

// withStandby starts a primary with a synchronous standby; the URL names both.
func withStandby(t testing.TB, w *world) {
	w.postgres = testdb.Primary(t)
	w.standby = w.postgres.Standby()
	w.postgres.Synchronous(true)
	w.databases.use = fmt.Sprintf("postgres://lockbay@%s,%s/postgres?sslmode=disable&target_session_attrs=read-write", w.postgres.Addr(), w.standby.Addr())
	w.databases.audit = w.standby.URL()
}

// promoting loses the primary under load and promotes the standby.
func promoting(ctx context.Context, w *world) {
	pause(ctx, time.Until(w.until)/3)
	w.postgres.Crash()
	w.struck()
	w.standby.Promote()
	pause(ctx, time.Until(w.until))
}

// withBackup starts a primary with an asynchronous standby, the future backup; the URL names both.
func withBackup(t testing.TB, w *world) {
	withStandby(t, w)
	w.postgres.Synchronous(false)
}

// restoring stops the standby early, loses the primary later, and promotes the standby with its old data.
func restoring(ctx context.Context, w *world) {
	pause(ctx, time.Until(w.until)/4)
	w.standby.Stop() // from here on it is the backup
	pause(ctx, time.Until(w.until)/2)
	w.postgres.Crash()
	w.struck()
	w.standby.Start()
	w.standby.Promote()
	w.made.Store(0)
	pause(ctx, time.Until(w.until))
}

// anew reports whether an escrow was made since the backup was restored: it may hold none.
func anew(w *world) bool { return w.made.Load() > 0 }

// smallDisk puts SQLite on a tmpfs of 48 MiB, if this process may mount. The write-ahead log alone takes up to 16 MiB.
func smallDisk(t testing.TB, w *world) {
	w.disk = t.TempDir()
	w.databases.use = "sqlite:" + filepath.Join(w.disk, "lockbay.db")
	if err := syscall.Mount("tmpfs", w.disk, "tmpfs", 0, "size=48m"); err != nil {
		w.disk = ""
		return
	}
	t.Cleanup(func() { _ = syscall.Unmount(w.disk, syscall.MNT_DETACH) })
}

// fillingDisk fills the disk and frees it.
func fillingDisk(ctx context.Context, w *world) {
	if w.disk == "" {
		fmt.Fprintln(os.Stderr, "soak: a tmpfs cannot be mounted here, so the disk stays empty")
		return
	}
	ballast := filepath.Join(w.disk, "ballast")
	every(ctx, 300*time.Millisecond, func() {
		_ = exec.Command("dd", "if=/dev/zero", "of="+ballast, "bs=4k").Run() // #nosec G204 -- until it is full
		w.struck()
		pause(ctx, 300*time.Millisecond)
		_ = os.Remove(ballast)
	})
}
