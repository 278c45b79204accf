package actionbox

import "strings"

// Request is an HTTP request. The host decides whether it leaves, rebuilds it and adds the credentials.
type Request struct {
	// Method is the HTTP method, in capitals.
	Method string
	// URL is absolute and names the upstream by its public name.
	URL string
	// Header must hold no credential: the host refuses it.
	Header Header
	// Body may be empty. Its content-length is always set.
	Body []byte
}

// Response is the whole answer to a [Request].
type Response struct {
	// Status is the HTTP status.
	Status uint16
	// Header holds the headers that the host lets in.
	Header Header
	// Body is read to its end.
	Body []byte
}

// Header holds header fields, by their name in lower case.
type Header map[string][]string

// Get returns the first value of a field, or nothing.
func (h Header) Get(name string) string {
	if values := h[strings.ToLower(name)]; len(values) > 0 {
		return values[0]
	}
	return ""
}
