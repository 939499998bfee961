package main

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// numberText is the text of a number's flag. A text that begins with a dash (-1) is a number, and no flag.
func numberText(ctx *kong.DecodeContext, what string) (string, error) {
	if ctx.Scan.Peek().IsEOL() {
		_, err := ctx.Scan.PopValue(what)
		return "", err
	}
	return fmt.Sprint(ctx.Scan.Pop().Value), nil
}

// checkLeast accepts numbers from the tag least of the flag on. Settings have their bounds in Validate.
func checkLeast[N int | time.Duration](ctx *kong.DecodeContext, text string, n N, read func(string) (N, error)) error {
	tag := ctx.Value.Tag.Get("least")
	if least, err := read(tag); err == nil && n < least {
		return fmt.Errorf("%q: want at least %s", text, tag)
	}
	return nil
}

// decodeDuration reads a duration of Go, or days: 7d.
func decodeDuration(ctx *kong.DecodeContext, target reflect.Value) error {
	text, err := numberText(ctx, "duration")
	if err != nil {
		return err
	}
	d, err := readDuration(text)
	if err != nil {
		return fmt.Errorf("%q: want a duration, for example 90s, 60m or 7d", text)
	}
	target.SetInt(int64(d))
	return checkLeast(ctx, text, d, readDuration)
}

func readDuration(text string) (time.Duration, error) {
	days, ok := strings.CutSuffix(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	n, err := strconv.ParseFloat(days, 64)
	if err == nil && !(math.Abs(n) <= 100_000) { // bounds an int64 of nanoseconds
		err = errors.New("out of range")
	}
	return time.Duration(n * float64(24*time.Hour)), err
}

func decodeNumber(ctx *kong.DecodeContext, target reflect.Value) error {
	text, err := numberText(ctx, "number")
	if err != nil {
		return err
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return fmt.Errorf("%q: want a number, for example 10", text)
	}
	target.SetFloat(n)
	return nil
}

// decodeCount reads a whole number, or one of a list; the tag example has such a list.
func decodeCount(ctx *kong.DecodeContext, target reflect.Value) error {
	text, err := numberText(ctx, "whole number")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(text)
	if list := ctx.Value.Tag.Get("example"); err != nil && list != "" {
		return fmt.Errorf("%q: want whole numbers, for example %s", text, list)
	}
	if err != nil {
		return fmt.Errorf("%q: want a whole number, for example 200", text)
	}
	target.SetInt(int64(n))
	return checkLeast(ctx, text, n, strconv.Atoi)
}
