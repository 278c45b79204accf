// Package refold is a typed client for Refold's action API: its three endpoints, and all that they answer.
//
// It knows no credential: the host adds it. It retries nothing: the host repeats what is safe to repeat.
package refold

import (
	"encoding/json/v2"
	"fmt"

	"actionbox"
)

// Authority is the name by which plugins call the upstream. Where it really is, only the host knows.
const Authority = "app.refold.ai"

// ListActions lists the actions of an app. The upstream does not tell effects, so none is claimed.
//
// Its error is an [*actionbox.UnknownAppError]; an [*actionbox.ReauthorizationRequiredError],
// [*actionbox.ThrottledError] or [*actionbox.UpstreamError] as the upstream answers; or an
// [*actionbox.DeniedError] when the host does not let the request out.
func ListActions(app string) ([]actionbox.Action, error) {
	route := route{app: app}
	answer, err := send(route, nil)
	if err != nil {
		return nil, err
	}
	return actions(route, answer)
}

// DescribeAction describes the parameters of an action. Its errors are those of [ListActions] and an
// [*actionbox.UnknownActionError].
func DescribeAction(app, action string) ([]actionbox.Parameter, error) {
	route := route{app: app, action: &action}
	answer, err := send(route, nil)
	if err != nil {
		return nil, err
	}
	return parameters(route, answer)
}

// ExecuteAction executes an action. Its parameters are anything that encoding/json/v2 writes as an object:
// [actionbox.Parameters], a map or a struct.
//
// Its errors are those of [DescribeAction] and an [*actionbox.InvalidParametersError] when the upstream
// refuses the parameters. [actionbox.MayHaveRun] tells whether the action may have run in spite of the
// error.
func ExecuteAction(app, action string, parameters any) (actionbox.Outcome, error) {
	body, err := json.Marshal(parameters, json.Deterministic(true), allowDuplicates)
	if err != nil {
		return nil, fmt.Errorf("the parameters cannot be written as JSON: %w", err)
	}
	route := route{app: app, action: &action, execute: true}
	answer, err := send(route, body)
	if err != nil {
		return nil, err
	}
	return outcome(route, answer)
}

func send(route route, body []byte) (*actionbox.Response, error) {
	request, err := route.request(body)
	if err != nil {
		return nil, err
	}
	return actionbox.Send(request)
}
