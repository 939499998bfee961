package sqlitestore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
)

func ExampleOpen() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	views := fstest.MapFS{"0001.sql": {Data: []byte(`create view owners as select distinct owner from conversations`)}}
	store, err := sqlitestore.Open(ctx, filepath.Join(dir, "bot.db"), sqlitestore.WithMigrations("views", views))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()

	first := &dialog.Row{Head: dialog.Head{Key: dialog.Key{Bot: "bot", Flow: "pizza", ID: "tty:ann"}, Owner: "tty:ann", Step: "size", Version: 1, Tag: 42}}
	done, err := store.Commit(ctx, &dialog.Batch{Writes: []*dialog.Write{{After: first}}})
	fmt.Println(done.Verdicts[0], err)
	fmt.Println(store.Backup(ctx, filepath.Join(dir, "backup.db")))
	fmt.Println(store.Migrations(ctx))
	// Output:
	// applied <nil>
	// <nil>
	// [{dialog 3 3 1} {views 1 1 1}] <nil>
}
