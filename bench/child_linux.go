package bench

import "syscall"

// childAttr lets the server die with us.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
