package actionbox

import (
	"errors"
	"fmt"
	"testing"
	"time"

	wit "actionbox/internal/bindings/imports/actionbox_plugin_types"
)

// scripted is a plugin whose functions are set by a test; one that is not must not be called.
type scripted struct {
	list     func() ([]Action, error)
	describe func() ([]Parameter, error)
	execute  func(Parameters) (Outcome, error)
}

func (s scripted) ListActions(string) ([]Action, error)               { return s.list() }
func (s scripted) DescribeAction(string, string) ([]Parameter, error) { return s.describe() }
func (s scripted) ExecuteAction(_, _ string, parameters Parameters) (Outcome, error) {
	return s.execute(parameters)
}

func TestParametersThatAreNoObjectNeverReachThePlugin(t *testing.T) {
	for _, bad := range []string{"", "[]", "{", "null"} {
		answer := executeAction(scripted{}, "app", "act", bad)
		if answer.IsOk() || answer.Err().Tag() != wit.Error_InvalidParameters {
			t.Errorf("%q", bad)
		}
	}
}

func TestWhatAPluginReturnsCrossesWhole(t *testing.T) {
	listed := listActions(scripted{list: func() ([]Action, error) {
		return []Action{{ID: "a", Name: "A", Tag: "v2", ClaimedEffect: EffectRaw}, {ID: "b"}}, nil
	}}, "app").Ok()
	if listed[0].Id != "a" || listed[0].Tag.Some() != "v2" || listed[0].ClaimedEffect.Some() != wit.Effect_Raw {
		t.Errorf("%+v", listed[0])
	}
	if listed[1].Tag.IsSome() || listed[1].ClaimedEffect.IsSome() {
		t.Errorf("%+v", listed[1])
	}
	described := describeAction(scripted{describe: func() ([]Parameter, error) {
		return []Parameter{{Name: "a", Label: "A", Required: true, Kind: KindURL}, {Kind: "datetime"}}, nil
	}}, "app", "act").Ok()
	if !described[0].Required || described[0].Kind.Tag() != wit.ParameterKind_Url || described[1].Kind.Other() != "datetime" {
		t.Errorf("%+v", described)
	}
	outcome := func(outcome Outcome) wit.Outcome {
		return executeAction(scripted{execute: func(Parameters) (Outcome, error) { return outcome, nil }}, "", "", "{}").Ok()
	}
	if got := outcome(Success{HTTPStatus: 201, Data: []byte("1")}).Succeeded(); got.Data != "1" || got.HttpStatus.Some() != 201 {
		t.Errorf("%+v", got)
	}
	if got := outcome(Failure{NodeStatus: "Errored"}).Failed(); got.Data != "null" || got.NodeStatus != "Errored" || got.HttpStatus.IsSome() {
		t.Errorf("%+v", got)
	}
}

func TestEveryErrorCrossesAsItself(t *testing.T) {
	for _, test := range []struct {
		err  error
		want wit.Error
	}{
		{&UnknownAppError{"a"}, wit.MakeErrorUnknownApp("a")},
		{&UnknownActionError{"a", "b"}, wit.MakeErrorUnknownAction(wit.MissingAction{App: "a", ActionId: "b"})},
		{&ReauthorizationRequiredError{"why"}, wit.MakeErrorReauthorizationRequired("why")},
		{&DeniedError{"why"}, wit.MakeErrorDenied("why")},
		{&ThrottledError{new(2 * time.Second)}, wit.MakeErrorThrottled(wit.Throttle{RetryAfterMs: some(uint64(2000))})},
		{&ThrottledError{}, wit.MakeErrorThrottled(wit.Throttle{})},
		{
			&UpstreamError{503, "X", "m", "r"},
			wit.MakeErrorUpstream(wit.UpstreamFailure{Status: some(uint16(503)), Code: some("X"), Message: "m", RequestId: some("r")}),
		},
		{errors.New("x"), wit.MakeErrorOther("x")},
		{fmt.Errorf("step: %w", &DeniedError{"why"}), wit.MakeErrorDenied("step: denied: why")},
		{
			fmt.Errorf("step: %w", &UpstreamError{Status: 500, Message: "m"}),
			wit.MakeErrorUpstream(wit.UpstreamFailure{Status: some(uint16(500)), Message: "step: the upstream failed with HTTP 500: m"}),
		},
	} {
		if got := wireError(test.err); got != test.want {
			t.Errorf("%#v: got %+v", test.err, got)
		}
	}
	problems := wireError(&InvalidParametersError{[]Problem{{"a", "m"}, {"", "n"}}}).InvalidParameters()
	if problems[0].Parameter.Some() != "a" || problems[1].Parameter.IsSome() || problems[1].Message != "n" {
		t.Errorf("%+v", problems)
	}
}
