"""The HTML of a report and of the index: templates filled with content, pictures and counts.

Jinja escapes everything; the only ready-made HTML comes from `wording` and `svg`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from standing.contract.changes import counted
from standing.report import charts, distributions, foretold_charts, wording
from standing.report.audits import UNMET, Audit
from standing.report.changes import Change
from standing.report.content import Movement, RunReport
from standing.report.ends import ENDS, MOODS, Became, end_of
from standing.report.index import Line, Unreadable
from standing.report.mover_groups import grouped
from standing.report.sankey import Flow, flow_of, moved
from standing.text import amounts, plural, were

_TEMPLATES = Path(__file__).parent / "templates"
_TREND_RUNS = 30


def render_report(run: RunReport) -> str:
    """The page of one run."""
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=run,
            run=run.run,
            verdict=run.verdict,
            became=Became(
                end_of(run.run.status, run.verdict.status), commands=tuple(run.verdict.fix.splitlines())
            ),
            counts=_counts(run),
            moves=_all_moves(run),
            distributions=distributions.drawn(run),
            over_time=[(one, charts.over_time(one)) for one in run.over_time],
            foretold=foretold_charts.pictures(run.foretold),
            movers=grouped(run),
            has_thai=any(step.label_th for ladder in run.ladders for step in ladder.steps),
            audits=[_by_urgency(audit) for audit in run.audits],
            unchecked=_unchecked(run),
            **_set_aside(run),
        )
    )


def render_verification(found: object) -> str:
    """The page of a verification."""
    return _environment().get_template("verification.html.j2").render(found=found)


def with_end(page: str, run: Line) -> str:
    """The page of a run with what became of it; a page of an older version stays as it is."""
    became = run.became or Became(run.end)
    parts = _environment().get_template("end.html.j2").module
    for name in ("end", "todo"):
        before, found, rest = page.partition(f"<!-- {name} -->")
        _, ended, after = rest.partition(f"<!-- /{name} -->")
        if found and ended:
            page = before + str(getattr(parts, name)(became)).strip() + after
    return page


def render_index(runs: Sequence[Line], others: Sequence[Line | Unreadable] = ()) -> str:
    """The page that lists the runs of the registry, newest first, and the reports of other runs."""
    past = [one for one in reversed(runs) if one.run_id is not None][-_TREND_RUNS:]
    measured = (
        ("Documents and members’ points written", "written", [(one, one.written) for one in past]),
        # A run that did not build has set nothing aside, and left nothing where it was.
        ("Rows set aside", "rows", [(one, one.set_aside) for one in past]),
        ("Seconds a run took", "seconds", [(one, one.seconds) for one in past]),
    )
    counted = Counter(one.end for one in runs)
    shown = {ENDS[one.end].mood for one in past}
    return (
        _environment()
        .get_template("index.html.j2")
        .render(
            runs=runs,
            others=others,
            latest=next((one for one in runs if one.run_id is not None), None),
            waiting=[one for one in runs if one.end == "stopped"],
            trends=[
                _trend(
                    [
                        charts.Point(one.run_id or 0, round(value, 1), one.end)
                        for one, value in values
                        if value is not None
                    ],
                    title,
                    unit,
                )
                for title, unit, values in measured
            ],
            moods=[(mood, said) for mood, said in MOODS.items() if mood in shown],
            counted=[(counted[name], end) for name, end in ENDS.items() if counted[name]],
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "words": wording.words,
        "plain": wording.clean,  # for attributes, which hold no marks
        "number": wording.number,
        "signed": wording.signed,
        "percent": wording.percent,
        "duration": wording.duration,
        "instant": wording.instant,
        "label": wording.name,
        "classes": counted,
    }
    environment.globals |= {
        "plural": plural,
        "amounts": amounts,
        "were": were,
        "shade": charts.shade,
        "ends": ENDS,
        "style": Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
    }
    return environment


def _counts(run: RunReport) -> dict[str, Any]:
    """The numbers of the page's first lines; of what is compared, documents and members' points apart."""
    outcomes = [one for audit in run.audits for one in audit.outcomes]
    unmet = Counter(one.severity for one in run.unmet)
    met = sum(one.success for one in outcomes)
    return {
        **_sums(run.changes),
        "documents": _sums(one for one in run.changes if not one.is_points),
        "points": _sums(one for one in run.changes if one.is_points),
        "expectations": met + unmet.total(),
        "met": met,
        "critical": unmet["critical"],
        "warning": unmet["warning"],
        "set_aside": sum(one.rows for one in run.quarantine),
    }


def _sums(changes: Iterable[Change]) -> dict[str, int]:
    given = tuple(changes)
    return {
        "candidates": sum(one.candidates for one in given),
        "changed": sum(one.changed for one in given),
        "written": sum(one.written for one in given),
    }


def _all_moves(run: RunReport) -> list[dict[str, Any]]:
    """The movements of each target, drawn to one scale."""
    by_target: dict[str, list[Movement]] = {}
    for one in run.movements:
        by_target.setdefault(one.target, []).append(one)
    most = max((moved(movements) for movements in by_target.values()), default=0)
    return [_moves(target, movements, run, most) for target, movements in by_target.items()]


def _moves(target: str, movements: list[Movement], run: RunReport, most: int) -> dict[str, Any]:
    """One target's movements: its title, flow, picture and matrix."""
    ladder = next((one for one in run.ladders if one.target == target), None)
    flow = flow_of(movements, ladder, most)
    title = ladder.title if ladder else wording.name(target)
    return {
        "title": title,
        "flow": flow,
        "picture": charts.flow(flow, f"{title}: who moved"),
        "matrix": _matrix(movements, flow),
        "thai": {step.code: step.label_th for step in ladder.steps} if ladder else {},
    }


