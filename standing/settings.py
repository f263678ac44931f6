"""Settings, from the environment and from `.env` in the project's root (the environment wins).

The names without the STANDING_ prefix are those of the application's own `.env`.
"""

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any, Literal

from dotenv.parser import parse_stream
from pydantic import Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from standing import PROJECT_ROOT
from standing.errors import SettingError
from standing.setting_types import (
    Count,
    Home,
    Identifier,
    Interval,
    Port,
    Positive,
    SchemaStem,
    TimeOfDay,
    TimeZone,
    WebAddress,
)
from standing.text import UnreadableFile, text_of


def _is_system(schema: str) -> bool:
    return schema.startswith("pg_") or schema == "information_schema"


PREFIX = "STANDING_"
#: No settings: what dbt's profile reads, where runs find the pages, and what Kubernetes and Docker call the
#: addresses of a service by the name of standing.
NO_SETTING = re.compile(r"STANDING_(DBT_\w+|PAGES|SERVICE_HOST|(SERVICE_)?PORT(_\w+)?)")

#: Settings whose values no message shows.
SECRET = {"DATABASE_URL", "DATABASE_URL_DIRECT", "STANDING_WEBHOOK_URL"}

#: What pydantic finds wrong, by its names → what is expected.
EXPECTED = {
    "int_parsing": "write a whole number",
    "int_parsing_size": "write a whole number that is not so long",
    "bool_parsing": "write true or false",
    "greater_than": "it has to be above {gt}",
    "greater_than_equal": "it has to be at least {ge}",
    "literal_error": "write {expected}",
    "less_than_equal": "it may be {le} at most",
    "string_too_short": "it may not be empty",
    "string_too_long": "it may have {max_length} characters at most",
}


class Settings(BaseSettings):
    """All settings; every field is read from the upper-case variable of its alias."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_ROOT / ".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

    database_url: str | None = Field(None, alias="DATABASE_URL")
    #: Where the lock is held if DATABASE_URL leads through a pooler in transaction mode.
    database_url_direct: str | None = Field(None, alias="DATABASE_URL_DIRECT")
    home: Home = Field(PROJECT_ROOT / ".standing", alias="STANDING_HOME")
    application_schema: Identifier = Field("public", alias="STANDING_APPLICATION_SCHEMA")
    build_schema: SchemaStem = Field("standing_build", alias="STANDING_BUILD_SCHEMA")
    source_time_zone: TimeZone = Field("UTC", alias="SOURCE_TIME_ZONE")
    business_time_zone: TimeZone = Field("Asia/Bangkok", alias="BUSINESS_TIME_ZONE")

    #: Keys written in one transaction of the publishing step.
    publish_chunk: Positive = Field(5000, alias="STANDING_PUBLISH_CHUNK")
    #: Days (UTC) that replaced documents are kept, so that a run can be undone.
    history_days: Positive = Field(90, alias="STANDING_HISTORY_DAYS")
    #: Models that dbt builds side by side, and chunks that are published side by side.
    threads: Positive = Field(2, alias="STANDING_THREADS")
    #: Triggers log whose data changed; without them every run is a full one.
    change_log: bool = Field(True, alias="STANDING_CHANGE_LOG")
    #: Minutes a run waits for another one to end before it ends as skipped.
    lock_wait_minutes: Count = Field(30, alias="STANDING_LOCK_WAIT_MINUTES")

    loyalty_points_per_100_baht: Count = Field(1, alias="LOYALTY_POINTS_PER_100_BAHT")
    loyalty_welcome_bonus: Count = Field(100, alias="LOYALTY_WELCOME_BONUS")
    referral_bonus_referrer: Count = Field(200, alias="REFERRAL_BONUS_REFERRER")
    referral_bonus_referee: Count = Field(100, alias="REFERRAL_BONUS_REFEREE")
    #: Milliseconds, as in the application's own settings.
    trust_score_calculation_interval: Interval = Field(3_600_000, alias="TRUST_SCORE_CALCULATION_INTERVAL")
    seller_tier_update_interval: Interval = Field(86_400_000, alias="SELLER_TIER_UPDATE_INTERVAL")
    min_transactions_for_gold: Count = Field(10, alias="TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD")
    min_transactions_for_diamond: Count = Field(100, alias="TRUST_SCORE_MIN_TRANSACTIONS_FOR_DIAMOND")

    #: When the daily reconciliation begins, in the business time zone; a quiet hour.
    reconcile_at: TimeOfDay = Field("03:30", alias="STANDING_RECONCILE_AT")
    #: A Prefect server to use in place of one of our own.
    prefect_api_url: str | None = Field(None, alias="PREFECT_API_URL")
    #: Where our own Prefect server and our pages listen; not set, 4200 and 4300 or the next free ones.
    prefect_port: Port | None = Field(None, alias="STANDING_PREFECT_PORT")
    pages_port: Port | None = Field(None, alias="STANDING_PAGES_PORT")
    #: Where the pages listen: on loopback, or everywhere; from elsewhere only health and metrics are shown.
    pages_host: Literal["127.0.0.1", "0.0.0.0"] = Field("127.0.0.1", alias="STANDING_PAGES_HOST")  # noqa: S104
    #: Gets a message about failed runs and runs that a gate stopped.
    webhook_url: WebAddress | None = Field(None, alias="STANDING_WEBHOOK_URL")
    #: Metrics for Prometheus; not set, under the home.
    metrics_file: Path | None = Field(None, alias="STANDING_METRICS_FILE")
    #: Log lines as JSON objects.
    json_logs: bool = Field(False, alias="STANDING_JSON_LOGS")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The usual ones, of which those that have names of variables may have no unknown one."""
        for source in (env_settings, dotenv_settings):
            assert isinstance(source, EnvSettingsSource)  # noqa: S101  # as pydantic-settings makes them
            _require_known(source.env_vars)
        return init_settings, env_settings, dotenv_settings

    @property
    def replay_schema(self) -> str:
        """Where a replay of a past moment builds."""
        return f"{self.build_schema}_replay"

    @property
    def metrics_path(self) -> Path:
        return self.metrics_file or self.home / "metrics" / "standing.prom"

    @property
    def why_schema(self) -> str:
        """Where the facts behind one member's documents are built to be explained."""
        return f"{self.build_schema}_why"

    @property
    def shadow_schema(self) -> str:
        """Where `standing reconcile` builds everybody anew."""
        return f"{self.build_schema}_shadow"

    @property
    def diff_stem(self) -> str:
        """How the schemas begin in which `standing diff` builds."""
        return f"{self.build_schema}_diff_"

    @property
    def diff_schema(self) -> str:
        """Where `standing diff` builds for whoever is at work; made to fit PostgreSQL's 63 bytes."""
        person = re.sub(r"[^a-z0-9]", "_", os.environ.get("USER", str(os.getuid())).lower())
        return f"{self.diff_stem}{person}"[:63]

    @property
    def build_schemas(self) -> tuple[str, ...]:
        """Every schema that dbt builds into."""
        return (
            self.build_schema,
            self.replay_schema,
            self.why_schema,
            self.shadow_schema,
            self.diff_schema,
        )

    @model_validator(mode="after")
    def _schemas_are_apart(self) -> "Settings":
        taken = {self.application_schema: "the application's", "standing": "Standing's own"}
        tried = [one for one in (self.application_schema,) if one.startswith(self.diff_stem)]
        for schema in (*self.build_schemas, *tried):
            owner = taken.get(schema, "PostgreSQL's" if _is_system(schema) or schema == "public" else None)
            if owner:
                raise ValueError(f"STANDING_BUILD_SCHEMA={self.build_schema!r}: {schema} is {owner} schema")
        if self.application_schema == "standing" or _is_system(self.application_schema):
            raise ValueError(
                f"STANDING_APPLICATION_SCHEMA={self.application_schema!r} is not an application's"
            )
        return self

    @model_validator(mode="after")
    def _levels_rise(self) -> "Settings":
        if self.min_transactions_for_gold > self.min_transactions_for_diamond:
            raise ValueError(
                f"TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD ({self.min_transactions_for_gold}) is above "
                f"TRUST_SCORE_MIN_TRANSACTIONS_FOR_DIAMOND ({self.min_transactions_for_diamond})"
            )
        return self


