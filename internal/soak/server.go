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

// server is an instance of the program. The test is its load balancer.
type server struct {
	*instance.Instance
	wrong time.Duration // how far its clock is ahead

	up   atomic.Bool            // whether updates are sent here
	died atomic.Pointer[string] // its last output, if it ended by itself
}

// newServer returns an instance; start starts it.
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

// start starts the instance and waits until it is ready. It restarts an instance that ends at once (the database may be
// away), as a supervisor does.
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

// tellsTime compares the instance's clock with its intended error.
func (i *server) tellsTime(date string) error {
	at, err := http.ParseTime(date)
	if err != nil {
		return fmt.Errorf("the date of the instance on %s: %w", i.Addr, err)
	}
	if ahead := time.Until(at); (ahead - i.wrong).Abs() > time.Minute {
		return fmt.Errorf("the clock of the instance on %s is ahead by %v, want %v", i.Addr, ahead.Round(time.Second), i.wrong)
	}
	return nil
}

// watch records an unexpected end of the process.
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

// stop shuts the instance down gracefully; meanwhile it finishes its requests.
func (i *server) stop() error {
	defer i.up.Store(false)
	return i.Stop()
}

// pause waits for d. It returns false if ctx ends first.
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
