"""users.reliability: the entry of a document that nobody has heard of."""

from standing.contract.document import RATES_EVIDENCE, Document, changed_at, count, percentage, text
from standing.contract.members import USERS
from standing.contract.target import Histogram, Target

RELIABILITY = Target(
    name="reliability",
    mart="user_reliability",
    members=USERS,
    selection="toys",
    document=Document(
        "How often a member's orders end well.",
        (
            percentage("kept_rate", "Completed of concluded orders, in percent.", "orders"),
            count("promises", "orders", "Concluded orders.", "orders"),
            text(
                "mood",
                "Cloudy once an order was cancelled.",
                "orders",
                words=("sunny", "cloudy"),
                default="sunny",
            ),
            changed_at("last_updated"),
            RATES_EVIDENCE,
        ),
    ),
    number="kept_rate",
    lasting=("{promises}",),
    histograms=(Histogram("kept", "Promises kept", "kept_rate", 10),),
    mart_columns=("kept_rate",),
    lists_changes=True,
)
