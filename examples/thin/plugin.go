// The smallest plugin: it passes on all of Refold's actions.
package main

import (
	"actionbox"
	"actionbox/refold"
)

type thin struct{}

func (thin) ListActions(app string) ([]actionbox.Action, error) {
	return refold.ListActions(app)
}

func (thin) DescribeAction(app, action string) ([]actionbox.Parameter, error) {
	return refold.DescribeAction(app, action)
}

func (thin) ExecuteAction(app, action string, parameters actionbox.Parameters) (actionbox.Outcome, error) {
	return refold.ExecuteAction(app, action, parameters)
}

func init() { actionbox.Export(thin{}) }

func main() {}
