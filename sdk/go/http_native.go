//go:build !wasm

package actionbox

// Send sends a request and reads the whole answer. Nothing is sent twice. The upstream's refusals are
// answers, not errors: look at the status. An error is a [*DeniedError] when the host does not let the
// request out and an [*UpstreamError] when there is no answer; [MayHaveRun] tells whether the request may
// have been carried out.
//
// It panics on other targets than WebAssembly, where there is no host to send anything.
func Send(Request) (*Response, error) {
	panic("actionbox: a request can be sent inside of the sandbox only")
}
