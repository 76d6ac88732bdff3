"""The specification of the page, in a real browser: from a file, without a network, by mouse and by keyboard."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from test_scripting import EVALUATE, alone, compare, listed, points

import autograd as ag
import nn
from autograd import Value, animate, draw, explain, quiz, rules, steps
from autograd.graph import gradients
from autograd.readings.symbols import short
from autograd.showing import rendering
from autograd.showing.animation import Animation
from autograd.showing.labels import names, visible

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
    driver.get("about:blank")  # not the browser's own first page, which asks for its icons
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

    def field(self, name: str) -> Any:
        """The field in which the value of a leaf is changed."""
        script = """
            const labels = [...document.querySelectorAll("#leaves label")];
            return labels.find(label => label.textContent === arguments[0]).querySelector("input")"""
        return self.run(script, name)

    def edit(self, name: str, text: str) -> None:
        """Type a value for a leaf, and Enter."""
        field = self.field(name)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text or Keys.DELETE, Keys.ENTER)

    def numbers(self) -> dict[str, tuple[float, float, list[float]]]:
        """Of each node by name: data, gradient and partials, every bit of them."""
        script = """
            const text = x => Object.is(x, -0) ? "-0" : String(x);
            return nodes.map(({name}, i) => [
                name, text(state.data[i]), text(state.gradient[i]), state.partials[i].map(text)])"""
        return {
            name: (floats(data), floats(gradient), [*map(floats, partials)])
            for name, data, gradient, partials in self.run(script)
        }

    def everything(self) -> list[Any]:
        """All that each frame shows: caption, lines, the texts of the picture, its marks and tints, what is read."""
        return list(
            self.run("""
            const all = [...document.querySelectorAll(".node, .edge")];
            return frames.map((_, k) => {
                show(k);
                return [find("caption").textContent, find("lines").textContent, find("slider").ariaValueText,
                    ...all.map(x => [
                        [...x.querySelectorAll("text")].map(text => text.textContent).join(" "),
                        [...x.classList].filter(name => name !== "changed").join(" "),
                        Number(x.style.getPropertyValue("--strength")).toFixed(6), x.ariaLabel])];
            })""")
        )

    def walk(self) -> list[tuple[str, list[str]]]:
        """Click through to the end: caption and lines of each step."""
        told, button = [self.told()], self.element("#next")
        while button.get_attribute("aria-disabled") == "false":
            button.click()
            told.append(self.told())
        return told

    def told(self) -> tuple[str, list[str]]:
        """The caption and the lines of this step."""
        script = """
            const lines = [...document.querySelectorAll("#lines li")];
            return [document.getElementById("caption").textContent,
                lines.map(line => [...line.children].map(x => x.textContent).join(" "))]"""
        caption, lines = self.run(script)
        return caption, lines

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


def floats(text: str) -> float:
    """A number as JavaScript writes it."""
    return float(text.replace("Infinity", "inf"))


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
        if node.rule is not rules.CONSTANT
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


@pytest.mark.parametrize("make", [lecture, all_sorts, lambda: Value(2.0, label="x"), lambda: chain(10)])
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


@pytest.mark.parametrize("make", [lecture, all_sorts, lambda: ag.relu(Value(-1.0, label="x")) * 2.0])
def test_the_lines_of_backward_are_those_of_steps(page: Page, make: Any) -> None:
    """Each step of steps() is told once, in its order; where it carries nothing, or adds to another, it says so."""
    root = make()
    page.open(animate(root))
    told = [line for caption, lines in page.walk() if caption.startswith("Backward: ") for line in lines]
    uses = Counter(step.operand for step in steps(root) if step.operand.rule is not rules.CONSTANT)
    expected = []
    for step in steps(root):
        if step.operand in uses:
            line = str(step).partition(": ")[2].removesuffix(" (carries nothing)")
            line = line if uses[step.operand] > 1 else line.replace("+=", "=", 1)
            now = [f"now {short(step.after, 4)}"] * (uses[step.operand] > 1)
            notes = ", ".join([*now, *["carries nothing"] * (not step.carries)])
            expected.append(line + f" ({notes})" * bool(notes))
    assert told == expected


def test_running_gradients(page: Page) -> None:
    """A node that is used twice shows what has arrived so far, and - before anything has."""
    x = Value(3.0, label="x")
    page.open(animate(x * x + x))
    seen = [page.shown()["x"]]
    while page.element("#next").get_attribute("aria-disabled") == "false":
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
    """At the start only the leaves have numbers; the partials of a node are known when it is computed."""
    page.open(animate(lecture()))
    known = {texts[-3] for texts in page.boxes().values() if texts[-2] != "data -"}
    assert known == {"x1", "w1", "x2", "w2", "b"}
    script = """
        const text = edge => edge.querySelector("text").textContent.replace("\xa0", " ");
        return arrows.map(([i], k) => [nodes[i].name, text(edges[k])])"""
    assert {text for _, text in page.run(script)} == {"∂ -"}
    page.press(Keys.ARROW_RIGHT)
    assert sorted(text for _, text in page.run(script) if text != "∂ -") == ["∂ -3", "∂ 2"]
    assert sorted(text for name, text in page.run(script) if name == "v1") == ["∂ -3", "∂ 2"]


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
    for _ in range(30):
        page.press(Keys.TAB)
        reached.append(page.run("return document.activeElement.id"))
    assert {"play", "next", "slider", "panel", *page.boxes(), "closer", "farther", "fit"} <= set(reached)
    page.run("document.getElementById('next').focus()")
    page.press(Keys.ENTER)
    assert page.text("#count") == "1 / 12"


def test_the_focus_stays_at_the_ends(page: Page) -> None:
    """The button that leads no further keeps the focus, says that it is off, and does nothing."""
    page.open(animate(lecture()))
    for button, steps_to_the_end, end in (("next", 12, "12 / 12"), ("previous", 12, "0 / 12")):
        page.run("document.getElementById(arguments[0]).focus()", button)
        for _ in range(steps_to_the_end + 1):
            page.press(Keys.ENTER)
        assert page.text("#count") == end
        assert page.element(f"#{button}").get_attribute("aria-disabled") == "true"
        assert page.run("return document.activeElement.id") == button


def test_slider(page: Page) -> None:
    """The slider moves with its own keys, plays with space, and says in words where it stands."""
    page.open(animate(lecture()))
    page.run("document.getElementById('slider').focus()")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.text("#count") == "2 / 12"
    assert page.element("#slider").get_attribute("aria-valuetext") == "2 of 12: Forward: compute v2"
    for text in ("Pause", "Play"):
        page.press(" ")
        assert page.text("#play") == text


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
    unnamed = "x => !x.ariaLabel && !x.textContent && !(x.labels.length && x.labels[0].textContent)"
    assert page.run(f"return [...document.querySelectorAll('button, input')].filter({unnamed}).length") == 0


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
    assert page.text("#caption") == "Every value is computed; some gradients are to be found (grad ?)"
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


ANSWERS = [
    *(("-3/2", "-1.5", True), ("\u22121.5", "-1.5", True), ("-1.502", "-1.5", True), ("-1.52", "-1.5", False)),
    *(("0", "0.0", True), ("-0", "0.0", True), ("0.001", "0.0", False), ("inf", "inf", True)),
    *(("-inf", "inf", False), ("nan", "nan", True), ("word", "1.0", False), ("1/", "1.0", False)),
    *(("1e-3", "0.001", True), ("5", "nan", False), ("1", "inf", False), ("0x10", "16.0", False)),
    *(("0.49", "0.4869", True), ("4.9e-1", "0.4869", True), ("0.48", "0.4869", False), ("0.5", "0.4869", False)),
    *(("-0.49", "-0.4869", True), ("0.49", "-0.4869", False), ("0.500", "0.4869", False), ("49/100", "0.4869", False)),
    *(("0.12", "0.125", True), ("0.13", "0.125", True), ("10", "9.96", True), ("10", "9.6", False)),
    *(("0.0010", "0.0", False), ("490", "486.9", False), ("487", "486.9", True), ("0.29", "0.285", True)),
]


def test_answers(page: Page) -> None:
    """An answer is right to half a percent or to its own digits, 0, inf and nan exactly; it may be a fraction."""
    page.open(quiz(lecture()))
    script = "return arguments[0].map(([answer, exact]) => right(answer, number(exact)))"
    assert page.run(script, [pair[:2] for pair in ANSWERS]) == [right for *_, right in ANSWERS]


# --- What if ---------------------------------------------------------------------------------------------

Leaves = Callable[[str, float], Value]


def edited_lecture(leaf: Leaves) -> Value:
    """The lecture's neuron."""
    o = ag.tanh(leaf("x1", 2.0) * leaf("w1", -3.0) + leaf("x2", 0.0) * leaf("w2", 1.0) + leaf("b", 6.8813735870195432))
    o.label = "o"
    return o


