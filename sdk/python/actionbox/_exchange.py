"""One exchange over `wasi:http` 0.2: build → hand over → write → wait → read.

Resources are children of one another and must be dropped child first, or the component traps: each is dropped by
its `with`. What is handed over to the host is no longer ours to drop, and has none.
"""

import re
from collections.abc import Callable

from componentize_py_types import Err, Ok
from wit_world.imports import outgoing_handler
from wit_world.imports import wasi_http_types as http
from wit_world.imports.streams import InputStream, OutputStream, StreamError, StreamError_LastOperationFailed

from . import _codes
from .error import Denied, Error, OtherError, UpstreamFailure

Headers = tuple[tuple[str, str], ...]

_URL = re.compile(r"(https?)://([^/?#\s]+)([/?][^#\s]*)?")
# How many bytes of an answer are asked for at once.
_READ = 64 * 1024


def exchange(method: str, url: str, headers: Headers, content: bytes) -> tuple[int, Headers, bytes]:
    """Sends a request, and returns the status, the headers and the body of the answer."""
    request = _build(method, url, headers, len(content))
    # Without content there is no body to finish; what is never taken counts as empty.
    body = request.body() if content else None
    # Handed over first: the host reads a body while it is written, and holds only a part of it.
    try:
        future = outgoing_handler.handle(request, None)
    except Err as refused:
        raise failed(refused.value) from None
    with future:
        unwritten = None
        if body is not None:
            try:
                _write(body, content)
            except Error as error:
                unwritten = error
        # A host that refuses a request stops reading its body. Why is said here.
        response = _wait(future)
    if unwritten is not None:
        raise unwritten
    return _read(response)


def failed(code: http.ErrorCode) -> Error:
    """Turns the code of an exchange that gave no answer into an error."""
    name = _codes.name(code)
    if name == _codes.DENIED:
        return Denied("the host does not let this request out")
    if _codes.is_not_sent(name):
        return UpstreamFailure(f"the request was not sent: {_codes.words(name)}", code=name)
    return UpstreamFailure(
        f"no usable answer came back ({_codes.words(name)}); whether the request was carried out is unknown",
        code=name,
    )


def _build(method: str, url: str, headers: Headers, length: int) -> http.OutgoingRequest:
    parts = _URL.fullmatch(url)
    if parts is None:
        raise _invalid(f"{url} is no URL that begins with https:// and has no fragment")
    scheme, authority, path = parts.groups()
    # A host must tell a complete body from that of a plugin that died while writing. A GET without a body
    # declares none (RFC 9110, 8.6).
    if length or method not in ("GET", "HEAD"):
        headers = (*headers, ("content-length", str(length)))
    request = http.OutgoingRequest(_fields(headers))
    try:
        what = "method"
        request.set_method(_method(method))
        what = "scheme"
        request.set_scheme(http.Scheme_Https() if scheme == "https" else http.Scheme_Http())
        what = "authority"
        request.set_authority(authority)
        what = "path"
        request.set_path_with_query(path or "/")
    except Err:
        raise _invalid(f"the host does not take its {what}") from None
    return request


def _fields(headers: Headers) -> http.Fields:
    """Makes the headers one by one, so that an error can name the header."""
    fields = http.Fields()
    for name, value in headers:
        try:
            fields.append(name, value.encode())
        except Err as error:
            match error.value:
                case http.HeaderError_Forbidden():
                    why = "is the host's to set, not a plugin's"
                case http.HeaderError_InvalidSyntax():
                    why = "has a value that the host does not take"
                case _:
                    why = "cannot be set"
            raise _invalid(f"its header {name} {why}") from None
    return fields


def _method(method: str) -> http.Method:
    known: dict[str, Callable[[], http.Method]] = {
        "GET": http.Method_Get,
        "HEAD": http.Method_Head,
        "POST": http.Method_Post,
        "PUT": http.Method_Put,
        "DELETE": http.Method_Delete,
        "CONNECT": http.Method_Connect,
        "OPTIONS": http.Method_Options,
        "TRACE": http.Method_Trace,
        "PATCH": http.Method_Patch,
    }
    return known[method]() if method in known else http.Method_Other(method)


def _invalid(reason: str) -> Error:
    return OtherError(f"the request cannot be sent: {reason}")


def _write(body: http.OutgoingBody, content: bytes) -> None:
    """Writes the body and finishes it."""
    try:
        with body.write() as stream:
            _write_all(stream, content)
    except Err as error:
        # Dropped unfinished, and at once: the host must not wait for the rest.
        with body:
            raise _broken(error.value) from None
    try:
        http.OutgoingBody.finish(body, None)
    except Err as error:
        raise failed(error.value) from None


def _write_all(stream: OutputStream, content: bytes) -> None:
    """Writes as much as the host permits at a time: more traps."""
    at = 0
    while at < len(content):
        permit = stream.check_write()
        if permit == 0:
            with stream.subscribe() as ready:
                ready.block()
            continue
        stream.write(content[at : at + permit])
        at += permit
    stream.blocking_flush()


def _wait(future: http.FutureIncomingResponse) -> http.IncomingResponse:
    """Waits for status and headers."""
    with future.subscribe() as ready:
        ready.block()
    match future.get():
        case Ok(Ok(response)):
            return response
        case Ok(Err(code)):
            raise failed(code)
        case _:
            # Not ready after waiting, or taken already: neither happens with a correct host.
            raise failed(http.ErrorCode_InternalError(None))


def _read(response: http.IncomingResponse) -> tuple[int, Headers, bytes]:
    """Reads the answer to its end, trailers included: only then was it complete."""
    with response:
        status = response.status()
        with response.headers() as fields:
            headers = tuple((name.lower(), value.decode("latin-1")) for name, value in fields.entries())
        try:
            body = response.consume()
        except Err:
            raise failed(http.ErrorCode_HttpProtocolError()) from None
        content = _read_all(body)
    if not 100 <= status <= 999:
        raise failed(http.ErrorCode_HttpProtocolError())
    return status, headers, content


def _read_all(body: http.IncomingBody) -> bytes:
    try:
        with body.stream() as stream:
            content = b"".join(_pieces(stream))
    except Err as error:
        with body:
            raise _broken(error.value) from None
    with http.IncomingBody.finish(body) as trailers:
        with trailers.subscribe() as ready:
            ready.block()
        _check_trailers(trailers)
    return content


def _pieces(stream: InputStream) -> list[bytes]:
    pieces = []
    while True:
        try:
            pieces.append(stream.blocking_read(_READ))
        except Err as error:
            if isinstance(error.value, StreamError_LastOperationFailed):
                raise
            return pieces


def _check_trailers(trailers: http.FutureTrailers) -> None:
    """Trailers have no use here, but an answer that breaks off says so in their place."""
    match trailers.get():
        case Ok(Err(code)):
            raise failed(code)


def _broken(error: StreamError | None) -> Error:
    """Turns the failure of a stream into the code behind it, where there is one."""
    code = None
    if isinstance(error, StreamError_LastOperationFailed):
        with error.value as cause:
            code = http.http_error_code(cause)
    return failed(code or http.ErrorCode_ConnectionTerminated())
