package actionbox

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"

	"actionbox/internal/depth"
)

// Parameters are what an action is executed with: the raw JSON value of each, by its name. No digit of a
// number is lost.
type Parameters map[string]jsontext.Value

// Of a name that is given twice, the last value counts, as it does for the upstream.
var allowDuplicates = jsontext.AllowDuplicateNames(true)

// ParseParameters reads the text of one JSON object. What is none is an [*InvalidParametersError].
func ParseParameters(text string) (Parameters, error) {
	var parameters Parameters
	err := depth.Check([]byte(text))
	if err == nil {
		err = json.Unmarshal([]byte(text), &parameters, allowDuplicates)
	}
	_, other := errors.AsType[*json.SemanticError](err)
	switch {
	case other, err == nil && parameters == nil:
		return nil, Invalid("", "must be one JSON object, not another JSON value")
	case err != nil:
		return nil, Invalid("", "must be one JSON object: "+err.Error())
	default:
		return parameters, nil
	}
}

// Decode reads the parameters into a variable of the plugin's own, usually a pointer to a struct. What
// does not fit is an [*InvalidParametersError] that names the parameter. The options are those of
// encoding/json/v2, [json.RejectUnknownMembers] for example.
func (p Parameters) Decode(into any, options ...json.Options) error {
	options = append(options, allowDuplicates)
	text, err := json.Marshal(p, options...)
	if err != nil {
		return Invalid("", err.Error())
	}
	err = json.Unmarshal(text, into, options...)
	misfit, ok := errors.AsType[*json.SemanticError](err)
	switch {
	case err == nil:
		return nil
	case !ok:
		return Invalid("", err.Error())
	case misfit.Err != nil:
		return Invalid(first(misfit.JSONPointer), misfit.Err.Error())
	default:
		message := fmt.Sprintf("a JSON %v does not fit where %v is expected", misfit.JSONKind, misfit.GoType)
		return Invalid(first(misfit.JSONPointer), message)
	}
}

// first returns the first name of a pointer: that of the parameter.
func first(pointer jsontext.Pointer) string {
	for name := range pointer.Tokens() {
		return name
	}
	return ""
}
