package main

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"maps"
	"strings"

	"actionbox"
)

// Whatever an app put into its own data is its own to judge.
var anyData = jsontext.AllowDuplicateNames(true)

// executor executes one of the upstream's actions. A parameter, so that the steps can be tested without one.
type executor func(action string, parameters actionbox.Parameters) (actionbox.Outcome, error)

// upsert updates the contact with this address, or creates it: search → update what was found, or create.
//
// Nothing is repeated: there is no idempotency key, so a write whose answer was lost may have happened.
// What fails in the connected app is passed on as it is. One such case is a contact that somebody else
// creates between our search and our create: the app refuses the duplicate, and the caller may try again.
func upsert(wanted contact, execute executor) (actionbox.Outcome, error) {
	searched, err := execute("search_contacts", search(wanted))
	if err != nil {
		return nil, nothingWritten(err)
	}
	listed, ok := searched.(actionbox.Success)
	if !ok {
		return searched, nil
	}
	found, err := pick(wanted.email, listed.Data)
	if err != nil {
		return nil, err
	}
	if found != nil && len(wanted.fields) == 0 {
		return report("unchanged", actionbox.Success{Data: found.whole})
	}
	result, action, fields := "created", "create_contact", maps.Clone(wanted.fields)
	if found == nil {
		fields["email"] = quote(wanted.email)
	} else {
		result, action = "updated", "update_contact"
		fields["contact_id"] = quote(found.id)
	}
	written, err := execute(action, fields)
	if err != nil {
		return nil, lost(result, wanted.email, err)
	}
	success, ok := written.(actionbox.Success)
	if !ok {
		return written, nil
	}
	return report(result, success)
}

func search(wanted contact) actionbox.Parameters {
	// Two would do, to see that there is more than one; some more, should the search be a lenient one.
	return actionbox.Parameters{
		"propertyName": quote("email"),
		"operator":     quote("EQ"),
		"value":        quote(wanted.email),
		"limit":        quote("10"),
	}
}

// existing is a contact that is there already.
type existing struct {
	id    string
	whole jsontext.Value
}

// pick picks the contact that has the address; nil when there is none. What the search found beside it is
// not to be written to.
func pick(email string, data jsontext.Value) (*existing, error) {
	var listed struct {
		Results *[]jsontext.Value `json:"results"`
	}
	if json.Unmarshal(data, &listed, anyData) != nil || listed.Results == nil {
		return nil, unreadable("without a list of results")
	}
	var picked *existing
	for _, whole := range *listed.Results {
		var contact struct {
			ID         jsontext.Value `json:"id"`
			Properties struct {
				Email string `json:"email"`
			} `json:"properties"`
		}
		// What is not shaped as a contact does not have the address.
		if json.Unmarshal(whole, &contact, anyData) != nil || !isSame(contact.Properties.Email, email) {
			continue
		}
		if picked != nil {
			return nil, actionbox.Invalid("email",
				"more than one contact has this address; update the right one by its id")
		}
		picked = &existing{whole: whole}
		switch contact.ID.Kind() {
		case jsontext.KindString:
			picked.id = unquote(contact.ID)
		case jsontext.KindNumber:
			picked.id = string(contact.ID)
		}
	}
	if picked != nil && picked.id == "" {
		return nil, unreadable("a contact without an id")
	}
	return picked, nil
}

// isSame compares addresses, of which the case of ASCII letters does not count. Unicode has letters that
// only look the same.
func isSame(one, other string) bool {
	lower := func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	return strings.Map(lower, strings.TrimSpace(one)) == strings.Map(lower, other)
}

// report puts what was done around the contact.
func report(result string, success actionbox.Success) (actionbox.Outcome, error) {
	data, err := json.Marshal(struct {
		Result  string         `json:"result"`
		Contact jsontext.Value `json:"contact"`
	}{result, success.Data}, anyData)
	if err != nil {
		return nil, fmt.Errorf("the contact was %s, but cannot be shown: %w", result, err)
	}
	success.Data = data
	return success, nil
}

func unreadable(what string) error {
	return nothingWritten(&actionbox.UpstreamError{Status: 200, Message: "search_contacts answered " + what})
}

// nothingWritten says so where a failed search could be taken for a failed write.
func nothingWritten(err error) error {
	upstream, ok := errors.AsType[*actionbox.UpstreamError](err)
	if !ok {
		return err
	}
	said := *upstream
	said.Message = "nothing was written: " + said.Message
	return &said
}

// lost says honestly what is known when a write gave no answer.
func lost(result, email string, err error) error {
	if !actionbox.MayHaveRun(err) {
		return err
	}
	advice := fmt.Sprintf(
		"it is unknown whether the contact %s was %s: look before trying again", email, result)
	upstream, ok := errors.AsType[*actionbox.UpstreamError](err)
	if !ok {
		return fmt.Errorf("%s (%w)", advice, err)
	}
	said := *upstream
	said.Message = fmt.Sprintf("%s (%s)", advice, said.Message)
	return &said
}

// quote returns text as a JSON string.
func quote(text string) jsontext.Value {
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		panic(err) // It is not UTF-8, which what was read from JSON always is.
	}
	return quoted
}
