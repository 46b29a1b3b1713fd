"""The page in Chromium, as people use it: `pytest -m browser`, with Chromium and playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from test_page import failing as failing  # fixtures
from test_page import shallow as shallow
from test_page import value_of, written

pytestmark = pytest.mark.browser
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "there is no chromium on the PATH"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("large") / "large.html"
    assert (
        written("shallow", "--shape", "n_x=100,n_h=80,n_y=3,m=50", "-o", str(file)).exit_code == 0
    )
    return file


@pytest.fixture
def visit(browser: Any) -> Iterator[Any]:
    opened = []

    def visited(file: Path, width: int = 1280, scheme: str = "light") -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(file.as_uri())
        opened.append((page, requests, errors, file))
        return page

    yield visited
    for page, requests, errors, file in opened:
        assert requests == [file.as_uri()]
        assert errors == []
        page.close()


def now(page: Any) -> str:
    (card,) = [card for card in page.query_selector_all(".card") if card.is_visible()]
    return str(card.get_attribute("id")).removeprefix("step-")


def test_keys_and_buttons_step_through_the_pass(visit: Any, shallow: Path) -> None:
    page = visit(shallow)
    assert now(page) == "Z1"
    seen = []
    for _ in range(13):
        seen.append(now(page))
        page.keyboard.press("ArrowRight")
    assert seen == [
        "Z1",
        "A1",
        "Z2",
        "A2",
        "J",
        "dZ2",
        "dW2",
        "db2",
        "dA1",
        "dZ1",
        "dW1",
        "db1",
        "dX",
    ]
    assert now(page) == "dX"
    page.keyboard.press("Home")
    page.click("text=next →")
    page.click("nav >> text=dW1")
    assert now(page) == "dW1"
    page.click("pre >> text=dZ1")
    assert now(page) == "dZ1"
    assert page.inner_text("#where") == "step 10 of 13: dZ1"
    assert page.inner_text("pre .now").strip().startswith("dZ1 = ")


def test_a_click_on_an_entry_shows_the_multiply_adds_that_made_it(
    visit: Any, shallow: Path
) -> None:
    page = visit(shallow)
    page.click("nav >> text=dW2")
    button = page.query_selector("#step-dW2 button[data-made]")
    button.click()
    made = page.inner_text("#made")
    assert made.startswith("dW2[0, 0] = dZ2 @ A1.T / m = (")
    assert made.count("·") == 5
    value, off = value_of(made)
    assert value == pytest.approx(float(button.inner_text().replace("−", "-")), abs=off)
    assert button.get_attribute("aria-pressed") == "true"
    page.keyboard.press("ArrowRight")
    assert now(page) == "db2"


@pytest.mark.parametrize("width", [360, 1440])
def test_the_multiply_adds_are_in_view(width: int, visit: Any, large: Path) -> None:
    page = visit(large, width)
    page.click("nav >> text=dW1")
    page.query_selector("#step-dW1 button[data-made]").click()
    box = page.query_selector("#made").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 900


def test_a_failing_pair_opens_on_the_wrong_line(visit: Any, failing: Path) -> None:
    page = visit(failing)
    assert now(page) == "dZ"
    assert "the activation's derivative is missing" in page.inner_text(".story")


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_overflows(width: int, visit: Any, shallow: Path, failing: Path) -> None:
    for file in (shallow, failing):
        page = visit(file, width)
        for _ in range(14):
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), now(page)
            page.keyboard.press("ArrowRight")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_accessibility_checker_finds_nothing_serious(
    scheme: str, visit: Any, shallow: Path, failing: Path
) -> None:
    axe = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    for file in (shallow, failing):
        page = visit(file, scheme=scheme)
        page.evaluate(axe)
        found = page.evaluate("axe.run()")
        assert found["passes"]
        serious = [
            (one["id"], [node["html"][:120] for node in one["nodes"]])
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_a_matrix_that_is_wider_than_a_phone_scrolls_by_its_own_keys(
    visit: Any, shallow: Path
) -> None:
    page = visit(shallow, 300)
    matrix = page.query_selector("#step-Z1 [aria-label='Z1 by hand']")
    matrix.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")
    assert now(page) == "Z1"


def test_print_shows_every_step(visit: Any, shallow: Path) -> None:
    page = visit(shallow)
    page.emulate_media(media="print")
    assert all(card.is_visible() for card in page.query_selector_all(".card"))
