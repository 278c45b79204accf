import unittest

from actionbox import InvalidParameters, Json, Parameters


class ParametersTest(unittest.TestCase):
    def test_text_that_is_no_object_is_refused(self) -> None:
        for bad in ("", "null", "[]", '"{}"', "1", "{", "{}{}", "{} x", "\ufeff{}", "[" * 1000, '{"a":"\\ud800"}'):
            with self.subTest(bad=bad[:20]), self.assertRaises(InvalidParameters) as caught:
                Parameters.read(bad)
            self.assertIsNone(caught.exception.problems[0].parameter)

    def test_blank_is_as_good_as_missing(self) -> None:
        for text in ("{}", '{"a":null}', '{"a":""}', '{"a":" "}'):
            with self.subTest(text=text):
                self.assertIsNone(Parameters.read(text).optional_str("a"))
                with self.assertRaisesRegex(InvalidParameters, "a: is required"):
                    Parameters.read(text).required_str("a")
        with self.assertRaisesRegex(InvalidParameters, "a: must be a string"):
            Parameters.read('{"a":1}').optional_str("a")

    def test_text_comes_out_as_it_went_in(self) -> None:
        text = '{"a":[1, 1.10,12345678901234567890],"é":"☃ \\" \\n"}'
        self.assertEqual(str(Parameters.read(text)), text)
        self.assertEqual(str(Parameters.read('{"a":1,"a":2}')), '{"a":2}')

    def test_they_are_made_of_values(self) -> None:
        read = Parameters.read('{"n": 1.10}')
        made = Parameters({**read, "limit": "10", "more": {"a": Json("1.0")}})
        self.assertEqual(str(made), '{"n":1.10,"limit":"10","more":{"a":1.0}}')
