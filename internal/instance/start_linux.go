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

// hold reserves a port among these test processes, by a name in Linux's
// abstract socket namespace, which disappears with the process.
func hold(port int) (io.Closer, error) {
	return net.Listen("unix", "@lockbay-instance-"+strconv.Itoa(port))
}

// start starts cmd, which ends with this process.
func start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	failed := make(chan error)
	spawner() <- func() { failed <- cmd.Start() }
	return <-failed
}

// spawner starts every process from one thread that lives as long as this
// process: Pdeathsig fires at the end of the thread that started the child.
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
