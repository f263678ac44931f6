"""`standing load olist` on hand-written files, and on the real ones where they are."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import SHARED
from sqlalchemy import Engine, text

from standing.cli import standing
from standing.errors import SettingError, StandingError
from standing.settings import Settings, current

OLIST = SHARED / "data" / "olist"
Load = Callable[..., Result]


def key(word: str) -> str:
    """32 hex digits that begin with the word's bytes."""
    return word.encode().hex().ljust(32, "0")


FILES = {
    "customers": [
        "customer_id,customer_unique_id,customer_zip_code_prefix",
        f"{key('c1')},{key('ann')},01234",
        f"{key('c2')},{key('ann')},01234",
        f"{key('c3')},{key('bob')},00001",
    ],
    "sellers": ["seller_id,seller_city", f"{key('s1')},x", f"{key('s2')},y", f"{key('idle')},z"],
    "products": [
        "product_id,product_category_name",
        f"{key('p1')},artes",
        f"{key('p2')},",
        f"{key('unsold')},casa",
    ],
    "orders": [
        "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,"
        "order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date",
        f"{key('o1')},{key('c1')},delivered,2017-07-01 10:00:00,2017-07-01 11:00:00,"
        "2017-07-02 09:00:00,2017-07-05 12:00:00,2017-07-05 00:00:00",
        f"{key('o2')},{key('c2')},delivered,2017-12-01 10:00:00,,,,2017-12-20 00:00:00",
        f"{key('o3')},{key('c3')},unavailable,2017-12-02 10:00:00,,,,",
    ],
    "order_items": [
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value",
        f"{key('o1')},1,{key('p1')},{key('s1')},2017-07-03 10:00:00,58.90,13.29",
        f"{key('o1')},2,{key('p1')},{key('s1')},2017-07-04 10:00:00,58.90,13.29",
        f"{key('o1')},3,{key('p2')},{key('s2')},2017-07-04 10:00:00,10.00,0.10",
        f"{key('o2')},1,{key('p1')},{key('s1')},2017-12-03 10:00:00,60.00,5.00",
    ],
    "order_reviews": [
        "review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,"
        "review_answer_timestamp",
        f'{key("r1")},{key("o1")},5,,"Bom, ""muito"" bom\r\nobrigado",'
        "2017-07-06 00:00:00,2017-07-09 21:00:00",
        f"{key('r1')},{key('o2')},2,,,2017-12-09 00:00:00,",
        f"{key('r2')},{key('o3')},1,,nada,2017-12-09 00:00:00,",
    ],
}


def write(folder: Path, files: dict[str, list[str]], newline: str = "\n", packed: bool = False) -> Path:
    for name, lines in files.items():
        content = "".join(line + newline for line in lines).encode()
        if name == "customers":
            content = b"\xef\xbb\xbf" + content
        path = folder / f"olist_{name}_dataset.csv"
        if packed:
            path.with_suffix(".csv.gz").write_bytes(gzip.compress(content))
        else:
            path.write_bytes(content)
    return folder


