// Package insight says from the events of conversations how people fare: the five metrics, whether each is over its
// threshold, and what to do about it. All of it is pure: functions of counts, facts and times.
package insight
