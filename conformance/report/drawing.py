"""The charts as pictures, and what draws them in a page.

The renderer is a JavaScript engine. Where it cannot run, a report is written all the same, and says so.
"""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from conformance.report.charts import measured, pictures
from conformance.results.model import Report
from conformance.worker.process import manner

#: Seconds that drawing may take; it takes a few.
LIMIT = 60
_SLACK = 5
_RENDERER = Path(__file__).with_name("draw.py")


@dataclass(frozen=True, slots=True)
class Drawing:
    """:ivar pictures: SVG by file name. :ivar vega: Vega, Vega-Lite and Vega-Embed, to be put into a page.
    :ivar problem: why there is neither.
    """

    pictures: dict[str, str] = field(default_factory=dict)
    vega: str = ""
    problem: str = ""

    @property
    def missing(self) -> str:
        """What stands in place of the charts."""
        return f"The charts are missing: {self.problem}. The table holds the same in figures." * bool(
            self.problem
        )


def drawing(report: Report) -> Drawing:
    """The charts of a report, drawn in a process of its own."""
    rows = measured(report)
    return _drawn(json.dumps(rows)) if rows else Drawing()


@functools.lru_cache(1)  # for every form of a report
def _drawn(rows: str) -> Drawing:
    asked = json.dumps({"seconds": LIMIT, "charts": pictures(json.loads(rows))})
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(_RENDERER)],
            input=asked.encode(),
            capture_output=True,
            timeout=LIMIT + _SLACK,
            check=False,
            start_new_session=True,  # An interrupt is for the suite alone.
        )
        if hasattr(signal, "SIGALRM") and done.returncode == -signal.SIGALRM:
            return _late()
        if done.returncode:
            return Drawing(problem=f"their renderer ended with {manner(done.returncode)}")
        found = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return _late()
    except (OSError, ValueError) as error:
        return Drawing(problem=f"their renderer did not run: {error}")
    # What ends a script element must not occur within one.
    return Drawing(found["pictures"], found["vega"].replace("</script", "<\\/script"))


def _late() -> Drawing:
    return Drawing(problem=f"their renderer did not end within {LIMIT} s")
