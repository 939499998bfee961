package main

// The files of a SQLite database, beside those of SQLite itself.
const (
	fileDatabase   = "lockbay.db"       // in the data folder
	fileInsightEnd = ".insight.db"      // beside it, with another end: what counts of events are made of
	fileLockEnd    = ".lock"            // beside it, while it is in use
	fileOldEnd     = ".before-restore-" // the old database, after restore --force; a time follows
)
