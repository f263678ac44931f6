"""A run, gathered from the database into the report's content."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from standing import __version__
from standing.build.policy import policy_version
from standing.contract.targets import PostingTarget, documents_among
from standing.errors import GateStopped, StandingError
from standing.findings.background import lineage, over_time
from standing.findings.foretold import foretold
from standing.findings.freshness import freshness
from standing.findings.missing_sources import missing_sources
from standing.findings.quarantine import quarantine, quarantine_trend
from standing.gate.facts import headline
from standing.gate.waiting import expiry
from standing.report import content
from standing.report.audits import Look, quality
from standing.report.changes import Change
from standing.report.wording import name
from standing.run.amounts import written_words
from standing.run.effects import count_effects
from standing.run.left_out import left_out
from standing.run.points import points_after
from standing.run.quality import audited, audits_of, volumes
from standing.run.run import Built, Run, Written
from standing.settings import Settings
from standing.state.history import written_by
from standing.text import plural

LONGEST_CAUSE = 140  # characters of what stopped a run in its headline
#: Parts of the report that `standing.runs` keeps for later runs to compare with.
SUMMARY = ("verdict", "changes", "stages", "distributions", "freshness")


def gather(run: Run, status: str, error: StandingError | None) -> tuple[content.RunReport, dict[str, Any]]:
    """The report of a run that has ended, and what `standing.runs` keeps of it."""
    with run.engine.connect() as connection:
        gathered = _gather(connection, run, status, error)
        expires = {"expires_at": expiry(connection, run.settings)} if status == "stopped" else {}
    shown = gathered.to_json()
    summary = {key: shown[key] for key in SUMMARY}
    if shown["points"]:
        summary["points"] = shown["points"]
    set_aside = [{key: one[key] for key in ("source", "reason", "rows")} for one in shown["quarantine"]]
    return (
        gathered,
        {
            **summary,
            "policy_version": gathered.run.policy_version,
            "quarantine": set_aside,
            **audited(Look(gathered.run.run_id, gathered.run.started_at), gathered.audits),
            "volumes": volumes(run) if run.builds_everybody else {},
            "gate": run.gate.to_json(),
            "targets": [target.name for target in run.targets],
            "held": [target.name for target in run.held],
            **({"checkout": run.checkout.words} if run.checkout and run.checkout.edited else {}),
            **(run.plan.remembered if run.plan else {}),
            "causes": shown["causes"],
            **expires,
            **({} if run.approves is None else {"approves": run.approves, "left": run.written.left}),
        },
    )


def _gather(
    connection: Connection, run: Run, status: str, error: StandingError | None
) -> content.RunReport:
    # What an idle run leaves as it is was built by one before it.
    built = run.is_idle or run.last(Built) is not None
    written = _written(connection, run)
    counted = next((one.effects for one in run.audits if one.effects), None)
    effects = counted or count_effects(connection, run)
    audits = audits_of(connection, run)
    unmet = tuple(one for audit in audits for one in audit.unmet)
    facts, verdict = _facts(connection, run, status), _verdict(run, error, written, unmet)
    if beside := left_out(connection, run):
        verdict = replace(verdict, headline=" ".join((verdict.headline, *map(_sentence, beside))))
    set_aside = quarantine(connection, run.settings) if built else ()
    this = content.RunPoint(facts.run_id, facts.finished_at, verdict.status)
    runs, trend = quarantine_trend(connection, this, set_aside) if built else ((), ())
    return content.RunReport(
        run=facts,
        verdict=verdict,
        reasons=run.plan.reasons if run.plan else (),
        causes=run.causes,
        changes=tuple(_change(run, one, written.get(one.target, 0)) for one in run.changes),
        reworded=effects.reworded,
        movements=effects.movements,
        ladders=effects.ladders,
        distributions=effects.distributions,
        over_time=over_time(connection, run.settings, run.as_of, effects.ladders, effects.distributions),
        points=points_after(connection, run, written),
        foretold=foretold(connection),
        largest_changes=effects.largest_changes,
        audits=audits,
        quarantine=set_aside,
        quarantine_runs=runs,
        quarantine_trend=trend,
        missing_sources=missing_sources(
            connection, run.settings, built and any(target.name == "trust_score" for target in run.targets)
        ),
        freshness=freshness(connection, run.settings),
        lineage=tuple(lineage(target) for target in documents_among(run.targets)),
        stages=tuple(content.StageTiming(s.name, s.seconds, s.status) for s in run.stages),
        models=tuple(
            content.ModelTiming(node.name, node.seconds, _row_count(node.message), node.status)
            for node in (run.last(Built) or Built(())).nodes
            if node.kind in ("model", "seed")
        ),
        settings=_shown_settings(run.settings),
    )


def _facts(connection: Connection, run: Run, status: str) -> content.RunFacts:
    url = run.engine.url
    return content.RunFacts(
        run_id=run.run_id,
        selection=run.request.selection,
        as_of=run.as_of,
        started_at=run.started_at,
        finished_at=datetime.now(UTC),
        status=status,
        mode=_mode(run),
        database=f"{url.host or 'local'}/{url.database}",
        standing_version=__version__,
        postgres_version=str(connection.scalar(text("show server_version"))),
        business_time_zone=run.settings.business_time_zone,
        policy_version=policy_version(),
        commit=run.checkout.commit if run.checkout else "",
        edited=run.checkout.edited if run.checkout else (),
    )


def _mode(run: Run) -> str:
    if run.approves is not None:
        return f"approval of run {run.approves}"
    return "replay" if run.is_replay else "full" if run.builds_everybody else "incremental"


def _written(connection: Connection, run: Run) -> dict[str, int]:
    """Documents by target that the run has written, also where publishing broke off."""
    if run.last(Written) or not any(stage.name == "publish" for stage in run.stages):
        return run.written.documents
    return written_by(connection, run.run_id, run.targets)


def _verdict(
    run: Run,
    error: StandingError | None,
    written: Mapping[str, int],
    unmet: Sequence[content.AuditOutcome],
) -> content.RunVerdict:
    if error is not None:
        stopped_at = run.stages[-1].name if run.stages else ""
        untouched = not any(written.values())
        return content.RunVerdict(
            status="stopped" if isinstance(error, GateStopped) else "failed",
            headline=_stop_headline(run, written)
            if isinstance(error, GateStopped)
            else f"{_cause(error)} No member's row was touched."
            if untouched
            else "The run had published, and what came after failed."
            if run.last(Written)
            else "Publishing broke off: a part is written, and the rest is as it was.",
            stopped_at="gate" if isinstance(error, GateStopped) else stopped_at,
            reason=error.message,
            fix=error.fix,
        )
    said = (
        "Nobody was due: nothing was built or written."
        if run.is_idle
        else "This was a replay: nothing was written."
        if run.is_replay
        else written_words(run.written.documents)
    )
    if run.approves is not None:
        said = f"Run {run.approves}, which the gate had stopped, was approved. {said}"
    if run.written.left:
        left = plural(sum(run.written.left.values()), "other", "others")
        said += f" {left} had changed since run {run.approves} and stayed; the next run builds them anew."
    if run.gate.warned:
        return content.RunVerdict(
            "warned",
            f"{said} {headline(run.gate, 'warned')} {quality(unmet)}",
            reason="\n".join(one.sentence for one in run.gate.over("warned")),
            fix=f"standing undo {run.run_id}  # if this was not meant",
        )
    status: content.Status = "warned" if unmet else "passed"
    return content.RunVerdict(status, f"{said} {quality(unmet)}")


def _cause(error: StandingError) -> str:
    """What stopped a run, as a sentence of a headline; the reason below it has all."""
    first = error.message.partition("\n")[0]
    cause = first if len(first) <= LONGEST_CAUSE else f"{first[: LONGEST_CAUSE - 1].rstrip()}…"
    return f"{cause[:1].upper()}{cause[1:]}{'' if cause.endswith(('.', '…')) else '.'}"


def _stop_headline(run: Run, written: Mapping[str, int]) -> str:
    if not run.free:
        return f"{headline(run.gate, 'stopped')} No member's row was touched."
    held = ", ".join(name(target.name) for target in run.held)
    what = f"The gate held back: {held}. Of the others: {written_words(written)}"
    return f"{headline(run.gate, 'stopped')} {what}"


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."


def _change(run: Run, changes: Any, written: int) -> Change:
    target = next(target for target in run.targets if target.name == changes.target)
    table, _, column = target.place.partition(".")
    return Change(
        target=changes.target,
        table=table,
        column=column,
        candidates=changes.candidates,
        changed=changes.changed,
        written=written,
        unchanged=changes.unchanged,
        clock_only=changes.due,
        by_class=dict(changes.by_class),
        is_points=isinstance(target, PostingTarget),
    )


def _row_count(message: str) -> int | None:
    """The rows in dbt's message, such as "SELECT 2000" or "INSERT 15"."""
    word = message.split()[-1:] or [""]
    return int(word[0]) if word[0].isdigit() else None


def _shown_settings(settings: Settings) -> dict[str, str]:
    hidden = {"database_url", "home", "metrics_file", "prefect_api_url", "webhook_url"}
    fields = type(settings).model_fields
    return {
        field.alias or name: str(getattr(settings, name))
        for name, field in fields.items()
        if name not in hidden
    }
