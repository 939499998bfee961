//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadOnlyDatabase: commands that only read need no write permission, neither on the file nor on its folder, and leave
// nothing behind.
func TestReadOnlyDatabase(t *testing.T) {
	room := t.TempDir()
	for dir := room; dir != filepath.Dir(dir) && strings.HasPrefix(dir, os.TempDir()) && dir != filepath.Clean(os.TempDir()); dir = filepath.Dir(dir) {
		must(t, os.Chmod(dir, 0o755))
	}
	self, err := os.Executable()
	must(t, err)
	program := filepath.Join(room, "lockbay")
	must(t, copyFile(self, program))
	must(t, os.Chmod(program, 0o755))
	for _, c := range []struct {
		name         string
		file, folder os.FileMode
	}{{"file", 0o444, 0o777}, {"folder", 0o666, 0o555}, {"both", 0o444, 0o555}} {
		t.Run(c.name, func(t *testing.T) {
			folder := filepath.Join(room, c.name)
			must(t, os.Mkdir(folder, 0o755))
			path := filepath.Join(folder, "lockbay.db")
			stranger := func(args ...string) (string, int) {
				cmd := exec.Command(program, append(args, "--database-url", "sqlite:"+path)...)
				cmd.Env, cmd.Dir = append(os.Environ(), asProgram+"=1"), folder
				cmd.Stdin = strings.NewReader("/create\n@pavel_durov\n")
				if os.Getuid() == 0 && args[0] != "try" { // root may write everything
					cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
				}
				out, err := cmd.CombinedOutput()
				if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
					t.Fatal(err)
				}
				return string(out), cmd.ProcessState.ExitCode()
			}
			if out, code := stranger("try"); code != exitDone {
				t.Fatal(out)
			}
			must(t, os.Chmod(path, c.file))
			must(t, os.Chmod(folder, c.folder))
			defer func() { _ = os.Chmod(folder, 0o755) }()
			before := names(t, folder)
			for line, want := range map[string]string{
				"escrows list": "No escrows.", "escrows list --all": "No escrows.", "drafts list": "escrow/tty:", "ledger verify": "0 escrows",
				"ledger balance": "", "escrows show ESC-7K4M-92QXA": "there is no escrow", "explain ESC-7K4M-92QXA": "there is no escrow", "migrate status": "dialog",
			} {
				out, code := stranger(strings.Fields(line)...)
				if !strings.Contains(out, want) || code != exitDone && !strings.Contains(out, "there is no escrow") {
					t.Errorf("%s: %d %s", line, code, out)
				}
			}
			if after := names(t, folder); after != before {
				t.Errorf("beside the database: %s, then %s", before, after)
			}
		})
	}
}

// names are the names in a folder.
func names(t *testing.T, folder string) string {
	t.Helper()
	list, err := os.ReadDir(folder)
	must(t, err)
	var all []string
	for _, x := range list {
		all = append(all, x.Name())
	}
	return strings.Join(all, " ")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
