"""Standing keeps a marketplace's member scores true."""

from pathlib import Path

__version__ = "0.1.0"

#: The checkout: dbt_project.yml, models/, seeds/ and migrations/ are found from here.
PROJECT_ROOT = Path(__file__).resolve().parent.parent