def edited_network(leaf: Leaves) -> Value:
    """The loss of a small network at one example."""
    model = nn.MLP(2, [3, 2, 1], rng=random.Random(5))
    for name, parameter in model.named_parameters():
        parameter.data, parameter.label = leaf(name, parameter.data).data, name
    difference: Any = cast(Any, model([leaf("x", 0.5), leaf("y", -1.25)])) - 1.0
    squared: Value = difference * difference
    return squared


def edited_softmax(leaf: Leaves) -> Value:
    """Weighted sums, softmax by logsumexp, and the cross-entropy of the middle class."""
    x = [leaf("x0", 1.0), leaf("x1", -2.0)]
    scores = [ag.dot([leaf(f"w{i}0", i - 1.0), leaf(f"w{i}1", 0.3 * i)], x, leaf(f"b{i}", 0.0)) for i in range(3)]
    shares = ag.softmax(scores)
    return -ag.log(shares[1]) + ag.mean([s * s for s in shares]) + ag.logsumexp(scores) * 0.1


def edited_reuse(leaf: Leaves) -> Value:
    """Nodes that are used more than once, by one operation and by several."""
    x, y = leaf("x", 3.0), leaf("y", -0.5)
    a = x * x
    b = a + a * y
    return b * b / (a + 1.0) - x**3 + y**2.0 + a**y


