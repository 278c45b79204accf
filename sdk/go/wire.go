package actionbox

import (
	"errors"

	wit "actionbox/internal/bindings/imports/actionbox_plugin_types"
	"actionbox/internal/wit/types"
)

// Between the types of this package and those of the generated bindings.

func listActions(plugin Plugin, app string) wit_types.Result[[]wit.Action, wit.Error] {
	actions, err := plugin.ListActions(app)
	return result(all(actions, wireAction), err)
}

func describeAction(plugin Plugin, app, action string) wit_types.Result[[]wit.Parameter, wit.Error] {
	parameters, err := plugin.DescribeAction(app, action)
	return result(all(parameters, wireParameter), err)
}

func executeAction(plugin Plugin, app, action, text string) wit_types.Result[wit.Outcome, wit.Error] {
	parameters, err := ParseParameters(text)
	if err != nil {
		return result(wit.Outcome{}, err)
	}
	outcome, err := plugin.ExecuteAction(app, action, parameters)
	if err == nil && outcome == nil {
		err = errors.New("the plugin gave neither an outcome nor an error")
	}
	return result(wireOutcome(outcome), err)
}

func result[T any](value T, err error) wit_types.Result[T, wit.Error] {
	if err != nil {
		return wit_types.Err[T](wireError(err))
	}
	return wit_types.Ok[T, wit.Error](value)
}

func all[T, U any](items []T, wire func(T) U) []U {
	wired := make([]U, len(items))
	for i, item := range items {
		wired[i] = wire(item)
	}
	return wired
}

// some is nothing for the zero value, which stands for it in this package.
func some[T comparable](value T) wit_types.Option[T] {
	var none T
	if value == none {
		return wit_types.None[T]()
	}
	return wit_types.Some(value)
}

func wireAction(action Action) wit.Action {
	return wit.Action{
		Id:            action.ID,
		Name:          action.Name,
		Description:   action.Description,
		Tag:           some(action.Tag),
		ClaimedEffect: wireEffect(action.ClaimedEffect),
	}
}

func wireEffect(effect Effect) wit_types.Option[wit.Effect] {
	switch effect {
	case EffectRead:
		return wit_types.Some(wit.Effect_Read)
	case EffectWrite:
		return wit_types.Some(wit.Effect_Write)
	case EffectDestructive:
		return wit_types.Some(wit.Effect_Destructive)
	case EffectRaw:
		return wit_types.Some(wit.Effect_Raw)
	default:
		return wit_types.None[wit.Effect]()
	}
}

func wireParameter(parameter Parameter) wit.Parameter {
	return wit.Parameter{
		Name:     parameter.Name,
		Label:    parameter.Label,
		Required: parameter.Required,
		Kind:     wireKind(parameter.Kind),
	}
}

func wireKind(kind Kind) wit.ParameterKind {
	switch kind {
	case KindText:
		return wit.MakeParameterKindText()
	case KindEmail:
		return wit.MakeParameterKindEmail()
	case KindNumber:
		return wit.MakeParameterKindNumber()
	case KindTextarea:
		return wit.MakeParameterKindTextarea()
	case KindURL:
		return wit.MakeParameterKindUrl()
	case KindJSON:
		return wit.MakeParameterKindJson()
	default:
		return wit.MakeParameterKindOther(string(kind))
	}
}

func wireOutcome(outcome Outcome) wit.Outcome {
	switch outcome := outcome.(type) {
	case Success:
		return wit.MakeOutcomeSucceeded(wit.Success{
			HttpStatus: some(outcome.HTTPStatus),
			Data:       wireData(outcome.Data),
		})
	case Failure:
		return wit.MakeOutcomeFailed(wit.Failure{
			NodeStatus: outcome.NodeStatus,
			HttpStatus: some(outcome.HTTPStatus),
			Data:       wireData(outcome.Data),
		})
	default:
		return wit.Outcome{}
	}
}

// wireData is null for no data, as it is in JSON.
func wireData(data []byte) string {
	if len(data) == 0 {
		return "null"
	}
	return string(data)
}

// wireError finds the error of this package in what a plugin returned. Around it there may be text, which
// is kept where the contract has a place for it.
func wireError(err error) wit.Error {
	said := func(found error, message string) string {
		if found == err {
			return message
		}
		return err.Error()
	}
	if found, ok := errors.AsType[*UnknownAppError](err); ok {
		return wit.MakeErrorUnknownApp(found.App)
	}
	if found, ok := errors.AsType[*UnknownActionError](err); ok {
		return wit.MakeErrorUnknownAction(wit.MissingAction{App: found.App, ActionId: found.Action})
	}
	if found, ok := errors.AsType[*InvalidParametersError](err); ok {
		return wit.MakeErrorInvalidParameters(all(found.Problems, wireProblem))
	}
	if found, ok := errors.AsType[*ReauthorizationRequiredError](err); ok {
		return wit.MakeErrorReauthorizationRequired(said(found, found.Reason))
	}
	if found, ok := errors.AsType[*DeniedError](err); ok {
		return wit.MakeErrorDenied(said(found, found.Reason))
	}
	if found, ok := errors.AsType[*ThrottledError](err); ok {
		wait := wit_types.None[uint64]()
		if found.RetryAfter != nil {
			wait = wit_types.Some(uint64(max(found.RetryAfter.Milliseconds(), 0)))
		}
		return wit.MakeErrorThrottled(wit.Throttle{RetryAfterMs: wait})
	}
	if found, ok := errors.AsType[*UpstreamError](err); ok {
		return wit.MakeErrorUpstream(wit.UpstreamFailure{
			Status:    some(found.Status),
			Code:      some(found.Code),
			Message:   said(found, found.Message),
			RequestId: some(found.RequestID),
		})
	}
	return wit.MakeErrorOther(err.Error())
}

func wireProblem(problem Problem) wit.Problem {
	return wit.Problem{Parameter: some(problem.Parameter), Message: problem.Message}
}
