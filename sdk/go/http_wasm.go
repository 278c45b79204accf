package actionbox

import (
	"bytes"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	handler "actionbox/internal/bindings/imports/wasi_http_outgoing_handler"
	"actionbox/internal/bindings/imports/wasi_http_types"
	"actionbox/internal/bindings/imports/wasi_io_streams"
	"actionbox/internal/wit/runtime"
	"actionbox/internal/wit/types"
)

// How many bytes of an answer are asked for at once.
const readSize = 64 << 10

// Send sends a request and reads the whole answer. Nothing is sent twice. The upstream's refusals are
// answers, not errors: look at the status. An error is a [*DeniedError] when the host does not let the
// request out and an [*UpstreamError] when there is no answer; [MayHaveRun] tells whether the request may
// have been carried out.
//
// It panics on other targets than WebAssembly, where there is no host to send anything.
func Send(request Request) (*Response, error) {
	collect()
	// What the host allocated for its answers is held until it is let go here.
	defer runtime.Unpin()

	// Resources are children of one another, and the component traps unless the child is dropped first:
	// the deferred drops run in that order. What was handed over is not dropped again.
	outgoing, err := build(request)
	if err != nil {
		return nil, err
	}
	defer outgoing.Drop()
	// Without a body there is none to finish; what is never taken counts as empty.
	var body *wasi_http_types.OutgoingBody
	if len(request.Body) > 0 {
		taken := outgoing.Body()
		if taken.IsErr() {
			return nil, invalidRequest("the host gave it no body")
		}
		body = taken.Ok()
		defer body.Drop()
	}
	// Handed over first: the host reads a body while it is written, and holds only a part of it.
	handled := handler.Handle(outgoing, wit_types.None[*wasi_http_types.RequestOptions]())
	if handled.IsErr() {
		return nil, codeError(handled.Err())
	}
	future := handled.Ok()
	defer future.Drop()
	var written error
	if body != nil {
		written = write(body, request.Body)
	}
	// A host that refuses a request stops reading its body. Why is said here.
	incoming, err := wait(future)
	if err != nil {
		return nil, err
	}
	defer incoming.Drop()
	if written != nil {
		return nil, written
	}
	return read(incoming)
}

// build builds the request without its body.
func build(request Request) (*wasi_http_types.OutgoingRequest, error) {
	target, err := url.Parse(request.URL)
	switch {
	case err != nil:
		return nil, invalidRequest(err.Error())
	case target.Host == "":
		return nil, invalidRequest(request.URL + " should begin with https://")
	case target.User != nil:
		return nil, invalidRequest("its URL holds a credential, which is the host's to add")
	}
	fields, err := fields(request)
	if err != nil {
		return nil, err
	}
	outgoing := wasi_http_types.MakeOutgoingRequest(fields)
	scheme := wit_types.Some(scheme(target.Scheme))
	path := wit_types.Some(target.RequestURI())
	for _, part := range []struct {
		name string
		set  wit_types.Result[wit_types.Unit, wit_types.Unit]
	}{
		{"method", outgoing.SetMethod(method(request.Method))},
		{"scheme", outgoing.SetScheme(scheme)},
		{"authority", outgoing.SetAuthority(wit_types.Some(target.Host))},
		{"path", outgoing.SetPathWithQuery(path)},
	} {
		if part.set.IsErr() {
			outgoing.Drop()
			return nil, invalidRequest("the host does not take its " + part.name)
		}
	}
	return outgoing, nil
}

// fields builds the headers one by one, so that an error can name the one that is refused.
func fields(request Request) (*wasi_http_types.Fields, error) {
	header := Header{}
	for name, values := range request.Header {
		header[strings.ToLower(name)] = values
	}
	// A host must tell a complete body from that of a plugin that died while writing. A GET without a
	// body declares none (RFC 9110, 8.6).
	delete(header, "content-length")
	if len(request.Body) > 0 || request.Method != "GET" && request.Method != "HEAD" {
		header["content-length"] = []string{strconv.Itoa(len(request.Body))}
	}
	fields := wasi_http_types.MakeFields()
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			if appended := fields.Append(name, []byte(value)); appended.IsErr() {
				fields.Drop()
				return nil, invalidRequest("its header " + name + " " + headerError(appended.Err()))
			}
		}
	}
	return fields, nil
}

func headerError(err wasi_http_types.HeaderError) string {
	switch err.Tag() {
	case wasi_http_types.HeaderError_Forbidden:
		return "is the host's to set, not a plugin's"
	case wasi_http_types.HeaderError_InvalidSyntax:
		return "has a value that the host does not take"
	default:
		return "cannot be set"
	}
}

func method(name string) wasi_http_types.Method {
	switch name {
	case "GET":
		return wasi_http_types.MakeMethodGet()
	case "HEAD":
		return wasi_http_types.MakeMethodHead()
	case "POST":
		return wasi_http_types.MakeMethodPost()
	case "PUT":
		return wasi_http_types.MakeMethodPut()
	case "DELETE":
		return wasi_http_types.MakeMethodDelete()
	case "OPTIONS":
		return wasi_http_types.MakeMethodOptions()
	case "PATCH":
		return wasi_http_types.MakeMethodPatch()
	default:
		return wasi_http_types.MakeMethodOther(name)
	}
}