def edited_selection(leaf: Leaves) -> Value:
    """Operations that select, at ties and kinks, among them those over a sequence."""
    x, y, z = leaf("x", 2.0), leaf("y", 2.0), leaf("z", -1.0)
    largest, least = ag.max([x, y, z]), ag.min([x, y, z])
    kinked = ag.relu(z) * 3.0 + ag.clip(x, leaf("lo", 0.0), 1.5) + ag.maximum(x, y) - abs(z) + ag.leaky_relu(z, 0.1)
    return largest * 2.0 + least * x + kinked + ag.elu(z, leaf("alpha", 1.0)) + ag.where(True, x, y)


def edited_functions(leaf: Leaves) -> Value:
    """What JavaScript has not: erf, gelu, exact sums; and what it calls otherwise."""
    x, y = leaf("x", 0.8), leaf("y", -0.3)
    total = ag.sum([ag.erf(x), ag.erfc(x - y), ag.gelu(y), ag.cbrt(y), ag.hypot(x, y, 2.0), ag.atan2(y, x)])
    return total + ag.sum([x * 1e17, y, x * -1e17]) + ag.silu(x) + ag.softplus(y) * ag.expm1(x) + ag.round(x) * y


EDITS = [
    (edited_lecture, [{"x1": "0.5"}, {"w1": "-1e-7", "b": "-6.8"}, {"x1": "0", "x2": "-0", "b": "1e3"}]),
    (edited_network, [{"x": "-3/2"}, {"layers.0.neurons.1.w[0]": "2.5", "y": "1e-9"}]),
    (edited_softmax, [{"x0": "-4", "b1": "0.25"}, {"w11": "30", "x1": "1"}, {"b0": "-3e5"}]),
    (edited_reuse, [{"x": "0.1"}, {"y": "4"}, {"x": "\u22122", "y": "2"}, {"x": "12345.678", "y": "0"}]),
    (edited_selection, [{"z": "2"}, {"x": "-7", "lo": "-8"}, {"y": "1e-20", "z": "3.125"}, {"alpha": "-2"}]),
    (edited_functions, [{"x": "-2.25"}, {"y": "1.0625"}, {"x": "30", "y": "-9"}]),
]


