"""The benchmark of the desks against a server that answers what it is told to."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from benchmarks.desks import main


@contextmanager
def server() -> Iterator[tuple[str, list[str]]]:
    """Every question gives the roads a new version. Yields the server's address and what was asked of it."""
    asked: list[str] = []

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(f"{self.command} {self.path}")
            way = {"coordinates": [[119.1, 36.7], [119.2, 36.7]]}
            answer = {"token": "t", "id": 7, "version": 1, "roads_version": len(asked)}
            content = json.dumps(answer | {"responders": [{"officer_id": 1, "route": way}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as serving:
        thread = Thread(target=serving.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{serving.server_port}", asked
        finally:
            serving.shutdown()
            thread.join()


def test_every_desk_asks_both_ways_and_what_was_raised_or_closed_is_taken_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with server() as (url, asked):
        assert main(["--url", url, "--desks", "4", "--seconds", "0.5", "--alerts", "2"]) == 0
    printed = capsys.readouterr().out
    assert "4 desks, 2 alerts, 1 officers in a list" in printed
    rows = [line for line in printed.splitlines() if line.startswith("| ")][2:]
    assert [row.split("|")[2].strip() for row in rows] == ["4", "4", "20"]
    assert asked.count("POST /api/session") == 4
    assert asked.count("POST /api/alerts") == asked.count("POST /api/alerts/7/close") == 2
    assert asked.count("POST /api/roads/closures") == asked.count("DELETE /api/roads/closures/7") == 20


def test_a_server_that_is_not_there_is_said_to_be_missing(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert main(["--url", url]) == 1
    assert "start ./onemap demo first" in capsys.readouterr().out
