"""What a command needs beside Python packages: models, policy and migrations, of a checkout."""

from standing import PROJECT_ROOT
from standing.errors import SettingError


def require_checkout() -> None:
    """Raise SettingError where the packages were installed without the project around them."""
    if not (PROJECT_ROOT / "dbt_project.yml").is_file():
        raise SettingError(
            f"Standing runs from a checkout: its models, policy and migrations are not in {PROJECT_ROOT}",
            "git clone the project and `make env` there, or `pip install -e .` in the checkout",
        )