def with_leaves(make: Callable[[Leaves], Value], changes: Mapping[str, float]) -> Value:
    """The graph with some of its leaves at other values."""
    made: dict[str, Value] = {}
    return make(lambda name, x: made.setdefault(name, Value(changes.get(name, x), label=name)))


def exact(root: Value) -> dict[str, tuple[float, float, list[float]]]:
    """Of each node by name what Page.numbers() should say."""
    named = names(root)
    grads = gradients([root], [1.0], list(named))
    return {
        name: (node.data, grad, [*node.partials])
        for (node, name), grad in zip(named.items(), grads, strict=True)
        if node.rule is not rules.CONSTANT
    }


def agree(found: Any, right: Any) -> None:
    """Every number to 1e-12 of itself."""
    for name, (data, gradient, partials) in right.items():
        got = found[name]
        assert [got[0], got[1], *got[2]] == pytest.approx([data, gradient, *partials], rel=1e-12, abs=0.0, nan_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize(("make", "edits"), EDITS, ids=[make.__name__ for make, _ in EDITS])
def test_after_an_edit_everything_is_as_python_has_it(page: Page, make: Any, edits: list[dict[str, str]]) -> None:
    """Data, partials and gradients to 1e-12; and each step looks as in the page of the graph that Python makes."""
    graphs = [with_leaves(make, {name: floats_of(text) for name, text in texts.items()}) for texts in edits]
    looks = []
    for root in graphs:
        page.open(animate(root))
        looks.append(page.everything())
    page.open(animate(with_leaves(make, {})))
    before = page.everything()
    for texts, root, look in zip(edits, graphs, looks, strict=True):
        for name, text in texts.items():
            page.edit(name, text)
            assert page.text("#problem") == ""
        agree(page.numbers(), exact(root))
        assert page.everything() == look != before
        assert page.shown() == {name: f"grad {short(grad, 4)}" for name, (_, grad, _) in exact(root).items()}
        page.element("#whatif button[type=reset]").click()
        assert page.text("#changed") == ""
    assert page.everything() == before


def floats_of(text: str) -> float:
    """What a person means who types this."""
    above, _, below = text.replace("\u2212", "-").partition("/")
    return float(above) / float(below or "1")


@pytest.mark.parametrize("make", [make for make, _ in EDITS])
def test_without_an_edit_nothing_changes(page: Page, make: Any) -> None:
    """Computed anew from its own leaves, the page is the same."""
    root = with_leaves(make, {})
    page.open(animate(root))
    before, numbers = page.everything(), page.numbers()
    for name, (_, grad, _) in exact(root).items():
        assert repr(numbers[name][1]) == repr(grad)
    page.run("state = swept(computed(original.data)); show(0)")
    assert page.everything() == before
    agree(page.numbers(), exact(root))


def test_history_follows_an_edit(page: Page) -> None:
    """The history of a node, its explanation read out included, has the numbers of the changed graph."""
    page.open(animate(lecture()))
    page.press(Keys.END)
    page.edit("x1", "4")
    box = next(i for i, texts in page.boxes().items() if texts[0] == "w1")
    page.run("arguments[0].focus()", page.element(f"#{box}"))
    pieces = page.run(
        "return [...document.querySelectorAll('#history li')].map(x => [...x.children].map(x => x.textContent))"
    )
    root = with_leaves(edited_lecture, {"x1": 4.0})
    data, grad, _ = exact(root)["w1"]
    assert pieces[0] == [f"data = {data!r}"]
    step = next(str(step) for step in steps(root) if step.names[step.operand] == "w1")
    assert " ".join(pieces[1]) == step.partition(": ")[2].replace("+=", "=") + " (step 10)"
    assert float(pieces[2][0].removeprefix("grad = ")) == pytest.approx(grad, rel=1e-12)


def test_leaves_are_changed_by_keyboard(page: Page) -> None:
    """Tab leads to a field, what is typed counts with Enter, arrows in it do not step; Reset is a key away."""
    page.open(animate(lecture()))
    page.press(Keys.END)
    for _ in range(40):
        page.press(Keys.TAB)
        if page.run("return document.activeElement.parentElement.textContent") == "w1":
            break
    page.press(Keys.ARROW_LEFT, Keys.HOME, Keys.DELETE, Keys.ENTER)
    assert page.text("#count") == "12 / 12"
    assert page.text("#changed") == "Changed: w1 = 3 (was -3)"
    assert page.shown()["x1"] == f"grad {short(exact(with_leaves(edited_lecture, {'w1': 3.0}))['x1'][1], 4)}"
    while page.run("return document.activeElement.type") != "reset":
        page.press(Keys.TAB)
    page.press(Keys.ENTER)
    assert page.shown() == expected(lecture())


NO_NUMBERS = {
    **dict.fromkeys(["two", "1,5", "--1", "1e", "0x10", "<b>1</b>"], "a number such as -1.5 or 3/2"),
    **dict.fromkeys(["1e999", "1/0", "nan", "-inf"], "a finite number (up to about 1.8e308)"),
}


def test_what_is_no_number_changes_nothing(page: Page) -> None:
    """A message says what was expected; everything else stays as it was, and the field waits for another try."""
    page.open(animate(lecture()))
    page.press(Keys.END)
    page.edit("w1", "2")
    before, numbers = page.everything(), page.numbers()
    for text, wanted in {"": NO_NUMBERS["two"], **NO_NUMBERS}.items():
        page.edit("x1", text)
        told = f"x1: expected {wanted}, got {text or 'nothing'}. The page still shows the numbers before."
        assert page.text("#problem") == told
        assert page.field("x1").get_attribute("aria-invalid") == "true"
        assert page.field("x1").get_property("value") == text
    assert (page.everything(), page.numbers()) == (before, numbers)
    page.edit("x1", "2.5")
    assert (page.text("#problem"), page.field("x1").get_attribute("aria-invalid")) == ("", "false")
    assert page.text("#changed") == "Changed: x1 = 2.5 (was 2), w1 = 2 (was -3)"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        *((lambda x: ag.log(x * 1.0) + 1.0, "0"), (lambda x: ag.log(x), "-1"), (lambda x: x / (x - 2.0), "2")),
        *((lambda x: x**-1, "0"), (lambda x: x**0.5, "-2"), (lambda x: 10.0**x, "400"), (ag.acosh, "0.5")),
        *((lambda x: ag.atanh(x * 0.5), "2"), (ag.cosh, "-800"), (lambda x: ag.clip(0.5, x, 3.0), "4")),
    ],
)
def test_outside_a_domain_the_page_says_what_python_would(page: Page, make: Any, text: str) -> None:
    """The node is marked, the message is that of the exception, and the last numbers stay."""
    page.open(animate(make(Value(1.0, label="x"))))
    page.press(Keys.END)
    before = page.numbers()
    with pytest.raises((ValueError, ArithmeticError)) as caught:
        make(Value(float(text), label="x"))
    page.edit("x", text)
    node = page.run("return nodes[Number(document.querySelector('.node.failed').id.slice(1))].name")
    assert page.text("#problem") == f"{node} has no value: {caught.value}. The page still shows the numbers before."
    assert page.numbers() == before
    page.edit("x", "1")
    assert page.text("#problem") == ""
    assert page.driver.find_elements(By.CSS_SELECTOR, ".failed") == []


