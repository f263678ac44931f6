"""The project's own server: starts by itself, stops cleanly, survives being killed."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from support.waiting import until

from standing.database.embedded import Server

pytestmark = pytest.mark.database


@pytest.fixture
def server() -> Iterator[Server]:
    home = Path(tempfile.mkdtemp(prefix="standing-test-"))
    home.chmod(0o755)
    server = Server(home, extra={"shared_buffers": "16MB"})
    yield server
    server.remove()
    shutil.rmtree(home, ignore_errors=True)


def number(server: Server, statement: str) -> object:
    engine = create_engine(server.url())
    try:
        with engine.begin() as connection:
            return connection.execute(text(statement)).scalar()
    finally:
        engine.dispose()


def test_starting_and_stopping_are_safe_to_repeat_and_data_stays(server: Server) -> None:
    assert server.start()
    assert not server.start()
    engine = create_engine(server.url())
    with engine.begin() as connection:
        connection.execute(text("create table kept as select 7 as n"))
    engine.dispose()
    assert server.stop()
    assert not server.stop()
    assert not server.sockets.exists()
    assert server.start()
    assert number(server, "select n from kept") == 7


def test_a_killed_server_starts_again_with_what_was_committed(server: Server) -> None:
    server.start()
    engine = create_engine(server.url())
    with engine.begin() as connection:
        connection.execute(text("create table kept as select 8 as n"))
    engine.dispose()
    process = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(process, signal.SIGKILL)
    until(lambda: not server.running(), "the end of the server")
    assert server.start()
    assert number(server, "select n from kept") == 8


def test_the_server_listens_on_its_socket_only_and_in_utc(server: Server) -> None:
    server.start()
    assert number(server, "show listen_addresses") == ""
    assert number(server, "show timezone") == "UTC"
    assert number(server, "select upper('é') = 'É' and length('บรอนซ์') = 6")
    assert server.sockets.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's own folder is closed to the server's account")
def test_a_home_that_the_servers_account_cannot_reach_is_served_from_the_system_state() -> None:
    home = Path(tempfile.mkdtemp(prefix="standing-test-"))  # mode 0700: nobody but root
    server = Server(home, extra={"shared_buffers": "16MB"})
    try:
        server.start()
        assert number(server, "select 1") == 1
        assert home not in server.data.parents
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        server.remove()
        shutil.rmtree(home)
