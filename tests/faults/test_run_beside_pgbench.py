"""The application writes to the rows that runs publish to: no errors, and no lost writes."""

import subprocess
from pathlib import Path

import pytest
from sqlalchemy import text
from support.faults_of_runs import Disturbed, run

from standing.database.connect import connect
from standing.database.wheel import wheel_binaries

#: Two members meet, in key order as a well-behaved application locks; an order of theirs moves on.
SCRIPT = r"""
\set one random(1, 299)
\set other random(:one + 1, 300)
begin;
update users set gamification = gamification
    || jsonb_build_object('login_streak', (gamification ->> 'login_streak')::int + 1)
where id = (select id from numbered where number = :one);
update users set gamification = gamification
    || jsonb_build_object('login_streak', (gamification ->> 'login_streak')::int + 1)
where id = (select id from numbered where number = :other);
insert into committed values (:one), (:other);
update orders set updated_at = now()
where id = (
    select id from orders where buyer_id = (select id from numbered where number = :one) order by id limit 1
);
end;
"""
#: Runs beside the load.
RUNS = 2


@pytest.mark.timeout(900)
def test_application_that_writes_to_the_same_rows_meets_no_error_and_loses_nothing(
    disturbed: Disturbed, tmp_path: Path
) -> None:
    settings = disturbed.copy().model_copy(update={"publish_chunk": 50})
    script = tmp_path / "application.sql"
    script.write_text(SCRIPT)
    with connect(settings) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "create table numbered as select row_number() over (order by id) as number, id from users;"
                "create unique index on numbered (number); create table committed (number integer);"
                # Whom the load makes due gets the other keys anew.
                """update users set gamification = '{"login_streak": 0}'"""
            )
        program = [
            wheel_binaries() / "bin" / "pgbench",
            "-n",
            "-c",
            "4",
            "-R",
            "100",
            "-T",
            "3600",
            "-f",
            script,
        ]
        place = ["-h", engine.url.query["host"], "-U", engine.url.username, "-d", engine.url.database]
        with (tmp_path / "output").open("w+") as output:
            load = subprocess.Popen([str(one) for one in [*program, *place]], stdout=output, stderr=output)
            try:
                for _ in range(RUNS):
                    outcome = run(settings)
                    assert outcome.status == "published", outcome.message
                    assert load.poll() is None
            finally:
                load.terminate()
                load.wait(600)
            output.seek(0)
            said = output.read()
        assert "rror" not in said, said
        with engine.connect() as connection:
            assert int(connection.scalar(text("select count(*) from committed")) or 0) > 1000
            lost = """
            select count(*) from numbered as n
            join users as u on u.id = n.id
            left join (select number, count(*) as times from committed group by number) as c using (number)
            where (u.gamification ->> 'login_streak')::bigint <> coalesce(c.times, 0)
            """
            assert connection.scalar(text(lost)) == 0
            shared = "select count(*) from users where gamification ?& array['login_streak', 'level']"
            assert int(connection.scalar(text(shared)) or 0) > 100
