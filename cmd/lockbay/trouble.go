package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lockbay/lockbay/dialog"
)

// noDatabase tells in one line why the database cannot be used: setting, value
// without the password, how to mend it. It is err, and errNoDatabase where waiting
// may help.
type noDatabase struct {
	line   string
	err    error
	passes bool
}

func (e noDatabase) Error() string        { return e.line }
func (e noDatabase) Unwrap() error        { return e.err }
func (e noDatabase) Is(target error) bool { return e.passes && target == errNoDatabase }

// databaseTrouble words what opening or using the database has given. Only what
// could not be reached, or may pass, is errNoDatabase.
func (s *Settings) databaseTrouble(err error) error {
	if errors.Is(err, dialog.ErrSchemaNewer) {
		return fmt.Errorf("%s: %w; use the newer program, or restore a backup", s.databaseName(), err)
	}
	kind, where, _ := s.database()
	if kind == "postgres" {
		passes := errors.Is(err, dialog.ErrUnavailable)
		if why, mend := postgresTrouble(where, err); why != "" {
			return noDatabase{fmt.Sprintf("--%s: %q: %s; %s", s.urlSetting(), maskedURL(where), why, mend), err, passes}
		}
		if !passes {
			return fmt.Errorf("%s: %w (lockbay doctor tells more)", s.databaseName(), err)
		}
	}
	return fmt.Errorf("%w: %s: %w (lockbay doctor tells more)", errNoDatabase, s.databaseName(), err)
}

// passwords are what stands where URLs and connection strings have them.
var passwords = regexp.MustCompile(`((?:://[^\s"/:@]*|\b[^\s"/:@]+):)[^\s"/@][^\s"@]*(@)|(?i)(password=)(?:'[^']*'|\S+)`)

// masked is a line without passwords, wherever it has a URL from. What says how a
// URL is written has none.
func masked(line string) string {
	return passwords.ReplaceAllStringFunc(line, func(found string) string {
		if strings.HasSuffix(found, ":PASSWORD@") {
			return found
		}
		return passwords.ReplaceAllString(found, "$1$3••••$2")
	})
}

// maskedURL is the URL of a server without password and parameters. One that
// was cut in the wrong place, because its password has a sign that ends it, is not
// shown at all.
func maskedURL(text string) string {
	scheme, _, _ := strings.Cut(text, ":")
	u, ok := readURL(text)
	if !ok {
		return scheme + "://…"
	}
	user := ""
	if u.User != nil {
		user = u.User.Username()
		if _, has := u.User.Password(); has {
			user += ":••••"
		}
		user += "@"
	}
	return scheme + "://" + user + u.Host + u.Path
}

// readURL reads the URL of a server. One with a stray @, which was meant to stand
// behind a user, is not read.
func readURL(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Fragment != "" || strings.Count(text, "@") > 1 && strings.LastIndexByte(text, '@') < strings.IndexByte(text+"?", '?') {
		return nil, false
	}
	at, parameter := strings.IndexByte(text, '@'), strings.IndexByte(text, '=')
	return u, u.User != nil || at < 0 || parameter >= 0 && parameter < at
}

// signs is how a password gets into a URL.
const signs = "signs such as @ / # ? % in a password are written %40 %2F %23 %3F %25"

// isPostgres reports whether text is meant as the URL of a PostgreSQL.
func isPostgres(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// checkPostgres refuses a URL that can lead nowhere.
func checkPostgres(setting, text string) error {
	if !isPostgres(text) {
		return fmt.Errorf("--%s: want postgres://…", setting)
	}
	if _, ok := readURL(text); !ok {
		return badSetting(setting, maskedURL(text), "cannot be read: want postgres://USER:PASSWORD@HOST:PORT/NAME; "+signs)
	}
	if _, err := pgxpool.ParseConfig(text); err != nil {
		_, why, ok := strings.Cut(err.Error(), "`: ") // behind the URL
		if !ok {
			why = "cannot be read"
		}
		return badSetting(setting, maskedURL(text), why+"; want postgres://USER:PASSWORD@HOST:PORT/NAME")
	}
	return nil
}

// postgresTrouble is why PostgreSQL at address cannot be used, and what to do. Empty
// for what has a better word of its own. The text of err may have parts of the URL in it, and is not used.
func postgresTrouble(address string, err error) (why, mend string) {
	var code string
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		code = e.Code
	}
	name := "?"
	if code == "28P01" {
		if c, err := pgconn.ParseConfig(address); err == nil && c.Password == "" {
			return "the server wants a password for this user, and none was given", "write it into the URL, or into PGPASSWORD or a passfile; " + signs
		}
	}
	if u, ok := readURL(address); ok && len(u.Path) > 1 {
		name = u.Path[1:]
	}
	switch code {
	case "":
	case "28P01":
		return "the server does not take this user with this password", "see both in the URL; " + signs
	case "28000":
		return "the server does not let this user in from here", "see its pg_hba.conf, and whether it wants TLS: sslmode=require"
	case "3D000":
		return "the server has no database of this name", "createdb " + name + " makes it"
	case "53300":
		return "the server has no connection to spare", "raise its max_connections, or lower pool_max_conns in the URL"
	case "57P03":
		return "the server is starting or stopping", "try again in a moment"
	case "42501":
		return "this user may not make or use tables there", "make it the owner of the database " + name
	case "42P07", "42P16", "42809", "42703", "42P01":
		return "tables of another program are there", "give LockBay a database of its own, or a schema: create schema lockbay, and search_path=lockbay in the URL"
	case "3F000":
		return "no schema is there to make tables in", "create the one that search_path names"
	case "25006":
		return "the server takes no writes", "name the primary, or all hosts with target_session_attrs=read-write"
	default:
		return "", ""
	}
	if strings.Contains(err.Error(), "acknowledged turns could be lost") {
		return "fsync or synchronous_commit is off there: acknowledged turns could be lost", "turn both on; for one user: alter role NAME set synchronous_commit = on"
	}
	if _, too, ok := strings.Cut(err.Error(), "the server is PostgreSQL "); ok {
		return "the server is PostgreSQL " + too, "use such a one"
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	lookup, unknown := errors.AsType[*net.DNSError](err)
	cut, timed := errors.AsType[net.Error](err)
	switch {
	case unknown && lookup.IsNotFound:
		return "nobody knows this host", "see how its name is written"
	case unknown:
		return "the name of the host could not be looked up", "see that name resolution works on this machine"
	case untrusted:
		return "the certificate of the server is not trusted here", "name its authority with sslrootcert in the URL"
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return "the server has no TLS, which the URL wants", "turn it on there, or add sslmode=disable where the network is your own"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there", "see that PostgreSQL runs, and that host and port are right"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no way to this host from here", "see network and firewall"
	case errors.Is(err, os.ErrNotExist):
		return "there is no socket of a server there", "see that PostgreSQL runs, and that host and port are right"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), timed && cut.Timeout():
		return "the server does not answer", "see that host and port are right, and that no firewall stands between"
	}
	return "", ""
}
