package refold

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"actionbox"
	"actionbox/internal/depth"
)

// refusal reads an answer that is no success.
func refusal(route route, answer *actionbox.Response) error {
	envelope := readEnvelope(answer.Body)
	said := strings.ToLower(envelope.message)
	message := envelope.message
	if message == "" {
		message = fmt.Sprintf("it answered %d without a message", answer.Status)
	}

	switch {
	case answer.Status == 429:
		return &actionbox.ThrottledError{RetryAfter: retryAfter(answer)}
	case answer.Status == 401, answer.Status == 403,
		strings.HasPrefix(said, "application authentication not found"),
		mentionsReauthorization(answer.Body):
		return &actionbox.ReauthorizationRequiredError{Reason: message}
	case answer.Status == 404 && strings.HasPrefix(said, "application app_type"):
		return &actionbox.UnknownAppError{App: route.app}
	case answer.Status == 404 && route.action != nil &&
		strings.HasPrefix(said, "action ") && strings.Contains(said, " not found"):
		return route.unknownAction()
	case answer.Status == 400 && envelope.code == "VALIDATION_ERROR" && route.execute:
		return actionbox.Invalid(quoted(message), message)
	default:
		return &actionbox.UpstreamError{
			Status:    answer.Status,
			Code:      envelope.code,
			Message:   message,
			RequestID: envelope.requestID,
		}
	}
}

// envelope is what the error envelope says, as far as there is one: a gateway in between answers as it
// likes.
type envelope struct{ code, message, requestID string }

func readEnvelope(body []byte) envelope {
	var members map[string]jsontext.Value
	if depth.Check(body) != nil || json.Unmarshal(body, &members, allowDuplicates) != nil {
		return envelope{}
	}
	read := envelope{text(members["error_code"]), text(members["message"]), text(members["request_id"])}
	if read.code == "" {
		read.code = text(members["error"])
	}
	return read
}

// text reads a string, or a list of them; anything else says nothing.
func text(value jsontext.Value) string {
	var read any
	if len(value) == 0 || json.Unmarshal(value, &read, allowDuplicates) != nil {
		return ""
	}
	if one, ok := read.(string); ok {
		read = []any{one}
	}
	var texts []string
	items, _ := read.([]any)
	for _, item := range items {
		if item, ok := item.(string); ok {
			texts = append(texts, item)
		}
	}
	return strings.TrimSpace(strings.Join(texts, "; "))
}

// mentionsReauthorization looks for the word everywhere: it may be the code, in the message, or in a field
// of its own.
func mentionsReauthorization(body []byte) bool {
	return bytes.Contains(bytes.ToLower(body), []byte("reauth_required"))
}

// retryAfter reads the seconds to wait. A date is ignored: the sandbox has no clock that it should be
// trusted with.
func retryAfter(answer *actionbox.Response) *time.Duration {
	seconds, err := strconv.ParseUint(strings.TrimSpace(answer.Header.Get("retry-after")), 10, 64)
	if err != nil {
		return nil
	}
	return new(time.Duration(min(seconds, math.MaxInt64/uint64(time.Second))) * time.Second)
}

// quoted returns the first name in single quotes, as in Required parameter 'email' is missing.
func quoted(message string) string {
	_, rest, _ := strings.Cut(message, "'")
	name, _, _ := strings.Cut(rest, "'")
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
	if strings.Trim(name, plain) != "" {
		return ""
	}
	return name
}