def test_graphs_of_other_operations_say_why_they_stay(page: Page) -> None:
    """A primitive has no row in the page: a sentence says so, there are no fields, and stepping works."""
    cube = ag.primitive(lambda out, x: (3.0 * x * x,))(lambda x: x * x * x)
    root = cube(Value(2.0, label="x")) + 1.0
    page.open(animate(root))
    told = page.text("#changed")
    assert told == "What-if is off: v1 was computed by <lambda>, which is not an operation of the table."
    assert page.element("#changed").is_displayed()
    assert [
        x for x in page.driver.find_elements(By.CSS_SELECTOR, "#whatif input, #whatif button") if x.is_displayed()
    ] == []
    page.walk()
    assert page.shown() == expected(root)


def test_a_quiz_is_of_one_set_of_numbers(page: Page) -> None:
    """In a quiz no leaf can be changed, neither before nor after the answers."""
    page.open(quiz(lecture()))
    assert not page.element("#whatif").is_displayed()
    page.element("#reveal").click()
    assert not page.element("#whatif").is_displayed()


def test_long_numbers_stay_in_their_boxes(page: Page) -> None:
    """A number that is longer than the one for which the picture was made is squeezed into its box."""
    page.open(animate(lecture()))
    page.press(Keys.END)
    page.edit("x1", "-1.2345e-100")
    page.edit("b", "-20")
    assert any("grad -5.098e-17" in texts for texts in page.boxes().values())
    script = """
        return [...document.querySelectorAll(".node text")].filter(text => {
            const [frame] = text.parentElement.getElementsByTagName("polygon");
            const a = text.getBoundingClientRect(), b = frame.getBoundingClientRect();
            return a.left < b.left || a.right > b.right;
        }).length"""
    assert page.run(script) == 0


