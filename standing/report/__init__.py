"""The report of a run: one HTML file to read, one JSON file to process, and an index of past runs.

`content` holds what a report says, as data; `write_report` turns it into files. Importing this
package is cheap: the charts' libraries load when a report is written.

May use: contract.
"""

from standing.report.content import RunReport
from standing.report.files import ReportFiles, write_report

__all__ = ["ReportFiles", "RunReport", "write_report"]
