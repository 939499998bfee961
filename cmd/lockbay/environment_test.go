package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Settings from the environment: secrets from files, beside the empty variables that compose files write, in any order.
func TestEnvironment(t *testing.T) {
	folder := t.TempDir()
	secret := filepath.Join(folder, "secret")
	if err := os.WriteFile(secret, []byte("redis://127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env  []string
		says string
	}{
		"a file":                     {[]string{"LOCKBAY_REDIS_URL_FILE=" + secret}, "MEND  redis"},
		"a file, then empty":         {[]string{"LOCKBAY_REDIS_URL_FILE=" + secret, "LOCKBAY_REDIS_URL="}, "MEND  redis"},
		"empty, then a file":         {[]string{"LOCKBAY_REDIS_URL=", "LOCKBAY_REDIS_URL_FILE=" + secret}, "MEND  redis"},
		"both":                       {[]string{"LOCKBAY_REDIS_URL=redis://127.0.0.1:2", "LOCKBAY_REDIS_URL_FILE=" + secret}, "use one"},
		"both, the other way around": {[]string{"LOCKBAY_REDIS_URL_FILE=" + secret, "LOCKBAY_REDIS_URL=redis://127.0.0.1:2"}, "use one"},
		"a file that is not there":   {[]string{"LOCKBAY_REDIS_URL_FILE=" + secret + "s"}, "cannot be read"},
		"empty":                      {[]string{"LOCKBAY_REDIS_URL=", "LOCKBAY_REDIS_URL_FILE="}, "not used in mode database"},
		"unknown":                    {[]string{"LOCKBAY_REDIS_ADDRESS=x"}, "unknown setting LOCKBAY_REDIS_ADDRESS"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "doctor")
			cmd.Env = append(clean(t.TempDir()), c.env...)
			out, _ := cmd.CombinedOutput() // fails, since Redis is away
			if !strings.Contains(string(out), c.says) {
				t.Errorf("want %q in:\n%s", c.says, out)
			}
		})
	}
}