# --- The same numbers as Python ------------------------------------------------------------------------------


def test_numbers_are_written_as_python_writes_them(page: Page) -> None:
    """Short as in formulas, halves to even, and exact as repr() does."""
    page.open(animate(lecture()))
    rng = random.Random(3)
    xs = [0.0, -0.0, 1.0625, 1.1875, 2.03125, 1234.5, 1235.5, -20.345703125, 999999.0, 1e6, -1e6, 99995.0, 9999.5, 1e15]
    xs += [5e-324, 1.7976931348623157e308, 1e16, 123456789012345680.0, 1e21, 1e22, 1e-5, 0.0001, 0.00012345, 1e-7]
    xs += [rng.uniform(-10.0, 10.0) * 10.0 ** rng.randrange(-9, 20) for _ in range(2000)]
    xs += [rng.randrange(-(2**20), 2**20) / 2.0 ** rng.randrange(24) for _ in range(2000)]
    xs += [math.inf, -math.inf, math.nan]
    given = [repr(x) for x in xs]
    found = page.run("return arguments[0].map(x => { const y = number(x); return [short(y), exact(y)]; })", given)
    assert found == [[short(x, 4), repr(x)] for x in xs]


def test_every_row_in_javascript_is_the_row_in_python(page: Page) -> None:
    """Each row by itself: value and partials to 1e-12 at every kind of point, and exceptions where Python has them."""
    page.open(f"<!DOCTYPE html><link rel=icon href='data:,'><script>const rows = {alone(rules.TABLE)};</script>")
    for rule in rules.TABLE:
        tried = [*points(rule)]
        compare(rule, tried, page.run(f"return ({EVALUATE})(arguments[0])", listed(rule, tried)))


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
    assert (
        page.run("return document.querySelectorAll('script, img, table, b, p:not([class], [id], form p)').length") == 2
    )
    fields = "return [...document.querySelectorAll('#leaves label')].map(x => x.textContent)"
    assert page.run(fields) == [visible(label) for label in labels]
    script = """
        return [...fields.values()].map(field => {
            field.value = arguments[0];
            field.onchange();
            return find("problem").textContent;
        })"""
    wrong = "<b onclick=alert(1)>1</b>"
    complaint = f"expected a number such as -1.5 or 3/2, got {wrong}. The page still shows the numbers before."
    assert page.run(script, wrong) == [f"{visible(label)}: {complaint}" for label in labels]
    assert page.run(elements) == count
    page.edit(visible(labels[0]), "2.5")
    assert page.text("#changed") == f"Changed: {visible(labels[0])} = 2.5 (was 1)"
    assert page.run("return document.title") == page.text("h1")


def test_hostile_labels_in_drawings(page: Page) -> None:
    """A drawing shows every label as it is, as a file of its own and within a document, and runs none."""
    labels = [*HOSTILE, "x" * 20_000]
    svg = draw(ag.sum([Value(1.0, label=label) for label in labels])).pipe("svg").decode()
    texts = "return [...document.querySelectorAll('text')].map(text => text.textContent.replaceAll('\\xa0', ' '))"
    active = "return document.querySelectorAll('script, img, image, a, foreignObject, table, b').length"
    head = "<!DOCTYPE html><meta charset=utf-8><link rel=icon href='data:,'>"
    page.open(f"{head}<body>{svg[svg.index('<svg') :]}</body>")
    shown = page.run(texts)
    assert {visible(label) for label in labels} <= set(shown)
    assert page.run(active) == 0
    page.path = page.path.with_suffix(".svg")
    page.open(svg)
    assert page.run(texts) == shown
    assert page.run(active) == 0


