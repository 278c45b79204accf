package actionbox

import (
	"encoding/json/v2"
	"errors"
	"strings"
	"testing"
)

func TestTextThatIsNoObjectIsRefused(t *testing.T) {
	for _, bad := range []string{
		"", "null", "[]", `"{}"`, "1", "{", "{}{}", "{} x", "\ufeff{}", strings.Repeat("[", 1000),
		`{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}",
	} {
		_, err := ParseParameters(bad)
		invalid, ok := errors.AsType[*InvalidParametersError](err)
		if !ok || len(invalid.Problems) != 1 || invalid.Problems[0].Parameter != "" {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func TestTextComesOutAsItWentIn(t *testing.T) {
	text := `{"a":[1,1.0,-0.5,123456789012345678901234567890,1E400],"é":"☃ \" \n <&>"}`
	parameters, err := ParseParameters(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(parameters, json.Deterministic(true)); err != nil || string(got) != text {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestWhatDoesNotFitIsNamed(t *testing.T) {
	type input struct {
		Email   string `json:"email"`
		Limit   uint8  `json:"limit"`
		Address struct {
			City string `json:"city"`
		} `json:"address"`
	}
	for text, parameter := range map[string]string{
		`{"email":1}`:                       "email",
		`{"limit":"3"}`:                     "limit",
		`{"limit":256}`:                     "limit",
		`{"address":{"city":[]}}`:           "address",
		`{"email":"a","mail":"b"}`:          "mail",
		`{"address":[],"email":"a"}`:        "address",
		`{"email":"a","address":{"x/y":1}}`: "address",
	} {
		parameters, err := ParseParameters(text)
		if err != nil {
			t.Fatal(err)
		}
		var into input
		err = parameters.Decode(&into, json.RejectUnknownMembers(true))
		invalid, ok := errors.AsType[*InvalidParametersError](err)
		if !ok || invalid.Problems[0].Parameter != parameter || invalid.Problems[0].Message == "" {
			t.Errorf("%s: %v", text, err)
		}
	}
	parameters, _ := ParseParameters(`{"email":"a@b","limit":3,"address":{"city":"x"}}`)
	var into input
	if err := parameters.Decode(&into); err != nil || into.Email != "a@b" || into.Limit != 3 || into.Address.City != "x" {
		t.Errorf("%+v, %v", into, err)
	}
}
