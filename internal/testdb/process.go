package testdb

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// startTimeout bounds the wait for a hung server; a slow machine needs far
// less.
const startTimeout = 2 * time.Minute

// process is one running server program.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// spawner starts every process from one thread that lives as long as this
// process: Pdeathsig fires at the end of the *thread* that started the child,
// and Go may end threads at any time.
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

// start runs a server in dir with its output in dir/log. When this process
// ends, the server gets the signal death.
func start(dir string, death syscall.Signal, name string, args ...string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) // #nosec G302 G304 -- a test's own log
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }()
	cmd := command(dir, name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr.Pdeathsig = death
	failed := make(chan error)
	spawner() <- func() { failed <- cmd.Start() }
	if err := <-failed; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the log says how the server ended
		close(p.done)
	}()
	return p, nil
}

// run runs a program to its end. An error contains the program's output.
func run(dir, name string, args ...string) error {
	if out, err := command(dir, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return nil
}

func command(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...) // #nosec G204 -- programs found by program, constant arguments
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: serverIdentity()}
	return cmd
}

// end sends the signal, waits for the end of the process, and kills it after
// startTimeout.
func (p *process) end(sig syscall.Signal) {
	_ = p.cmd.Process.Signal(sig) // the process may have ended already
	select {
	case <-p.done:
	case <-time.After(startTimeout):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// await calls ready every 20 ms until it succeeds, the process ends or startTimeout is over.
func (p *process) await(dir string, ready func() error) error {
	deadline := time.Now().Add(startTimeout)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("ended while starting:\n%s", tail(dir))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not ready after %v: %w\n%s", startTimeout, err, tail(dir))
		}
	}
}

// poll calls done every 20 ms until it is true, at most for startTimeout.
func poll(what string, done func() (bool, error)) error {
	deadline := time.Now().Add(startTimeout)
	for {
		ok, err := done()
		if ok {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("waited %v: %s", startTimeout, what), err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// tail returns the end of a server's log.
func tail(dir string) string {
	log, err := os.ReadFile(filepath.Join(dir, "log")) // #nosec G304 -- a test's own log
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-20):], []byte("\n")))
}

// serverIdentity is the user of the servers. PostgreSQL and PgBouncer refuse to
// run as root, so root runs them as Debian's user postgres, or else as nobody.
// Nil means the current user.
var serverIdentity = sync.OnceValue(func() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
})

// program finds a server's program in PATH, in Debian's folders of PostgreSQL
// (newest version), or in sbin, which many PATHs lack.
func program(name, debianPackage string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	slices.SortFunc(found, func(a, b string) int { return postgresVersion(a) - postgresVersion(b) })
	sbin, _ := filepath.Glob("/usr/sbin/" + name)
	if found = append(sbin, found...); len(found) == 0 {
		return "", fmt.Errorf("%s is not installed: the Debian package %s has it (apt-get install %s)", name, debianPackage, debianPackage)
	}
	return found[len(found)-1], nil
}

func postgresVersion(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// ports are the ports that this process has given out. A name in Linux's
// abstract socket namespace reserves each one among test binaries and
// disappears with the process.
var ports struct {
	sync.Mutex
	held map[int]net.Listener
}

// freePort picks a port that no other test has. It is below the range of
// outgoing connections, so a restarted server finds it free.
func freePort() int {
	ports.Lock()
	defer ports.Unlock()
	if ports.held == nil {
		ports.held = map[int]net.Listener{}
	}
	for {
		port := 20000 + rand.IntN(12000) // #nosec G404 -- not a secret
		hold, err := net.Listen("unix", "@"+folderPrefix+strconv.Itoa(port))
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp", localAddr(port))
		if err != nil {
			_ = hold.Close()
			continue
		}
		_ = l.Close()
		ports.held[port] = hold
		return port
	}
}

func localAddr(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
