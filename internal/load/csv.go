package load

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
)

// csvFormat is comma-separated values after RFC 4180, in UTF-8, with or without a byte order mark.
type csvFormat struct{}

func newCSV(r io.Reader) *csv.Reader {
	b := bufio.NewReaderSize(r, 64<<10)
	if mark, _ := b.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = b.Discard(3)
	}
	c := csv.NewReader(b)
	c.ReuseRecord = true
	return c
}

func (csvFormat) header(r io.Reader) ([]string, error) {
	names, err := newCSV(r).Read()
	if errors.Is(err, io.EOF) {
		return nil, &Problem{Reason: "is empty; the first line must name the columns"}
	}
	return names, csvError(err)
}

func (csvFormat) rows(r io.Reader, names []string) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		c := newCSV(r)
		header, err := c.Read()
		if err != nil {
			yield(record{}, csvError(err))
			return
		}
		from := make([]int, len(names))
		for i, name := range names {
			from[i] = indexOf(header, name)
		}
		rec := record{cells: make([]cell, len(names))}
		for {
			fields, err := c.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(record{}, csvError(err))
				return
			}
			rec.line, _ = c.FieldPos(0)
			for i, k := range from {
				rec.cells[i] = cell{text: fields[k]}
				if fields[k] == "" {
					rec.cells[i].kind = emptyCell
				}
			}
			if !yield(rec, nil) {
				return
			}
		}
	}
}

func csvError(err error) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	reason := parse.Err.Error()
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		reason = "has more or fewer cells than the header"
	case errors.Is(err, csv.ErrQuote), errors.Is(err, csv.ErrBareQuote):
		reason = fmt.Sprintf(`has a quote at character %d that is neither at the border of a cell nor doubled`, parse.Column)
	}
	return &Problem{Line: parse.Line, Reason: reason}
}
