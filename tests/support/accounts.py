"""CPU seconds of the tests by folder: of pytest's processes, their children and servers."""

import os
from collections import Counter
from collections.abc import Generator

import psutil
import pytest

#: Files that use less are counted with their folder only.
WORTH_A_LINE = 10
#: What this process has used so far for each file, and what servers have that nobody here waits for.
USED: Counter[str] = Counter()
SERVERS: Counter[str] = Counter()


def seconds() -> float:
    """Of this process and of the children that it has waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def note_server(name: str, pid: int) -> None:
    """Count what a server has used until now, with the processes that it started."""
    try:
        server = psutil.Process(pid)
        for process in (server, *server.children(recursive=True)):
            used = process.cpu_times()
            SERVERS[name] += used.user + used.system + used.children_user + used.children_system
    except psutil.NoSuchProcess:
        return


class Accounts:
    """A plugin: each worker hands its sums to the process that started it, which prints all."""

    def __init__(self) -> None:
        self.together: Counter[str] = Counter()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        before = seconds()
        try:
            return (yield)
        finally:
            USED[item.nodeid.split("::")[0].removeprefix("tests/")] += seconds() - before

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        used = {**USED, **SERVERS, "pytest": seconds() - USED.total()}
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["used"] = used
        elif USED:
            self.together.update(used)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        self.together.update(getattr(node, "workeroutput", {}).get("used", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        folders: Counter[str] = Counter()
        for part, used in self.together.items():
            folders[part.split("/", maxsplit=1)[0]] += used
        terminalreporter.section(f"{folders.total():.0f} CPU seconds")
        for folder, used in folders.most_common():
            terminalreporter.write_line(f"{used:7.1f}  {folder}")
            for part, of_it in self.together.most_common():
                if part.startswith(f"{folder}/") and of_it >= WORTH_A_LINE:
                    terminalreporter.write_line(f"{of_it:12.1f}  {part.removeprefix(f'{folder}/')}")
