"""The specification of the page, in a real browser: from a file, without a network, by mouse and by keyboard."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import autograd as ag
from autograd import Value, animate, quiz
from autograd.animation import Animation
from autograd.graph import gradients
from autograd.labels import names, visible
from autograd.symbols import short

HOSTILE: list[str] = json.loads((Path(__file__).parent / "hostile_labels.json").read_text(encoding="utf-8"))
BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
DRIVER = shutil.which("chromedriver")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND"),
]

if not (BROWSER and DRIVER) and os.environ.get("CI") != "true":
    pytest.skip("no browser: on Debian, apt-get install chromium chromium-driver", allow_module_level=True)


# --- Helpers --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser of its own, without a network."""
    if not (BROWSER and DRIVER):
        pytest.fail("CI=true: expected chromium and chromedriver on PATH, got neither or only one")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in [*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


class Page:
    """A page that is open, and what a person does with it."""

    def __init__(self, driver: Any, path: Path) -> None:
        self.driver, self.path = driver, path

    def open(self, animation: Animation | str, width: int = 1280, height: int = 800, dark: bool = False) -> None:
        """Load the page from its file, in a window of this size."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.path.write_text(animation if isinstance(animation, str) else animation.html, encoding="utf-8")
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        self.driver.get(self.path.as_uri())

    def run(self, script: str, *arguments: object) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)

    def element(self, selector: str) -> Any:
        """The first element of that kind."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """The text of an element, as it stands in the document."""
        return str(self.element(selector).get_property("textContent"))

    def press(self, *keys: str) -> None:
        """Keys, wherever the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def boxes(self) -> dict[str, list[str]]:
        """What stands in each box of the picture."""
        script = """
            return [...document.querySelectorAll(".node")].map(
                box => [box.id, [...box.querySelectorAll("text")].map(text => text.textContent)])"""
        return {name: [text.replace("\xa0", " ") for text in texts] for name, texts in self.run(script)}

    def shown(self) -> dict[str, str]:
        """The gradient in each box, by the name that stands above it."""
        return {texts[-3]: texts[-1] for texts in self.boxes().values() if texts[-1].startswith("grad ")}

    def walk(self) -> list[tuple[str, list[str]]]:
        """Click through to the end: caption and lines of each step."""
        told = [self.told()]
        while self.element("#next").is_enabled():
            self.element("#next").click()
            told.append(self.told())
        return told

    def told(self) -> tuple[str, list[str]]:
        """The caption and the lines of this step."""
        script = (
            "return [...document.querySelectorAll('#lines li')].map(li => [...li.children].map(x => x.textContent))"
        )
        return self.text("#caption"), [" ".join(pieces) for pieces in self.run(script)]

    def complaints(self) -> list[str]:
        """What the console says, and every request but the one for the page itself."""
        found = [entry["message"] for entry in self.driver.get_log("browser")]
        for entry in self.driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                address = event["params"]["request"]["url"]
                if address != self.path.as_uri() and not address.startswith("data:"):
                    found.append(address)
        return found


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Page]:
    """A page without an error in its console and without a request, whatever the test does with it."""
    opened = Page(browser, tmp_path / "steps.html")
    yield opened
    assert opened.complaints() == []


def lecture() -> Value:
    """o = tanh(x1 w1 + x2 w2 + b), whose leaves have the gradients -1.5, 1, 0.5, 0 and 0.5."""
    x1, w1 = Value(2.0, label="x1"), Value(-3.0, label="w1")
    x2, w2 = Value(0.0, label="x2"), Value(1.0, label="w2")
    o = ag.tanh(x1 * w1 + x2 * w2 + Value(6.8813735870195432, label="b"))
    o.label = "o"
    return o


def all_sorts() -> Value:
    """A graph with a power, a selecting operation, a constant, a weighted sum, and operands that are used twice."""
    x, y, z = Value(1.25, label="x"), Value(-0.5, label="y"), Value(3.0, label="z")
    return ag.dot([x, y], [z, x], z) + ag.relu(x * y) * 3.0 + x * x - z**3 / ag.exp(y)