OVERFLOWING = """
    const cut = [];
    for (const node of document.querySelectorAll(".node")) {
        const outline = node.querySelector("polygon, path");
        if (!outline) continue;  // an oval, or no frame at all
        const box = outline.getBBox(), lines = [box.x, box.x + box.width];
        for (const line of node.querySelectorAll("polyline")) {
            const {x, width} = line.getBBox();
            if (width < 0.1) lines.push(x);
        }
        for (const text of node.querySelectorAll("text")) {
            const {x, width} = text.getBBox(), middle = x + width / 2;
            if (lines.some(line => Math.abs(line - middle) < width / 2)) cut.push(text.textContent);
        }
    }
    return [document.querySelectorAll(".node text").length, cut]"""
"""How many texts stand in boxes, and those that cross a line of their box."""


def trained() -> Value:
    """The loss of a small network over two examples, backward done."""
    random.seed(0)
    model = nn.MLP(3, [4, 4, 1])
    examples = [([2.0, 3.0, -1.0], 1.0), ([3.0, -1.0, 0.5], -1.0)]
    loss: Value = ag.sum([(ag.sum([model(x)]) - y) ** 2 for x, y in examples])
    loss = loss * Value(-1234.5678, label="WWWWMMMM and a longer one (0.1234567890)")
    loss.backward()
    return loss


@pytest.mark.parametrize("collapse", [False, True])
def test_texts_fit_their_boxes_in_drawings(page: Page, collapse: bool) -> None:
    """In the fonts that this browser has, each text of a drawing, whole or folded, is between the lines of its box."""
    svg = draw(trained(), collapse=collapse).pipe("svg").decode()
    page.open(
        f"<!DOCTYPE html><meta charset=utf-8><link rel=icon href='data:,'><body>{svg[svg.index('<svg') :]}</body>"
    )
    texts, cut = page.run(OVERFLOWING)
    assert texts > 20
    assert cut == []


