"""What is put around a dbt command."""

from pathlib import Path

import pytest
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager_client import add_logger_to_manager
from dbt_common.events.functions import get_stdout_config
from dbt_common.events.logger import LineFormat
from sqlalchemy import make_url

from standing.build import dbt
from standing.errors import SettingError
from standing.settings import load_settings


def test_an_interruption_before_dbt_has_opened_its_log_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dbt.cli.requires.Flags", interrupt)
    as_imported = get_stdout_config(LineFormat.PlainText, True, EventLevel.INFO, False)
    add_logger_to_manager(as_imported)
    with pytest.raises(KeyboardInterrupt):
        dbt.load(load_settings(STANDING_HOME=tmp_path), make_url("postgresql://nobody@localhost/nowhere"))
    assert capfd.readouterr() == ("", "")


def test_a_home_that_takes_no_files_is_named_and_not_its_log(tmp_path: Path) -> None:
    (tmp_path / "dbt").write_text("")
    with pytest.raises(SettingError, match="STANDING_HOME"):
        dbt.invoke(
            load_settings(STANDING_HOME=tmp_path), make_url("postgresql://nobody@localhost/nowhere"), "ls"
        )