func scheme(name string) wasi_http_types.Scheme {
	switch name {
	case "https":
		return wasi_http_types.MakeSchemeHttps()
	case "http":
		return wasi_http_types.MakeSchemeHttp()
	default:
		return wasi_http_types.MakeSchemeOther(name)
	}
}

// write writes the body and finishes it.
func write(body *wasi_http_types.OutgoingBody, content []byte) error {
	opened := body.Write()
	if opened.IsErr() {
		return unanswered("internal-error")
	}
	stream := opened.Ok()
	err := writeAll(stream, content)
	// The stream is the body's child: it has to go first.
	stream.Drop()
	if err != nil {
		return err
	}
	if finished := wasi_http_types.OutgoingBodyFinish(body, wit_types.None[*wasi_http_types.Fields]()); finished.IsErr() {
		return codeError(finished.Err())
	}
	return nil
}

// writeAll writes as much as the host permits at a time: more traps.
func writeAll(stream *wasi_io_streams.OutputStream, rest []byte) error {
	for len(rest) > 0 {
		checked := stream.CheckWrite()
		if checked.IsErr() {
			return streamError(checked.Err())
		}
		permit := min(checked.Ok(), uint64(len(rest)))
		if permit == 0 {
			ready := stream.Subscribe()
			ready.Block()
			ready.Drop()
			continue
		}
		if written := stream.Write(rest[:permit]); written.IsErr() {
			return streamError(written.Err())
		}
		rest = rest[permit:]
	}
	if flushed := stream.BlockingFlush(); flushed.IsErr() {
		return streamError(flushed.Err())
	}
	return nil
}

// wait waits for status and headers.
func wait(future *wasi_http_types.FutureIncomingResponse) (*wasi_http_types.IncomingResponse, error) {
	ready := future.Subscribe()
	ready.Block()
	ready.Drop()
	answer := future.Get()
	// Not ready after waiting, or taken already: neither happens with a correct host.
	if answer.IsNone() || answer.Some().IsErr() {
		return nil, unanswered("internal-error")
	}
	if incoming := answer.Some().Ok(); incoming.IsErr() {
		return nil, codeError(incoming.Err())
	} else {
		return incoming.Ok(), nil
	}
}

// read reads the answer to its end, trailers included: only then was it complete.
func read(incoming *wasi_http_types.IncomingResponse) (*Response, error) {
	response := &Response{Status: incoming.Status(), Header: Header{}}
	fields := incoming.Headers()
	for _, entry := range fields.Entries() {
		name := strings.ToLower(entry.F0)
		response.Header[name] = append(response.Header[name], string(entry.F1))
	}
	fields.Drop()
	consumed := incoming.Consume()
	if consumed.IsErr() {
		return nil, unanswered("http-protocol-error")
	}
	body := consumed.Ok()
	defer body.Drop()
	opened := body.Stream()
	if opened.IsErr() {
		return nil, unanswered("http-protocol-error")
	}
	stream := opened.Ok()
	var err error
	response.Body, err = readAll(stream)
	stream.Drop()
	if err != nil {
		return nil, err
	}
	return response, finish(body)
}

func readAll(stream *wasi_io_streams.InputStream) ([]byte, error) {
	var chunks [][]byte
	for {
		read := stream.BlockingRead(readSize)
		if read.IsOk() {
			chunks = append(chunks, read.Ok())
			continue
		}
		if err := read.Err(); err.Tag() != wasi_io_streams.StreamError_Closed {
			return nil, streamError(err)
		}
		return bytes.Join(chunks, nil), nil
	}
}

// finish waits for the trailers. They have no use here, but an answer that breaks off says so in their
// place.
func finish(body *wasi_http_types.IncomingBody) error {
	trailers := wasi_http_types.IncomingBodyFinish(body)
	defer trailers.Drop()
	ready := trailers.Subscribe()
	ready.Block()
	ready.Drop()
	ended := trailers.Get()
	if ended.IsNone() || ended.Some().IsErr() {
		return nil
	}
	result := ended.Some().Ok()
	if result.IsErr() {
		return codeError(result.Err())
	}
	if fields := result.Ok(); fields.IsSome() {
		fields.Some().Drop()
	}
	return nil
}

// streamError turns the failure of a stream into the code behind it, where there is one.
func streamError(err wasi_io_streams.StreamError) error {
	if err.Tag() == wasi_io_streams.StreamError_LastOperationFailed {
		failure := err.LastOperationFailed()
		defer failure.Drop()
		if code := wasi_http_types.HttpErrorCode(failure); code.IsSome() {
			return codeError(code.Some())
		}
	}
	return unanswered("connection-terminated")
}

func codeError(code wasi_http_types.ErrorCode) error {
	if int(code.Tag()) >= len(errorCodes) {
		return unanswered("internal-error")
	}
	return unanswered(errorCodes[code.Tag()].name)
}

func invalidRequest(reason string) error {
	return errors.New("the request cannot be sent: " + reason)
}
