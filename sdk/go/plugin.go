// Package actionbox lets a plugin list and execute actions on connected apps. A plugin runs in a sandbox
// and never holds a key: it calls its upstream by the public name, and the host adds the credentials on
// the far side of the wall.
//
// Implement [Plugin] and [Export] it:
//
//	type thin struct{}
//
//	func (thin) ListActions(app string) ([]actionbox.Action, error) {
//		return refold.ListActions(app)
//	}
//
//	func (thin) DescribeAction(app, action string) ([]actionbox.Parameter, error) {
//		return refold.DescribeAction(app, action)
//	}
//
//	func (thin) ExecuteAction(app, action string, parameters actionbox.Parameters) (actionbox.Outcome, error) {
//		return refold.ExecuteAction(app, action, parameters)
//	}
//
//	func init() { actionbox.Export(thin{}) }
//
//	func main() {}
//
// On other targets than WebAssembly everything compiles, and what sends no request runs: unit tests need
// no sandbox.
package actionbox

// Plugin lists, describes and executes the actions of connected apps.
//
// An app is named by its slug (hubspot), an action by its id (get_contact). Each call may run in a fresh
// instance: a plugin keeps no state between calls. What must last, such as a cursor, travels in the
// parameters and the data.
//
// During ListActions and DescribeAction only requests that list or describe actions leave the sandbox;
// during ExecuteAction, none above the effect that the host resolved for the action.
//
// An error crosses the wall as the error type of this package that it is or wraps; its text is kept. Any
// other error crosses as a sentence for people.
type Plugin interface {
	// ListActions lists the actions of an app. Its error is an [*UnknownAppError] when there is no such
	// app.
	ListActions(app string) ([]Action, error)

	// DescribeAction describes the parameters of an action, in the order in which a form would show
	// them. Its error is an [*UnknownActionError] when the app has no such action.
	DescribeAction(app, action string) ([]Parameter, error)

	// ExecuteAction executes an action. No error means that the connected app was reached, not that it
	// did what was asked: the [Outcome] tells. Its error is an [*InvalidParametersError] when a parameter
	// is missing or has a value that the action cannot take. Parameters that are no JSON object are
	// refused before this is called.
	ExecuteAction(app, action string, parameters Parameters) (Outcome, error)
}
