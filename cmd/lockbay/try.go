package main

import (
	"context"
	"fmt"
	"os/user"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/terminal"
)

type tryCmd struct{}

// Run is the escrow conversation in this terminal, on the same database.
func (c *tryCmd) Run(p *program, set *Settings) error {
	if err := set.checkOffer(); err != nil {
		return err
	}
	if set.isNew(p.ctx) {
		fmt.Fprintln(p.out, dataIsIn(set, true))
	}
	a, err := newApp(p.ctx, set, true, dialog.Recorder{}, nil)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 3*time.Second)
		defer cancel()
		a.close(ctx)
	}()
	name := "me"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	return terminal.Run(p.ctx, a.engine, p.in, p.out, "tty:"+name)
}
