package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// helpWidth is the width of help, in columns.
const helpWidth = 96

// example is a command line and its effect.
type example struct{ line, does string }

var examples = []example{
	{"lockbay serve", "a page at http://127.0.0.1:8080"},
	{"LOCKBAY_TELEGRAM_TOKEN_FILE=token.txt lockbay serve", "and a bot on Telegram"},
	{"lockbay try", "the same in this terminal"},
	{"lockbay escrows mark-paid ESC-XXXX-XXXXX", "record that the payment has arrived"},
	{"lockbay doctor", "what is wrong, and how to fix it"},
}

// printHelp is kong's printer of --help for a command.
func printHelp(_ kong.HelpOptions, ctx *kong.Context) error {
	h := &help{w: ctx.Stdout}
	node := ctx.Selected()
	if node == nil {
		node = ctx.Model.Node
		for _, p := range ctx.Path { // "lockbay drafts --help": a command with commands
			if p.Command != nil {
				node = p.Command
			}
		}
	}
	switch {
	case node == ctx.Model.Node:
		h.program(node)
	case len(node.Children) > 0:
		h.line("Usage: " + node.FullPath() + " <command>")
		h.line("")
		h.line(sentence(node.Help))
		h.commands("Commands", leaves(node))
		h.line("")
		h.line("lockbay help " + strings.TrimPrefix(node.FullPath(), "lockbay ") + " COMMAND explains one of them.")
	default:
		h.command(node)
	}
	return h.err
}

// help writes help.
type help struct {
	w   io.Writer
	err error
}

func (h *help) line(s string) {
	if h.err == nil {
		_, h.err = fmt.Fprintln(h.w, s)
	}
}

// program explains the program and lists its commands.
func (h *help) program(app *kong.Node) {
	h.line("Usage: lockbay <command> [flags]")
	h.line("")
	h.line(app.Help)
	for _, group := range []string{"Run", "Look after", "More"} {
		var nodes []*kong.Node
		for _, n := range leaves(app) {
			if top := topOf(n, app); top.Group != nil && top.Group.Key == group {
				nodes = append(nodes, n)
			}
		}
		h.commands(group, nodes)
	}
	h.line("")
	h.line("For example:")
	for _, e := range examples {
		h.row("  "+e.line, e.does, 58)
	}
	h.line("")
	h.line("lockbay help COMMAND explains a command. lockbay help serve lists the settings. Each setting is a")
	h.line("flag, an environment variable and an entry of the file that --config names.")
	h.line("Exit status: 0 done, 1 failed, 2 wrong usage, 3 the database cannot be reached.")
}

// command explains one command and its flags.
func (h *help) command(n *kong.Node) {
	usage := n.FullPath()
	for _, p := range n.Positional {
		name := strings.ToUpper(p.Name)
		if p.Required {
			usage += " " + name
		} else {
			usage += " [" + name + "]"
		}
	}
	own, settings := flagsOf(n)
	h.line("Usage: " + usage + " [flags]")
	h.line("")
	h.line(sentence(n.Help))
	if len(n.Positional) > 0 {
		h.line("")
		for _, p := range n.Positional {
			h.row("  "+strings.ToUpper(p.Name), p.Help, 28)
		}
	}
	if len(own) > 0 {
		h.line("")
		h.line("Flags")
		for _, f := range own {
			h.flag(f)
		}
	}
	if n.Name != "serve" {
		if n.Name != "version" && n.Name != "help" && n.Name != "completion" {
			h.line("")
			h.line("Settings such as --database-url are the same as those of serve: lockbay help serve lists them.")
		}
		return
	}
	h.line("")
	h.line("Each setting is a flag, an environment variable (--draft-ttl is LOCKBAY_DRAFT_TTL) and an entry of")
	h.line("the file that --config names (draft-ttl = \"48h\"). A flag overrides the variable, which overrides")
	h.line("the file. A value can come from a file of its own: LOCKBAY_TELEGRAM_TOKEN_FILE=/run/secrets/token.")
	last := ""
	for _, f := range settings {
		if f.Group != nil && f.Group.Key != last {
			last = f.Group.Key
			h.line("")
			h.line(last)
		}
		h.flag(f)
	}
}

