package main

// The files of a SQLite database, beside those of SQLite itself.
const (
	fileDatabase = "lockbay.db"       // in the data folder
	fileLockEnd  = ".lock"            // beside it, while it is in use
	fileOldEnd   = ".before-restore-" // the old database, after restore --force; a time follows
)
