package main

// The program contains the time zones (0.5 MB), so that --time-zone works in an image from scratch.
import _ "time/tzdata"
