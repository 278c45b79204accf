// Package export_actionbox_plugin_actions is what the generated exports call. Its name is theirs to choose.
//
// Its functions are variables, so that the bindings need not know who implements them.
package export_actionbox_plugin_actions

import (
	"actionbox/internal/bindings/imports/actionbox_plugin_types"
	"actionbox/internal/wit/types"
)

type (
	// ListActionsResult is what ListActions returns.
	ListActionsResult = wit_types.Result[[]actionbox_plugin_types.Action, actionbox_plugin_types.Error]
	// DescribeActionResult is what DescribeAction returns.
	DescribeActionResult = wit_types.Result[[]actionbox_plugin_types.Parameter, actionbox_plugin_types.Error]
	// ExecuteActionResult is what ExecuteAction returns.
	ExecuteActionResult = wit_types.Result[actionbox_plugin_types.Outcome, actionbox_plugin_types.Error]
)

// The exported functions. They are set before the host calls any.
var (
	ListActions    func(app string) ListActionsResult
	DescribeAction func(app, action string) DescribeActionResult
	ExecuteAction  func(app, action, parameters string) ExecuteActionResult
)
