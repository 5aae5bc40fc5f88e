package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// results is a file of comma-separated values. Its first line says how it was measured. What it holds is not measured again.
type results struct {
	path, how string
	header    []string
	rows      [][]string
	keys      int // the columns at the front that tell rows apart
}

// openResults reads a file, or begins a new one if it is not there or fresh is true.
func openResults(path, how string, fresh bool, keys int, header ...string) (*results, error) {
	r, err := readResults(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && fresh {
		r = &results{path: path, how: how, header: header, keys: keys}
		return r, r.save()
	}
	if err != nil {
		return nil, err
	}
	if !slices.Equal(r.header, header) {
		return nil, fmt.Errorf("%s has other columns; begin anew with -fresh", path)
	}
	if r.how != how {
		return nil, fmt.Errorf("%s was measured otherwise (%s); begin anew with -fresh, or give the same -how", path, r.how)
	}
	r.keys = keys
	return r, nil
}

func readResults(path string) (*results, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	rows, err := csv.NewReader(strings.NewReader(rest)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s has no columns", path)
	}
	return &results{path: path, how: strings.TrimPrefix(first, "# "), header: rows[0], rows: rows[1:]}, nil
}

// has says whether a row with these keys is there.
func (r *results) has(keys ...any) bool {
	return slices.ContainsFunc(r.rows, func(row []string) bool { return slices.Equal(row[:r.keys], texts(keys)) })
}

// add adds a row and saves the file.
func (r *results) add(values ...any) error {
	r.rows = append(r.rows, texts(values))
	return r.save()
}

func texts(values []any) []string {
	out := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case float64:
			out[i] = strconv.FormatFloat(v, 'g', 4, 64)
			if v >= 1000 {
				out[i] = strconv.FormatFloat(v, 'f', 0, 64)
			}
		case time.Duration:
			out[i] = strconv.FormatFloat(v.Seconds()*1000, 'f', 3, 64) // milliseconds
		default:
			out[i] = fmt.Sprint(v)
		}
	}
	return out
}

func (r *results) save() error {
	if err := os.MkdirAll(filepath.Dir(r.path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(r.path)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	fmt.Fprintf(b, "# %s\n", r.how)
	w := csv.NewWriter(b)
	err = w.WriteAll(append([][]string{r.header}, r.rows...))
	return errors.Join(err, b.Flush(), f.Close())
}

// number reads a value of a row by the name of its column.
func (r *results) number(row []string, column string) float64 {
	f, _ := strconv.ParseFloat(r.text(row, column), 64)
	return f
}

func (r *results) text(row []string, column string) string {
	return row[slices.Index(r.header, column)]
}
