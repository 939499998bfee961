package main

import "testing"

// The setting accepts exactly the URLs of the draft store.
func TestRedisURL(t *testing.T) {
	set := Settings{Mode: "hybrid", DatabaseURL: "sqlite:" + t.TempDir() + "/a.db"}
	for url, ok := range map[string]bool{
		"redis://h": true, "redis://u:p@h:1/2": true, "rediss://h": true, "redis-sentinel://a,b/main": true, "rediss-sentinel://a,b/main": true,
		"redis-cluster://a,b": true, "rediss-cluster://:p@a:7000,b": true,
		"redis://": false, "redis://h:x": false, "redis-sentinel://a": false, "rediss://h?ca=/nope": false, "rediss-cluster://a/1": false, "http://h": false, "redis://a,b": false, "redis://h?tls=on": false,
	} {
		if set.RedisURL = Secret(url); set.checkRedisURL() == nil != ok {
			t.Errorf("%s: %v", url, set.checkRedisURL())
		}
	}
}
