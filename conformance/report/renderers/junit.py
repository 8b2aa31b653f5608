"""junit.xml: one test case for each requirement and implementation, for CI systems."""

from __future__ import annotations

from xml.etree import ElementTree

from conformance.judging.level import Level
from conformance.judging.verdict import Outcome
from conformance.report.xml import writable
from conformance.results.model import Report, Result

FILE = "junit.xml"


def forms(report: Report) -> dict[str, str]:
    return {FILE: render(report)}


def render(report: Report) -> str:
    root = ElementTree.Element("testsuites", name="batchnorm-conformance")
    for implementation in report.implementations:
        results = report.of(implementation.id)
        suite = ElementTree.SubElement(root, "testsuite", name=implementation.id)
        if not results or implementation.status in ("broken", "lost"):
            name = "end" if results else "start"
            case = ElementTree.SubElement(suite, "testcase", classname=implementation.id, name=name)
            tag = "skipped" if implementation.status in ("missing", "partial") else "error"
            ElementTree.SubElement(case, tag, message=implementation.problem or implementation.status)
        for result in results:
            _testcase(suite, result)
        cases = suite.findall("testcase")
        suite.set("tests", str(len(cases)))
        for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            suite.set(name, str(sum(case.find(tag) is not None for case in cases)))
    for element in root.iter():
        element.text = writable(element.text or "") or None
        element.attrib.update({name: writable(value) for name, value in element.attrib.items()})
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _testcase(suite: ElementTree.Element, result: Result) -> None:
    """A failing SHOULD is not a failed test: its message stands in the output instead."""
    case = ElementTree.SubElement(suite, "testcase", classname=result.implementation, name=result.requirement)
    message = result.message
    if result.outcome is Outcome.UNSUPPORTED:
        ElementTree.SubElement(case, "skipped", message=message)
    elif result.outcome.failing and not result.fails_at(tuple(Level)):
        reasons = "; ".join(f"{known.reason} {known.link}".rstrip() for known in result.known)
        ElementTree.SubElement(case, "skipped", message=f"known failure: {reasons}")
    elif result.outcome.failing and result.fails_at((Level.MUST,)):
        tag = "failure" if result.outcome is Outcome.FAIL else "error"
        ElementTree.SubElement(case, tag, message=message, type=str(result.outcome)).text = message
    elif result.outcome.failing or result.observed:
        said = f"{result.outcome}: {message}" if message else f"observed: {result.observed}"
        ElementTree.SubElement(case, "system-out").text = said
