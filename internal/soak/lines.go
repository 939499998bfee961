package soak

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

var all = []string{"database", "hybrid", "redis", "lightweight"}

const (
	ofRestart  = "in memory only: lost on restart"
	ofInstance = "in memory only: lost on change of instance"
)

// lines are all lines, in the order of the table.
func lines() []*line {
	return slices.Concat(instanceLines(), versionLines(), redisLines(), postgresLines(), telegramLines(), inputLines())
}

func instanceLines() []*line {
	restart := map[string]string{"lightweight": ofRestart}
	change := map[string]string{"lightweight": ofInstance}
	return []*line{
		{name: "nothing"},
		{name: "kill -9 at random", loses: restart, trouble: killing},
		{name: "two instances, one killed at random", instances: 2, loses: change, trouble: killing},
		{name: "three instances, one killed at random", instances: 3, loses: change, trouble: killing},
		{name: "rolling restart of two", instances: 2, loses: change, trouble: rolling},
	}
}

// every calls do at random moments, on average d apart, until ctx ends. The first call comes sooner.
func every(ctx context.Context, d time.Duration, do func()) {
	for wait := d / 2; pause(ctx, wait/2+time.Duration(rand.Int64N(int64(wait)))); wait = d { // #nosec G404 -- not a secret
		do()
	}
}

// killing kills one instance at a time and starts it again.
func killing(ctx context.Context, w *world) {
	every(ctx, 700*time.Millisecond, func() {
		i := w.running[rand.IntN(len(w.running))] // #nosec G404 -- not a secret
		i.kill()
		w.struck()
		w.again(i)
	})
}

// again restarts an instance.
func (w *world) again(i *server) {
	ctx, cancel := context.WithTimeout(context.Background(), finishing)
	defer cancel()
	if err := i.start(ctx); err != nil {
		w.complain("%v", err)
	}
}

// rolling stops and restarts one instance after another.
func rolling(ctx context.Context, w *world) {
	for n := 0; pause(ctx, 300*time.Millisecond); n++ {
		i := w.running[n%len(w.running)]
		if err := i.stop(); err != nil {
			w.complain("%v", err)
		}
		w.struck()
		w.again(i)
	}
}

// together calls all functions at once and waits for them.
func together(do ...func()) {
	var wg sync.WaitGroup
	for _, f := range do {
		wg.Go(f)
	}
	wg.Wait()
}
