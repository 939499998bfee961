package soak

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay/internal/instance"
)

// server is an instance of the program behind the load balancer that we are.
type server struct {
	*instance.Instance
	wrong time.Duration // how far its clock is ahead

	up   atomic.Bool            // whether updates are sent here
	died atomic.Pointer[string] // what it said when it ended by itself
}

// newServer names an instance that is not started yet.
func newServer(program string, wrong time.Duration, flags ...string) (*server, error) {
	i, err := instance.New(program, append([]string{"serve"}, flags...)...)
	if err != nil {
		return nil, err
	}
	if wrong != 0 {
		i.Env = append(os.Environ(), fmt.Sprintf("%s=%d", wrongBy, int(wrong.Seconds())))
	}
	return &server{Instance: i, wrong: wrong}, nil
}

// start starts the instance and waits until it is ready. What ends at once, as
// when the database is away, is started again, as a supervisor does.
func (i *server) start(ctx context.Context) error {
	var last error
	for ctx.Err() == nil {
		var l *instance.Life
		if l, last = i.Start(ctx); last == nil {
			if err := i.tellsTime(l.Date); err != nil {
				return err
			}
			i.up.Store(true)
			go i.watch(l)
			return nil
		}
		pause(ctx, 100*time.Millisecond)
	}
	return errors.Join(ctx.Err(), last)
}

// tellsTime holds what an instance believes that the time is against how wrong
// its clock is to be.
func (i *server) tellsTime(date string) error {
	at, err := http.ParseTime(date)
	if err != nil {
		return fmt.Errorf("the instance on %s tells no time: %w", i.Addr, err)
	}
	if ahead := time.Until(at); (ahead - i.wrong).Abs() > time.Minute {
		return fmt.Errorf("the clock of the instance on %s is ahead by %v, not by %v", i.Addr, ahead.Round(time.Second), i.wrong)
	}
	return nil
}

// watch notes an end that nobody asked for.
func (i *server) watch(l *instance.Life) {
	<-l.Done()
	if i.Life() == l {
		i.up.Store(false)
		said := "it said: " + l.Said()
		i.died.Store(&said)
	}
}

// kill is kill -9.
func (i *server) kill() {
	i.up.Store(false)
	i.Kill()
}

// stop lets it drain; meanwhile it still answers what is under way.
func (i *server) stop() error {
	defer i.up.Store(false)
	return i.Stop()
}

// pause waits, or returns false because ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
