"""Reads the file of metrics."""

from prometheus_client.parser import text_string_to_metric_families

from standing.settings import Settings


def metrics(settings: Settings) -> dict[tuple[str, ...], float]:
    """The values that a run left for Prometheus, by name and the values of sorted labels."""
    families = text_string_to_metric_families(settings.metrics_path.read_text())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
