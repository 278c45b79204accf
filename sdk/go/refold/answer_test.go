package refold

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"actionbox"
)

func ok(body string) *actionbox.Response {
	return &actionbox.Response{Status: 200, Body: []byte(body)}
}

func TestAListingMayLeaveOutWhatIsNotNeeded(t *testing.T) {
	got, err := actions(listing, ok(`[{"action_id":"a","name":"A","description":"does a","tag":"v2","new":{"a":1,"a":2}},
		{"action_id":"b","tag":null}]`))
	want := []actionbox.Action{{ID: "a", Name: "A", Description: "does a", Tag: "v2"}, {ID: "b", Name: "b"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := actions(listing, ok("[]")); err != nil || len(got) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAParameterOfAnUnknownKindKeepsItsWord(t *testing.T) {
	got, err := parameters(describing, ok(`[{"name":"when","label":"When","required":true,"type":"datetime"},{"name":"x"}]`))
	want := []actionbox.Parameter{
		{Name: "when", Label: "When", Required: true, Kind: "datetime"},
		{Name: "x", Label: "x", Kind: actionbox.KindText},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOnlySuccessIsASuccess(t *testing.T) {
	got, err := outcome(executing, ok(`{"node_status":"Success","data":{"id":"1"},"http_status":201}`))
	want := actionbox.Success{HTTPStatus: 201, Data: []byte(`{"id":"1"}`)}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, word := range []string{"Errored", "Failed", "success", "SUCCESS", " Success", "Pending", ""} {
		got, err := outcome(executing, ok(`{"data":1,"node_status":"`+word+`"}`))
		want := actionbox.Failure{NodeStatus: word, Data: []byte("1")}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, %v", word, got, err)
		}
	}
}

func TestDataIsPassedOnAsItWasSent(t *testing.T) {
	for _, data := range []string{
		"null", "1", `"x"`, "[]", "{}", `[1,{"a":null}]`,
		"12345678901234567890123", "0.1000000000000000000001", "1E400", `"\u00e9 ☃"`, `{"a":1,"a":2}`,
	} {
		got, err := outcome(executing, ok(`{"node_status":"Success","data":`+data+`}`))
		if success, _ := got.(actionbox.Success); err != nil || string(success.Data) != data {
			t.Errorf("%s: got %+v, %v", data, got, err)
		}
	}
	got, err := outcome(executing, ok(`{"node_status":"Success"}`))
	if success, _ := got.(actionbox.Success); err != nil || string(success.Data) != "null" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAnOddHTTPStatusIsLeftOut(t *testing.T) {
	for given, want := range map[string]uint16{
		"409": 409, `"409"`: 409, "null": 0, "-1": 0, "70000": 0, "{}": 0, "4.5": 0, `"x"`: 0,
	} {
		got, err := outcome(executing, ok(`{"node_status":"Errored","data":1,"http_status":`+given+`}`))
		if failure, _ := got.(actionbox.Failure); err != nil || failure.HTTPStatus != want {
			t.Errorf("%s: got %+v, %v", given, got, err)
		}
	}
}

func TestAnAnswerOfAnotherShapeIsAFailureOfTheUpstream(t *testing.T) {
	list := func(body string) error { _, err := actions(listing, ok(body)); return err }
	execute := func(body string) error { _, err := outcome(executing, ok(body)); return err }
	for name, err := range map[string]error{
		"an object for a listing":     list("{}"),
		"null for a listing":          list("null"),
		"a listing without ids":       list(`[{"name":"A"}]`),
		"a listing of arrays":         list(`[["a","A","",null]]`),
		"a listing of null":           list("[null]"),
		"a listing with an id twice":  list(`[{"action_id":"a","action_id":"b"}]`),
		"a listing without bottom":    list(strings.Repeat("[", 100_000)),
		"an outcome without bottom":   execute(`{"node_status":"Success","data":` + strings.Repeat("[", 100_000)),
		"nothing":                     list(""),
		"HTML":                        list("<html>welcome</html>"),
		"no node_status":              execute(`{"data":{}}`),
		"another case of letters":     execute(`{"Node_Status":"Success"}`),
		"a node_status that is null":  execute(`{"node_status":null}`),
		"two words":                   execute(`{"node_status":"Failed","node_status":"Success"}`),
		"two words, one escaped":      execute(`{"node_status":"Failed","\u006eode_status":"Success"}`),
		"a broken body":               execute(`{"node_status":"Success","da`),
		"an unfinished body":          execute(`{"node_status":"Success","data":1`),
		"two bodies":                  execute(`{"node_status":"Success"}{}`),
		"an array for an outcome":     execute(`["Success"]`),
		"what is no UTF-8":            execute("{\"node_status\":\"Success\",\"data\":\"\xff\"}"),
		"nothing for an outcome":      execute(""),
		"a number for a node_status":  execute(`{"node_status":1}`),
		"a byte order mark before it": execute("\ufeff{\"node_status\":\"Success\"}"),
	} {
		upstream, ok := errors.AsType[*actionbox.UpstreamError](err)
		if !ok || upstream.Status != 200 || !strings.Contains(err.Error(), "expected") || !actionbox.MayHaveRun(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
