package actionbox

import "encoding/json"

// Outcome is how an action ended in the connected app: a [Success] or a [Failure]. They are two types, so
// that the data of a failed action cannot be read as a result by mistake.
//
//	success, ok := outcome.(actionbox.Success)
//	if !ok {
//		return outcome, nil // hands the failure on
//	}
type Outcome interface{ isOutcome() }

// Success says that the connected app did what was asked.
type Success struct {
	// HTTPStatus is the connected app's own status; 0 when the upstream does not tell it.
	HTTPStatus uint16
	// Data is the connected app's answer, exactly as it was sent.
	Data json.RawMessage
}

// Failure says that the connected app was reached and refused, or failed. It is an outcome, not an error.
type Failure struct {
	// NodeStatus is the upstream's word for it, such as Errored or Failed.
	NodeStatus string
	// HTTPStatus is the connected app's own status; 0 when the upstream does not tell it.
	HTTPStatus uint16
	// Data is the connected app's own error body, exactly as it was sent.
	Data json.RawMessage
}

func (Success) isOutcome() {}
func (Failure) isOutcome() {}
