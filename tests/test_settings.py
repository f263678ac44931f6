"""Settings come from the environment; a wrong one is refused by name before anything starts."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Standing

from standing import PROJECT_ROOT
from standing.database.conninfo import to_url
from standing.database.url import read
from standing.errors import SettingError, closed_home
from standing.settings import load_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOYALTY_WELCOME_BONUS", "-1"),
        ("LOYALTY_POINTS_PER_100_BAHT", "one"),
        ("TRUST_SCORE_CALCULATION_INTERVAL", "0"),
        ("TRUST_SCORE_CALCULATION_INTERVAL", "999"),
        ("SELLER_TIER_UPDATE_INTERVAL", "1000000000000"),
        ("SELLER_TIER_UPDATE_INTERVAL", "daily"),
        ("TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD", "-5"),
        ("BUSINESS_TIME_ZONE", "Asia/Bangkokk"),
        ("SOURCE_TIME_ZONE", "+07:00"),
        ("STANDING_PUBLISH_CHUNK", "0"),
        ("STANDING_APPLICATION_SCHEMA", "x" * 64),
        ("STANDING_APPLICATION_SCHEMA", 'a "quoted" name'),
        ("STANDING_APPLICATION_SCHEMA", "pg_catalog"),
        ("STANDING_APPLICATION_SCHEMA", "standing"),
        ("STANDING_APPLICATION_SCHEMA", "pg_{braces}"),
        ("STANDING_BUILD_SCHEMA", "public"),
        ("STANDING_BUILD_SCHEMA", "standing"),
        ("STANDING_BUILD_SCHEMA", "information_schema"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        load_settings(**{name: value})


MILLISECONDS = "write a whole number of milliseconds, from 1000 to 31622400000, such as 3600000 for an hour"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("STANDING_THREADS", "two", "write a whole number"),
        ("STANDING_THREADS", "2.5", "write a whole number"),
        ("STANDING_THREADS", "0", "it has to be above 0"),
        ("STANDING_LOCK_WAIT_MINUTES", "-1", "it has to be at least 0"),
        ("STANDING_PREFECT_PORT", "70000", "it may be 65535 at most"),
        ("STANDING_CHANGE_LOG", "perhaps", "write true or false"),
        ("STANDING_PAGES_HOST", "example.org", "write '127.0.0.1' or '0.0.0.0'"),
        ("STANDING_HOME", f"{__file__}/home", f"{__file__} is no folder"),
        ("STANDING_HOME", "~nobody at all/x", "there is no such account, whose home it could be"),
        ("STANDING_BUILD_SCHEMA", "x" * 51, "it may have 50 characters at most"),
        (
            "SOURCE_TIME_ZONE",
            "{UTC}",
            "that is not a time zone of the IANA database, such as Asia/Bangkok",
        ),
        *(("TRUST_SCORE_CALCULATION_INTERVAL", wrong, MILLISECONDS) for wrong in ("1h", "60", "0.5")),
        ("STANDING_RECONCILE_AT", "25:00", "write it as HH:MM, such as 03:30"),
    ],
)
def test_what_is_expected_of_a_wrong_setting_is_said_in_one_line(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingError) as refused:
        load_settings(**{name: value})
    assert refused.value.message == f"setting {name}={value!r}: {said}"


#: Gives up root's rights, to which all is open, before it reads the settings.
AS_NOBODY = """
import os, sys
from standing.errors import SettingError
from standing.settings import load_settings
if os.geteuid() == 0:
    os.setuid(65534)
for home in sys.argv[1:]:
    try:
        load_settings(STANDING_HOME=home, _env_file=None)
    except SettingError as refused:
        print(refused.message)