def _require_known(names: Iterable[str]) -> None:
    """A misspelt setting would be left at its default in silence."""
    known = [str(field.alias) for field in Settings.model_fields.values()]
    stems = {name.removeprefix(PREFIX): name for name in known}
    for name in (name.upper() for name in names):
        if name.startswith(PREFIX) and name not in known and not NO_SETTING.fullmatch(name):
            nearest = get_close_matches(name.removeprefix(PREFIX), stems, 1)
            meant = "".join(f"; is {stems[stem]} meant?" for stem in nearest)
            raise SettingError(
                f"setting {name} is unknown{meant}",
                "correct it in the environment or in .env; the README lists all settings",
            )


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; `overrides` are given by variable name, for tests and options.

    Raises SettingError naming the variable and what it may be.
    """
    _require_text(overrides.get("_env_file", Settings.model_config.get("env_file")))
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        expected = EXPECTED.get(first["type"], "").format(**first.get("ctx", {}))
        problem = expected or first["msg"].removeprefix("Value error, ")
        shown = name if name in SECRET else f"{name}={first['input']!r}"
        what = f"{shown}: {problem}" if name else problem
        raise SettingError(f"setting {what}", "correct it in the environment or in .env") from None


def _require_text(env_file: Path | None) -> None:
    """Whoever else reads `.env` (Prefect does) could not say what is wrong with it."""
    if env_file is not None and env_file.exists():
        fix = "correct it, or set its variables"
        try:
            lines = parse_stream(StringIO(text_of(env_file)))
        except UnreadableFile as error:
            raise SettingError(f"{env_file} {error}", fix) from None
        # Others pass over such a line in silence, and its setting with it. It may hold a secret.
        for wrong in (one.original.line for one in lines if one.error):
            raise SettingError(f"{env_file} line {wrong} is no NAME=VALUE, or a quote is left open", fix)


@lru_cache(maxsize=1)
def current() -> Settings:
    """The process's settings, read once."""
    return load_settings()
