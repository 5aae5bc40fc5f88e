package gql

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/apierr"
)

// format is a media type of a response.
type format string

const (
	graphqlFormat format = "application/graphql-response+json"
	jsonFormat    format = "application/json"
)

func (f format) contentType() []string {
	if f == jsonFormat {
		return typeJSON
	}
	return typeGraphQL
}

// Values of the Content-Type header, which nobody changes.
var (
	typeJSON    = []string{"application/json; charset=utf-8"}
	typeGraphQL = []string{"application/graphql-response+json; charset=utf-8"}
)

// status is the status of a response without data. Clients of application/json cannot tell our 4xx from a proxy's, so the
// specification has them get 200 for every well-formed request.
func (f format) status(errs gqlerror.List) int {
	if f == jsonFormat {
		return http.StatusOK
	}
	code, _ := errs[0].Extensions["code"].(string)
	return statusOf(apierr.Code(code))
}

// negotiate picks the format that the client prefers, application/graphql-response+json where it has no preference.
// ok is false if it accepts neither.
func negotiate(h http.Header) (f format, ok bool) {
	accept := h.Values("Accept")
	if len(accept) == 0 || len(accept) == 1 && accept[0] == "*/*" { // as most clients say by themselves
		return graphqlFormat, true
	}
	var offers [2]offer // by index in formats
	formats := [2]format{graphqlFormat, jsonFormat}
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		mediaType, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if text, given := params["q"]; given {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		for i, f := range formats {
			offers[i].match(mediaType, q, f)
		}
	}
	switch {
	case offers[0].q > 0 && offers[0].q >= offers[1].q:
		return graphqlFormat, true
	case offers[1].q > 0:
		return jsonFormat, true
	}
	return "", false
}

// offer is how much a client wants a format. A type that is named outweighs a range.
type offer struct {
	q           float64
	specificity int
}

func (o *offer) match(mediaType string, q float64, f format) {
	specificity := 0
	switch mediaType {
	case string(f):
		specificity = 3
	case "application/*":
		specificity = 2
	case "*/*":
		specificity = 1
	}
	if specificity > 0 && specificity >= o.specificity {
		*o = offer{q: q, specificity: specificity}
	}
}
