"""index.html in a real browser, opened from disk as a reader opens it."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from conformance.report import charts as charts_module
from conformance.report.renderers import html
from conformance.results.accuracy import Measured
from conformance.results.baseline import Known
from conformance.results.build import build
from conformance.results.known import with_baseline
from conformance.results.model import Report, Result
from conformance.running.campaign import Settings, Task, run_task
from tests.conftest import HANGS, WRONG

selenium = pytest.importorskip("selenium", reason="needs selenium: pip install '.[test]'")
from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="needs a browser: apt-get install chromium chromium-driver"
)
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip
HARM = "<img src=x onerror='window.harmed = 1'>"
SCRIPT = "</script><script>window.harmed = 1</script>"


@pytest.fixture(scope="module")
def report() -> Report:
    patterns = ("shape.*", "forward.*", "running.*", "degenerate.*", "numerics.conditioning")
    settings = Settings(patterns, max_examples=12)
    tasks = [Task("reference", settings), Task(f"{WRONG}:Scalar", settings)]
    built = build([run_task(task) for task in tasks], settings, started=0.0, seconds=1.0)
    return renamed(built, {f"{WRONG}:Scalar": "scalar"})


def renamed(report: Report, names: dict[str, str], **texts: Any) -> Report:
    def own(each: Any, attribute: str) -> str:
        name: str = getattr(each, attribute)
        return names.get(name, name)

    return replace(
        report,
        implementations=tuple(replace(i, id=own(i, "id")) for i in report.implementations),
        results=tuple(replace(r, implementation=own(r, "implementation"), **texts) for r in report.results),
        accuracy=tuple(replace(a, implementation=own(a, "implementation")) for a in report.accuracy),
        held=tuple(replace(h, implementation=own(h, "implementation")) for h in report.held),
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for flag in (*FLAGS, "--window-size=1280,1000"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


Open = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Open:
    def open_page(report: Report, fragment: str = "") -> Any:
        path = tmp_path / "index.html"
        path.write_text(html.render(report), encoding="utf-8")
        browser.get("about:blank")
        browser.get_log("browser"), browser.get_log("performance")
        browser.get(path.as_uri() + fragment)
        return browser

    return open_page


def place(browser: Any) -> str:
    return unquote(browser.current_url.partition("#")[2])


@needs_browser
class TestPage:
    def test_opens_from_disk_without_an_error_and_without_the_network(
        self, open_page: Open, report: Report
    ) -> None:
        browser = open_page(report)
        charts(browser)
        assert browser.get_log("browser") == []
        messages = [json.loads(each["message"])["message"] for each in browser.get_log("performance")]
        asked = [
            m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"
        ]
        assert asked
        assert [url for url in asked if not url.startswith(("file:", "data:", "about:"))] == []

    def test_first_screen_answers_the_question(self, open_page: Open, report: Report) -> None:
        browser = open_page(report)
        answer = browser.find_element(By.CLASS_NAME, "answer")
        assert "n-vectors" in answer.text
        assert browser.find_element(By.CSS_SELECTOR, "#matrix tbody").rect["y"] < 1000

    @pytest.mark.parametrize("how", ["click", "keyboard"])
    def test_cell_leads_to_its_evidence(self, open_page: Open, report: Report, how: str) -> None:
        browser = open_page(report)
        link = browser.find_element(By.CSS_SELECTOR, "tr[data-implementation=scalar] td[data-group=shape] a")
        link.click() if how == "click" else link.send_keys(Keys.ENTER)
        (shown,) = [e for e in browser.find_elements(By.CLASS_NAME, "evidence") if e.is_displayed()]
        assert "scalar: shape" in shown.text
        assert "shape.gamma" in shown.text
        assert place(browser) == "evidence/scalar/shape"
        shown.find_element(By.LINK_TEXT, "The failure in full").click()
        card = browser.find_element(By.ID, place(browser))
        assert "Required" in card.text and "Happened" in card.text
        browser.back()
        assert place(browser) == "evidence/scalar/shape"

    def test_filters_hide_the_rest_and_stand_in_the_address(self, open_page: Open, report: Report) -> None:
        browser = open_page(report)
        Select(browser.find_element(By.NAME, "implementation")).select_by_visible_text("reference")
        rows = browser.find_elements(By.CSS_SELECTOR, "#matrix > .scroll tbody tr")
        assert [r.get_dom_attribute("data-implementation") for r in rows if r.is_displayed()] == ["reference"]
        assert "implementation=reference" in place(browser)
        browser.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
        WebDriverWait(browser, HANGS).until(lambda _: all(row.is_displayed() for row in rows))
        assert "implementation" not in place(browser)

    def test_one_requirement_can_be_looked_at_alone(self, open_page: Open, report: Report) -> None:
        browser = open_page(report, "#failures?requirement=shape.gamma")
        cards = [c for c in browser.find_elements(By.CLASS_NAME, "card") if c.is_displayed()]
        assert [c.get_dom_attribute("id") for c in cards] == ["failure/scalar/shape.gamma"]
        described = browser.find_elements(By.CSS_SELECTOR, ".requirements > div")
        assert [d.get_dom_attribute("id") for d in described if d.is_displayed()] == ["shape.gamma"]
        columns = browser.find_elements(By.CSS_SELECTOR, "#matrix tbody tr:first-child td")
        assert [c.get_dom_attribute("data-group") for c in columns if c.is_displayed()] == ["shape"]

    def test_address_restores_what_was_shown(self, open_page: Open, report: Report) -> None:
        browser = open_page(report, "#evidence%2Fscalar%2Fforward?implementation=scalar&level=MUST")
        (shown,) = [e for e in browser.find_elements(By.CLASS_NAME, "evidence") if e.is_displayed()]
        assert "scalar: forward" in shown.text
        assert browser.find_element(By.NAME, "level").get_property("value") == "MUST"

    def test_chart_tells_what_is_under_the_pointer(self, open_page: Open, report: Report) -> None:
        browser = open_page(report, "#accuracy")
        points = charts(browser)
        webdriver.ActionChains(browser).move_to_element(points[len(points) // 2]).perform()
        tip = WebDriverWait(browser, HANGS).until(
            lambda b: b.find_element(By.CSS_SELECTOR, ".vg-tooltip.visible")
        )
        assert "reference" in tip.text and "kappa" in tip.text

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [1280, 390])
    def test_no_serious_barrier(self, open_page: Open, report: Report, scheme: str, width: int) -> None:
        browser = open_page(report)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        browser.set_window_size(width, 900)
        charts(browser)
        browser.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        found = browser.execute_async_script("axe.run().then(arguments[0])")
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        browser.set_window_size(1280, 1000)
        serious = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert [(v["id"], [node["html"] for node in v["nodes"]][:3]) for v in serious] == []

    def test_hostile_texts_are_text(self, open_page: Open, report: Report) -> None:
        texts = {"message": SCRIPT, "observed": HARM, "diagnosis": SCRIPT}
        harmful = renamed(report, {"scalar": HARM, "reference": SCRIPT}, **texts)
        browser = open_page(with_failure(harmful, script=SCRIPT, message=HARM))
        charts(browser)
        assert browser.execute_script("return window.harmed") is None
        assert HARM in browser.find_element(By.ID, "matrix").text
        assert browser.find_elements(By.CSS_SELECTOR, "img[src=x]") == []


def charts(browser: Any) -> list[Any]:
    """The points of the first chart, once it is drawn."""
    wait = WebDriverWait(browser, HANGS)
    found: list[Any] = wait.until(
        lambda b: b.find_elements(By.CSS_SELECTOR, "#charts .chart:first-child .mark-symbol path[aria-label]")
    )
    return found


def many(report: Report, implementations: int, points: int) -> Report:
    """As a report of many implementations that measured much."""
    names = tuple(f"implementation-{k}" for k in range(implementations))
    dtypes = ("float32", "float64", "float16", "bfloat16")
    lines = [
        replace(a, implementation=name, dtype=dtype)
        for name in names
        for a in report.accuracy
        if a.dtype == "float32"
        for dtype in dtypes
    ]
    chance = random.Random(0)

    def measured(count: int) -> tuple[Measured, ...]:
        kappas = [10 ** chance.uniform(0, 6) for _ in range(count)]
        return tuple(Measured(k, 64, k * 1e-8 * chance.uniform(0.1, 1), k * 1e-7) for k in kappas)

    return replace(
        report,
        implementations=tuple(replace(report.implementations[0], id=name) for name in names),
        results=tuple(replace(r, implementation=name) for name in names for r in report.of("scalar")),
        accuracy=tuple(replace(line, points=measured(points // len(lines) + 1)) for line in lines),
    )


def test_report_of_many_stays_small_and_keeps_its_extremes(report: Report) -> None:
    """25 implementations and 10^5 points: of each line the largest errors of every stretch are still drawn."""
    wide = many(report, 25, 100_000)
    assert sum(len(a.points) for a in wide.accuracy) >= 100_000
    assert len(html.render(wide).encode()) < 5_000_000
    rows = charts_module.measured(wide)["kappa"]
    assert len(rows) < 40_000
    for line in wide.accuracy[:10]:
        own = [
            r
            for r in rows
            if (r["implementation"], r["dtype"], r["of"]) == (line.implementation, line.dtype, line.of)
        ]
        for drawn, value in (("error", lambda p: p.error), ("ratio", lambda p: p.error / p.bound)):
            assert max(r[drawn] for r in own) == pytest.approx(max(map(value, line.points)), rel=1e-2)


@needs_browser
class TestQuestions:
    """What a newcomer comes with, and how few clicks it takes."""

    def test_are_gamma_and_beta_vectors_in_my_framework(self, open_page: Open, report: Report) -> None:
        browser = open_page(report)
        browser.find_element(By.PARTIAL_LINK_TEXT, "Are gamma and beta vectors").click()
        shapes = browser.find_element(By.ID, "shapes")
        assert 0 <= browser.execute_script("return arguments[0].getBoundingClientRect().top", shapes) < 200
        row = shapes.find_element(By.CSS_SELECTOR, "tr[data-implementation=reference]")
        assert "(n,)" in row.text
        assert "(8, 3, 32, 32), axis 1" in shapes.text
        assert "float16; statistics float32" in shapes.text

    def test_why_do_two_differ(self, open_page: Open, report: Report) -> None:
        browser = open_page(report)
        browser.find_element(By.PARTIAL_LINK_TEXT, "Why do the outputs").click()
        Select(browser.find_element(By.NAME, "a")).select_by_visible_text("reference")
        Select(browser.find_element(By.NAME, "b")).select_by_visible_text("scalar")
        columns = browser.find_elements(By.CSS_SELECTOR, "#conventions thead th[data-implementation]")
        assert [c.text for c in columns if c.is_displayed()] == ["reference", "scalar"]
        for row in browser.find_elements(By.CSS_SELECTOR, "#conventions tbody tr"):
            one, other = (c.get_property("textContent") for c in row.find_elements(By.TAG_NAME, "td"))
            assert row.is_displayed() == (one != other)
        assert "bnconf compare reference scalar" in browser.find_element(By.CLASS_NAME, "said").text
        assert place(browser) == "differences?a=reference&b=scalar"

    def test_an_address_restores_the_pair(self, open_page: Open, report: Report) -> None:
        browser = open_page(report, "#differences?a=scalar&b=reference")
        assert browser.find_element(By.NAME, "a").get_property("value") == "scalar"
        assert "differ in" in browser.find_element(By.CLASS_NAME, "said").text

    def test_where_is_the_worst_error_and_on_what(self, open_page: Open, report: Report) -> None:
        browser = open_page(report, "#worst")
        row = browser.find_element(By.CSS_SELECTOR, "#worst tr[data-implementation=reference]")
        assert "kappa" in row.text and "shape (" in row.text
        case = row.find_element(By.CLASS_NAME, "copy").get_dom_attribute("data-text")
        assert json.loads(case)["format"] == "bnconf-case-1"


SHOWN = "import framework\nprint('wrong')"


@needs_browser
class TestCard:
    def test_has_all_that_an_upstream_report_takes(self, open_page: Open, report: Report) -> None:
        browser = open_page(with_failure(report, script=SHOWN), "#failure/scalar/shape.gamma")
        card = browser.find_element(By.ID, "failure/scalar/shape.gamma")
        for part in ("Required", "Happened", "Smallest case", "Judge it again", "Repeat this case"):
            assert part in card.text
        assert "bnconf replay cases/scalar/shape.gamma.json" in card.text
        card.find_element(By.PARTIAL_LINK_TEXT, "scalar")
        script, file = card.find_elements(By.TAG_NAME, "details")
        script.find_element(By.TAG_NAME, "summary").click()
        assert script.find_element(By.TAG_NAME, "code").text == SHOWN
        script.find_element(By.CLASS_NAME, "copy").click()
        WebDriverWait(browser, HANGS).until(
            lambda _: script.find_element(By.CLASS_NAME, "copy").text == "Copied"
        )
        file.find_element(By.TAG_NAME, "summary").click()
        assert json.loads(file.find_element(By.TAG_NAME, "code").text)["requirement"] == "shape.gamma"

    def test_links_to_where_it_is_tracked_and_to_nothing_else(self, open_page: Open, report: Report) -> None:
        for link, shown in (("https://example.org/issues/1", 1), ("javascript:window.harmed=1", 0)):
            known = with_baseline(report, (Known("shape.*", "as published", link=link),))
            browser = open_page(known, "#failure/scalar/shape.gamma")
            card = browser.find_element(By.ID, "failure/scalar/shape.gamma")
            assert "as published" in card.text
            assert len(card.find_elements(By.CSS_SELECTOR, f"a[href='{link}']")) == shown


def with_failure(report: Report, **changes: Any) -> Report:
    def changed(result: Result) -> Result:
        failure = result.counterexample
        return result if failure is None else replace(result, counterexample=replace(failure, **changes))

    return replace(report, results=tuple(map(changed, report.results)))
