"""`demo`, `serve`, `drill`: what runs."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated

import httpx
import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from command import demo as demonstration
from command.cli.console import DEFAULT_HOME, Home, clear_errors, err, out, running_installation
from command.drill.play import run_drill
from command.installation import Installation
from command.settings import MediaSettings
from command.supervise import Child, Supervisor
from data.demo.users import DEMO_PASSWORD, demo_users

Host = Annotated[str, typer.Option(help="address to listen on")]
Port = Annotated[int, typer.Option(help="port of the pages and the API", min=1, max=65535)]
GatewayPort = Annotated[int, typer.Option("--hj212-port", help="port of the HJ 212 gateway", min=1, max=65535)]

_READY_WITHIN_S = 120


def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    home: Home = DEFAULT_HOME,
    simulate: Annotated[bool, typer.Option(help="officers that move and loggers that report")] = True,
    hj212_port: GatewayPort = 9212,
    small: Annotated[bool, typer.Option(help="a small world (Weifang only), ready in seconds")] = False,
) -> None:
    """Everything, from nothing, to a running product with a demonstration world."""
    with clear_errors():
        _check_ports(host, port, hj212_port)
        began = time.monotonic()
        with running_installation(home) as here:
            with _bars() as progress:
                demonstration.prepare(here.url, here.home, small=small, progress=progress)
            children = _children(here, host, port, hj212_port)
            if simulate:
                command = (sys.executable, "-m", "data.demo.simulate", _url(host, port), host, str(hj212_port))
                children.append(Child("simulate", command))
            _run(here, children, lambda: _welcome(_url(host, port), hj212_port, began, users=True))


def serve(
    host: Host = "127.0.0.1", port: Port = 8000, home: Home = DEFAULT_HOME, hj212_port: GatewayPort = 9212
) -> None:
    """Run OneMap. Refuses while demonstration users, whose password the whole world knows, can sign in."""
    with clear_errors():
        _check_ports(host, port, hj212_port)
        began = time.monotonic()
        with running_installation(home) as here:
            if demonstration.has_demo_users(here.url):
                raise ValueError(
                    "this installation holds demonstration users with a public password; serve from another --home,"
                    " or remove them first: ./onemap user remove-demo"
                )
            children = _children(here, host, port, hj212_port)
            _run(here, children, lambda: _welcome(_url(host, port), hj212_port, began, users=False))


def drill(
    url: Annotated[str, typer.Option(help="where OneMap runs")] = "http://127.0.0.1:8000",
    hj212: Annotated[
        str | None, typer.Option(help="HOST:PORT of the gateway; port 9212 beside the URL if not given")
    ] = None,
    user: Annotated[str, typer.Option(envvar="ONEMAP_DRILL_USER", help="a dispatcher or duty officer")] = "dispatcher",
    password: Annotated[str, typer.Option(envvar="ONEMAP_DRILL_PASSWORD")] = DEMO_PASSWORD,
    at: Annotated[
        str | None, typer.Option(help="lon,lat of the scene; a monitoring point of the area if not given")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object, for machines")] = False,
) -> None:
    """Play the article's scene, end to end, through the real doors; exit 0 only if every step held."""
    raise typer.Exit(asyncio.run(run_drill(url, hj212=hj212, user=user, password=password, at=at, as_json=as_json)))


def add_to(app: typer.Typer) -> None:
    for command in (demo, serve, drill):
        app.command()(command)


def _url(host: str, port: int) -> str:
    return f"http://{host}:{port}"


def _check_ports(host: str, *ports: int) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise OSError(
                    f"cannot listen on {host}:{port} ({error.strerror}); is OneMap running already?"
                    " --port and --hj212-port choose others"
                ) from None


def _children(here: Installation, host: str, port: int, hj212_port: int) -> list[Child]:
    environment = {
        "ONEMAP_DATABASE_URL": here.url,
        "ONEMAP_HOME": str(here.home),
        "ONEMAP_HOST": host,
        "ONEMAP_PORT": str(port),
        "ONEMAP_INTAKE_HOST": host,
        "ONEMAP_INTAKE_PORT": str(hj212_port),
    }
    inherited = os.environ | environment
    children = [
        Child(name, (sys.executable, "-m", f"command.processes.{name}"), inherited)
        for name in ("web", "intake", "planner")
    ]
    media = MediaSettings()
    for number in range(media.processes):
        name = "media" if number == 0 else f"media{number + 1}"
        port = media.door_port + number if media.door_port else 0
        command = (sys.executable, "-m", "command.processes.media")
        children.append(Child(name, command, inherited | {"ONEMAP_MEDIA_DOOR_PORT": str(port)}))
    if media.processes:
        children.append(Child("recorder", (sys.executable, "-m", "command.processes.recorder"), inherited))
    return children


def _run(here: Installation, children: list[Child], when_ready: Callable[[], Coroutine[None, None, None]]) -> None:
    async def run() -> None:
        supervisor = Supervisor(
            here.home, children, database=here.cluster, say=lambda line: err.print(line, markup=False)
        )
        ready = asyncio.create_task(when_ready())
        try:
            await supervisor.run()
        finally:
            ready.cancel()

    asyncio.run(run())


async def _welcome(url: str, hj212_port: int, began: float, *, users: bool) -> None:
    """Say where it is, once it really answers."""
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        for _ in range(_READY_WITHIN_S * 4):
            try:
                answer = await client.get(f"{url}/api/health")
                if answer.status_code == httpx.codes.OK:
                    break
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.25)
        else:
            err.print(f"OneMap does not answer at {url} yet; its logs say why", markup=False)
            return
    out.print(f"\nOneMap is ready after {time.monotonic() - began:.0f} s: [bold]{url}[/]  (HJ 212: port {hj212_port})")
    if users:
        out.print(f"Demonstration users, password [bold]{DEMO_PASSWORD}[/]:")
        named = [user for user in demo_users() if user.officer_code is None]
        for user in named:
            out.print(f"  {user.username:<12} {user.role:<11} {user.region}")
        out.print("  officer1 …   officer     the phone page: /field")
    out.print("Pages: /wall /desk /plan /field   Stop with Ctrl-C; start again with the same command.\n")


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """Progress bars by step; a step of unknown length shows a moving bar."""
    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=err) as bars:

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total or None)
            bars.update(tasks[step], completed=done, total=total or None)

        yield progress