@pytest.mark.parametrize("renders", [True, False])
def test_texts_fit_their_boxes_in_pages(page: Page, renders: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of a page, and of one whose boxes were placed without Graphviz, which works as any other."""
    if not renders:

        def absent() -> str:
            raise RuntimeError("no picture")

        monkeypatch.setattr(rendering, "renderer", absent)
    animation = animate(trained())
    page.open(animation)
    page.press(Keys.END)
    texts, cut = page.run(OVERFLOWING)
    assert texts > 100
    assert cut == []
    assert "grad 1" in [texts[-1] for texts in page.boxes().values()]
    assert page.run("return document.querySelectorAll('.edge').length") == animation.svg.count('class="edge')


def test_hostile_labels_in_markdown(page: Page) -> None:
    """What a notebook gets as Markdown holds no tag, should its renderer let HTML through."""
    page.open("<!DOCTYPE html><link rel=icon href='data:,'><body></body>")
    for label in [*HOSTILE, "x" * 20_000]:
        x = Value(2.0, label=label)
        for text in (explain(x * x + x).markdown(), explain(x * x, x).markdown()):
            page.run("document.body.innerHTML = arguments[0]", text)
            assert page.run("return document.body.children.length") == 0


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
@pytest.mark.parametrize("make", [animate, quiz])
def test_nothing_overlaps_and_nothing_is_cut(page: Page, make: Any, width: int, height: int, dark: bool) -> None:
    """On a desk and on a telephone: the parts stand beside each other, and the step is seen in letters of 10 pixels."""
    page.open(make(lecture()), width, height, dark)
    page.press(*[Keys.ARROW_RIGHT] * 9)
    script = """
        const parts = [...document.querySelectorAll("h1, #bar > *, #panel, #graph > *")];
        const at = parts.map(x => x.getBoundingClientRect());
        const graph = document.querySelector("#graph > svg").getBoundingClientRect();
        const outside = x =>
            x.left < graph.left || x.right > graph.right || x.top < graph.top || x.bottom > graph.bottom;
        const seen = [...document.querySelectorAll(innerWidth < 500 ? ".current, .operand" : "svg text")];
        const wide = [...document.querySelectorAll("svg .node")].filter(box => {
            const frame = box.querySelector("polygon").getBoundingClientRect();
            return [...box.querySelectorAll("text")].some(x => x.getBoundingClientRect().right > frame.right);
        });
        const low = [...document.querySelectorAll(".node text")].filter(x => x.getBoundingClientRect().height < 10);
        const pairs = at.flatMap((a, i) => at.slice(i + 1).map(b => [a, b]));
        const meet = ([a, b]) => Math.min(a.right, b.right) > Math.max(a.left, b.left) + 0.5
            && Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top) + 0.5;
        const out = seen.map(x => x.getBoundingClientRect()).filter(outside);
        return [pairs.filter(meet).length, seen.length > 2, out.length, wide.length, low.length,
            document.documentElement.scrollWidth]"""
    assert page.run(script) == [0, True, 0, 0, 0, width]


def test_a_window_of_another_width(page: Page) -> None:
    """A window that gets narrower, or is made wide only after the page was loaded, shows letters that can be read."""
    page.open(animate(lecture()), 40, 640)
    page.press(*[Keys.ARROW_RIGHT] * 9)
    script = """
        const done = arguments[0], graph = document.querySelector("#graph > svg").getBoundingClientRect();
        requestAnimationFrame(() => requestAnimationFrame(() => done(
            [...document.querySelectorAll(".current, .operand")].every(box => {
                const {left, right} = box.getBoundingClientRect();
                return left >= graph.left && right <= graph.right;
            }) && document.querySelector(".current text").getBoundingClientRect().height >= 10)))"""
    for width in (700, 820, 390):
        metrics = {"width": width, "height": 640, "deviceScaleFactor": 1, "mobile": False}
        page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        assert page.driver.execute_async_script(script), width


def test_no_space_is_wasted(page: Page) -> None:
    """Where the picture is larger than its pane, each step fills the pane; a small picture is not blown up."""
    root: Any = nn.MLP(2, [3, 1], rng=random.Random(0))([Value(0.5, label="x1"), Value(-1.0, label="x2")])
    root.label = "o"
    outside = """
        const picture = document.querySelector(".graph").getBoundingClientRect();
        const graph = svg.getBoundingClientRect();
        const wasted = (low, high, from, to) => high - low >= to - from ? Math.max(low - from, to - high) : 0;
        return Math.max(wasted(picture.left, picture.right, graph.left, graph.right),
            wasted(picture.top, picture.bottom, graph.top, graph.bottom))"""
    for width, height in ((1280, 800), (390, 844)):
        page.open(animate(root), width, height)
        for frame in range(page.run("return frames.length")):
            page.run("show(arguments[0])", frame)
            assert page.run(outside) <= 8, frame
    page.open(animate(Value(2.0, label="x")))
    assert page.run("return document.querySelector('.node text').getBoundingClientRect().height") < 30
    before = page.run("return scale()")
    page.element("#farther").click()
    assert page.run("return scale()") < before


def test_long_names_break_at_their_dots(page: Page) -> None:
    """What is asked for by a long name stands in lines that end after a dot or before a bracket."""
    x = Value(2.0, label="layers.1.neurons.0.w[0]")
    for made in (animate(x * 3.0), quiz(x * 3.0)):
        page.open(made)
        pieces = page.run("""
            return [...document.querySelectorAll("label:not([hidden] *) span")].map(
                x => [...x.childNodes].map(y => y.data ?? y.localName))""")
        (found,) = pieces
        text = found if made.title.startswith("Back") else [found[0].removeprefix("dv1/d("), *found[1:]]
        expected = ["layers.", "wbr", "1.", "wbr", "neurons.", "wbr", "0.", "wbr", "w", "wbr"]
        assert text[:-1] == expected
        assert text[-1].startswith("[0]")


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
