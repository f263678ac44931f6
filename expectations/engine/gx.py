"""The only module that imports Great Expectations: rules as expectations, one validation a suite.

Importing it takes seconds, so `validate` does that when called.
"""

import os
import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

from expectations.engine.later import when_used

# Before the import: it reads these while loading.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"

# Scipy and Altair are a third of its loading time and of its memory, for statistical expectations and their
# charts.
with warnings.catch_warnings(), when_used("scipy.stats", "altair"):
    warnings.simplefilter("ignore")  # its dependencies' deprecations are not ours to fix
    import great_expectations as gx
    from great_expectations.checkpoint.actions import UpdateDataDocsAction
    from great_expectations.compatibility import pydantic
    from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.datasource.fluent.interfaces import TestConnectionError
    from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
    from great_expectations.expectations.metadata_types import FailureSeverity
    from great_expectations.expectations.metrics.metric_provider import metric_value
    from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from expectations.engine.catalog import audit_url, first_line_of, unreadable
from expectations.engine.rules import Rule, Scan
from expectations.verdict import FIRST, AuditError, AuditScope, ExpectationResult

#: Great Expectations asks for a batch; ours is the moment, since every rule names its own relations.
BATCH = "select 1 as one"
#: It reads URLs by a narrower rule than the server's other clients, so that what counts travels beside this
#: one.
SHAPE = "postgresql+psycopg://user@localhost/database"


def _first_row(engine: Any, query: str) -> dict[str, Any]:
    row = engine.execute_query(text(query)).mappings().first()
    return dict(row or {})


def _counts(engine: Any, query: str) -> dict[str, Any]:
    try:
        return _first_row(engine, query)
    except DBAPIError as error:  # kept as a value: raising would make the library try three times
        if error.connection_invalidated:
            raise
        return {"error": first_line_of(error)}


class ScanCounts(QueryMetricProvider):
    """All counts of a scan in one query: rules of one scan share this metric, so it runs once."""

    metric_name = "standing.scan_counts"
    value_keys = ("scan_query",)

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805 - the decorator makes it a class method
        execution_engine: SqlAlchemyExecutionEngine,
        metric_value_kwargs: dict[str, Any],
        **_others: Any,
    ) -> dict[str, Any]:
        return _counts(execution_engine, metric_value_kwargs["scan_query"])


class ExpectRowsToKeepRule(UnexpectedRowsExpectation):
    """A rule of a scan: counted with its siblings; failing rows are queried only if there are any.

    `unexpected_rows_query` gives a few keys of failing rows, and is empty for a rule without rows.
    """

    scan_query: str
    position: int
    detail_query: str = ""
    alone_query: str = ""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("standing.scan_counts",)
    success_keys: ClassVar[tuple[str, ...]] = (
        "unexpected_rows_query",
        "scan_query",
        "position",
        "detail_query",
        "alone_query",
    )

    @pydantic.validator("unexpected_rows_query")
    def _validate_query(cls, query: str) -> str:  # noqa: N805 - replaces the check for {batch}, unused here
        return query

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        counts, position = metrics["standing.scan_counts"], self.position
        if "error" in counts and self.alone_query:  # of one of its siblings, perhaps
            counts, position = _counts(execution_engine, self.alone_query), 0
        if "error" in counts:
            return {"success": False, "result": {"details": {"error": counts["error"]}}}
        if counts[f"n{position}"] is None:
            return {"success": False, "result": {"details": {"nothing": True}}}
        unexpected = int(counts[f"n{position}"])
        details: dict[str, Any] = {"observed": counts.get(f"o{position}"), "samples": []}
        if unexpected and self.unexpected_rows_query:
            keys = execution_engine.execute_query(text(str(self.unexpected_rows_query)))
            details["samples"] = [str(key) for key in keys.scalars()]
            details["observed"] = _first_row(execution_engine, self.detail_query)["detail"]
        return {
            "success": unexpected == 0,
            "result": {
                "observed_value": unexpected,
                "element_count": int(counts["checked"]),
                "details": details,
            },
        }


def _expectation(scan: Scan, position: int) -> ExpectRowsToKeepRule:
    rule = scan.rules[position]
    by_row = isinstance(rule, Rule)
    return ExpectRowsToKeepRule(
        unexpected_rows_query=scan.samples_query(rule) if isinstance(rule, Rule) else "",
        detail_query=scan.detail_query(rule) if isinstance(rule, Rule) else "",
        scan_query=scan.counts_query(),
        alone_query=scan.alone_query(rule),
        position=position,
        severity=FailureSeverity(rule.severity),
        description=rule.meaning,
        meta={
            "name": rule.name,
            "action": rule.action,
            "by_row": by_row,
            "of_due": scan.of_due,
            "query": scan.rows_query(rule),
        },
    )


