// Command lockbay is an escrow bot for Telegram and the browser whose
// conversations cannot be lost.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
	"github.com/lockbay/lockbay"
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
	Config kong.ConfigFlag `name:"config" placeholder:"FILE" group:"File" help:"TOML file with settings"`
	Settings

	Serve       serveCmd       `cmd:"" group:"Run" help:"run the bot: page, Telegram, timers"`
	Try         tryCmd         `cmd:"" group:"Run" help:"make an escrow in this terminal, on the same database"`
	Doctor      doctorCmd      `cmd:"" group:"Run" help:"test what serve needs, and say how to fix each problem"`
	Escrows     escrowsCmd     `cmd:"" group:"Look after" help:"confirmed escrows"`
	Ledger      ledgerCmd      `cmd:"" group:"Look after" help:"the books of all escrows"`
	Drafts      draftsCmd      `cmd:"" group:"Look after" help:"unfinished escrows"`
	Tickets     ticketsCmd     `cmd:"" group:"Look after" help:"what people wrote to you"`
	Rollout     rolloutCmd     `cmd:"" group:"Look after" help:"give another mode to a growing share of people, and take it back when it does harm"`
	Report      reportCmd      `cmd:"" group:"Look after" help:"the metrics of the last 30 days, and what to do about them"`
	Counts      countsCmd      `cmd:"" name:"insight" group:"Look after" help:"the counts of events behind the report"`
	Explain     explainCmd     `cmd:"" group:"Look after" help:"replay the log of an escrow for a person: exit 1 if it was altered; or tell the story of a draft or a key"`
	Forget      forgetCmd      `cmd:"" group:"Look after" help:"forget a person in all conversations, or the people of one escrow; its books stay"`
	Backup      backupCmd      `cmd:"" group:"Look after" help:"write a complete copy of the database, also while serving"`
	Restore     restoreCmd     `cmd:"" group:"Look after" help:"put a backup in the place of the database"`
	Migrate     migrateCmd     `cmd:"" group:"Look after" help:"bring the database's tables up to date"`
	Healthcheck healthcheckCmd `cmd:"" group:"Look after" help:"ask a running instance whether it is ready: exit 0 or 1"`
	Bench       benchCmd       `cmd:"" group:"More" help:"measure a server of its own with simulated people, by the default rules"`
	Simulate    simulateCmd    `cmd:"" group:"More" help:"play a month of people on a clock of its own, without a database, and report its metrics"`
	Completion  completionCmd  `cmd:"" group:"More" help:"print completion for your shell: source <(lockbay completion -c bash)"`
	Version     versionCmd     `cmd:"" group:"More" help:"print the version"`
	Help        helpCmd        `cmd:"" group:"More" help:"explain a command"`

	ShowVersion versionFlag `name:"version" hidden:"" help:"print the version"`
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// program is the state shared by all commands.
type program struct {
	ctx    context.Context
	in     io.Reader
	out    io.Writer
	err    io.Writer
	parser *kong.Kong
	args   []string
	// fromFile :: LOCKBAY_X → LOCKBAY_X_FILE, for the settings that came from files
	fromFile map[string]string
	paths    map[string]string // :: LOCKBAY_X_FILE → the file
	config   string            // the file of --config
	read     fileSettings      // its entries
}

// explained adds the meaning and the place of a missing argument to the error about it.
func (p *program) explained(err error) error {
	at := (*kong.ParseError)(nil)
	if !errors.As(err, &at) {
		return err
	}
	if strings.HasPrefix(err.Error(), "unexpected argument ") && !strings.Contains(err.Error(), "did you mean") {
		node := at.Context.Model.Node
		for _, path := range at.Context.Path {
			node = cmp.Or(path.Command, node)
		}
		if list := verbs(at.Context.Model.Node, unexpected(err)); node == at.Context.Model.Node && len(list) == 1 {
			return fmt.Errorf("%w; did you mean %s?", err, list[0].FullPath())
		}
		of, does := strings.TrimPrefix(node.FullPath(), "lockbay"), "lists the commands"
		if len(node.Children) == 0 {
			does = "explains it"
		}
		return fmt.Errorf("%w; lockbay help%s %s", err, of, does)
	}
	if !missing.MatchString(err.Error()) {
		return err
	}
	for _, path := range at.Context.Path {
		if path.Command == nil {
			continue
		}
		for _, arg := range path.Command.Positional {
			if missing.MatchString(err.Error()) && strings.Contains(err.Error(), "<"+arg.Name+">") {
				name := strings.ToUpper(arg.Name)
				return fmt.Errorf("want %s, %s: %s %s", name, arg.Help, path.Command.FullPath(), name)
			}
		}
	}
	return err
}

