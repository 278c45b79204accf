"""The error codes of `wasi:http`: their names, and what each says about the request."""

import re

DENIED = "http-request-denied"
"""The code of a request that the host refused."""

# The codes that are only given before a request left, or for one that was never complete. Alerts and other
# failures of TLS are not among them: they may come late in a connection's life.
_NOT_SENT = {
    DENIED,
    "dns-timeout",
    "dns-error",
    "destination-not-found",
    "destination-unavailable",
    "destination-ip-prohibited",
    "destination-ip-unroutable",
    "connection-refused",
    "connection-timeout",
    "connection-limit-reached",
    "tls-certificate-error",
    "http-request-length-required",
    "http-request-body-size",
    "http-request-method-invalid",
    "http-request-uri-invalid",
    "http-request-uri-too-long",
    "http-request-header-section-size",
    "http-request-header-size",
    "configuration-error",
}


def name(code: object) -> str:
    """Returns the name of a code as the WIT spells it, in lower case. Details are left out: hosts are free in
    what they say there."""
    camel = type(code).__name__.removeprefix("ErrorCode_")
    return re.sub(r"(?<!^)(?=[A-Z])", "-", camel).lower()


def is_not_sent(code: str) -> bool:
    """Tells whether a code proves that the request was not carried out."""
    return code in _NOT_SENT


def words(code: str) -> str:
    """Returns the code in words."""
    return code.replace("-", " ")
