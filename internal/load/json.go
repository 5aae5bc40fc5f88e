package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
)

// jsonFormat is JSON Lines: one object on each line. Its lines may have different keys.
type jsonFormat struct{}

// objects yields the objects of all lines that are not blank, with their numbers.
func objects(r io.Reader) iter.Seq2[int, func() (map[string]json.RawMessage, error)] {
	return func(yield func(int, func() (map[string]json.RawMessage, error)) bool) {
		b := bufio.NewReaderSize(r, 64<<10)
		for line := 1; ; line++ {
			text, err := b.ReadBytes('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				yield(line, func() (map[string]json.RawMessage, error) { return nil, err })
				return
			}
			if len(bytes.TrimSpace(text)) > 0 {
				parse := func() (map[string]json.RawMessage, error) {
					var object map[string]json.RawMessage
					if err := json.Unmarshal(text, &object); err != nil || object == nil {
						return nil, &Problem{Line: line, Reason: "is not one JSON object"}
					}
					return object, nil
				}
				if !yield(line, parse) {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
}

// header returns the keys of all lines, which takes reading the file twice.
func (jsonFormat) header(r io.Reader) ([]string, error) {
	names := map[string]bool{}
	for _, parse := range objects(r) {
		object, err := parse()
		if err != nil {
			return nil, err
		}
		for name := range object {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

func (jsonFormat) rows(r io.Reader, names []string) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		rec := record{cells: make([]cell, len(names))}
		for line, parse := range objects(r) {
			object, err := parse()
			if err != nil {
				yield(record{}, err)
				return
			}
			rec.line = line
			for i, name := range names {
				rec.cells[i] = jsonCell(object[name])
			}
			if !yield(rec, nil) {
				return
			}
		}
	}
}

func jsonCell(raw json.RawMessage) cell {
	switch {
	case raw == nil:
		return cell{kind: absentCell}
	case string(raw) == "null":
		return cell{kind: nullCell}
	case raw[0] == '"':
		return cell{text: string(raw), kind: stringCell}
	}
	return cell{text: string(raw), kind: otherCell}
}
