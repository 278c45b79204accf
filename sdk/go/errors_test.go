package actionbox

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestEveryProblemIsTold(t *testing.T) {
	err := &InvalidParametersError{[]Problem{{"email", "is required"}, {"", "too many keys"}}}
	if got, want := err.Error(), "invalid parameters: email: is required; too many keys"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOnlyWhatSurelyDidNotRunIsSaidNotToHaveRun(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{Missing("email"), false},
		{&ThrottledError{}, false},
		{&ThrottledError{new(time.Second)}, false},
		{&DeniedError{"no"}, false},
		{&UnknownAppError{"x"}, false},
		{&UnknownActionError{"x", "y"}, false},
		{&ReauthorizationRequiredError{"no"}, false},
		{fmt.Errorf("in a step: %w", &DeniedError{"no"}), false},
		{&UpstreamError{Status: 409}, false},
		{&UpstreamError{Code: "connection-refused"}, false},
		{&UpstreamError{Code: "http-response-timeout"}, true},
		{&UpstreamError{Code: "SOMETHING"}, true},
		{&UpstreamError{Status: 200}, true},
		{&UpstreamError{Status: 302}, true},
		{&UpstreamError{Status: 503, Code: "connection-refused"}, true},
		{fmt.Errorf("in a step: %w", &UpstreamError{Status: 503}), true},
		{&UpstreamError{}, true},
		{errors.New("x"), true},
	} {
		if got := MayHaveRun(test.err); got != test.want {
			t.Errorf("%#v: got %v", test.err, got)
		}
	}
}
