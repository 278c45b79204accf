//go:build !wasm

package actionbox

// Export exports a plugin as the component's. Call it once, in an init function of package main: a
// component has no main.
//
// It does nothing on other targets than WebAssembly, so that unit tests run natively.
func Export(Plugin) {}
