package gatewaytest

// Response is what a client gets.
type Response struct {
	Data   map[string]any
	Errors []Error
	Raw    string // the body
}

// Error is one error of a response.
type Error struct {
	Message    string
	Path       []any
	Extensions struct {
		Code   string
		Fields []struct {
			Path    []any
			Code    string
			Message string
			Limit   any
		}
	}
}

// At returns the value at a path of keys and indexes below data, nil if there is none.
func (r Response) At(path ...any) any {
	var v any = r.Data
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			list, _ := v.([]any)
			if s < 0 || s >= len(list) {
				return nil
			}
			v = list[s]
		}
	}
	return v
}

// Code is the code of the first error, "" if there is none.
func (r Response) Code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	return r.Errors[0].Extensions.Code
}
