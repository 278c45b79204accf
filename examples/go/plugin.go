// A plugin with an action of its own, made of several upstream calls: upsert_contact for hubspot. All of
// Refold's actions are offered beside it.
package main

import (
	"slices"

	"actionbox"
	"actionbox/refold"
)

const (
	app          = "hubspot"
	upsertAction = "upsert_contact"
)

type plugin struct{}

func (plugin) ListActions(slug string) ([]actionbox.Action, error) {
	actions, err := refold.ListActions(slug)
	if err != nil || slug != app {
		return actions, err
	}
	// Should the upstream ever have one of this name, ours is the one that is executed.
	actions = slices.DeleteFunc(actions, func(action actionbox.Action) bool { return action.ID == upsertAction })
	return slices.Insert(actions, 0, actionbox.Action{
		ID:            upsertAction,
		Name:          "Upsert Contact",
		Description:   "Updates the contact with this e-mail address, or creates it when there is none.",
		ClaimedEffect: actionbox.EffectWrite,
	}), nil
}

func (plugin) DescribeAction(slug, action string) ([]actionbox.Parameter, error) {
	if slug == app && action == upsertAction {
		return contactParameters(), nil
	}
	return refold.DescribeAction(slug, action)
}

func (plugin) ExecuteAction(
	slug, action string, parameters actionbox.Parameters,
) (actionbox.Outcome, error) {
	if slug != app || action != upsertAction {
		return refold.ExecuteAction(slug, action, parameters)
	}
	contact, err := readContact(parameters)
	if err != nil {
		return nil, err
	}
	return upsert(contact, func(action string, parameters actionbox.Parameters) (actionbox.Outcome, error) {
		return refold.ExecuteAction(app, action, parameters)
	})
}

func init() { actionbox.Export(plugin{}) }

// A component has no main; Go wants one.
func main() {}
