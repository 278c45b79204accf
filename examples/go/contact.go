package main

import (
	"encoding/json/jsontext"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"actionbox"
)

const (
	emailName = "email"
	moreName  = "additional_fields"
)

// The optional parameters: our name, the upstream's, the label.
var fields = []struct{ name, theirs, label string }{
	{"first_name", "firstname", "First name"},
	{"last_name", "lastname", "Last name"},
	{"phone", "phone", "Phone"},
	{"company", "company", "Company"},
	{"website", "website", "Website"},
	{"job_title", "jobtitle", "Job title"},
	{"owner_id", "hubspot_owner_id", "Owner ID"},
}

// contact is a contact as the caller wants it to be.
type contact struct {
	// What it is found by.
	email string
	// What is to be set, by the upstream's names. Without the address.
	fields actionbox.Parameters
}

// contactParameters describes the parameters of upsert_contact.
func contactParameters() []actionbox.Parameter {
	parameters := []actionbox.Parameter{
		{Name: emailName, Label: "E-mail", Required: true, Kind: actionbox.KindEmail},
	}
	for _, field := range fields {
		parameters = append(parameters,
			actionbox.Parameter{Name: field.name, Label: field.label, Kind: actionbox.KindText})
	}
	return append(parameters,
		actionbox.Parameter{Name: moreName, Label: "Additional fields", Kind: actionbox.KindJSON})
}

// readContact reads a contact, and lists every problem there is, not only the first.
func readContact(parameters actionbox.Parameters) (contact, error) {
	read := contact{fields: actionbox.Parameters{}}
	var problems []actionbox.Problem
	email, wrong := readEmail(parameters[emailName])
	read.email = email
	if wrong != "" {
		problems = append(problems, actionbox.Problem{Parameter: emailName, Message: wrong})
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if name == emailName {
			continue
		}
		theirs, value, wrong := readField(name, parameters[name])
		if wrong != "" {
			problems = append(problems, actionbox.Problem{Parameter: name, Message: wrong})
		} else if value != nil {
			read.fields[theirs] = value
		}
	}
	if problems != nil {
		return contact{}, &actionbox.InvalidParametersError{Problems: problems}
	}
	return read, nil
}

// readEmail reads an address that is plausible, not proven: only the mail server knows.
func readEmail(value jsontext.Value) (email, wrong string) {
	switch value.Kind() {
	case jsontext.KindInvalid, jsontext.KindNull:
		return "", "is required"
	case jsontext.KindString:
		email = strings.TrimSpace(unquote(value))
	default:
		return "", "must be a string"
	}
	switch {
	case email == "":
		return "", "is required"
	case !plausible(email):
		return "", "must be an e-mail address, such as ada@example.com"
	default:
		return email, ""
	}
}

func plausible(email string) bool {
	name, domain, _ := strings.Cut(email, "@")
	labels := strings.Split(domain, ".")
	odd := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	return len(email) <= 254 && !strings.ContainsFunc(email, odd) &&
		name != "" && !strings.Contains(domain, "@") && len(labels) > 1 && !slices.Contains(labels, "")
}

// readField reads a parameter other than the address into what the upstream calls it. No value means that
// nothing is to be set.
func readField(name string, value jsontext.Value) (theirs string, read jsontext.Value, wrong string) {
	if name == moreName {
		read, wrong = readMore(value)
		return moreName, read, wrong
	}
	for _, field := range fields {
		switch name {
		case field.name:
			read, wrong = readText(value)
			return field.theirs, read, wrong
		case field.theirs:
			return "", nil, "is not known; it is called " + field.name + " here"
		}
	}
	return "", nil, "is not known; properties of your own go into " + moreName
}

// readText reads text. The upstream takes numbers as text.
func readText(value jsontext.Value) (read jsontext.Value, wrong string) {
	switch value.Kind() {
	case jsontext.KindNull:
		return nil, ""
	case jsontext.KindString:
		if unquote(value) == "" {
			return nil, ""
		}
		return value, ""
	case jsontext.KindNumber:
		return jsontext.Value(`"` + string(value) + `"`), ""
	default:
		return nil, "must be a string"
	}
}

// readMore reads further properties, given as an object or as text that holds one.
func readMore(value jsontext.Value) (read jsontext.Value, wrong string) {
	switch value.Kind() {
	case jsontext.KindNull:
		return nil, ""
	case jsontext.KindString:
		if value = jsontext.Value(unquote(value)); len(value) == 0 {
			return nil, ""
		}
	}
	more, err := actionbox.ParseParameters(string(value))
	if err != nil {
		return nil, "must be a JSON object"
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		if isTaken(name) {
			return nil, fmt.Sprintf("must not set %q, which %s sets itself", name, upsertAction)
		}
	}
	if len(more) == 0 {
		return nil, ""
	}
	return value, ""
}

// isTaken tells of what a parameter sets. It cannot be set a second way: that could change the address that
// was searched for.
func isTaken(name string) bool {
	if name == emailName || name == "contact_id" {
		return true
	}
	for _, field := range fields {
		if field.theirs == name {
			return true
		}
	}
	return false
}

// unquote returns the text of a JSON string, and nothing for what is none.
func unquote(value jsontext.Value) string {
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return ""
	}
	return string(text)
}
