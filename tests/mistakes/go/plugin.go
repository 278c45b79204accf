// What authors get wrong in Go: each action is one mistake, and is named after it.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"actionbox"
	"actionbox/refold"
)

const (
	actions = "https://app.refold.ai/api/v2/integration-schema/hubspot/actions"
	theirs  = "https://api.hubapi.com/crm/v3/objects/contacts"
)

type plugin struct{}

func (plugin) ListActions(app string) ([]actionbox.Action, error) {
	return refold.ListActions(app)
}

func (plugin) DescribeAction(app, action string) ([]actionbox.Parameter, error) {
	return refold.DescribeAction(app, action)
}

func (plugin) ExecuteAction(app, action string, parameters actionbox.Parameters) (actionbox.Outcome, error) {
	switch action {
	// Calls the app itself, as it would outside of the sandbox.
	case "wrong_authority":
		return get(theirs, nil)
	case "plain_http":
		return get(strings.Replace(actions, "https:", "http:", 1), nil)
	case "opens_a_socket":
		answer, err := http.Get(theirs)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		data, err := io.ReadAll(answer.Body)
		return actionbox.Success{Data: data}, err
	// The host adds the credential.
	case "own_key":
		return get(actions, actionbox.Header{"authorization": {"Bearer pat-na1-0123"}})
	// The grant says that this action only reads.
	case "writes_in_a_read":
		return refold.ExecuteAction(app, "create_contact", map[string]string{"email": "ada@example.com"})
	case "swallowed_refusal":
		if outcome, err := get(theirs, nil); err == nil {
			return outcome, nil
		}
		return actionbox.Success{Data: json.RawMessage("[]")}, nil
	// An answer is not yet a success: nobody looked at its status.
	case "swallowed_status":
		return get(actions+"/no_such_action", nil)
	// The data of an outcome is JSON text.
	case "no_json":
		return actionbox.Success{Data: []byte("Ada Lovelace")}, nil
	case "wrong_type":
		var wanted struct {
			Limit string `json:"limit"`
		}
		return actionbox.Success{}, parameters.Decode(&wanted)
	case "out_of_range":
		emails := strings.Split("ada@example.com", ",")
		return actionbox.Success{Data: json.RawMessage(emails[1])}, nil
	case "nil_pointer":
		var answer *actionbox.Response
		return actionbox.Success{Data: answer.Body}, nil
	case "panics":
		panic(errors.New("the contact has no address"))
	case "nothing_returned":
		return nil, nil
	case "exits":
		os.Exit(3)
	case "deadlock":
		<-make(chan struct{})
	case "reads_a_file":
		settings, err := os.ReadFile("settings.json")
		return actionbox.Success{Data: settings}, err
	case "reads_the_environment":
		token, found := os.LookupEnv("HUBSPOT_TOKEN")
		if !found {
			return nil, errors.New("the environment variable HUBSPOT_TOKEN is not set")
		}
		return actionbox.Success{Data: json.RawMessage(token)}, nil
	}
	return nil, &actionbox.UnknownActionError{App: app, Action: action}
}

func get(url string, header actionbox.Header) (actionbox.Outcome, error) {
	answer, err := actionbox.Send(actionbox.Request{Method: "GET", URL: url, Header: header})
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(len(answer.Body))
	return actionbox.Success{Data: data}, err
}

func init() { actionbox.Export(plugin{}) }

// A component has no main; Go wants one.
func main() {}
