package actionbox

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// UnknownAppError says that the upstream has no such app.
type UnknownAppError struct {
	// App is the slug of the app.
	App string
}

// UnknownActionError says that the app has no such action.
type UnknownActionError struct {
	// App is the app that was asked.
	App string
	// Action is the action it does not have.
	Action string
}

// InvalidParametersError says that the parameters are not acceptable. Never worth a retry as it is.
type InvalidParametersError struct {
	// Problems lists each thing that is wrong.
	Problems []Problem
}

// Problem is one thing that is wrong with the parameters of a call.
type Problem struct {
	// Parameter is what it is about; empty when it is about the parameters as a whole.
	Parameter string
	// Message says what is wrong and what would be right, for people.
	Message string
}

// ReauthorizationRequiredError says that the tenant has to connect the app again, or for the first time.
type ReauthorizationRequiredError struct {
	// Reason is why, for people.
	Reason string
}

// DeniedError says that the host, or the upstream, does not permit it.
type DeniedError struct {
	// Reason is why, as far as it is known.
	Reason string
}

// ThrottledError says that there were too many requests: wait.
type ThrottledError struct {
	// RetryAfter is how long to wait before the next try; nil when the upstream does not say so.
	RetryAfter *time.Duration
}

// UpstreamError says that the upstream failed, or answered what it should not.
type UpstreamError struct {
	// Status is the HTTP status of the answer; 0 when there was no answer.
	Status uint16
	// Code is the upstream's code for it, such as SERVER_ERROR; when there was no answer, the code of
	// wasi:http, such as connection-refused. May be empty.
	Code string
	// Message is the upstream's message, or what went wrong on the way, for people.
	Message string
	// RequestID is the upstream's name for this request, to quote to its support. May be empty.
	RequestID string
}

// Invalid returns the error for one parameter whose value the action cannot take.
func Invalid(parameter, message string) *InvalidParametersError {
	return &InvalidParametersError{[]Problem{{parameter, message}}}
}

// Missing returns the error for a required parameter that was left out.
func Missing(parameter string) *InvalidParametersError {
	return Invalid(parameter, "is required")
}

func (e *UnknownAppError) Error() string { return fmt.Sprintf("there is no app %q", e.App) }

func (e *UnknownActionError) Error() string {
	return fmt.Sprintf("the app %q has no action %q", e.App, e.Action)
}

func (e *InvalidParametersError) Error() string {
	problems := make([]string, len(e.Problems))
	for i, problem := range e.Problems {
		problems[i] = problem.String()
	}
	return "invalid parameters: " + strings.Join(problems, "; ")
}

// String returns the problem in words.
func (p Problem) String() string {
	if p.Parameter == "" {
		return p.Message
	}
	return p.Parameter + ": " + p.Message
}

func (e *ReauthorizationRequiredError) Error() string {
	return "the app has to be connected again: " + e.Reason
}

func (e *DeniedError) Error() string { return "denied: " + e.Reason }

func (e *ThrottledError) Error() string {
	if e.RetryAfter == nil {
		return "too many requests"
	}
	return fmt.Sprintf("too many requests: wait %v", *e.RetryAfter)
}

func (e *UpstreamError) Error() string {
	text := "the upstream failed"
	if e.Status != 0 {
		text += fmt.Sprintf(" with HTTP %d", e.Status)
	}
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	return text + ": " + e.Message
}

// MayHaveRun tells whether an action whose execution gave this error may have run all the same. A write
// that may have run must not be repeated blindly. When in doubt, this says true.
func MayHaveRun(err error) bool {
	if upstream, ok := errors.AsType[*UpstreamError](err); ok {
		if upstream.Status != 0 {
			return upstream.Status < 400 || upstream.Status >= 500
		}
		return !notSent(upstream.Code)
	}
	_, nothingRan := errors.AsType[refusal](err)
	return err != nil && !nothingRan
}

// refusal is an error that proves that nothing was carried out.
type refusal interface {
	error
	isRefusal()
}

func (*UnknownAppError) isRefusal()              {}
func (*UnknownActionError) isRefusal()           {}
func (*InvalidParametersError) isRefusal()       {}
func (*ReauthorizationRequiredError) isRefusal() {}
func (*DeniedError) isRefusal()                  {}
func (*ThrottledError) isRefusal()               {}
