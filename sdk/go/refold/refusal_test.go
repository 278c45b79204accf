package refold

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"actionbox"
)

func answer(status uint16, body string) *actionbox.Response {
	return &actionbox.Response{Status: status, Header: actionbox.Header{}, Body: []byte(body)}
}

func envelopeOf(status uint16, code, message string) *actionbox.Response {
	const form = `{"status_code":%d,"http_error_type":"X","error_code":%q,"message":%q,"request_id":"r1"}`
	return answer(status, fmt.Sprintf(form, status, code, message))
}

func upstream(t *testing.T, err error) actionbox.UpstreamError {
	t.Helper()
	failure, ok := err.(*actionbox.UpstreamError)
	if !ok {
		t.Fatalf("no failure of the upstream: %#v", err)
	}
	return *failure
}

func expect(t *testing.T, got, want error) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

func TestAnUnknownAppIsToldFromAnUnknownAction(t *testing.T) {
	noApp := envelopeOf(404, "SERVER_ERROR", "Application app_type 'hubspot' not found")
	for _, route := range all {
		expect(t, refusal(route, noApp), &actionbox.UnknownAppError{App: "hubspot"})
	}
	noAction := envelopeOf(404, "SERVER_ERROR", "Action get_x not found in Application hubspot")
	for _, route := range []route{describing, executing} {
		expect(t, refusal(route, noAction), &actionbox.UnknownActionError{App: "hubspot", Action: "get_x"})
	}
	if got := upstream(t, refusal(listing, noAction)); got.Status != 404 {
		t.Errorf("%+v", got)
	}
}

func TestA404OfAnotherKindIsNoUnknownAction(t *testing.T) {
	for _, body := range []string{"", "<html>404</html>", `{"message":"Not Found"}`, `{"message":"Actions are off"}`} {
		for _, route := range all {
			if got := upstream(t, refusal(route, answer(404, body))); got.Status != 404 {
				t.Errorf("%s: %+v", body, got)
			}
		}
	}
}

func TestAMissingParameterIsNamed(t *testing.T) {
	const message, vague = "Required parameter 'email' is missing", "Body isn't what it should be, isn't it"
	missing := envelopeOf(400, "VALIDATION_ERROR", message)
	expect(t, refusal(executing, missing), actionbox.Invalid("email", message))
	expect(t, refusal(executing, envelopeOf(400, "VALIDATION_ERROR", vague)), actionbox.Invalid("", vague))
	// Nothing was given that could be invalid.
	if got := upstream(t, refusal(listing, missing)); got.Status != 400 {
		t.Errorf("%+v", got)
	}
	// Another code is another thing.
	if got := upstream(t, refusal(executing, envelopeOf(400, "SERVER_ERROR", "no"))); got.Status != 400 {
		t.Errorf("%+v", got)
	}
}

func TestTheCodeMayBeCalledError(t *testing.T) {
	body := `{"status_code":400,"error":"VALIDATION_ERROR","message":"Required parameter 'a' is missing"}`
	expect(t, refusal(executing, answer(400, body)), actionbox.Invalid("a", "Required parameter 'a' is missing"))
	if got := upstream(t, refusal(executing, answer(500, `{"error":"BOOM","message":"m"}`))); got.Code != "BOOM" || got.RequestID != "" {
		t.Errorf("%+v", got)
	}
}

func TestTheTenantIsAskedToConnectAgain(t *testing.T) {
	const notConnected = "Application Authentication not found for linked_account_id x and app hubspot"
	for _, answer := range []*actionbox.Response{
		envelopeOf(401, "SERVER_ERROR", "Invalid Credentials"),
		envelopeOf(403, "SERVER_ERROR", "no"),
		answer(401, ""),
		envelopeOf(400, "SERVER_ERROR", notConnected),
		envelopeOf(404, "SERVER_ERROR", notConnected),
		envelopeOf(400, "reauth_required", "token expired"),
		envelopeOf(422, "SERVER_ERROR", "REAUTH_REQUIRED: token expired"),
		answer(400, `{"details":{"reason":"reauth_required"}}`),
	} {
		for _, route := range all {
			if err, ok := refusal(route, answer).(*actionbox.ReauthorizationRequiredError); !ok || err.Reason == "" {
				t.Errorf("%s: %v", answer.Body, refusal(route, answer))
			}
		}
	}
}

func TestBeingThrottledCarriesTheWait(t *testing.T) {
	for value, want := range map[string]*time.Duration{
		"3": new(3 * time.Second), " 0 ": new(time.Duration(0)), "-1": nil, "soon": nil, "": nil,
		"Wed, 21 Oct 2026 07:28:00 GMT": nil, "18446744073709551615": new(9223372036 * time.Second),
	} {
		throttled := answer(429, "<html>slow down</html>")
		throttled.Header["retry-after"] = []string{value}
		expect(t, refusal(executing, throttled), &actionbox.ThrottledError{RetryAfter: want})
	}
}

func TestAFailureKeepsWhatWasSaid(t *testing.T) {
	expect(t, refusal(executing, envelopeOf(503, "SERVER_ERROR", "try later")),
		&actionbox.UpstreamError{Status: 503, Code: "SERVER_ERROR", Message: "try later", RequestID: "r1"})
	expect(t, refusal(executing, answer(500, `{"message":["a is bad",7,"b too"],"error":{}}`)),
		&actionbox.UpstreamError{Status: 500, Message: "a is bad; b too"})
}

func TestABodyThatIsNoEnvelopeIsNotRepeated(t *testing.T) {
	for _, body := range []string{
		"", "<html>Bad Gateway</html>", "null", "[]", `"x"`, "{", `{"message":7}`, "\x00\x01",
		`{"message":"m","x":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + "}",
	} {
		expect(t, refusal(executing, answer(502, body)),
			&actionbox.UpstreamError{Status: 502, Message: "it answered 502 without a message"})
	}
}

func TestARedirectIsAFailure(t *testing.T) {
	expect(t, refusal(listing, answer(302, "")),
		&actionbox.UpstreamError{Status: 302, Message: "it answered 302 without a message"})
}
