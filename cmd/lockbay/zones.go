package main

// Time zones travel with the program (0.5 MB): --time-zone works in an image from scratch,
// where the system has none.
import _ "time/tzdata"
