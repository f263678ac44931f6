"""How an expectation is written down: rules over the rows of a scan.

Every rule of a scan is counted in one pass over it; failing rows are looked at again only for the
rules that failed. So a suite costs one query a relation, however many rules it has, plus two for
each failure.
"""

from dataclasses import dataclass, field

#: Keys shown for each failed rule.
SAMPLES = 5


@dataclass(frozen=True)
class Rule:
    """Rows for which `fails` is true break the rule (null does not).

    `needs` names columns ("orders.paid_at", "build:user_trust_scores.document") without which the
    rule is not checked. `detail` is a text aggregate over the failing rows, of no personal data.
    `rows` finds the rows behind it, where those of the scan only count them.
    """

    name: str
    severity: str
    fails: str
    meaning: str
    action: str
    needs: tuple[str, ...] = ()
    detail: str = "null"
    rows: str = ""


@dataclass(frozen=True)
class Whole:
    """A rule about a scan as a whole: `unexpected` is an aggregate that gives 0 when all is well, and null
    where there is nothing yet to compare with; `observed` is one that gives a text. `alone` is a
    source with what this rule needs of the scan's: where that cannot be read whole, it is checked on it.
    `rows` finds the rows behind it, if there are any.
    """

    name: str
    severity: str
    unexpected: str
    observed: str
    meaning: str
    action: str
    needs: tuple[str, ...] = ()
    alone: str = ""
    rows: str = ""


@dataclass(frozen=True)
class Scan:
    """Rules over the rows of `source` (what stands after `from`), whose key is the text `key`.

    `needs` holds for all of its rules. `of_due` says that the rows are only those that a run of the due
    reads.
    """

    source: str
    key: str
    rules: tuple[Rule | Whole, ...]
    needs: tuple[str, ...] = field(default=())
    of_due: bool = False

    def counts_query(self) -> str:
        """One row: `checked`, then for the rule at position i `n<i>` and, of a Whole, the text `o<i>`."""
        columns = ["count(*) as checked"]
        for position, rule in enumerate(self.rules):
            if isinstance(rule, Whole):
                columns.append(f"({rule.unexpected})::bigint as n{position}")
                columns.append(f"({rule.observed})::text as o{position}")
            else:
                columns.append(f"count(*) filter (where {rule.fails}) as n{position}")
        return f"select {', '.join(columns)} from {self.source}"

    def alone_query(self, rule: Rule | Whole) -> str:
        """As `counts_query` of a scan with this rule alone; empty where it has no source of its own."""
        alone = rule.alone if isinstance(rule, Whole) else ""
        return Scan(alone, self.key, (rule,)).counts_query() if alone else ""

    def samples_query(self, rule: Rule) -> str:
        """The first failing keys, in order."""
        return f"select {self.key} as key from {self.source} where {rule.fails} order by 1 limit {SAMPLES}"

    def rows_query(self, rule: Rule | Whole) -> str:
        """The failing rows, with their keys first: for people, to paste into psql; empty without rows."""
        found = rule.rows
        if isinstance(rule, Rule) and not found:
            found = f"select {self.key} as key, * from {self.source} where {rule.fails} order by 1"
        if not found:
            return ""
        return found.replace("\\:", ":") + ";"  # a colon is escaped where it would begin a parameter

    def detail_query(self, rule: Rule) -> str:
        return f"select ({rule.detail})::text as detail from {self.source} where {rule.fails}"