@pytest.fixture
def load(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Runs `standing load olist ...` on the test's database; raises what the command raises."""
    monkeypatch.setenv("STANDING_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", str(settings.database_url))

    def run(folder: Path, *arguments: str) -> Result:
        current.cache_clear()
        try:
            words = ["load", "olist", str(folder), *arguments]
            return CliRunner().invoke(standing, words, catch_exceptions=False)
        finally:
            current.cache_clear()

    return run


def one(engine: Engine, query: str) -> tuple[object, ...]:
    with engine.connect() as connection:
        return tuple(connection.execute(text(query)).one())


def untouched(engine: Engine) -> bool:
    query = "select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
    return one(engine, query) == (0,)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_files_become_a_marketplace(
    load: Load, engine: Engine, tmp_path: Path, newline: str, packed: bool
) -> None:
    result = load(write(tmp_path, FILES, newline, packed))
    assert "1 orders without items" in result.stdout
    assert "1 products never sold" in result.stdout
    assert one(engine, "select count(*), count(distinct buyer_id) from orders") == (3, 1)
    assert one(engine, "select count(*) from users") == (5,)
    amounts = "select array_agg(total_amount::text order by total_amount)::text from orders"
    assert one(engine, amounts) == ("{10.10,65.00,144.38}",)
    assert one(
        engine,
        "select paid_at::text, promised_at::text, ship_by::text, completed_at = delivered_at"
        " from orders where total_amount = 144.38",
    ) == ("2017-07-01 14:00:00+00", "2017-07-05 03:00:00+00", "2017-07-04 13:00:00+00", True)
    summer = "select created_at::text, completed_at is null, status from orders where total_amount = 65"
    assert one(engine, summer) == ("2017-12-01 12:00:00+00", True, "completed")
    known = "select string_agg(distinct rating || ' ' || created_at, ', ') from reviews"
    assert one(engine, known) == ("2 2017-12-09 02:00:00+00, 5 2017-07-10 00:00:00+00",)
    comment = "select distinct comment from reviews where rating = 5"
    assert one(engine, comment) == ('Bom, "muito" bom\r\nobrigado',)
    assert one(engine, "select count(*), count(created_at), count(distinct id) from reviews") == (3, 3, 3)
    shops = "select array_agg((rating_score, rating_count)::text order by rating_count)::text"
    assert one(engine, f"{shops} from seller_profiles") == ('{"(,0)","(5.00,1)","(3.50,2)"}',)
    assert one(engine, "select to_regclass('messages') is null, to_regclass('disputes') is null") == (
        True,
        True,
    )
    assert "already loaded" in load(tmp_path).stdout


def changed(name: str, line: int, old: str, new: str) -> dict[str, list[str]]:
    lines = list(FILES[name])
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    return {**FILES, name: lines}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            changed("order_items", 1, "price", "prize"),
            r"order_items_dataset.csv, line 1 has no column 'price'",
        ),
        (changed("order_items", 3, "58.90", "dear"), r"order_items_dataset.csv, line 3, column 'price'"),
        (changed("order_items", 5, ",60.00", ""), r"order_items_dataset.csv, line 5.*missing data"),
        (
            changed("orders", 3, "2017-12-01 10", "2017-13-01 10"),
            r"orders_dataset.csv, line 3, column 'order_p",
        ),
        (changed("orders", 3, "delivered", "lost"), r"orders_dataset.csv: column order_status .* lost"),
        (changed("orders", 3, key("c2"), key("c9")), r"orders_dataset.csv: column customer_id names"),
        (
            changed("order_items", 3, key("s1"), key("s9")),
            r"order_items_dataset.csv: column seller_id names",
        ),
        (changed("order_reviews", 3, ",2,", ",,"), r"order_reviews_dataset.csv: .*review_score"),
        (
            changed("order_reviews", 3, key("r1"), "r1"),
            r"order_reviews_dataset.csv, line 4, column 'review_id'",
        ),
        (changed("order_reviews", 4, "nada", '"nada'), r"order_reviews_dataset.csv.*unterminated"),
        (
            changed("customers", 3, key("c2"), key("c1")),
            r"customers_dataset.csv: column customer_id holds twice",
        ),
    ],
)
def test_bad_file_is_named_and_nothing_stays(
    load: Load, engine: Engine, tmp_path: Path, files: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(StandingError, match=message):
        load(write(tmp_path, files))
    assert untouched(engine)


def test_wrong_folder_and_missing_file_are_named(load: Load, engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(StandingError, match=r"nowhere is not a folder"):
        load(tmp_path / "nowhere")
    write(tmp_path, FILES)
    (tmp_path / "olist_sellers_dataset.csv").unlink()
    with pytest.raises(StandingError, match=r"neither olist_sellers_dataset\.csv nor"):
        load(tmp_path)
    assert untouched(engine)


def test_broken_gzip_is_named(load: Load, engine: Engine, tmp_path: Path) -> None:
    write(tmp_path, FILES, packed=True)
    path = tmp_path / "olist_orders_dataset.csv.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StandingError, match=r"orders_dataset.csv.gz cannot be read"):
        load(tmp_path)
    assert untouched(engine)


def test_other_files_need_replace(load: Load, engine: Engine, tmp_path: Path) -> None:
    load(write(tmp_path, FILES))
    write(tmp_path, changed("order_items", 5, "60.00", "61.00"))
    with pytest.raises(SettingError, match="--replace"):
        load(tmp_path)
    load(tmp_path, "--replace")
    assert one(engine, "select max(unit_price)::text from order_items") == ("61.00",)


@pytest.mark.skipif(not OLIST.is_dir(), reason="the Olist files are not here (../shared/data/olist)")
def test_real_files_load_completely(load: Load, engine: Engine) -> None:
    load(OLIST)
    counts = (
        "select (select count(*) from orders), (select count(*) from reviews), count(*) from order_items"
    )
    assert one(engine, counts) == (59_473, 59_436, 67_114)
    people = "select count(*), (select count(*) from seller_profiles) from users"
    assert one(engine, people) == (57_510 + 2_072, 2_072)
    totals = "select sum(total_amount)::text, count(*) filter (where status = 'completed') from orders"
    assert one(engine, totals) == ("9294066.49", 57_986)
