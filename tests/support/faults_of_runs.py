"""A published marketplace to which something happened, and what an undisturbed run makes of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from support.clock import set_clock
from support.unaudited import unaudited

from standing.contract.stored import present
from standing.contract.targets import DOCUMENTS
from standing.database.connect import connect
from standing.run.execute import Perform, execute, run_directly
from standing.run.outcome import RunOutcome
from standing.run.run import Request
from standing.settings import Settings

#: What the application did since the first run: orders end, reviews come, members verify and are banned.
CHANGES = """
update orders set status = 'completed', completed_at = '2026-06-02'
where id in (select id from orders where status in ('shipped', 'delivered', 'paid') order by id limit 60);
update orders set status = 'cancelled', cancelled_at = '2026-06-02', cancelled_by = 'seller'
where id in (select id from orders where status = 'pending' order by id limit 20);
insert into reviews (id, order_id, seller_id, reviewer_id, rating, created_at)
select md5('late' || id)::uuid, id, seller_id, buyer_id,
    1 + mod(('x' || left(md5(id::text), 4))::bit(16)::int, 5),
    '2026-06-03'
from orders where status = 'completed' order by id limit 80;
update users set kyc_status = 'verified' where id in (select id from users order by id limit 60);
update users set security_settings = '{"is_banned": true}'
    where id in (select id from users order by id desc limit 3);
delete from messages where thread_id in (select thread_id from messages order by thread_id limit 20);
"""
#: Keys that say when a run was, not what it found.
CLOCKS = ("last_calculated", "last_updated", "next_review", "tier_achieved_at")

#: About what an audit takes.
AUDIT_SECONDS = 2.0

#: target → member → document without clocks
Documents = dict[str, dict[str, Any]]


def published(engine: Engine) -> Documents:
    """What stands in the application's columns."""
    found: Documents = {}
    with engine.connect() as connection:
        for target in DOCUMENTS:
            document = f"{target.table_key}::text, {present(target, 't')}::text"
            rows = connection.execute(text(f"select {document} from {target.table} as t"))
            found[target.name] = {member: _timeless(json.loads(document)) for member, document in rows}
    return found


def _timeless(document: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in document.items() if key not in CLOCKS}
    for entry in kept.get("tier_change_history", ()):
        entry.pop("at", None)
    return kept


def audited_run(settings: Settings, perform: Perform = run_directly) -> RunOutcome:
    return execute(settings, Request("all"), perform)


def run(settings: Settings, perform: Perform = run_directly) -> RunOutcome:
    """A run that only builds and publishes."""
    with unaudited():
        return audited_run(settings, perform)


@dataclass(frozen=True)
class Undisturbed:
    """A run at `now` with documents `before` and `after`; `seconds` is what its stages took."""

    now: datetime
    before: Documents
    after: Documents
    seconds: dict[str, float]


def undisturbed_run(settings: Settings) -> Undisturbed:
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
    with connect(settings) as engine, pytest.MonkeyPatch.context() as monkeypatch:
        set_clock(monkeypatch, lambda: now)
        before = published(engine)
        outcome = run(settings)
        assert outcome.status == "published", outcome.message
        assert sum(outcome.written.values()) > 50
        seconds = {
            stage.name: AUDIT_SECONDS if stage.name.startswith("audit") else stage.seconds
            for stage in outcome.stages
        }
        return Undisturbed(now, before, published(engine), seconds)


@dataclass(frozen=True)
class Disturbed:
    """`copy` gives another database in the state before the run; `undisturbed` is where it should lead."""

    copy: Callable[[], Settings]
    undisturbed: Undisturbed

    def check_whole(self, engine: Engine) -> None:
        """Every document is the old one or the new one."""
        now = published(engine)
        for target, documents in now.items():
            for member, document in documents.items():
                old, new = self.undisturbed.before, self.undisturbed.after
                assert document in (old[target][member], new[target][member]), (
                    target,
                    member,
                )

    def check_mended(self, settings: Settings, engine: Engine) -> None:
        """The next run ends where the undisturbed one did, and nothing is left to do."""
        outcome = run(settings)
        assert outcome.status == "published", outcome.message
        old, new = self.undisturbed.before, self.undisturbed.after
        assert published(engine) == new
        with engine.connect() as connection:
            assert connection.scalar(text("select count(*) from standing.due")) == 0
            assert connection.scalar(text("select count(*) from standing.change_log")) == 0
            kept = connection.execute(
                text("select distinct target, member_id::text from standing.history")
            ).all()
        moved = {
            (target, member)
            for target, documents in new.items()
            for member, document in documents.items()
            if document != old[target][member]
        }
        assert moved <= {tuple(row) for row in kept}
