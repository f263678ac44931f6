"""The signs of the points ledger's entries, as the policy has them."""

from expectations.suites.seeds import point_types
from standing.sql import literals

#: How often an entry welcomes its member: once, or one time less where it takes a welcome back.
WELCOMES = (
    "case when lower(source) = 'signup' then"
    " case lower(type) when 'earn' then 1 when 'reverse' then -1 else 0 end else 0 end"
)


def signed(type_: str, amount: str) -> str:
    """An entry's points with the sign of its type; those of an unknown type as they stand."""
    types = point_types()
    debits = literals(one for one, its in types.items() if its == "debit")
    return (
        f"case when lower({type_}) = any({debits}) then -abs({amount})"
        f" when lower({type_}) = any({literals(restoring())}) then abs({amount}) else {amount} end"
    )


def restoring() -> list[str]:
    """The types by which spent points come back."""
    return [one for one, its in point_types().items() if its == "restore"]
