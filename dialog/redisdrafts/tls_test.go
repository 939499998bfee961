package redisdrafts_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog/redisdrafts"
	"github.com/lockbay/lockbay/internal/testdb"
)

// certificate makes a self-signed certificate for 127.0.0.1, readable by the
// server's user.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "lockbay-tls-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o644); err != nil { // #nosec G306 -- another user reads it
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil { // #nosec G302 -- likewise
		t.Fatal(err)
	}
	return cert, key
}

// TestTLSAndACL: the rights in the package documentation suffice.
func TestTLSAndACL(t *testing.T) {
	cert, key := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	node := testdb.RedisServer(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert)
	acl := []string{"ACL", "SETUSER", "bot", "on", ">hunter2", "~draft:*"}
	acl = append(acl, strings.Fields("+get +set +del +eval +evalsha +getrange +ping")...)
	node.Do(acl...)
	for _, url := range []string{
		fmt.Sprintf("redis://bot:hunter2@%s/0", node.Addr()),
		fmt.Sprintf("rediss://bot:hunter2@127.0.0.1:%s?ca=%s&cert=%s&key=%s", port, cert, cert, key),
	} {
		node.Flush()
		t.Run(url[:6], func(t *testing.T) { contract(t, url) })
	}
	for _, url := range []string{
		fmt.Sprintf("redis://bot:hunter3@%s", node.Addr()),
		fmt.Sprintf("rediss://bot:hunter3@127.0.0.1:%s?ca=%s&cert=%s&key=%s", port, cert, cert, key),
		fmt.Sprintf("rediss://bot:hunter3@127.0.0.1:%s?cert=%s&key=%s", port, cert, key), // its issuer is not trusted
		fmt.Sprintf("rediss://bot:hunter3@127.0.0.1:%s?ca=%s", port, cert),               // no client certificate
		fmt.Sprintf("redis://bot:hunter3@127.0.0.1:%s", port),
		fmt.Sprintf("rediss://bot:hunter3@%s?ca=%s", node.Addr(), cert),
	} {
		var reported []string
		o := redisdrafts.Options{Timeout: time.Second, Trouble: func(what string, err error) { reported = append(reported, err.Error()) }}
		s := open(t, url, o)
		_, err := s.Get(t.Context(), name)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		ping := s.Ping(ctx)
		cancel()
		if err == nil || ping == nil || len(reported) == 0 {
			t.Errorf("%s: get %v, ping %v, reported %q", url, err, ping, reported)
			continue
		}
		if all := err.Error() + ping.Error() + strings.Join(reported, ""); strings.Contains(all, "hunter") {
			t.Errorf("a password in %q", all)
		}
	}
}

// TestClusterACL is the same for a cluster, TestSentinelACL for Sentinel.
func TestClusterACL(t *testing.T) {
	var addrs []string
	for _, n := range testdb.RedisClusterNodes(t) {
		n.Do(append([]string{"ACL", "SETUSER", "bot", "on", ">hunter2", "~draft:*"},
			strings.Fields("+get +set +del +eval +evalsha +getrange +ping +asking +cluster|slots")...)...)
		addrs = append(addrs, n.Addr())
	}
	contract(t, "redis-cluster://bot:hunter2@"+strings.Join(addrs, ","))
}

func TestSentinelACL(t *testing.T) {
	watched := testdb.RedisSentinel(t)
	for _, n := range watched.Nodes {
		n.Do(append([]string{"ACL", "SETUSER", "bot", "on", ">hunter2", "~draft:*"},
			strings.Fields("+get +set +del +eval +evalsha +getrange +ping +role")...)...)
	}
	contract(t, "redis-sentinel://bot:hunter2@"+watched.Addr()+"/"+testdb.SentinelMaster+"?db=0")
}
