import json
import unittest

from actionbox import Json

DIGITS = "12345678901234567890"


class Reading(unittest.TestCase):
    def test_what_is_not_json_is_refused(self) -> None:
        bad = ["", " ", "{", "[1,]", "[1 2]", "{1:2}", '{"a" 1}', '{"a":1,}', '{"a":1 "b":2}', "{}{}", "[] x", "NaN"]
        bad += ["-Infinity", "1e999", "1" * 400, "1" * 5000, "01", '"\n"', "\ufeff[]", '"\\ud800"', "'a'", "[\xa0]"]
        for text in [*bad, '"', '{"', '{"a', '{"a"', '{"a":', "[", "[1", "[1,"]:
            with self.subTest(text=text[:20]):
                for read in (Json(text).value, Json(text).members, Json(text).items):
                    self.assertRaises(ValueError, read)

    def test_containers_are_told_apart(self) -> None:
        for text in ("[]", "1", '"{}"', "null"):
            self.assertRaises(ValueError, Json(text).members)
        for text in ("{}", "1", '"[]"', "null"):
            self.assertRaises(ValueError, Json(text).items)

    def test_what_is_taken_apart_is_not_changed(self) -> None:
        parts = ["1.10", "1e400"[:3], DIGITS, "-0", '"\\u00e9 \\ud83d\\ude00"', '{ "a" : 1 }', "[ ]", "null", '"]}\\""']
        array = "[ " + " ,\n".join(parts) + "\t]\r\n"
        self.assertEqual([item.text for item in Json(array).items()], parts)
        members = "{" + ",".join(f' "{at}" : {part} ' for at, part in enumerate(parts)) + "}"
        self.assertEqual([member.text for member in Json(members).members().values()], parts)
        self.assertEqual((Json(" [ ] ").items(), Json(" { } ").members()), ([], {}))

    def test_a_member_that_comes_twice_is_kept_apart(self) -> None:
        twice = Json('{"a":1,"a":2}')
        self.assertEqual(twice.pairs(), [("a", Json("1")), ("a", Json("2"))])
        self.assertEqual(twice.members(), {"a": Json("2")})

    def test_values_are_read(self) -> None:
        text = f' {{"n": {DIGITS}, "s": "\\ud83d\\ude00 \\\\ud800", "l": [true, null, 1.5]}} '
        self.assertEqual(Json(text).value(), {"n": int(DIGITS), "s": "😀 \\ud800", "l": [True, None, 1.5]})

    def test_depth_is_bounded_before_the_stack_is_used_up(self) -> None:
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            deepest = opening * 127 + "1" + closing * 127
            self.assertEqual(Json.of(Json(deepest).value()).text, deepest)
            for deeper in (opening + deepest + closing, opening * 1_000_000):
                for read in (Json(deeper).value, Json(deeper).members, Json(deeper).items):
                    self.assertRaisesRegex(ValueError, "nested", read)
        wide = "[" + ",".join(["[]"] * 1000) + "]"
        self.assertEqual(len(Json(wide).items()), 1000)
        self.assertEqual(Json(json.dumps("[\\\"" * 1000)).value(), "[\\\"" * 1000)


class Writing(unittest.TestCase):
    def test_json_within_is_put_in_as_it_is(self) -> None:
        made = Json.of({"a": Json("1.10"), "é": [Json(f"[ {DIGITS} ]"), "☃\"\n", None, True, 1, 1.5], "e": {}})
        self.assertEqual(made.text, f'{{"a":1.10,"é":[[ {DIGITS} ],"☃\\"\\n",null,true,1,1.5],"e":{{}}}}')
        self.assertEqual(Json.of(made), made)

    def test_what_json_does_not_have_is_refused(self) -> None:
        for value in (float("nan"), float("inf"), b"x", object(), {1: 2}, {"a": {1}}, "\ud800", {"\udfff": 1}):
            with self.subTest(value=value):
                self.assertRaises((TypeError, ValueError), Json.of, value)
