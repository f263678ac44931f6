"""A data quality report on demand; every run leaves one of its own too."""

from prefect import State, flow

from flows.stages import at_its_time, carry_out, reach_database, to_failed_state
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.run.run import Request
from standing.settings import current


@flow(name="quality-report", flow_run_name=at_its_time("quality report"))
@to_failed_state
def quality_report(selection: str = "all") -> State[None]:
    """Audit the sources, build in a schema apart, audit the candidates and report; publishes nothing."""
    reach_database()
    with connect(current()) as engine:
        now = wall_clock(engine)
    return carry_out(Request(selection, as_of=now))
