package actionbox

import "strings"

// denied is the code of a request that the host refused.
const denied = "http-request-denied"

// errorCodes names the error codes of wasi:http as the WIT spells them, in its order, and marks those that
// are only given before a request left, or for one that was never complete. Alerts and other failures of
// TLS are not among them: they may come late in a connection's life.
var errorCodes = [...]struct {
	name    string
	notSent bool
}{
	{"dns-timeout", true},
	{"dns-error", true},
	{"destination-not-found", true},
	{"destination-unavailable", true},
	{"destination-ip-prohibited", true},
	{"destination-ip-unroutable", true},
	{"connection-refused", true},
	{"connection-terminated", false},
	{"connection-timeout", true},
	{"connection-read-timeout", false},
	{"connection-write-timeout", false},
	{"connection-limit-reached", true},
	{"tls-protocol-error", false},
	{"tls-certificate-error", true},
	{"tls-alert-received", false},
	{denied, true},
	{"http-request-length-required", true},
	{"http-request-body-size", true},
	{"http-request-method-invalid", true},
	{"http-request-uri-invalid", true},
	{"http-request-uri-too-long", true},
	{"http-request-header-section-size", true},
	{"http-request-header-size", true},
	{"http-request-trailer-section-size", false},
	{"http-request-trailer-size", false},
	{"http-response-incomplete", false},
	{"http-response-header-section-size", false},
	{"http-response-header-size", false},
	{"http-response-body-size", false},
	{"http-response-trailer-section-size", false},
	{"http-response-trailer-size", false},
	{"http-response-transfer-coding", false},
	{"http-response-content-coding", false},
	{"http-response-timeout", false},
	{"http-upgrade-failed", false},
	{"http-protocol-error", false},
	{"loop-detected", false},
	{"configuration-error", true},
	{"internal-error", false},
}

// notSent tells whether a code proves that the request was not carried out.
func notSent(code string) bool {
	for _, known := range errorCodes {
		if known.name == code {
			return known.notSent
		}
	}
	return false
}

// unanswered returns the error for a request that ended with a code of wasi:http. Details are left out:
// hosts are free in what they say there.
func unanswered(code string) error {
	words := strings.ReplaceAll(code, "-", " ")
	switch {
	case code == denied:
		return &DeniedError{"the host does not let this request out"}
	case notSent(code):
		return &UpstreamError{Code: code, Message: "the request was not sent: " + words}
	default:
		return &UpstreamError{Code: code, Message: "no usable answer came back (" + words +
			"); whether the request was carried out is unknown"}
	}
}