// commands is a table of commands.
func (h *help) commands(title string, nodes []*kong.Node) {
	h.line("")
	h.line(title)
	for _, n := range nodes {
		path := strings.TrimPrefix(n.FullPath(), "lockbay ")
		for _, p := range n.Positional {
			if p.Required {
				path += " " + strings.ToUpper(p.Name)
			}
		}
		h.row("  "+path, n.Help, 28)
	}
}

func (h *help) flag(f *kong.Flag) {
	name := "  --" + f.Name
	if f.Short != 0 {
		name = fmt.Sprintf("  -%c, --%s", f.Short, f.Name)
	}
	values := ""
	for _, v := range f.EnumSlice() {
		if v != "" && f.Enum != "" {
			values += ", " + v
		}
	}
	switch {
	case f.IsBool():
	case f.PlaceHolder != "":
		name += " " + f.PlaceHolder
	default:
		name += " " + strings.ToUpper(f.Name[strings.LastIndexByte(f.Name, '-')+1:])
	}
	text := f.Help
	if values != "" {
		what, dflt, _ := strings.Cut(text, " (default: ")
		text = what + ": " + values[2:]
		if dflt != "" {
			text += " (default: " + dflt
		}
	}
	if f.HasDefault && f.Default != "" {
		text += " (default: " + f.Default + ")"
	}
	h.row(name, text, 34)
}

// row writes a name and, from column at on, its meaning.
func (h *help) row(name, text string, at int) {
	used := utf8.RuneCountInString(name)
	b := strings.Builder{}
	b.WriteString(name)
	pad := func(n int) { b.WriteString(strings.Repeat(" ", max(n, 0))) }
	if used+2 > at {
		b.WriteString("\n")
		used = 0
	}
	pad(at - used)
	col := at
	for i, word := range strings.Fields(text) {
		switch n := utf8.RuneCountInString(word); {
		case i == 0:
			col += n
		case col+1+n > helpWidth:
			b.WriteString("\n")
			pad(at)
			col = at + n
		default:
			b.WriteString(" ")
			col += 1 + n
		}
		b.WriteString(word)
	}
	h.line(strings.TrimRight(b.String(), " "))
}

// flagsOf are a command's own flags, and the settings.
func flagsOf(n *kong.Node) (own, settings []*kong.Flag) {
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			switch {
			case f.Name == "help":
			case f.Name == "config" || len(f.Envs) > 0:
				settings = append(settings, f)
			default:
				own = append(own, f)
			}
		}
	}
	return own, settings
}

// leaves are the commands without subcommands, which can be run.
func leaves(n *kong.Node) (list []*kong.Node) {
	if len(n.Children) == 0 {
		return []*kong.Node{n}
	}
	for _, c := range n.Children {
		if !c.Hidden {
			list = append(list, leaves(c)...)
		}
	}
	return list
}

// topOf is the top-level command of n.
func topOf(n, app *kong.Node) *kong.Node {
	for n.Parent != nil && n.Parent != app {
		n = n.Parent
	}
	return n
}

// sentence begins with a capital and ends with a point.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

// verbs are the commands of this name, below a top-level command: mark-paid of escrows.
func verbs(app *kong.Node, name string) (list []*kong.Node) {
	for _, n := range leaves(app) {
		if n.Parent != app && n.Name == name {
			list = append(list, n)
		}
	}
	return list
}

// explainEach writes the help of several commands.
func explainEach(w io.Writer, nodes []*kong.Node) error {
	h := &help{w: w}
	for i, n := range nodes {
		if i > 0 {
			h.line("")
		}
		h.command(n)
	}
	return h.err
}

type helpCmd struct {
	Command []string `arg:"" optional:"" help:"command to explain"`
}

// Run shows a command's help.
func (c helpCmd) Run(p *program) error {
	args := slices.DeleteFunc(slices.Clone(c.Command), func(s string) bool { return strings.HasPrefix(s, "-") })
	if len(args) > 0 && args[0] == "help" {
		args = args[1:]
	}
	if len(args) == 1 && !slices.ContainsFunc(p.parser.Model.Children, func(n *kong.Node) bool { return n.Name == args[0] }) {
		if nodes := verbs(p.parser.Model.Node, args[0]); len(nodes) > 0 {
			return explainEach(p.out, nodes)
		}
	}
	if _, err := p.parser.Parse(append(args, "--help")); err != nil {
		return usageError{p.explained(err)}
	}
	return nil
}
