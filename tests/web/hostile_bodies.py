"""Bodies that are not what they say they are: content type, headers, bytes. test_hostile_values.py sends them."""

import gzip
import zlib

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello\r\n'
END = b"--b--\r\n"
# A megabyte and more of nothing, in a few kilobytes. Nothing here unpacks what is sent.
BOMB = gzip.compress(b"\0" * 20_000_000)


def upload(name: str, filename: str, kind: str = "text/plain", content: bytes = b"x") -> bytes:
    """Return a form with one file, its words as they are given."""
    head = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {kind}\r\n\r\n'
    )
    return head.encode("utf-8", "surrogatepass") + content + b"\r\n" + END


# content type, headers, bytes
BODIES: list[tuple[str, dict[str, str], bytes]] = [
    ("", {}, b""),
    ("", {}, b"\0\1\2"),
    ("text/plain", {}, b"text=hello"),
    ("nonsense", {}, b"x"),
    ("/", {}, b"x"),
    ("application/octet-stream", {}, bytes(range(256))),
    ("application/xml", {}, b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'),
    ("application/x-yaml", {}, b"!!python/object/apply:os.system ['id']"),
    ("application/x-python-pickle", {}, b"cos\nsystem\n(S'id'\ntR."),
    ("application/json", {}, b""),
    ("application/json", {}, b"{"),
    ("application/json", {}, b"{}{}"),
    ("application/json", {}, b'{"a": 1,}'),
    ("application/json", {}, b"{'a': 1}"),
    ("application/json", {}, b'{"a": 1, "a": 2}'),
    ("application/json", {}, b'{"a": NaN, "b": Infinity}'),
    ("application/json", {}, b'{"a": 1e999999}'),
    ("application/json", {}, b'{"a": ' + b"9" * 100_000 + b"}"),
    ("application/json", {}, b"[" * 100_000),
    ("application/json", {}, b"[" * 1000 + b"]" * 1000),
    ("application/json", {}, b'{"a":' * 100_000),
    ("application/json", {}, b"\xff\xfe{}"),
    ("application/json", {}, b"\xef\xbb\xbf{}"),
    ("application/json", {}, '{"a": 1}'.encode("utf-16")),
    ("application/json", {}, b'{"a": "\\ud800"}'),
    ("application/json", {}, b'{"a": "\\u0000"}'),
    ("application/json", {}, b'{"a": "\x00"}'),
    ("application/json", {}, b"null"),
    ("application/json", {}, b"[]"),
    ("application/json", {}, b'"text"'),
    ("application/json", {}, b"5"),
    ("application/json", {}, b"{" + b",".join(b'"k%d": 1' % n for n in range(5000)) + b"}"),
    ("application/json; charset=utf-7", {}, b"+AHs-}"),
    ("application/json; charset=nope", {}, b"{}"),
    ("application/vnd.api+json", {}, b"{}"),
    ("APPLICATION/JSON", {}, b'{"amount": 1}'),
    ("application/json", {"Content-Encoding": "gzip"}, gzip.compress(b'{"amount": 1, "feature": "x"}')),
    ("application/json", {"Content-Encoding": "gzip"}, BOMB),
    ("application/json", {"Content-Encoding": "deflate"}, zlib.compress(b"{" * 1_000_000)),
    ("application/json", {"Content-Encoding": "br"}, b"\x0b\x02\x80"),
    (URLENCODED, {"Content-Encoding": "gzip"}, BOMB),
    (MULTIPART, {"Content-Encoding": "gzip"}, BOMB),
    (URLENCODED, {}, b"text=\xff"),
    (URLENCODED, {}, b"text=%"),
    (URLENCODED, {}, b"text=%zz&=&&=a&a"),
    (URLENCODED, {}, b"text=%00"),
    (URLENCODED, {}, b"text=%ed%a0%80"),
    (URLENCODED, {}, b"&" * 100_000),
    (URLENCODED, {}, b"=" * 100_000),
    (URLENCODED, {}, b"&".join(b"f%d=1" % n for n in range(5000))),
    (URLENCODED, {}, b"text=a&text=b&text=c"),
    (URLENCODED, {}, b"text[]=a&text[0]=b&text.x=c"),
    (URLENCODED, {}, b"csrf_token=a&csrf_token=b"),
    (URLENCODED, {}, b"text=" + b"a" * 1_048_570),
    (URLENCODED, {}, b"a" * 1_100_000),
    (URLENCODED + "; charset=utf-16", {}, "text=x".encode("utf-16")),
    ("multipart/form-data", {}, PART + END),
    ("multipart/form-data; boundary=", {}, PART + END),
    ("multipart/form-data; boundary=" + "b" * 5000, {}, PART + END),
    ("multipart/form-data; boundary=another", {}, PART + END),
    ("multipart/mixed; boundary=b", {}, PART + END),
    (MULTIPART, {}, b""),
    (MULTIPART, {}, PART),
    (MULTIPART, {}, PART[:-3]),
    (MULTIPART, {}, END),
    (MULTIPART, {}, PART * 3 + END),
    (MULTIPART, {}, PART * 2000 + END),
    (MULTIPART, {}, b"\xff\xfe\x00" * 100),
    (MULTIPART, {}, b"--b\r\n\r\n\r\n" + END),
    (MULTIPART, {}, b"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n" + END),
    (MULTIPART, {}, b"--b\r\nContent-Disposition: form-data; name=\xff\r\n\r\n1\r\n" + END),
    (MULTIPART, {}, b"--b\r\n" + b"X-Header: a\r\n" * 5000 + b"\r\n1\r\n" + END),
    (MULTIPART, {}, PART.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n") + END),
    (MULTIPART, {}, PART.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain; charset=nope\r\n\r\n\xff") + END),
    (MULTIPART, {}, upload("text", "../../etc/passwd")),
    (MULTIPART, {}, upload("file", "")),
    (MULTIPART, {}, upload("file", "../../../etc/cron.d/x")),
    (MULTIPART, {}, upload("file", "a\0.csv")),
    (MULTIPART, {}, upload("file", "\ud800.csv")),
    (MULTIPART, {}, upload("file", "a" * 5000 + ".csv")),
    (MULTIPART, {}, upload("file", "a.csv", content=b"\xff\xfe\x00")),
    (MULTIPART, {}, upload("file", "a.csv", content=b"\0" * 1000)),
    (MULTIPART, {}, upload("file", "a.csv", content=b'"' * 10_001)),
    (MULTIPART, {}, upload("file", "a.csv", content=b"a," * 200_000)),
    (MULTIPART, {}, upload("file", "a.zip", "application/zip", b"PK\x03\x04" + b"\0" * 50)),
    (MULTIPART, {}, upload("file", "a.csv.gz", "application/gzip", BOMB)),
    (MULTIPART, {}, upload("csrf_token", "a.txt")),
    (MULTIPART, {}, upload("password", "a.txt")),
]
