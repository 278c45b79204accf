import unittest

from actionbox import UnknownAction, UnknownApp
from actionbox.refold._route import Route

BASE = "https://app.refold.ai/api/v2/integration-schema"


def line(route: Route) -> str:
    request = route.request()
    return f"{request.method} {request.url}"


class RouteTest(unittest.TestCase):
    def test_each_endpoint_has_its_request(self) -> None:
        actions = f"{BASE}/hubspot/actions"
        self.assertEqual(line(Route("hubspot")), f"GET {actions}")
        self.assertEqual(line(Route("hubspot", "get_contact")), f"GET {actions}/get_contact")
        self.assertEqual(line(Route("hubspot", "get_contact", b"{}")), f"POST {actions}/get_contact/execute")

    def test_a_name_stays_within_its_segment(self) -> None:
        for name, escaped in {
            "a/b": "a%2Fb",
            "a?b#c": "a%3Fb%23c",
            "../x": "..%2Fx",
            "a\\b": "a%5Cb",
            "%2e": "%252e",
            "é ☃": "%C3%A9%20%E2%98%83",
            "a\r\nb": "a%0D%0Ab",
            "-_.~": "-_.~",
            "+&=;@:'()*!$,": "%2B%26%3D%3B%40%3A%27%28%29%2A%21%24%2C",
        }.items():
            self.assertEqual(line(Route(name)), f"GET {BASE}/{escaped}/actions")
        for name in ("", ".", "..", "..."):
            self.assertRaises(UnknownApp, Route(name).request)
            self.assertRaises(UnknownAction, Route("a", name, b"{}").request)
