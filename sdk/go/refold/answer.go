package refold

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"actionbox"
	"actionbox/internal/depth"
)

// What the endpoints answer, read into types. No request is made here.

// What is inside of raw values, and of members that nobody knows, is not looked at.
var allowDuplicates = jsontext.AllowDuplicateNames(true)

// actions reads the answer to a list request.
func actions(route route, answer *actionbox.Response) ([]actionbox.Action, error) {
	listed, err := list[struct {
		ID          *string `json:"action_id"`
		Name        *string `json:"name"`
		Description string  `json:"description"`
		Tag         string  `json:"tag"`
	}](route, answer, "a list of actions")
	if err != nil {
		return nil, err
	}
	actions := make([]actionbox.Action, len(listed))
	for i, action := range listed {
		if action.ID == nil {
			return nil, unreadable(answer, "a list of actions", errors.New("an action has no action_id"))
		}
		actions[i] = actionbox.Action{
			ID:          *action.ID,
			Name:        or(action.Name, *action.ID),
			Description: action.Description,
			Tag:         action.Tag,
		}
	}
	return actions, nil
}

// parameters reads the answer to a describe request.
func parameters(route route, answer *actionbox.Response) ([]actionbox.Parameter, error) {
	described, err := list[struct {
		Name     *string         `json:"name"`
		Label    *string         `json:"label"`
		Required bool            `json:"required"`
		Kind     *actionbox.Kind `json:"type"`
	}](route, answer, "a list of parameters")
	if err != nil {
		return nil, err
	}
	parameters := make([]actionbox.Parameter, len(described))
	for i, parameter := range described {
		if parameter.Name == nil {
			return nil, unreadable(answer, "a list of parameters", errors.New("a parameter has no name"))
		}
		parameters[i] = actionbox.Parameter{
			Name:     *parameter.Name,
			Label:    or(parameter.Label, *parameter.Name),
			Required: parameter.Required,
			Kind:     or(parameter.Kind, actionbox.KindText),
		}
	}
	return parameters, nil
}

// outcome reads the answer to an execute request.
//
// The status 200 says nothing about the action. Only Success, exactly so, is a success.
func outcome(route route, answer *actionbox.Response) (actionbox.Outcome, error) {
	const what = "the outcome of an action"
	if !succeeded(answer) {
		return nil, refusal(route, answer)
	}
	members, err := object(answer.Body)
	if err != nil {
		return nil, unreadable(answer, what, err)
	}
	if members["node_status"].Kind() != jsontext.KindString {
		return nil, unreadable(answer, what, errors.New("it has no node_status"))
	}
	word, err := jsontext.AppendUnquote(nil, members["node_status"])
	if err != nil {
		return nil, unreadable(answer, what, err)
	}
	data, status := members["data"], status(members["http_status"])
	if data == nil {
		data = jsontext.Value("null")
	}
	if string(word) == "Success" {
		return actionbox.Success{HTTPStatus: status, Data: data}, nil
	}
	return actionbox.Failure{NodeStatus: string(word), HTTPStatus: status, Data: data}, nil
}

// status reads the connected app's status, which nothing depends on: what is no status is left out.
func status(value jsontext.Value) uint16 {
	status, err := strconv.ParseUint(strings.Trim(string(value), `"`), 10, 16)
	if err != nil {
		return 0
	}
	return uint16(status)
}

// object reads the members of one JSON object. A name that is given twice is refused: which of the two
// counts would be anybody's guess.
func object(text []byte) (map[string]jsontext.Value, error) {
	if err := depth.Check(text); err != nil {
		return nil, err
	}
	decoder := jsontext.NewDecoder(bytes.NewBuffer(text), allowDuplicates)
	begin, err := decoder.ReadToken()
	if err != nil {
		return nil, err
	}
	if begin.Kind() != jsontext.KindBeginObject {
		return nil, fmt.Errorf("it is no object but starts with %v", begin.Kind())
	}
	members := map[string]jsontext.Value{}
	for decoder.PeekKind() != jsontext.KindEndObject {
		token, err := decoder.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, err
		}
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("it has %q twice", name)
		}
		members[name] = value.Clone()
	}
	if _, err = decoder.ReadToken(); err != nil {
		return nil, err
	}
	if _, err = decoder.ReadToken(); err != io.EOF {
		return nil, errors.New("something follows it")
	}
	return members, nil
}

// list reads a JSON array of objects.
func list[T any](route route, answer *actionbox.Response, what string) ([]T, error) {
	if !succeeded(answer) {
		return nil, refusal(route, answer)
	}
	var raw []jsontext.Value
	err := depth.Check(answer.Body)
	if err == nil {
		err = json.Unmarshal(answer.Body, &raw, allowDuplicates)
	}
	if err == nil && raw == nil {
		err = errors.New("null")
	}
	items := make([]T, len(raw))
	for i, item := range raw {
		if err == nil {
			_, err = object(item)
		}
		if err == nil {
			err = json.Unmarshal(item, &items[i], allowDuplicates)
		}
	}
	if err != nil {
		return nil, unreadable(answer, what, err)
	}
	return items, nil
}

func succeeded(answer *actionbox.Response) bool {
	return answer.Status >= 200 && answer.Status < 300
}

func unreadable(answer *actionbox.Response, what string, err error) error {
	got := "something else: " + err.Error()
	if len(answer.Body) == 0 {
		got = "nothing"
	}
	return &actionbox.UpstreamError{Status: answer.Status, Message: "expected " + what + " and got " + got}
}

func or[T ~string](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}
