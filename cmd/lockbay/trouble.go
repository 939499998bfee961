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

// noDatabase says in one line why the database is unusable: setting, value without the password, how to fix it. It
// unwraps to err, and is errNoDatabase if waiting may help, or no file of ours is there.
type noDatabase struct {
	line   string
	err    error
	passes bool
}

func (e noDatabase) Error() string        { return e.line }
func (e noDatabase) Unwrap() error        { return e.err }
func (e noDatabase) Is(target error) bool { return e.passes && target == errNoDatabase }

// databaseTrouble explains an error of opening or using the database. It is errNoDatabase if the database cannot be
// reached, or the error may pass.
func (s *Settings) databaseTrouble(err error) error {
	if errors.Is(err, dialog.ErrSchemaNewer) {
		return fmt.Errorf("%s: %w; use the newer program, or restore a backup", s.databaseName(), err)
	}
	kind, where, _ := s.database()
	if errors.Is(err, errForeign) {
		accepted := err.Error() + "; want the path of a LockBay database, or of a new file (lockbay doctor tells more)"
		return noDatabase{badSetting(s.urlSetting(), "sqlite:"+where, accepted).Error(), err, true}
	}
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

// passwords matches the passwords of URLs and connection strings.
var passwords = regexp.MustCompile(`((?:://[^\s"/:@]*|\b[^\s"/:@]+):)[^\s"/@][^\s"@]*(@)|(?i)(password=)(?:'[^']*'|\S+)`)

// queries matches the parameters of a database's URL, where anything may stand.
var queries = regexp.MustCompile(`(?i)((?:postgres(?:ql)?|rediss?(?:-[a-z]+)?)://[^\s"?]*\?)[^\s"]+`)

// masked hides the passwords and parameters of all URLs in a line. The word PASSWORD in an explanation stays.
func masked(line string) string {
	line = queries.ReplaceAllString(line, "$1••••")
	return passwords.ReplaceAllStringFunc(line, func(found string) string {
		if strings.HasSuffix(found, ":PASSWORD@") {
			return found
		}
		return passwords.ReplaceAllString(found, "$1$3••••$2")
	})
}

// maskedURL is the URL of a server without password and parameters. A URL that readURL rejects is hidden whole: a sign in
// its password would cut the URL in the wrong place.
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

// readURL reads the URL of a server. It rejects a URL with an @ that does not end the user.
func readURL(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Fragment != "" || strings.Count(text, "@") > 1 && strings.LastIndexByte(text, '@') < strings.IndexByte(text+"?", '?') {
		return nil, false
	}
	at, parameter := strings.IndexByte(text, '@'), strings.IndexByte(text, '=')
	return u, u.User != nil || at < 0 || parameter >= 0 && parameter < at
}

// signs explains how to write a password in a URL.
const signs = "signs such as @ / # ? % in a password are written %40 %2F %23 %3F %25"

// isPostgres reports whether text has the scheme of a PostgreSQL URL.
func isPostgres(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// checkPostgres accepts a usable PostgreSQL URL.
func checkPostgres(setting, text string) error {
	if !isPostgres(text) {
		return fmt.Errorf("--%s: want postgres://…", setting)
	}
	if _, ok := readURL(text); !ok {
		return badSetting(setting, maskedURL(text), "cannot be read: want postgres://USER:PASSWORD@HOST:PORT/NAME; "+signs)
	}
	if _, err := pgxpool.ParseConfig(text); err != nil {
		return badSetting(setting, maskedURL(text), wrongParameter(text)+"; want postgres://USER:PASSWORD@HOST:PORT/NAME")
	}
	return nil
}

// wrongParameter names the parameter without which the URL can be read. The driver's own error quotes values, and a value
// may be a secret.
func wrongParameter(text string) string {
	u, ok := readURL(text)
	if !ok {
		return "cannot be read"
	}
	for name := range u.Query() {
		without, query := *u, u.Query()
		query.Del(name)
		without.RawQuery = query.Encode()
		if _, err := pgxpool.ParseConfig(without.String()); err == nil && usualParameter.MatchString(name) {
			return "the value of " + name + " cannot be used"
		}
	}
	return "cannot be read"
}

// usualParameter matches the names of parameters that the driver reads. Another name may be a misplaced secret.
var usualParameter = regexp.MustCompile(`^(sslmode|sslrootcert|sslcert|sslkey|sslpassword|sslsni|sslnegotiation|connect_timeout|target_session_attrs|min_protocol_version|max_protocol_version|channel_binding|krbspn|krbsrvname|passfile|servicefile|service|port|host|pool_[a-z_]+|default_query_exec_mode|statement_cache_capacity|description_cache_capacity)$`)

// postgresTrouble explains an error of PostgreSQL at address: the reason and how to fix it. It returns "" if err explains
// itself. It leaves out the text of err, which may contain parts of the URL.
func postgresTrouble(address string, err error) (why, mend string) {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		why, mend = serverTrouble(address, e.Code)
		if _, connecting := errors.AsType[*pgconn.ConnectError](err); connecting && why == "" { // its text may quote a parameter of the URL
			return "the server rejects the connection (SQLSTATE " + e.Code + ")", "check the parameters of the URL"
		}
		return why, mend
	}
	if strings.Contains(err.Error(), "acknowledged turns could be lost") {
		return "fsync or synchronous_commit is off there: acknowledged turns could be lost", "turn both on; for one user: alter role NAME set synchronous_commit = on"
	}
	if _, too, ok := strings.Cut(err.Error(), "the server is PostgreSQL "); ok {
		return "the server is PostgreSQL " + too, "use a supported server"
	}
	return networkTrouble(err)
}

// serverTrouble explains an error code of PostgreSQL.
func serverTrouble(address, code string) (why, mend string) {
	name := "?"
	if u, ok := readURL(address); ok && len(u.Path) > 1 {
		name = u.Path[1:]
	}
	switch code {
	case "28P01":
		if c, err := pgconn.ParseConfig(address); err == nil && c.Password == "" {
			return "the server requires a password for this user", "write it into the URL, or into PGPASSWORD or a passfile; " + signs
		}
		return "the server rejects this user or password", "check both in the URL; " + signs
	case "28000":
		return "the server rejects this user from this host", "check its pg_hba.conf, and whether it requires TLS: sslmode=require"
	case "3D000":
		return "the server has no database of this name", "createdb " + name + " makes it"
	case "53300":
		return "the server is out of connections", "raise its max_connections, or lower pool_max_conns in the URL"
	case "57P03":
		return "the server is starting or stopping", "try again in a moment"
	case "42501":
		return "this user may not create or use tables there", "make it the owner of the database " + name
	case "42P07", "42P16", "42809", "42703", "42P01":
		return "the database has tables of another program", "give LockBay a database of its own, or a schema: create schema lockbay, and search_path=lockbay in the URL"
	case "3F000":
		return "the schema for the tables does not exist", "create it, or change search_path"
	case "25006":
		return "the server is read-only", "name the primary, or all hosts with target_session_attrs=read-write"
	}
	return "", ""
}

// networkTrouble explains an error on the way to PostgreSQL.
func networkTrouble(err error) (why, mend string) {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	lookup, unknown := errors.AsType[*net.DNSError](err)
	cut, timed := errors.AsType[net.Error](err)
	switch {
	case unknown && lookup.IsNotFound:
		return "the host name is unknown", "check its spelling"
	case unknown:
		return "looking up the host name failed", "check the name resolution of this machine"
	case untrusted:
		return "the certificate of the server is not trusted here", "name its authority with sslrootcert in the URL"
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return "the server lacks TLS, which the URL requires", "turn it on there, or add sslmode=disable if the network is your own"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there", "check that PostgreSQL runs, and that host and port are right"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "this host is unreachable from here", "check network and firewall"
	case errors.Is(err, os.ErrNotExist):
		return "the server's socket does not exist", "check that PostgreSQL runs, and that host and port are right"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), timed && cut.Timeout():
		return "the server does not answer", "check host, port and firewalls"
	}
	return "", ""
}