def chain(length: int) -> Value:
    """A graph of about ``length`` nodes."""
    total = Value(0.25, label="y")
    for i in range(length // 5):
        total = ag.tanh(total * Value(i / 100.0, label=f"w{i}") + Value(0.5, label=f"b{i}"))
    return total


def expected(root: Value) -> dict[str, str]:
    """The gradient of every variable by its name, to four digits, as Python has it."""
    named = names(root)
    values = gradients([root], [1.0], list(named))
    return {
        name: f"grad {short(grad, 4)}"
        for (node, name), grad in zip(named.items(), values, strict=True)
        if node.rule is not ag.rules.CONSTANT
    }


# --- Stepping -------------------------------------------------------------------------------------------


def test_the_lecture_step_by_step(page: Page) -> None:
    """Forward, backward and result of the well-known lecture's neuron, a click for each step."""
    page.open(animate(lecture()))
    assert [(caption, *lines) for caption, lines in page.walk()] == [
        ("Start: o is to be computed",),
        ("Forward: compute v1", "v1 = x1 * w1 = 2 * (-3) = -6"),
        ("Forward: compute v2", "v2 = x2 * w2 = 0 * 1 = 0"),
        ("Forward: compute v3", "v3 = v1 + v2 = -6 + 0 = -6"),
        ("Forward: compute v4", "v4 = v3 + b = -6 + 6.881 = 0.8814"),
        ("Forward: compute o", "o = tanh(v4) = tanh(0.8814) = 0.7071"),
        ("Backward begins at o", "do/do = 1"),
        ("Backward: from o to its operands", "do/dv4 = do/do * (1 - tanh(v4)**2) = 1 * 0.5 = 0.5"),
        (
            "Backward: from v4 to its operands",
            "do/dv3 = do/dv4 * 1 = 0.5 * 1 = 0.5",
            "do/db = do/dv4 * 1 = 0.5 * 1 = 0.5",
        ),
        (
            "Backward: from v3 to its operands",
            "do/dv1 = do/dv3 * 1 = 0.5 * 1 = 0.5",
            "do/dv2 = do/dv3 * 1 = 0.5 * 1 = 0.5",
        ),
        (
            "Backward: from v1 to its operands",
            "do/dx1 = do/dv1 * w1 = 0.5 * (-3) = -1.5",
            "do/dw1 = do/dv1 * x1 = 0.5 * 2 = 1",
        ),
        (
            "Backward: from v2 to its operands",
            "do/dx2 = do/dv2 * w2 = 0.5 * 1 = 0.5",
            "do/dw2 = do/dv2 * x2 = 0.5 * 0 = 0",
        ),
        ("The gradients", "do/dx1 = -1.5", "do/dw1 = 1", "do/dx2 = 0.5", "do/dw2 = 0", "do/db = 0.5"),
    ]
    grads = page.shown()
    assert [grads[name] for name in ("x1", "w1", "x2", "w2", "b")] == [
        *("grad -1.5", "grad 1", "grad 0.5", "grad 0", "grad 0.5"),
    ]


@pytest.mark.parametrize("make", [lecture, all_sorts, lambda: Value(2.0, label="x"), lambda: chain(30)])
def test_every_gradient_at_the_end_is_pythons(page: Page, make: Any) -> None:
    """When the last step is reached, each box shows the gradient that Python computes."""
    root = make()
    page.open(animate(root))
    page.walk()
    assert page.shown() == expected(root)


def test_history_has_all_digits(page: Page) -> None:
    """The history of a node ends in its gradient, every bit of it."""
    root = all_sorts()
    page.open(animate(root))
    page.press(Keys.END)
    exact = dict(zip(names(root).values(), gradients([root], [1.0], list(names(root))), strict=True))
    for name in ("x", "y", "z"):
        box = next(i for i, texts in page.boxes().items() if texts[0] == name)
        page.run("arguments[0].focus()", page.element(f"#{box}"))
        assert page.text("#whose") == f"History of {name}"
        assert page.text("#history li:last-child span").removeprefix("grad = ") == repr(exact[name])
        assert page.text("#history li:first-child span").startswith("data = ")


def test_running_gradients(page: Page) -> None:
    """A node that is used twice shows what has arrived so far, and - before anything has."""
    x = Value(3.0, label="x")
    page.open(animate(x * x + x))
    seen = [page.shown()["x"]]
    while page.element("#next").is_enabled():
        page.element("#next").click()
        seen.append(page.shown()["x"])
    assert list(dict.fromkeys(seen)) == ["grad -", "grad 1", "grad 7"]


def test_the_current_node_its_operands_and_edges_are_marked(page: Page) -> None:
    """Each step marks its node, its operands and the arrows between, by the width of lines and not by colour alone."""
    page.open(animate(lecture()))
    page.press(*[Keys.ARROW_RIGHT] * 3)
    boxes = page.boxes()
    script = "return [...document.querySelectorAll(arguments[0])].map(x => x.id)"
    assert [boxes[i][1] for i in page.run(script, ".node.current")] == ["v3"]
    assert sorted(boxes[i][1] for i in page.run(script, ".node.operand")) == ["v1", "v2"]
    assert len(page.run(script, ".edge.current")) == 2
    width = "return getComputedStyle(document.querySelector(arguments[0])).strokeWidth"
    assert page.run(width, ".node.current polygon") == "4px"
    assert page.run(width, ".edge.current path") == "3px"
    assert page.run("return getComputedStyle(document.querySelector('.operand polygon')).strokeDasharray") != "none"


def test_what_is_not_computed_yet_is_not_shown(page: Page) -> None:
    """At the start only the leaves have numbers."""
    page.open(animate(lecture()))
    known = {texts[-3] for texts in page.boxes().values() if texts[-2] != "data -"}
    assert known == {"x1", "w1", "x2", "w2", "b"}


# --- By keyboard, by slider, by itself ------------------------------------------------------------------


def test_keyboard_only(page: Page) -> None:
    """Arrow keys, Home and End step; Tab reaches every control; no mouse is needed."""
    page.open(animate(lecture()))
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert page.text("#caption") == "Forward: compute v1"
    for _ in range(11):
        page.press(Keys.ARROW_RIGHT)
    assert page.shown() == expected(lecture())
    page.press(Keys.HOME)
    assert page.text("#count") == "0 / 12"
    reached = []
    for _ in range(20):
        page.press(Keys.TAB)
        reached.append(page.run("return document.activeElement.id"))
    assert {"play", "next", "slider", "panel", *page.boxes(), "closer", "farther", "fit"} <= set(reached)
    page.run("document.getElementById('next').focus()")
    page.press(Keys.ENTER)
    assert page.text("#count") == "1 / 12"


def test_slider(page: Page) -> None:
    """The slider moves with its own keys, and says in words where it stands."""
    page.open(animate(lecture()))
    page.run("document.getElementById('slider').focus()")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.text("#count") == "2 / 12"
    assert page.element("#slider").get_attribute("aria-valuetext") == "2 of 12: Forward: compute v2"


def test_play_and_pause(page: Page) -> None:
    """Play begins to step by itself; the same button, or any other step, stops it."""
    page.open(animate(lecture()))
    page.run("globalThis.setInterval = action => { globalThis.tick = action; return 1; }")
    page.element("#play").click()
    assert page.text("#play") == "Pause"
    page.run("tick(); tick();")
    assert page.text("#count") == "2 / 12"
    page.element("#play").click()
    assert page.text("#play") == "Play"
    page.press(" ")
    page.run("for (let i = 0; i < 10; i++) tick();")
    assert (page.text("#count"), page.text("#play")) == ("12 / 12", "Play")


def test_screen_readers_are_told(page: Page) -> None:
    """Each box has a name with its numbers, each control one of its own, and the lines are announced."""
    page.open(animate(lecture()))
    page.press(Keys.END)
    labels = page.run("return [...document.querySelectorAll('.node')].map(x => x.getAttribute('aria-label'))")
    assert "x1: data 2, gradient -1.5" in labels
    assert page.element("#step").get_attribute("aria-live") == "polite"
    unnamed = (
        "return [...document.querySelectorAll('button, input')].filter(x => !x.ariaLabel && !x.textContent).length"
    )
    assert page.run(unnamed) == 0


def test_zoom_and_pan(page: Page) -> None:
    """Keys, buttons, wheel and dragging change what is seen of the picture; Fit shows all of it again."""
    page.open(animate(lecture()))
    view = "return document.querySelector('#graph > svg').getAttribute('viewBox').split(' ').map(Number)"
    whole = page.run(view)
    page.press("+")
    assert page.run(view)[2] == pytest.approx(0.8 * whole[2])
    page.element("#farther").click()
    assert page.run(view)[2] == pytest.approx(whole[2])
    graph = page.element("#graph")
    actions = webdriver.ActionChains(page.driver)
    actions.move_to_element_with_offset(graph, -300, -200).click_and_hold().move_by_offset(50, 20).release().perform()
    assert page.run(view)[0] < whole[0]
    origin = webdriver.common.actions.wheel_input.ScrollOrigin.from_element(graph)
    webdriver.ActionChains(page.driver).scroll_from_origin(origin, 0, -100).perform()
    assert page.run(view)[2] < whole[2]
    page.element("#fit").click()
    assert page.run(view) == whole


# --- Quiz -----------------------------------------------------------------------------------------------


def test_quiz(page: Page) -> None:
    """Hidden gradients are asked for; the first wrong one is explained; right ones open the way to backward."""
    root = lecture()
    page.open(quiz(root, 3))
    grads = expected(root)
    hidden = [name for name, text in page.shown().items() if text == "grad ?"]
    labels = page.run("return [...document.querySelectorAll('#questions label')].map(x => x.textContent)")
    assert sorted(labels) == sorted(f"do/d{name} =" for name in hidden)
    assert len(hidden) == 5
    assert all(text in {"grad ?", grads[name]} for name, text in page.shown().items())
    answers = [grads[label[4:-2]].removeprefix("grad ") for label in labels]
    fields = page.driver.find_elements(By.CSS_SELECTOR, "#questions input")
    for field, answer in zip(fields, [*answers[:2], "77", "88"], strict=False):
        field.send_keys(answer)
    fields[0].send_keys(Keys.ENTER)
    asked = labels[2].removesuffix(" =")
    assert page.text("#verdict") == f"{asked} is {answers[2]}, not 77:"
    assert page.text("#why li").startswith(asked)
    assert [field.get_attribute("aria-invalid") for field in fields] == ["false", "false", "true", "true", "false"]
    assert page.text("#count") == "0 / 5"
    for field, answer in zip(fields, answers, strict=True):
        field.clear()
        field.send_keys(answer)
    page.element("#quiz button[type=submit]").click()
    assert page.text("#verdict").startswith("All of them are right")
    assert page.text("#count") == "6 / 12"
    page.press(Keys.TAB)
    page.walk()
    assert page.shown() == grads


def test_quiz_reveals(page: Page) -> None:
    """Who asks for the answers gets them, step by step."""
    page.open(quiz(lecture(), 0))
    page.element("#reveal").click()
    assert page.text("#caption") == "Backward begins at o"
    page.walk()
    assert page.shown() == expected(lecture())


@pytest.mark.parametrize(
    ("written", "exact", "right"),
    [
        *(("-3/2", "-1.5", True), ("\u22121.5", "-1.5", True), ("-1.502", "-1.5", True), ("-1.52", "-1.5", False)),
        *(("0", "0.0", True), ("-0", "0.0", True), ("0.001", "0.0", False), ("inf", "inf", True)),
        *(("-inf", "inf", False), ("nan", "nan", True), ("word", "1.0", False), ("1/", "1.0", False)),
        *(("1e-3", "0.001", True), ("5", "nan", False), ("1", "inf", False)),
    ],
)
def test_answers(page: Page, written: str, exact: str, right: bool) -> None:
    """An answer is right to half a percent, 0, inf and nan exactly; it may be a fraction."""
    page.open(quiz(lecture()))
    assert page.run("return right(number(arguments[0]), number(arguments[1]))", written, exact) is right


# --- Labels, sizes, looks -------------------------------------------------------------------------------


def test_hostile_labels(page: Page) -> None:
    """Every label stands in its box as drawings show it, in the lines as well, and none is run or read as markup."""
    labels = [*HOSTILE, "x" * 20_000]
    leaves = [Value(float(i + 1), label=label) for i, label in enumerate(labels)]
    root = ag.sum(leaves)
    root.label = labels[0] + labels[-2]
    page.open(animate(root))
    page.run("globalThis.alert = () => { throw new Error('a script ran'); }")
    elements = "return document.querySelectorAll('body *:not(li, li *)').length"
    page.press(Keys.ARROW_RIGHT)
    count = page.run(elements)
    page.press(Keys.END)
    assert page.run(elements) == count
    shown = [texts[-3] for texts in page.boxes().values()]
    assert sorted(shown) == sorted(names(root).values())
    assert {visible(label) for label in labels} <= set(shown)
    _, lines = page.told()
    for label in labels:
        assert any(visible(label) in line for line in lines), label
    assert page.run("return document.querySelectorAll('script, img, table, b, p:not(.help, #quiz p)').length") == 2
    assert page.run("return document.title") == page.text("h1")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
@pytest.mark.parametrize("make", [animate, quiz])
def test_nothing_overlaps_and_nothing_is_cut(page: Page, make: Any, width: int, height: int, dark: bool) -> None:
    """On a desk and on a telephone, the parts stand beside each other, and all of the picture is seen."""
    page.open(make(lecture()), width, height, dark)
    page.press(*[Keys.ARROW_RIGHT] * 9)
    script = """
        const at = [...document.querySelectorAll("h1, #bar > *, #panel, #graph")].map(x => x.getBoundingClientRect());
        const graph = document.getElementById("graph").getBoundingClientRect();
        const out = [...document.querySelectorAll("svg text")].map(x => x.getBoundingClientRect()).filter(
            x => x.left < graph.left || x.right > graph.right || x.top < graph.top || x.bottom > graph.bottom);
        const wide = [...document.querySelectorAll("svg .node")].filter(box => {
            const frame = box.querySelector("polygon").getBoundingClientRect();
            return [...box.querySelectorAll("text")].some(x => x.getBoundingClientRect().right > frame.right);
        });
        const pairs = at.flatMap((a, i) => at.slice(i + 1).map(b => [a, b]));
        const meet = ([a, b]) => Math.min(a.right, b.right) > Math.max(a.left, b.left) + 0.5
            && Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top) + 0.5;
        return [pairs.filter(meet).length, out.length, wide.length, document.documentElement.scrollWidth]"""
    assert page.run(script) == [0, 0, 0, width]


def test_a_graph_of_500_nodes(page: Page) -> None:
    """A large graph opens on a part that can be read, which follows the current node to the end."""
    root = chain(495)
    page.open(animate(root))
    page.press(Keys.END)
    assert page.shown() == expected(root)
    page.press(Keys.HOME, *[Keys.ARROW_RIGHT] * 5)
    seen = """
        const inner = document.querySelector(".node.current").getBoundingClientRect();
        const outer = document.getElementById("graph").getBoundingClientRect();
        return inner.left >= outer.left && inner.right <= outer.right && inner.height > 20"""
    assert page.run(seen)


def test_in_a_notebook(page: Page) -> None:
    """In a notebook a script puts the page in the picture's place, in a frame that may run scripts and nothing else."""
    shown = animate(lecture())._repr_html_()
    page.open(f"<!DOCTYPE html><meta charset=utf-8><link rel=icon href='data:,'><body>{shown}{shown}</body>")
    frames = page.driver.find_elements(By.CSS_SELECTOR, "iframe")
    assert [frame.get_attribute("sandbox") for frame in frames] == ["allow-scripts"] * 2
    assert page.driver.find_elements(By.CSS_SELECTOR, "img") == []
    page.driver.switch_to.frame(frames[1])
    page.walk()
    assert page.shown() == expected(lecture())
    page.driver.switch_to.default_content()


def test_in_a_notebook_that_is_not_trusted(page: Page) -> None:
    """Without its script the picture is seen, with the gradients in it."""
    shown = animate(lecture())._repr_html_().partition("<script>")[0]
    page.open(f"<!DOCTYPE html><meta charset=utf-8><link rel=icon href='data:,'><body>{shown}</body>")
    assert page.run("return document.querySelector('img').naturalWidth") > 300
    assert page.element("img").get_attribute("alt").endswith("the graph with its gradients")
