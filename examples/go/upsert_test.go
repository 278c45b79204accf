package main

import (
	"encoding/json/v2"
	"errors"
	"reflect"
	"strings"
	"testing"

	"actionbox"
)

// step is a scripted answer of the upstream.
type step struct {
	outcome actionbox.Outcome
	err     error
}

// run runs the steps against scripted answers, and returns the actions that were executed beside the end.
func run(t *testing.T, input string, answers ...step) (actionbox.Outcome, error, []string) {
	t.Helper()
	contact, err := readContact(parse(t, input))
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	outcome, err := upsert(contact, func(action string, parameters actionbox.Parameters) (actionbox.Outcome, error) {
		text, err := json.Marshal(parameters, json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, action+" "+string(text))
		if len(calls) > len(answers) {
			t.Fatalf("no further step was expected: %v", calls)
		}
		answer := answers[len(calls)-1]
		return answer.outcome, answer.err
	})
	if len(calls) != len(answers) {
		t.Fatalf("a step was left out: %v", calls)
	}
	return outcome, err, calls
}

func success(data string) step { return step{outcome: actionbox.Success{Data: []byte(data)}} }
func failure(data string) step {
	return step{outcome: actionbox.Failure{NodeStatus: "Failed", Data: []byte(data)}}
}
func found(results string) step { return success(`{"results":` + results + `}`) }

const (
	input       = `{"email":"ada@example.com","first_name":"Ada"}`
	searched    = `search_contacts {"limit":"10","operator":"EQ","propertyName":"email","value":"ada@example.com"}`
	stored      = `{"id":"51","properties":{"email":"Ada@Example.com"},"size":12345678901234567890123}`
	unknownFate = "it is unknown whether the contact ada@example.com was"
)

func expect(t *testing.T, outcome actionbox.Outcome, err error, want actionbox.Outcome) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(outcome, want) {
		t.Errorf("got %s, %v, want %s", outcome, err, want)
	}
}

func reported(result, contact string) actionbox.Outcome {
	return actionbox.Success{Data: []byte(`{"result":"` + result + `","contact":` + contact + `}`)}
}

func TestAContactThatIsThereIsUpdated(t *testing.T) {
	outcome, err, calls := run(t, input, found("["+stored+"]"), success(stored))
	expect(t, outcome, err, reported("updated", stored))
	if want := []string{searched, `update_contact {"contact_id":"51","firstname":"Ada"}`}; !reflect.DeepEqual(calls, want) {
		t.Errorf("got %v", calls)
	}
}

func TestAContactThatIsNotThereIsCreated(t *testing.T) {
	outcome, err, calls := run(t, input, found("[]"), success(stored))
	expect(t, outcome, err, reported("created", stored))
	if want := []string{searched, `create_contact {"email":"ada@example.com","firstname":"Ada"}`}; !reflect.DeepEqual(calls, want) {
		t.Errorf("got %v", calls)
	}
}

func TestNothingToChangeIsNotWritten(t *testing.T) {
	outcome, err, calls := run(t, `{"email":"ada@example.com"}`, found("["+stored+"]"))
	expect(t, outcome, err, reported("unchanged", stored))
	if !reflect.DeepEqual(calls, []string{searched}) {
		t.Errorf("got %v", calls)
	}
}

func TestNobodyElseIsWrittenTo(t *testing.T) {
	const (
		other     = `{"id":7,"properties":{"email":"ada@example.com.evil"}}`
		lookalike = `{"id":8,"properties":{"email":"ada@example.ℂom"}}`
		nameless  = `{"id":9}`
		odd       = `{"id":10,"properties":["ada@example.com"]},"ada@example.com",null`
	)
	_, _, calls := run(t, input, found("["+other+","+lookalike+","+nameless+","+odd+"]"), success(stored))
	if !strings.HasPrefix(calls[1], "create_contact ") {
		t.Errorf("got %v", calls)
	}
	_, _, calls = run(t, input, found("["+other+","+stored+"]"), success(stored))
	if !strings.HasPrefix(calls[1], `update_contact {"contact_id":"51"`) {
		t.Errorf("got %v", calls)
	}
	_, err, _ := run(t, input, found("["+stored+","+stored+"]"))
	if _, ok := errors.AsType[*actionbox.InvalidParametersError](err); !ok {
		t.Errorf("got %v", err)
	}
	// The Kelvin sign is no k.
	if isSame("k@example.com", "\u212A@example.com") || !isSame(" K@example.com", "k@Example.com") {
		t.Error("addresses are compared wrongly")
	}
}

func TestANumberIsAnIDToo(t *testing.T) {
	_, _, calls := run(t, input, found(`[{"id":12345678901234567890123,"properties":{"email":"ada@example.com"}}]`), success("1"))
	if !strings.HasPrefix(calls[1], `update_contact {"contact_id":"12345678901234567890123"`) {
		t.Errorf("got %v", calls)
	}
}

func TestASearchThatFailsIsNotTakenForNobody(t *testing.T) {
	outcome, err, _ := run(t, input, failure(`"no"`))
	expect(t, outcome, err, failure(`"no"`).outcome)
	_, err, _ = run(t, input, step{err: &actionbox.UpstreamError{Message: "no answer"}})
	if want := (&actionbox.UpstreamError{Message: "nothing was written: no answer"}); !reflect.DeepEqual(err, want) {
		t.Errorf("got %#v", err)
	}
	for _, odd := range []string{
		"{}", "[]", "null", `{"results":{}}`, `{"results":null}`, `{"results":[{"properties":{"email":"ada@example.com"}}]}`,
	} {
		_, err, _ := run(t, input, success(odd))
		upstream, ok := errors.AsType[*actionbox.UpstreamError](err)
		if !ok || !strings.HasPrefix(upstream.Message, "nothing was written") {
			t.Errorf("%s: %v", odd, err)
		}
	}
}

func TestADuplicateThatCameInBetweenIsPassedOn(t *testing.T) {
	outcome, err, _ := run(t, input, found("[]"), failure(`"Contact already exists"`))
	expect(t, outcome, err, failure(`"Contact already exists"`).outcome)
}

func TestALostAnswerToAWriteIsSaidToBeUnknownAndNotRepeated(t *testing.T) {
	for _, lost := range []error{
		&actionbox.UpstreamError{Message: "timeout"},
		&actionbox.UpstreamError{Status: 503, Message: "down"},
		&actionbox.UpstreamError{Status: 200, Message: "garbled"},
		errors.New("who knows"),
	} {
		for _, results := range []string{"[]", "[" + stored + "]"} {
			_, err, _ := run(t, input, found(results), step{err: lost})
			said := lost.Error()
			if upstream, ok := lost.(*actionbox.UpstreamError); ok {
				said = upstream.Message
			}
			if err == nil || !strings.Contains(err.Error(), unknownFate) || !strings.Contains(err.Error(), said) {
				t.Errorf("got %v", err)
			}
		}
	}
}

func TestAWriteThatSurelyDidNotHappenIsNotCalledUnknown(t *testing.T) {
	for _, refused := range []error{
		&actionbox.ThrottledError{},
		&actionbox.DeniedError{Reason: "no"},
		&actionbox.UpstreamError{Message: "refused", Code: "connection-refused"},
	} {
		if _, err, _ := run(t, input, found("[]"), step{err: refused}); err != refused {
			t.Errorf("got %v, want %v", err, refused)
		}
	}
}
