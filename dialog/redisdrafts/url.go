package redisdrafts

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
)

// ParseURL parses the URL of a Redis:
//
//	redis://[user:password@]host[:6379][/db]
//	redis-sentinel://[user:password@]host[:26379],host…/master[?db=1&sentinel_user=…&sentinel_password=…]
//	redis-cluster://[user:password@]host[:6379],host…
//
// With rediss, rediss-sentinel and rediss-cluster all connections use TLS 1.2
// or later; ?ca=FILE names the certificates to trust instead of the system's,
// ?cert=FILE&key=FILE the client's own. A password alone is :password@.
// Percent-encode characters with a special meaning in URLs. Errors never quote
// the URL, because of its password.
func ParseURL(s string) (rueidis.ClientOption, error) {
	o, err := parseURL(s)
	if err != nil {
		return rueidis.ClientOption{}, fmt.Errorf("redis url: %w", err)
	}
	return o, nil
}

var errScheme = errors.New("want redis://…, redis-sentinel://… or redis-cluster://…, with TLS rediss…")

func parseURL(s string) (o rueidis.ClientOption, err error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return o, errors.New("want redis://host:port")
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	hosts, err := login(&o, authority)
	if err != nil {
		return o, err
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return o, errors.New("parameters must be percent-encoded")
	}
	params := parameters{values}
	kind, secure := strings.CutPrefix(scheme, "rediss")
	if !secure {
		if kind, ok = strings.CutPrefix(scheme, "redis"); !ok {
			return o, errScheme
		}
	}
	port, err := server(&o, kind, path, params)
	if err != nil {
		return o, err
	}
	for _, host := range strings.Split(hosts, ",") {
		addr, err := withPort(host, port)
		if err != nil {
			return o, err
		}
		o.InitAddress = append(o.InitAddress, addr)
	}
	if kind == "" && len(o.InitAddress) > 1 {
		return o, errors.New("several hosts need redis-sentinel:// or redis-cluster://")
	}
	if secure {
		if o.TLSConfig, err = tlsConfig(params.take("ca"), params.take("cert"), params.take("key")); err != nil {
			return o, err
		}
		o.Sentinel.TLSConfig = o.TLSConfig
	}
	if len(params.Values) > 0 { // do not quote them: they may be part of a password without percent-encoding
		return o, errors.New("the parameters are db, ca, cert, key, sentinel_user and sentinel_password")
	}
	return o, nil
}

// parameters are the unread parameters of a URL.
type parameters struct{ url.Values }

func (p parameters) take(name string) string {
	v := p.Get(name)
	p.Del(name)
	return v
}

// login splits user and password from the hosts.
func login(o *rueidis.ClientOption, authority string) (hosts string, err error) {
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return authority, nil
	}
	user, password, _ := strings.Cut(authority[:at], ":")
	var err1, err2 error
	o.Username, err1 = url.PathUnescape(user)
	o.Password, err2 = url.PathUnescape(password)
	if err1 != nil || err2 != nil {
		return "", errors.New("user and password must be percent-encoded")
	}
	return authority[at+1:], nil
}

// server sets the options of the kind of server and returns its default port.
func server(o *rueidis.ClientOption, kind, path string, params parameters) (port string, err error) {
	port = "6379"
	db := params.take("db")
	switch kind {
	case "":
		o.ForceSingleClient = true
		if path != "" {
			db = path
		}
	case "-sentinel":
		port = "26379"
		if o.Sentinel.MasterSet = path; path == "" {
			return "", errors.New("want the name of the master: redis-sentinel://host:26379/master")
		}
		o.Sentinel.Username, o.Sentinel.Password = params.take("sentinel_user"), params.take("sentinel_password")
	case "-cluster":
		if path != "" && path != "0" || db != "" && db != "0" {
			return "", errors.New("a cluster has database 0 only")
		}
		db = ""
	default:
		return "", errScheme
	}
	if db != "" {
		if o.SelectDB, err = strconv.Atoi(db); err != nil || o.SelectDB < 0 {
			return "", errors.New("the database must be a number")
		}
	}
	return port, nil
}

// withPort adds the default port to a host. IPv6 addresses stand in brackets.
func withPort(host, port string) (string, error) {
	h, p, err := net.SplitHostPort(host)
	if err != nil {
		h, p = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), port
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if h == "" || err != nil || n == 0 {
		return "", errors.New("want host:port")
	}
	return net.JoinHostPort(h, p), nil
}

// tlsConfig trusts the certificates in the file ca (empty: the system's) and
// presents the certificate of cert and key. Each connection verifies its own
// server's name.
func tlsConfig(ca, cert, key string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca) // #nosec G304 -- named by the operator
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("no certificate in %s", ca)
		}
	}
	if cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
