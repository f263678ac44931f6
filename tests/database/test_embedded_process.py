"""The embedded server is known by its process, wherever its socket is."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text

from standing.database.connect import connect
from standing.database.embedded import Server
from standing.errors import ServerError
from standing.settings import load_settings


@pytest.fixture
def server() -> Iterator[Server]:
    home = Path(tempfile.mkdtemp(prefix="standing-test-"))
    home.chmod(0o755)
    server = Server(home, extra={"shared_buffers": "16MB"})
    yield server
    server.remove()
    shutil.rmtree(home, ignore_errors=True)


def answers(server: Server) -> bool:
    engine = create_engine(server.url())
    with engine.connect() as connection:
        answer = connection.scalar(text("select 1"))
    engine.dispose()
    return bool(answer)


@pytest.fixture
def stranger(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's own account that has the number of the killed server."""
    server.start()
    note = server.data / "postmaster.pid"
    number, _, rest = note.read_text().partition("\n")
    killed = psutil.Process(int(number))
    killed.send_signal(signal.SIGKILL)
    psutil.wait_procs([killed], timeout=30)
    account = server.data.stat()
    options = {"user": account.st_uid, "group": account.st_gid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "600"], **options) as process:  # type: ignore[call-overload]
        note.write_text(f"{process.pid}\n{rest}")
        yield process
        process.kill()


def test_a_stranger_with_the_servers_number_is_left_alone(
    server: Server, stranger: subprocess.Popen[bytes]
) -> None:
    assert not server.running()
    assert not server.stop()
    assert stranger.poll() is None


def test_the_server_starts_beside_a_stranger_with_its_number(
    server: Server, stranger: subprocess.Popen[bytes]
) -> None:
    assert server.start()
    assert answers(server)
    assert server.stop()
    assert stranger.poll() is None


def test_another_postgres_with_the_servers_number_is_not_the_server(server: Server) -> None:
    other = Server(server.home / "other", extra={"shared_buffers": "16MB"})
    try:
        server.start()
        other.start()
        note = server.data / "postmaster.pid"
        own, theirs = note.read_text(), (other.data / "postmaster.pid").read_text()
        note.write_text(theirs)
        assert not server.running()
        assert not server.stop()
        assert answers(other)
        note.write_text(own)
        assert server.running()
    finally:
        other.remove()


def test_what_a_killed_server_left_at_work_keeps_another_from_the_data(server: Server) -> None:
    """PostgreSQL's own guard stays: a second server would spoil what the first one's children write."""
    server.start()
    note = server.data / "postmaster.pid"
    saved = note.read_text()
    killed = psutil.Process(int(saved.partition("\n")[0]))
    children = killed.children()
    try:
        for child in children:
            with suppress(psutil.NoSuchProcess):  # one that begins with the server and soon ends
                child.suspend()
        killed.kill()
        psutil.wait_procs([killed], timeout=30)
        with pytest.raises(ServerError):
            server.start()
    finally:
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.resume()
        psutil.wait_procs(children, timeout=30)
    assert server.start()


def test_the_socket_is_found_whatever_the_temporary_folder_is_now(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
    sockets = server.sockets
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert server.sockets == sockets
    assert answers(server)
    assert server.stop()
    assert not sockets.exists()


def test_a_temporary_folder_that_no_socket_can_stand_in_is_avoided(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a,b", "it's", "n" * 90):
        odd = tmp_path / name
        odd.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(odd))
        assert odd not in server.sockets.parents
    server.start()
    assert answers(server)


def test_nothing_of_the_environment_leads_away_from_the_embedded_server(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PGHOSTADDR": "192.0.2.1",
        "PGSERVICE": "nowhere",
        "PGUSER": "nobody",
        "PGSSLMODE": "verify-full",
        "PGOPTIONS": "-c default_transaction_read_only=on",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(STANDING_HOME=server.home, _env_file=None)
    with connect(settings) as engine, engine.begin() as connection:
        connection.execute(text("create table written as select 1 as one"))
        assert connection.scalar(text("show data_directory")) == str(server.data)


def test_a_socket_that_is_gone_is_named_and_a_restart_brings_it_back(server: Server) -> None:
    server.start()
    shutil.rmtree(server.sockets)
    with pytest.raises(ServerError, match=r"its socket in .* is gone"):
        server.start()
    assert server.stop()
    assert server.start()
    assert answers(server)
