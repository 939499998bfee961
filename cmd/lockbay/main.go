// Command lockbay is an escrow bot for Telegram and the browser whose
// conversations cannot be lost.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
	"github.com/lockbay/lockbay/dialog"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitNoDB   = 3
)

// cli is the command line.
type cli struct {
	Config kong.ConfigFlag `name:"config" placeholder:"FILE" help:"configuration file (TOML); flags and environment win over it"`
	Settings

	Serve       serveCmd                  `cmd:"" help:"run the bot: page, Telegram, timers"`
	Try         tryCmd                    `cmd:"" help:"the escrow conversation in this terminal, on the same database"`
	Doctor      doctorCmd                 `cmd:"" help:"check everything that serve needs and say how to mend it"`
	Migrate     migrateCmd                `cmd:"" help:"bring the database's tables up to date"`
	Backup      backupCmd                 `cmd:"" help:"write a complete copy of the database, also while serving"`
	Restore     restoreCmd                `cmd:"" help:"put a backup in the place of the database"`
	Healthcheck healthcheckCmd            `cmd:"" help:"ask a running instance whether it is ready: exit 0 or 1"`
	Drafts      draftsCmd                 `cmd:"" help:"unfinished escrows"`
	Escrows     escrowsCmd                `cmd:"" help:"confirmed escrows"`
	Bench       benchCmd                  `cmd:"" help:"drive a server of its own with simulated people and report"`
	Completion  kongcompletion.Completion `cmd:"" help:"completion for your shell: source <(lockbay completion -c bash)"`
	Version     versionCmd                `cmd:"" help:"print the version"`
	Help        helpCmd                   `cmd:"" help:"print this"`
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// program is what the commands share.
type program struct {
	ctx    context.Context
	in     io.Reader
	out    io.Writer
	err    io.Writer
	parser *kong.Kong
}

// run is the whole program: it starts in a test like anywhere else.
func run(args []string, in io.Reader, out, errw io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{ctx: ctx, in: in, out: out, err: errw}
	var c cli
	exited := -1
	k, err := kong.New(&c, kong.Name("lockbay"), kong.UsageOnError(), kong.Writers(out, errw),
		kong.Description("An escrow bot for Telegram and the browser whose conversations cannot be lost."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Configuration(loadFile), kong.Bind(p), kong.Bind(&c.Settings),
		kong.Exit(func(code int) { exited = code; panic(helpShown{}) }))
	if err != nil {
		fmt.Fprintln(errw, "lockbay:", err)
		return exitFailed
	}
	p.parser = k
	kongcompletion.Register(k)
	code := func() (code int) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(helpShown); !ok {
					panic(r)
				}
				code = exited
			}
		}()
		known := map[string]bool{}
		_ = kong.Visit(k.Model, func(n kong.Visitable, next kong.Next) error {
			if f, ok := n.(*kong.Flag); ok {
				for _, e := range f.Envs {
					known[e] = true
				}
			}
			return next(nil)
		})
		if err := prepareEnvironment(known); err != nil {
			return p.usage(err)
		}
		if len(args) == 0 {
			args = []string{"help"}
		}
		kctx, err := k.Parse(args)
		if err != nil {
			return p.usage(err)
		}
		return p.status(kctx.Run())
	}()
	return code
}

// helpShown unwinds from kong's exit.
type helpShown struct{}

func (p *program) usage(err error) int {
	fmt.Fprintln(p.err, "lockbay:", err)
	return exitUsage
}

// usageError is a command used wrongly.
type usageError struct{ error }

// status tells an error and maps it to an exit status.
func (p *program) status(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		return p.usage(usage.error)
	case errors.Is(err, errNoDatabase):
		fmt.Fprintln(p.err, "lockbay:", err)
		return exitNoDB
	case errors.Is(err, dialog.ErrUnavailable):
		fmt.Fprintln(p.err, "lockbay:", err)
		return exitNoDB
	default:
		fmt.Fprintln(p.err, "lockbay:", err)
		return exitFailed
	}
}

type versionCmd struct {
	JSON bool `name:"json" help:"as JSON"`
}

// version is set by the linker of a release; else the module's own is told.
var version = ""

func versionName() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func (c versionCmd) Run(p *program) error {
	if c.JSON {
		return writeJSON(p.out, map[string]string{"version": versionName()})
	}
	fmt.Fprintln(p.out, "lockbay", versionName())
	return nil
}

type helpCmd struct {
	Command []string `arg:"" optional:"" help:"command to tell of"`
}

func (c helpCmd) Run(p *program) error {
	_, err := p.parser.Parse(append(c.Command, "--help"))
	return err
}
