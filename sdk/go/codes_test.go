package actionbox

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestEveryCodeOfTheContractHasItsName(t *testing.T) {
	text, err := os.ReadFile("../../wit/deps/http.wit")
	if errors.Is(err, os.ErrNotExist) {
		text, err = os.ReadFile("../wit/deps/http.wit") // In a project of its own.
	}
	if err != nil {
		t.Fatal(err)
	}
	_, variant, _ := strings.Cut(string(text), "variant error-code {")
	variant, _, _ = strings.Cut(variant, "}")
	cases := regexp.MustCompile(`(?m)^\s+%?([a-zA-Z-]+)(\(.*\))?,$`).FindAllStringSubmatch(variant, -1)
	if len(cases) != len(errorCodes) {
		t.Fatalf("%d codes, and %d names", len(cases), len(errorCodes))
	}
	for i, found := range cases {
		if want := strings.ToLower(found[1]); errorCodes[i].name != want {
			t.Errorf("code %d: got %q, want %q", i, errorCodes[i].name, want)
		}
	}
}

func TestARefusalOfTheHostIsDenied(t *testing.T) {
	if _, ok := errors.AsType[*DeniedError](unanswered(denied)); !ok {
		t.Error(unanswered(denied))
	}
}

func TestALostAnswerSaysThatNobodyKnows(t *testing.T) {
	err := unanswered("http-response-timeout")
	upstream, ok := errors.AsType[*UpstreamError](err)
	if !ok || upstream.Status != 0 || upstream.Code != "http-response-timeout" ||
		!strings.Contains(upstream.Message, "whether the request was carried out is unknown") {
		t.Errorf("%#v", err)
	}
	if !MayHaveRun(err) {
		t.Error("it is said not to have run")
	}
}

func TestARefusedConnectionSaysThatNothingWasSent(t *testing.T) {
	err := unanswered("connection-refused")
	if upstream, ok := errors.AsType[*UpstreamError](err); !ok ||
		upstream.Message != "the request was not sent: connection refused" {
		t.Errorf("%#v", err)
	}
	if MayHaveRun(err) {
		t.Error("it is said that it may have run")
	}
}
