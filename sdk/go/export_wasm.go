package actionbox

import (
	actions "actionbox/internal/bindings/exports/export_actionbox_plugin_actions"
	// Linked for the functions that the host calls.
	_ "actionbox/internal/bindings/exports/wit_exports"
)

// Export exports a plugin as the component's. Call it once, in an init function of package main: a
// component has no main.
//
// It does nothing on other targets than WebAssembly, so that unit tests run natively.
func Export(plugin Plugin) {
	actions.ListActions = func(app string) actions.ListActionsResult {
		collect()
		return listActions(plugin, app)
	}
	actions.DescribeAction = func(app, action string) actions.DescribeActionResult {
		collect()
		return describeAction(plugin, app, action)
	}
	actions.ExecuteAction = func(app, action, parameters string) actions.ExecuteActionResult {
		collect()
		return executeAction(plugin, app, action, parameters)
	}
}