def _validation(suite: str, scope: AuditScope, scans: Sequence[Scan]) -> ExpectationSuiteValidationResult:
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_postgres(  # type: ignore[call-arg]  # kwargs, which its stub does not know
        "database",
        connection_string=SHAPE,
        kwargs={"connect_args": audit_url(scope).get_dialect()().create_connect_args(audit_url(scope))[1]},
    )
    try:
        moment = source.add_query_asset("moment", query=BATCH).add_batch_definition_whole_table("now")
        expectations = [_expectation(scan, at) for scan in scans for at in range(len(scan.rules))]
        expected = ExpectationSuite(name=suite, expectations=expectations)
        if scope.data_docs:
            return _documented(context, moment, expected, f"{scope.data_docs}/{suite}")
        return moment.get_batch().validate(expected, result_format="SUMMARY")
    finally:
        source.get_engine().dispose()  # it makes two, one of them to try the connection
        source.get_execution_engine().close()


def _documented(
    context: Any, moment: Any, expected: ExpectationSuite, folder: str
) -> ExpectationSuiteValidationResult:
    """The validation, with Great Expectations' own pages of it in that folder."""
    site = {
        "class_name": "SiteBuilder",
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": folder},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.delete_data_docs_site("local_site")  # its own, in a temporary folder
    context.add_data_docs_site("pages", site)
    suite = context.suites.add(expected)
    validation = gx.ValidationDefinition(name=expected.name, data=moment, suite=suite)
    checkpoint = gx.Checkpoint(
        name=expected.name,
        validation_definitions=[context.validation_definitions.add(validation)],
        actions=[UpdateDataDocsAction(name="pages")],
        result_format="SUMMARY",
    )
    (result,) = context.checkpoints.add(checkpoint).run().run_results.values()
    return result  # type: ignore[no-any-return]


def _expectation_result(result: ExpectationValidationResult) -> ExpectationResult:
    expectation = result.expectation_config
    assert expectation is not None  # noqa: S101 - every result of a suite has one
    common: dict[str, Any] = {
        "expectation": expectation.meta["name"],
        "severity": FailureSeverity(expectation.severity).value,
        "success": bool(result.success),
        "meaning": expectation.description or "",
        "action": expectation.meta["action"],
        "of_due": expectation.meta["of_due"],
    }
    if (result.exception_info or {}).get("raised_exception"):
        raise AuditError(
            f"the expectation {common['expectation']} could not be evaluated", "check the server's log"
        )
    details = result.result["details"]
    if "nothing" in details:
        return ExpectationResult(**(common | {"severity": "info"}), observed=FIRST)
    if "error" in details:
        return ExpectationResult(**common, observed=f"could not be checked: {details['error']}")
    unexpected, checked = result.result["observed_value"], result.result["element_count"]
    query = expectation.meta["query"] if unexpected else ""
    if not expectation.meta["by_row"]:
        seen = details["observed"] or ""
        return ExpectationResult(**common, observed=seen, unexpected=unexpected, query=query)
    observed = _seen(unexpected, checked)
    return ExpectationResult(
        **common,
        observed=f"{observed}: {details['observed']}" if details["observed"] else observed,
        unexpected=unexpected,
        checked=checked,
        samples=tuple(details["samples"]),
        query=query,
    )


def _seen(unexpected: int, checked: int) -> str:
    """How many rows do not meet a rule; where all do, so that nobody takes it for the opposite."""
    if unexpected:
        return f"{unexpected:,} of {checked:,} {'row' if checked == 1 else 'rows'}"
    if checked < 2:
        return "met by the only row" if checked else "no rows to look at"
    return f"met by all {checked:,} rows"


def check(suite: str, scope: AuditScope, scans: Sequence[Scan]) -> list[ExpectationResult]:
    """One outcome a rule, in the order given; raises AuditError if the database goes away."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            validation = _validation(suite, scope, scans)
        except DBAPIError as error:
            raise unreadable(scope, error) from None
        except TestConnectionError as error:
            raise unreadable(scope, error.__cause__) from None
    return [_expectation_result(result) for result in validation.results]
