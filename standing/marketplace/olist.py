"""The Brazilian E-Commerce Public Dataset by Olist as a marketplace: its files, checks and row counts."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection

from standing.marketplace.csv_copy import BadFile, CsvSource, locate, stage
from standing.marketplace.ground import REQUIRED, raw

SOURCES = (
    CsvSource(
        "olist_customers_dataset",
        "staged_customers",
        {"customer_id": "uuid", "customer_unique_id": "uuid"},
    ),
    CsvSource("olist_sellers_dataset", "staged_sellers", {"seller_id": "uuid"}),
    CsvSource(
        "olist_products_dataset",
        "staged_products",
        {"product_id": "uuid", "product_category_name": "text"},
    ),
    CsvSource(
        "olist_orders_dataset",
        "staged_orders",
        {
            "order_id": "uuid",
            "customer_id": "uuid",
            "order_status": "text",
            "order_purchase_timestamp": "timestamp",
            "order_approved_at": "timestamp",
            "order_delivered_carrier_date": "timestamp",
            "order_delivered_customer_date": "timestamp",
            "order_estimated_delivery_date": "timestamp",
        },
    ),
    CsvSource(
        "olist_order_items_dataset",
        "staged_order_items",
        {
            "order_id": "uuid",
            "order_item_id": "integer",
            "product_id": "uuid",
            "seller_id": "uuid",
            "shipping_limit_date": "timestamp",
            "price": "numeric(12, 2)",
            "freight_value": "numeric(12, 2)",
        },
    ),
    CsvSource(
        "olist_order_reviews_dataset",
        "staged_order_reviews",
        {
            "review_id": "uuid",
            "order_id": "uuid",
            "review_score": "integer",
            "review_comment_message": "text",
            "review_creation_date": "timestamp",
            "review_answer_timestamp": "timestamp",
        },
    ),
)


@dataclass(frozen=True)
class Rule:
    """What the files must hold together: `finds` selects an offending value and nothing else."""

    file: str
    says: str
    finds: str


def _unique(file: str, staging: str, columns: str) -> Rule:
    finds = (
        f"select concat_ws(' ', {columns}) from {staging} group by {columns} having count(*) > 1 limit 1"
    )
    return Rule(file, f"column {columns} holds twice", finds)


def _filled(file: str, staging: str, columns: tuple[str, ...]) -> Rule:
    queries = " union all ".join(
        f"(select '{name}' from {staging} where {name} is null limit 1)" for name in columns
    )
    return Rule(file, "a row has nothing in column", f"select * from ({queries}) as empty limit 1")


def _known(file: str, staging: str, column: str, others: str) -> Rule:
    finds = (
        f"select s.{column} from {staging} as s where not exists"
        f" (select from {others} as o where o.{column} = s.{column}) limit 1"
    )
    return Rule(
        file, f"column {column} names one that {others.removeprefix('staged_')} does not hold:", finds
    )


STATUSES = (
    "delivered", "canceled", "unavailable", "invoiced", "processing", "approved", "created", "shipped",
)  # fmt: skip
CUSTOMERS, SELLERS, PRODUCTS, ORDERS, ITEMS, REVIEWS = (source.name for source in SOURCES)
RULES = (
    _filled(CUSTOMERS, "staged_customers", ("customer_id", "customer_unique_id")),
    _filled(SELLERS, "staged_sellers", ("seller_id",)),
    _filled(PRODUCTS, "staged_products", ("product_id",)),
    _filled(
        ORDERS, "staged_orders", ("order_id", "customer_id", "order_status", "order_purchase_timestamp")
    ),
    _filled(
        ITEMS,
        "staged_order_items",
        ("order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"),
    ),
    _filled(REVIEWS, "staged_order_reviews", ("review_id", "order_id", "review_score")),
    _unique(CUSTOMERS, "staged_customers", "customer_id"),
    _unique(SELLERS, "staged_sellers", "seller_id"),
    _unique(PRODUCTS, "staged_products", "product_id"),
    _unique(ORDERS, "staged_orders", "order_id"),
    _unique(ITEMS, "staged_order_items", "order_id, order_item_id"),
    _unique(REVIEWS, "staged_order_reviews", "review_id, order_id"),
    _known(ORDERS, "staged_orders", "customer_id", "staged_customers"),
    _known(ITEMS, "staged_order_items", "order_id", "staged_orders"),
    _known(ITEMS, "staged_order_items", "seller_id", "staged_sellers"),
    _known(ITEMS, "staged_order_items", "product_id", "staged_products"),
    Rule(
        ORDERS,
        "column order_status holds a status that is not Olist's:",
        f"select order_status from staged_orders where order_status not in {STATUSES} limit 1",
    ),
)


def _unsold(rows: str, column: str) -> str:
    """A query that counts rows which no item of an order names."""
    return (
        f"select count(*) from {rows} as r"
        f" where not exists (select from staged_order_items as i where i.{column} = r.{column})"
    )


#: What the files hold and the marketplace cannot.
LEFT_OUT = {
    "orders without items (no seller)": _unsold("staged_orders", "order_id"),
    "reviews of orders without items": _unsold("staged_order_reviews", "order_id"),
    "products never sold": _unsold("staged_products", "product_id"),
}


def dataset(folder: Path) -> list[Path]:
    """The files in the order of SOURCES; raises BadFile for a wrong folder or a missing file."""
    if not folder.is_dir():
        raise BadFile(f"{folder} is not a folder", "name the folder that holds the dataset's CSV files")
    return [locate(folder, source) for source in SOURCES]


def fill(
    connection: Connection, paths: list[Path], progress: Callable[[str, float], None]
) -> tuple[dict[str, int], dict[str, int]]:
    """Rows into the required tables, which must be empty; rows by table, and what was left out.

    Raises BadFile naming file, line and column.
    """
    for number, (path, source) in enumerate(zip(paths, SOURCES, strict=True)):
        progress(path.name, number / len(SOURCES))
        stage(raw(connection), path, source)
        connection.exec_driver_sql(f"analyze {source.staging}")
    progress("checks", 0.9)
    by_name = dict(zip((source.name for source in SOURCES), paths, strict=True))
    for rule in RULES:
        example = connection.scalar(text(rule.finds))
        if example is not None:
            raise BadFile(f"{by_name[rule.file]}: {rule.says} {example}", "download the file again")
    script = files("standing.marketplace").joinpath("olist.sql").read_text("utf-8")
    progress("marketplace tables", 0.95)
    connection.exec_driver_sql(script)
    counts = {table: _count(connection, f"select count(*) from {table}") for table in REQUIRED}
    return counts, {what: _count(connection, query) for what, query in LEFT_OUT.items()}


def _count(connection: Connection, query: str) -> int:
    return int(connection.scalar(text(query)) or 0)
