"""A database of an owner who is no superuser, with its runner, as `standing roles` has them."""

import psycopg
from conftest import Standing
from sqlalchemy import make_url

from standing.settings import Settings

OWNER, RUNNER = "shop_owner", "shop_runner"
#: Roles are the server's, and outlast a test's database.
MAKE_OWNER = f"do $$ begin if to_regrole('{OWNER}') is null then create role {OWNER} login; end if; end $$"


def as_role(settings: Settings, role: str) -> Settings:
    """The same database and home, as another role."""
    url = make_url(settings.database_url or "").set(username=role)
    return settings.model_copy(update={"database_url": url.render_as_string(hide_password=False)})


def run_sql(settings: Settings, statements: str) -> None:
    """As the superuser that made the database; several statements at once, each by itself."""
    with psycopg.connect((settings.database_url or "").replace("+psycopg", "")) as connection:
        connection.execute(statements.encode())


def runner_of(settings: Settings, standing: Standing, *owner: str) -> Settings:
    """Grant the runner what `standing roles` prints; gives the runner's settings."""
    run_sql(settings, standing.told(settings, "roles", *owner, "--runner", RUNNER, "--sql"))
    return as_role(settings, RUNNER)


def give_away(settings: Settings, standing: Standing) -> Settings:
    """As `runner_of`, of a database that becomes the owner's; everybody is due after that."""
    run_sql(settings, MAKE_OWNER)
    run_sql(settings, f"revoke create on schema public from public; alter schema public owner to {OWNER}")
    return runner_of(settings, standing, "--owner", OWNER)
