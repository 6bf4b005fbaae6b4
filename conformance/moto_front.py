"""A server before moto, for programs that use AWS's SDK for Go.

That SDK asks CloudWatch by the Smithy protocol RPC v2 CBOR and no other; moto speaks it not at all. DescribeAlarms is
answered here with what moto tells boto3. Operations that moto lacks, and answers with its stack, are refused as AWS
refuses who has no right, so that nobody tries again and waits. All else is passed on as it came.

Sources: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html and RFC 8949.
"""

import contextlib
import http.client
import http.server
import struct
import threading
import urllib.parse
from collections.abc import Iterator
from datetime import datetime

import servers

LACKING = ("Action=ListOrganizationsFeatures", "Action=ListServiceSpecificCredentials")
LACKING_PATHS = ("/analyzer", "/accounts")
ALARMS = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms"


def cbor(value) -> bytes:
    """Encode what boto3 returns."""
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int) and value >= 0:
        return head(0, value)
    if isinstance(value, int | float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, datetime):
        return head(6, 1) + cbor(value.timestamp())
    if isinstance(value, str):
        raw = value.encode()
        return head(3, len(raw)) + raw
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    return head(4, len(value)) + b"".join(map(cbor, value))


def head(major: int, n: int) -> bytes:
    """Encode a kind of value with its number."""
    if n < 24:
        return bytes([major << 5 | n])
    return bytes([major << 5 | 27]) + struct.pack(">Q", n)


class Front(http.server.BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    behind: servers.Server

    def log_message(self, *_):
        """Say nothing."""

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == ALARMS:
            told = servers.client(self.behind.url, self.behind.admin, "cloudwatch").describe_alarms()
            told.pop("ResponseMetadata")
            self.answer(200, cbor(told), {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"})
            return
        if body.decode(errors="replace").startswith(LACKING):
            refusal = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>moto has no such operation</Message>"
            self.answer(403, refusal + b"</Error></ErrorResponse>", {"Content-Type": "text/xml"})
            return
        if self.path.startswith(LACKING_PATHS):
            refusal = b'{"message": "moto has no such operation"}'
            self.answer(403, refusal, {"Content-Type": "application/json", "x-amzn-ErrorType": "AccessDeniedException"})
            return
        there = urllib.parse.urlsplit(self.behind.url)
        link = http.client.HTTPConnection(there.hostname, there.port, timeout=60)
        with contextlib.closing(link):
            link.request(self.command, self.path, body, dict(self.headers.items()))
            got = link.getresponse()
            kept = {
                k: v for k, v in got.getheaders() if k.lower() not in ("content-length", "connection", "date", "server")
            }
            self.answer(got.status, b"" if self.command == "HEAD" else got.read(), kept)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = pass_on


@contextlib.contextmanager
def serve(behind: servers.Server) -> Iterator[str]:
    """Serve on a free port of the loopback interface, and give the address."""
    handler = type("FrontOf", (Front,), {"behind": behind})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