// unexpected is the argument that err calls unexpected.
func unexpected(err error) string { return strings.TrimPrefix(err.Error(), "unexpected argument ") }

// run is the whole program, so that a test can start it.
func run(args []string, in io.Reader, out, errw io.Writer) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once
	p := &program{ctx: ctx, in: in, out: out, err: errw, args: args}
	var c cli
	k, err := p.newParser(&c)
	if err != nil {
		return p.status(err)
	}
	defer func() { // kong's exit: help was shown
		if r := recover(); r != nil {
			shown, ok := r.(exited)
			if !ok {
				panic(r)
			}
			code = int(shown)
		}
	}()
	kongcompletion.Register(k)
	if p.fromFile, p.paths, err = prepareEnvironment(k.Model); err != nil {
		return p.status(usageError{err})
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	kctx, err := k.Parse(withGroup(args))
	if err != nil {
		return p.status(usageError{p.explained(err)})
	}
	p.config = string(c.Config)
	return p.status(kctx.Run())
}

// newParser makes the parser of the command line.
func (p *program) newParser(c *cli) (k *kong.Kong, err error) {
	p.parser, err = kong.New(c, kong.Name("lockbay"), kong.Writers(p.out, p.err), kong.Help(printHelp),
		kong.Description("An escrow bot for Telegram and the browser whose conversations cannot be lost."),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), kong.MapperFunc(decodeDuration)),
		kong.TypeMapper(reflect.TypeFor[float64](), kong.MapperFunc(decodeNumber)),
		kong.TypeMapper(reflect.TypeFor[int](), kong.MapperFunc(decodeCount)),
		kong.Vars{"statuses": statuses(), "classes": classes(), "reasons": strings.Join(lockbay.Reasons, ",")}, kong.Configuration(p.loadFile), kong.Bind(p), kong.Bind(&c.Settings),
		kong.Exit(func(code int) { panic(exited(code)) }))
	return p.parser, err
}

// exited carries kong's exit status through a panic.
type exited int

// usageError is a wrong usage of a command.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// status prints an error in one line and maps it to an exit status.
func (p *program) status(err error) int {
	if err == nil {
		return exitDone
	}
	line := masked(flatLine(err))
	if usage := (usageError{}); errors.As(err, &usage) {
		fmt.Fprintln(p.err, "lockbay:", p.comingFrom(plainly(line)))
		return exitUsage
	}
	fmt.Fprintln(p.err, "lockbay:", p.comingFrom(line))
	if errors.Is(err, errNoDatabase) || errors.Is(err, dialog.ErrUnavailable) {
		return exitNoDB
	}
	return exitFailed
}

// flatLine is the text of an error in one line, without repetitions.
func flatLine(err error) string {
	var line, last string
	for _, part := range strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }) {
		switch part = strings.TrimSpace(part); {
		case part == "" || part == last:
			continue
		case line == "", strings.HasSuffix(line, ":"):
			line = strings.TrimLeft(line+" "+part, " ")
		default:
			line += "; " + part
		}
		last = part
	}
	return line
}

type versionCmd struct {
	JSON bool `name:"json" help:"as JSON"`
}

// version is set by the linker of a release. Defaults to the module's version.
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

// versionFlag is --version: it prints the version, whatever the other arguments.
type versionFlag bool

// BeforeReset is called by the parser before it checks the arguments.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	fmt.Fprintln(app.Stdout, "lockbay", versionName())
	app.Exit(exitDone)
	return nil
}

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish"`
	Code  bool   `name:"code" short:"c" help:"print the script itself, for source; else how to use it"`
}

// Run prints the completion script.
func (c *completionCmd) Run(ctx *kong.Context) error {
	return (&kongcompletion.Completion{Shell: c.Shell, Code: c.Code}).Run(ctx)
}
