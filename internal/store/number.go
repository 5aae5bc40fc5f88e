package store

import (
	"cmp"
	"strconv"
	"strings"
)

// compareNumbers compares two decimals exactly, without making either as long as its exponent says.
func compareNumbers(a, b string) int {
	x, y := parseNumber(a), parseNumber(b)
	switch {
	case x.sign != y.sign:
		return cmp.Compare(x.sign, y.sign)
	case x.exponent != y.exponent:
		return x.sign * cmp.Compare(x.exponent, y.exponent)
	}
	return x.sign * strings.Compare(x.digits, y.digits)
}

// number is sign × 0.digits × 10^exponent. The digits neither begin nor end with 0.
type number struct {
	sign     int
	digits   string
	exponent int64
}

func parseNumber(s string) number {
	n := number{sign: 1}
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		n.sign, s = -1, rest
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		// What does not fit becomes the largest or the smallest, and compares accordingly.
		n.exponent, _ = strconv.ParseInt(s[i+1:], 10, 32)
		s = s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	n.exponent += int64(len(whole))
	n.digits = whole + fraction
	trimmed := strings.TrimLeft(n.digits, "0")
	n.exponent -= int64(len(n.digits) - len(trimmed))
	if n.digits = strings.TrimRight(trimmed, "0"); n.digits == "" {
		return number{}
	}
	return n
}
