"""Draws charts: run as a script, in a process of its own, which may use up its memory or panic.

Needs vl-convert alone. Reads {"seconds": how long it may take, "charts": {file name: Vega-Lite}}; writes {"pictures":
{file name: SVG}, "vega": what draws them in a page}.
"""

from __future__ import annotations

import json
import signal
import sys


def main() -> None:
    asked = json.load(sys.stdin)
    if hasattr(signal, "alarm"):
        signal.alarm(asked["seconds"])  # It ends this process, whatever that is at, and whoever waits for it.
    import vl_convert

    drawn = {name: vl_convert.vegalite_to_svg(spec) for name, spec in asked["charts"].items()}
    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    json.dump({"pictures": drawn, "vega": bundle}, sys.stdout)


if __name__ == "__main__":
    main()