def _matrix(movements: Sequence[Movement], flow: Flow) -> list[tuple[str, list[int]]]:
    """Rows = before, highest first, then members who had none; columns = after, highest first."""
    cells: Counter[tuple[str | None, str]] = Counter()
    for one in movements:
        cells[one.before, one.after] += one.members
    codes = [code for code, _ in reversed(flow.labels)]
    befores: list[tuple[str | None, str]] = [*reversed(flow.labels), (None, "None yet")]
    rows = [(label, [cells[before, after] for after in codes]) for before, label in befores]
    return [(label, row) for label, row in rows if any(row)]


def _by_urgency(audit: Audit) -> dict[str, Any]:
    """An audit's unmet expectations, the most severe first, and its met ones."""
    return {
        "suite": audit.suite,
        "seconds": audit.seconds,
        "unmet": sorted(audit.unmet, key=lambda one: UNMET.index(one.severity)),
        "met": [one for one in audit.outcomes if one.success],
    }


def _unchecked(run: RunReport) -> list[tuple[str, list[str]]]:
    """Why expectations could not be checked, each reason once, and which they are."""
    reasons: dict[str, list[str]] = {}
    for one in (outcome for audit in run.audits for outcome in audit.outcomes):
        if not one.success and one.severity not in UNMET:
            reasons.setdefault(one.observed, []).append(wording.name(one.expectation))
    return [(f"{reason[:1].upper()}{reason[1:]}", names) for reason, names in reasons.items()]


def _set_aside(run: RunReport) -> dict[str, Any]:
    """The quarantine run by run: in all, and for each reason its numbers and a small picture."""
    runs = run.quarantine_runs
    totals = [sum(one.rows[at] for one in run.quarantine_trend) for at in range(len(runs))]
    numbers = {(one.source, one.reason): one.rows for one in run.quarantine_trend}
    ids = [one.run_id for one in runs]
    return {
        "reasons": numbers,
        "sparklines": {
            (one.source, one.reason): charts.sparkline(
                numbers.get((one.source, one.reason), ()),
                ids,
                f"{one.source}, {one.reason}: rows run by run",
            )
            for one in run.quarantine
        },
        "quarantine_trend": _trend(
            [charts.Point(one.run_id, total, one.status) for one, total in zip(runs, totals, strict=True)],
            "Rows set aside, run by run",
            "rows",
            by_verdict=False,
        ),
    }


def _trend(
    points: list[charts.Point], title: str, unit: str, *, by_verdict: bool = True
) -> tuple[str, Markup | None, list[charts.Point]]:
    return title, charts.trend(points, title, unit, by_verdict=by_verdict), points