"""


def test_a_home_that_is_closed_to_the_account_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0)
    script = [sys.executable, "-c", AS_NOBODY, "/", f"{tmp_path}/shut/home"]
    done = subprocess.run(script, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    there, within = done.stdout.splitlines()
    assert there == (
        "setting STANDING_HOME='/': this account may not write there; let it, or name another folder"
    )
    assert within.startswith(f"setting STANDING_HOME='{tmp_path}/shut/home': there is none, and")


@pytest.mark.parametrize(
    "commands", [(("standing", "down"), ("standing", "up")), (("flows", "server"),) * 2]
)
def test_a_home_in_which_nothing_can_be_made_is_refused_by_every_program(
    commands: tuple[tuple[str, str], tuple[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "prefect").write_text("")
    homes = (
        (tmp_path, "File exists\n  fix: move "),
        (Path("/proc/nope"), "No such file or directory\n  fix: set STANDING_HOME"),
    )
    for command, (home, said) in zip(commands, homes, strict=True):
        environment = {**os.environ, "STANDING_HOME": str(home)}
        environment.pop("DATABASE_URL", None)
        done = subprocess.run(
            [sys.executable, "-m", *command],
            env=environment,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert f"error: STANDING_HOME='{home}' cannot be written: {home}" in done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_an_error_that_is_no_closed_home_stays_what_it_is(tmp_path: Path) -> None:
    lost = FileNotFoundError(errno.ENOENT, "No such file or directory", str(tmp_path / "state" / "x"))
    assert closed_home(lost, tmp_path) is None
    elsewhere = PermissionError(errno.EACCES, "Permission denied", "/elsewhere")
    assert closed_home(elsewhere, tmp_path) is None
    full = OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "reports"))
    assert "STANDING_HOME" in str(closed_home(full, tmp_path))


def test_a_wrong_webhook_is_refused_by_name_and_not_shown() -> None:
    with pytest.raises(SettingError) as refused:
        load_settings(STANDING_WEBHOOK_URL="hooks.example/a-secret")
    assert "STANDING_WEBHOOK_URL" in str(refused.value)
    assert "a-secret" not in str(refused.value)


def test_gold_above_diamond_is_refused_and_both_are_named() -> None:
    names = {
        "TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD": 11,
        "TRUST_SCORE_MIN_TRANSACTIONS_FOR_DIAMOND": 10,
    }
    with pytest.raises(SettingError, match=r"GOLD.*11.*above.*DIAMOND.*10"):
        load_settings(**names)


def test_defaults_are_those_of_the_migration_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(_env_file=None)
    assert settings.loyalty_points_per_100_baht == 1
    assert settings.loyalty_welcome_bonus == 100
    assert settings.referral_bonus_referrer == 200
    assert settings.referral_bonus_referee == 100
    assert settings.trust_score_calculation_interval == 3_600_000
    assert settings.min_transactions_for_gold == 10
    assert settings.min_transactions_for_diamond == 100
    assert settings.seller_tier_update_interval == 86_400_000
    monkeypatch.setenv("LOYALTY_WELCOME_BONUS", "250")
    assert load_settings(_env_file=None).loyalty_welcome_bonus == 250


def test_a_dotenv_file_is_read_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("LOYALTY_WELCOME_BONUS=7\nREFERRAL_BONUS_REFEREE=8\nOPENAI_API_KEY=unknown\n")
    monkeypatch.setenv("LOYALTY_WELCOME_BONUS", "9")
    settings = load_settings(_env_file=file)
    assert settings.loyalty_welcome_bonus == 9
    assert settings.referral_bonus_referee == 8


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("STANDING_THREADS=3\n".encode("utf-16"), "is in UTF-16 and not in UTF-8"),
        ("A=b\nSTANDING_THREADS=3\n".encode("utf-16-le"), "line 1 has a zero byte"),
        ("A=b\nB=สถานะ\n".encode("cp874"), "line 2 has the byte 0xd0, which is not UTF-8"),
    ],
)
def test_a_dotenv_file_in_another_encoding_is_refused_by_name(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / ".env"
    file.write_bytes(content)
    with pytest.raises(SettingError) as refused:
        load_settings(_env_file=file)
    assert f"{file} {said}" in refused.value.message
    assert refused.value.message.endswith("save it in UTF-8, as every editor can")


def test_a_line_of_a_dotenv_file_that_is_no_setting_is_refused_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text('A=b\nDATABASE_URL="postgresql://me:secret@host/shop\n')
    with pytest.raises(SettingError) as refused:
        load_settings(_env_file=file)
    assert "line 2 is no NAME=VALUE, or a quote is left open" in refused.value.message
    assert "secret" not in str(refused.value)


def test_a_dotenv_file_that_cannot_be_read_says_why_and_one_that_is_missing_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read: Is a directory"):
        load_settings(_env_file=tmp_path)
    assert load_settings(_env_file=tmp_path / "none").threads == 2
    file = tmp_path / ".env"
    file.write_bytes(b"\xef\xbb\xbfSTANDING_THREADS=3\r\n")  # as Windows writes it
    assert load_settings(_env_file=file).threads == 3


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("STANDING_LOCK_WAIT", "STANDING_LOCK_WAIT_MINUTES"),
        ("standing_thread", "STANDING_THREADS"),
        ("STANDING_DATABASE_URL", "DATABASE_URL"),
    ],
)
def test_a_misspelt_setting_is_refused_and_the_nearest_one_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, misspelt: str, meant: str
) -> None:
    said = f"{misspelt.upper()} is unknown; is {meant} meant?"
    file = tmp_path / ".env"
    file.write_text(f"{misspelt}=3\n")
    with pytest.raises(SettingError) as of_the_file:
        load_settings(_env_file=file)
    assert said in str(of_the_file.value)
    monkeypatch.setenv(misspelt, "3")
    with pytest.raises(SettingError) as of_the_environment:
        load_settings(_env_file=None)
    assert said in str(of_the_environment.value)


def test_a_setting_like_no_other_is_refused_without_a_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDING_XYZ", "3")
    with pytest.raises(SettingError, match=r"STANDING_XYZ is unknown\n"):
        load_settings(_env_file=None)


@pytest.mark.parametrize(
    "name",
    [
        "STANDING_DBT_HOST",
        "STANDING_PAGES",
        "STANDING_SERVICE_HOST",
        "STANDING_SERVICE_PORT_HTTP",
        "STANDING_PORT",
        "STANDING_PORT_4200_TCP_ADDR",
    ],
)
def test_variables_of_dbt_of_the_pages_and_of_a_cluster_are_no_settings(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "tcp://10.0.0.1:4200")
    assert load_settings(_env_file=None).threads == 2


@pytest.mark.parametrize(
    "given",
    [
        "postgres://ann:pw@db.example:6432/shop",
        "postgresql://ann:pw@db.example:6432/shop",
        "postgresql+psycopg2://ann:pw@db.example:6432/shop",
    ],
)
def test_the_usual_spellings_of_a_url_lead_to_psycopg_3(given: str) -> None:
    url = to_url(read(given, "DATABASE_URL"))
    assert url.drivername == "postgresql+psycopg"
    assert (url.username, url.host, url.port, url.database) == ("ann", "db.example", 6432, "shop")


@pytest.mark.parametrize(
    "given",
    [
        "shop",
        "mysql://ann@db/shop",
        "postgresql://ann:secret@db",
        "http:",
        "postgresql://ann:se@cret@db/shop",
    ],
)
def test_what_is_not_a_postgresql_url_is_refused_without_its_password(given: str) -> None:
    with pytest.raises(SettingError, match="DATABASE_URL") as refused:
        to_url(read(given, "DATABASE_URL"))
    assert "secret" not in str(refused.value)
    assert "cret@" not in str(refused.value)


@pytest.mark.parametrize(
    ("variables", "code", "said"),
    [
        ({"DATABASE_URL": "postgresql://ann:secret@127.0.0.1:1/shop"}, 1, "127.0.0.1:1"),
        ({"DATABASE_URL": "sqlite:///shop"}, 2, "not PostgreSQL"),
        ({"LOYALTY_WELCOME_BONUS": "lots"}, 2, "LOYALTY_WELCOME_BONUS"),
        ({"STANDING_THREDS": "secret"}, 2, "STANDING_THREDS is unknown; is STANDING_THREADS meant?"),
    ],
)
def test_the_command_line_answers_a_wrong_setting_with_one_message(
    standing: Standing, tmp_path: Path, variables: dict[str, str], code: int, said: str
) -> None:
    settings = load_settings(STANDING_HOME=tmp_path, DATABASE_URL="postgresql://x@localhost/x")
    done = standing(settings, "status", **variables)
    assert done.returncode == code
    assert said in done.stderr
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
