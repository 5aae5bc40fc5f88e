package gql

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
)

// write sends a response. It writes the envelope around the data itself: encoding/json would scan and copy every byte of
// data that is JSON already. No data means that nothing was executed.
func (h *handler) write(w http.ResponseWriter, status int, f format, resp *graphql.Response) {
	head, tail := envelope(resp)
	// In as few pieces as can be: net/http may make a packet of each.
	send(w, status, f, head, append(resp.Data, tail...))
}

// The envelope of nearly all responses.
var beforeData, afterData = []byte(`{"data":`), []byte("}")

// envelope is what stands before and after the data. It must not be changed.
func envelope(resp *graphql.Response) (before, after []byte) {
	if len(resp.Errors) == 0 && len(resp.Extensions) == 0 && resp.Data != nil {
		return beforeData, afterData
	}
	var head bytes.Buffer
	head.WriteByte('{')
	if len(resp.Errors) > 0 {
		head.WriteString(`"errors":`)
		encode(&head, resp.Errors)
	}
	if resp.Data != nil {
		if head.Len() > 1 {
			head.WriteByte(',')
		}
		head.WriteString(`"data":`)
	}
	var tail bytes.Buffer
	if len(resp.Extensions) > 0 {
		tail.WriteString(`,"extensions":`)
		encode(&tail, resp.Extensions)
	}
	tail.WriteByte('}')
	return head.Bytes(), tail.Bytes()
}

// lengthByItself is the length up to which net/http finds the length of a response for itself, without memory for it.
const lengthByItself = 2048

func send(w http.ResponseWriter, status int, f format, body ...[]byte) {
	length := 0
	for _, part := range body {
		length += len(part)
	}
	w.Header()["Content-Type"] = f.contentType()
	if length > lengthByItself {
		w.Header()["Content-Length"] = []string{strconv.Itoa(length)}
	}
	w.WriteHeader(status)
	for _, part := range body {
		if _, err := w.Write(part); err != nil {
			return // the client went away
		}
	}
}

// encode writes values of ours, which always encode.
func encode(buf *bytes.Buffer, v any) {
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	buf.Truncate(buf.Len() - 1) // Encode ends with a newline
}
