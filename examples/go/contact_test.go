package main

import (
	"encoding/json/v2"
	"errors"
	"slices"
	"strings"
	"testing"

	"actionbox"
)

func parse(t *testing.T, text string) actionbox.Parameters {
	t.Helper()
	parameters, err := actionbox.ParseParameters(text)
	if err != nil {
		t.Fatal(err)
	}
	return parameters
}

// problemsOf returns what is wrong with some parameters.
func problemsOf(t *testing.T, text string) []actionbox.Problem {
	t.Helper()
	_, err := readContact(parse(t, text))
	invalid, ok := errors.AsType[*actionbox.InvalidParametersError](err)
	if !ok {
		t.Fatalf("%s: %v", text, err)
	}
	return invalid.Problems
}

func TestEachFieldGetsTheUpstreamsName(t *testing.T) {
	contact, err := readContact(parse(t, `{"email":" ada@example.com ","first_name":"Ada","job_title":"Countess",
		"owner_id":12345678901234567890,"phone":"","company":null,"additional_fields":"{\"lifecyclestage\":1.10}"}`))
	if err != nil || contact.email != "ada@example.com" {
		t.Fatalf("%+v, %v", contact, err)
	}
	got, err := json.Marshal(contact.fields, json.Deterministic(true))
	want := `{"additional_fields":{"lifecyclestage":1.10},"firstname":"Ada","hubspot_owner_id":"12345678901234567890","jobtitle":"Countess"}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAnImplausibleAddressIsRefused(t *testing.T) {
	for _, bad := range []string{
		"ada", "@example.com", "ada@", "ada@example", "ada@.com", "ada@example.", "a b@example.com", "a@b@c.com",
		strings.Repeat("a", 250) + "@example.com",
	} {
		if got := problemsOf(t, `{"email":"`+bad+`"}`); len(got) != 1 || got[0].Parameter != "email" {
			t.Errorf("%s: %v", bad, got)
		}
	}
	for _, missing := range []string{"{}", `{"email":null}`, `{"email":" "}`} {
		want := []actionbox.Problem{{Parameter: "email", Message: "is required"}}
		if got := problemsOf(t, missing); !slices.Equal(got, want) {
			t.Errorf("%s: %v", missing, got)
		}
	}
}

func TestEveryProblemIsNamed(t *testing.T) {
	found := problemsOf(t, `{"firstname":"Ada","nickname":"A","phone":{},"additional_fields":"[]"}`)
	var named []string
	for _, problem := range found {
		named = append(named, problem.Parameter)
	}
	if want := []string{"email", "additional_fields", "firstname", "nickname", "phone"}; !slices.Equal(named, want) {
		t.Fatalf("got %v", found)
	}
	if !strings.Contains(found[2].Message, "first_name") || !strings.Contains(found[3].Message, "additional_fields") {
		t.Errorf("got %v", found)
	}
}

func TestAdditionalFieldsCannotChangeWhatWasSearchedFor(t *testing.T) {
	for _, name := range []string{"email", `em\u0061il`, "contact_id", "firstname"} {
		got := problemsOf(t, `{"email":"a@b.c","additional_fields":{"`+name+`":"x"}}`)
		if len(got) != 1 || got[0].Parameter != "additional_fields" {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestEveryParameterThatIsReadIsDescribed(t *testing.T) {
	described := contactParameters()
	if len(described) != len(fields)+2 {
		t.Errorf("got %v", described)
	}
	for _, parameter := range described {
		text := `{"email":"a@b.c"}`
		if parameter.Name != emailName {
			text = `{"email":"a@b.c","` + parameter.Name + `":null}`
		}
		if _, err := readContact(parse(t, text)); err != nil {
			t.Errorf("%s: %v", parameter.Name, err)
		}
	}
}
