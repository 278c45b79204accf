package refold

import (
	"fmt"
	"strings"

	"actionbox"
)

// route is one endpoint of the upstream.
type route struct {
	app     string
	action  *string
	execute bool
}

// request builds the request for this endpoint.
func (r route) request(body []byte) (actionbox.Request, error) {
	app, ok := segment(r.app)
	if !ok {
		return actionbox.Request{}, &actionbox.UnknownAppError{App: r.app}
	}
	url := "https://" + Authority + "/api/v2/integration-schema/" + app + "/actions"
	if r.action != nil {
		action, ok := segment(*r.action)
		if !ok {
			return actionbox.Request{}, r.unknownAction()
		}
		url += "/" + action
	}
	header := actionbox.Header{"accept": {"application/json"}}
	if !r.execute {
		return actionbox.Request{Method: "GET", URL: url, Header: header}, nil
	}
	header["content-type"] = []string{"application/json"}
	return actionbox.Request{Method: "POST", URL: url + "/execute", Header: header, Body: body}, nil
}

func (r route) unknownAction() error {
	return &actionbox.UnknownActionError{App: r.app, Action: *r.action}
}

// segment escapes one segment of a path: what RFC 3986 lets stand in one stands, and nothing more. It is
// not ok for what no segment can be: nothing, or dots that would climb.
func segment(text string) (escaped string, ok bool) {
	if strings.Trim(text, ".") == "" {
		return "", false
	}
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String(), true
}
