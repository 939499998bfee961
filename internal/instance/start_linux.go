package instance

import (
	"io"
	"net"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

// hold keeps a port from other processes of ours, by a name in Linux's abstract
// socket namespace, which goes with us.
func hold(port int) (io.Closer, error) {
	return net.Listen("unix", "@lockbay-instance-"+strconv.Itoa(port))
}

// start starts cmd, which dies with us.
func start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	failed := make(chan error)
	spawner() <- func() { failed <- cmd.Start() }
	return <-failed
}

// spawner starts every process from one thread that lives as long as we do:
// Pdeathsig fires at the end of the thread that started the child.
var spawner = sync.OnceValue(func() chan<- func() {
	jobs := make(chan func())
	go func() {
		runtime.LockOSThread()
		for job := range jobs {
			job()
		}
	}()
	return jobs
})
