"""Proofs that draw: where their draws come from, and one line for each that says how it went.

A test marked `prove` draws with --seed, which is another one each time if it is not given; every other test
draws the same each time.
"""

import random
from typing import Any

import pytest

#: What tests draw with that are no proofs.
SAME_EACH_TIME = 1


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """What this test draws with."""
    return int(request.config.getoption("seed")) if is_proof(request.node) else SAME_EACH_TIME


def is_proof(item: pytest.Item) -> bool:
    return item.get_closest_marker("prove") is not None


def pytest_addoption(parser: pytest.Parser) -> None:
    drawn = random.SystemRandom().randrange(1_000_000)
    parser.addoption("--seed", type=int, default=drawn, help="what proofs draw with [default: drawn]")


def pytest_configure(config: pytest.Config) -> None:
    """A worker draws with the seed that the lines name."""
    if hasattr(config, "workerinput"):
        config.option.seed = config.workerinput["seed"]
    else:
        config.pluginmanager.register(Lines(config))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["seed"] = node.config.getoption("seed")


class Lines:
    """A plugin: one line for each proof, as soon as it has ended."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if "prove" in report.keywords and (report.when == "call" or report.outcome != "passed"):
            terminal = self.config.pluginmanager.get_plugin("terminalreporter")
            done = "".join(f", {value} {name}" for name, value in report.user_properties)
            drawn = f"seed {self.config.getoption('seed')}{done}"
            terminal.ensure_newline()
            terminal.write_line(f"{report.outcome:8}{report.duration:6.0f} s  {drawn}  {report.nodeid}")
