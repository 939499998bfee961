//go:build !unix

package main

// fileLock is empty on systems without flock. SQLite's own locks keep the data right.
type fileLock struct{}

func lockBeside(string) (*fileLock, bool, error) { return nil, true, nil }

func lockAlone(string) (*fileLock, error) { return &fileLock{}, nil }

func (*fileLock) release() {}
