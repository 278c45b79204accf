package refold

import (
	"errors"
	"testing"

	"actionbox"
)

const base = "https://app.refold.ai/api/v2/integration-schema"

var (
	listing    = route{app: "hubspot"}
	describing = route{app: "hubspot", action: new("get_x")}
	executing  = route{app: "hubspot", action: new("get_x"), execute: true}
	all        = []route{listing, describing, executing}
)

func TestEachEndpointHasItsRequest(t *testing.T) {
	for want, route := range map[string]route{
		"GET " + base + "/hubspot/actions":                listing,
		"GET " + base + "/hubspot/actions/get_x":          describing,
		"POST " + base + "/hubspot/actions/get_x/execute": executing,
	} {
		request, err := route.request(nil)
		if got := request.Method + " " + request.URL; err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func TestANameStaysWithinItsSegment(t *testing.T) {
	for name, escaped := range map[string]string{
		"a/b":    "a%2Fb",
		"a?b#c":  "a%3Fb%23c",
		"../x":   "..%2Fx",
		`a\b`:    "a%5Cb",
		"%2e":    "%252e",
		"é ☃":    "%C3%A9%20%E2%98%83",
		"a\r\nb": "a%0D%0Ab",
		"a-_.~":  "a-_.~",
	} {
		request, err := route{app: name}.request(nil)
		if want := base + "/" + escaped + "/actions"; err != nil || request.URL != want {
			t.Errorf("%q: got %s, %v", name, request.URL, err)
		}
	}
	for _, name := range []string{"", ".", "..", "..."} {
		_, err := route{app: name}.request(nil)
		if _, ok := errors.AsType[*actionbox.UnknownAppError](err); !ok {
			t.Errorf("app %q: %v", name, err)
		}
		_, err = route{app: "a", action: &name}.request(nil)
		if _, ok := errors.AsType[*actionbox.UnknownActionError](err); !ok {
			t.Errorf("action %q: %v", name, err)
		}
	}
}
