"""Walking through the pages as people do: one browser window per person, and an eye on every page they meet.

`Walk.look` is what makes a page count: no word of the other language, no fault of the browser, nothing fetched from
elsewhere, nothing wider than the screen, nothing serious from axe. With WANGGE_PICTURES naming a folder, each page
looked at is kept there as a picture.
"""

import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, FilePayload, Locator, Page, Request, expect

from grids.models import Person, Unit
from tests.cast import PEOPLE, UNITS
from tests.dispatch.play import Play

PHONE, TABLET, DESK = (360, 780), (768, 1024), (1440, 900)
LANGUAGES = ["zh-hans", "en"]
AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 8000

# What stays in Latin letters on a Chinese page: names of formats and keys.
LATIN = frozenset({"English", "JPEG", "PNG", "WebP", "PDF", "CSV", "Excel", "Enter"})
# What stays in Chinese on an English page besides names of places and people.
HAN = ("中文",)

# Names of places, also as a page shortens that of a grid beside its village, and of the loaded calendar.
NAMES = {name for _key, name in UNITS.values()} | {"一网格", "二网格", "法定工作日历"}

# Everything a person can read or hear: shown text, and the words of controls and pictures. Codes and keys aside.
SAID = r"""() => {
    const said = [], skipped = "script, style, noscript, template, kbd, code, .code, [lang]:not(html)";
    const words = ["aria-label", "title", "placeholder", "alt", "aria-description"];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const parent = node.parentElement;
        if (!node.data.trim() || parent.closest(skipped) || parent.closest("option, dialog:not([open])")) continue;
        if (parent.checkVisibility({visibilityProperty: true})) said.push(node.data.trim());
    }
    for (const element of document.body.querySelectorAll(words.map(word => `[${word}]`).join(","))) {
        if (element.closest(skipped)) continue;
        for (const word of words) if (element.getAttribute(word)) said.push(element.getAttribute(word));
    }
    for (const option of document.body.querySelectorAll("option")) said.push(option.textContent.trim());
    said.push(document.title);
    return [...new Set(said)];
}"""
SERIOUS = r"""axe.run(document, {resultTypes: ["violations"]}).then(result => result.violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => each.id + ": " + each.nodes.map(node => node.html.slice(0, 160)).join(" | ")))"""
# The page, its pictures and what it pulls in by itself are there; nothing has to be quiet for a while.
READY = """() => document.readyState === 'complete' && !document.querySelector('.htmx-request')
    && [...document.images].every(image => image.complete || image.loading === 'lazy')"""
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"


def photo(name: str, colour: tuple[int, int, int]) -> FilePayload:
    """A picture as a phone takes it: large enough that the page must shrink it."""
    image = Image.new("RGB", (1600, 1200), colour)
    pen = ImageDraw.Draw(image)
    for step in range(0, 1600, 80):
        pen.line([(step, 0), (1600 - step, 1200)], fill=tuple(255 - part for part in colour), width=6)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return {"name": name, "mimeType": "image/jpeg", "buffer": out.getvalue()}


def foreign_words(said: list[str], language: str, given: frozenset[str]) -> list[str]:
    """The words that do not belong to the language; what people themselves wrote (`given`) may be in any."""
    known = sorted({*given, *NAMES, *(who[1] for who in PEOPLE)}, key=len)
    found = []
    for text in said:
        for each in reversed(known):
            text = text.replace(each, " ")
        if language == "zh-hans":
            wrong = [word for word in re.findall(r"[A-Za-z]{3,}", text) if word not in LATIN]
        else:
            wrong = [word for word in re.findall(r"[\u4e00-\u9fff]+", text) if word not in HAN]
        if wrong:
            found.append(text.strip())
    return found


@dataclass
class Window:
    """One person's browser window. Every page in it is watched."""

    walk: "Walk"
    page: Page
    who: Person
    size: tuple[int, int]

    def go(self, path: str) -> Page:
        self.page.goto(self.walk.url + path)
        return self.ready()

    def ready(self) -> Page:
        """Wait until the page and what it pulls in have come."""
        self.page.wait_for_function(READY)
        return self.page

    def sign_in(self) -> Page:
        """By the form, as people do; leads to the page with which their day begins."""
        page = self.page
        page.goto(self.walk.url + "/login/")
        page.locator("#id_username").fill(self.who.username)
        page.locator("#id_password").fill(self.walk.play.cast.password)
        page.locator("form button.btn-primary").click()
        page.wait_for_url(lambda url: "/login/" not in url)
        return self.ready()

    def incident(self, number: str) -> Page:
        """The incident's page with what may be done there."""
        with self.page.expect_response(lambda answer: answer.url.endswith("/panel/")):
            page = self.go(f"/incidents/{number}/")
        self.ready()
        self.walk.seen.setdefault(f"/incidents/{number}/", self.who)
        return page

    def press(self, name: str, *, order: bool = False) -> None:
        """Press what leads to the move `name`; from the menu of further ones if it is not the usual one."""
        path = "/orders/" if order else "/moves/"
        target = self.page.locator(
            f"#incident-panel a[href*='{path}'][href$='/{name}/'], "
            f"#incident-panel form[action*='{path}'][action$='/{name}/'] button, "
            f"#incident-panel a[href*='/requests/'][href$='/{name}/']"
        ).first
        expect(target).to_be_attached(timeout=PATIENCE)
        if not target.is_visible():
            self.page.locator("#incident-panel [data-bs-toggle=dropdown]").click()
        target.click()

    def dialog(self) -> Locator:
        """The dialog, once what was asked for has come."""
        form = self.page.locator("#move-dialog form, #move-dialog .banner-error")
        expect(form.first).to_be_visible(timeout=PATIENCE)
        self.ready()
        return self.page.locator("#move-dialog")

    def send(self) -> None:
        """Send the form in the dialog; it closes when the press was made."""
        self.page.locator("#move-dialog .dialog-foot button[type=submit]").click()
        expect(self.page.locator("#move-dialog")).not_to_be_visible(timeout=PATIENCE)
        self.ready()

    def move(self, name: str, note: str = "", *, order: bool = False) -> None:
        """Press, say why, send."""
        self.press(name, order=order)
        self.dialog()
        if note:
            self.page.locator("#move-note").fill(note)
        self.send()

    def look(self, name: str, *, axe: bool = True) -> None:
        self.walk.look(self, name, axe=axe)


@dataclass
class Walk:
    """All windows of one journey in one language, and what was seen in them."""

    browser: Browser
    url: str
    language: str
    play: Play
    faults: list[str] = field(default_factory=list)
    # Answers that are expected to be refusals: "POST /login/ 200" and the like do not belong here.
    allowed: list[str] = field(default_factory=list)
    # Words people typed: they may stand on a page of any language.
    given: set[str] = field(default_factory=set)
    contexts: list[BrowserContext] = field(default_factory=list)
    # Pages met, with one person who met each.
    seen: dict[str, Person] = field(default_factory=dict)

    def window(
        self, who: Person, size: tuple[int, int] = DESK, *, at: Unit | None = None, scripts: bool = True, **more: object
    ) -> Window:
        """A new browser of this person, signed in by nobody yet. `at`: the phone stands in this grid."""
        given: dict = {"viewport": {"width": size[0], "height": size[1]}, "reduced_motion": "reduce"}
        given["locale"] = "zh-CN" if self.language == "zh-hans" else "en-GB"
        if size == PHONE:
            given |= {"has_touch": True, "is_mobile": True}
        if at is not None:
            point = self.play.cast.point(at)
            given["geolocation"] = {"latitude": point.y, "longitude": point.x, "accuracy": 12}
            given["permissions"] = ["geolocation"]
        context = self.browser.new_context(java_script_enabled=scripts, **given, **more)
        context.set_default_timeout(PATIENCE)
        context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": self.language, "url": self.url}])
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("console", lambda line: self._heard(line.type, line.text))
        page.on("request", self._asked)
        page.on("requestfailed", lambda request: self._failed(request))
        page.on("response", lambda answer: self._answered(answer.status, answer.request))
        return Window(self, page, who, size)

    def signed_in(self, who: Person, size: tuple[int, int] = DESK, **given: object) -> Window:
        """A window of somebody who signed in before, on the page with which their day begins."""
        window = self.window(who, size, **given)  # type: ignore[arg-type]
        client = Client()
        client.force_login(who)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        window.page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.url}])
        window.go("/")
        return window

    def _heard(self, kind: str, text: str) -> None:
        # A refused form is an answer like any other; Chromium notes every 4xx as an error.
        refused = kind == "error" and "Failed to load resource" in text and " 422 " in text
        if kind in ("error", "warning") and not refused and not any(each in text for each in self.allowed):
            self.faults.append(f"console: {text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(self.url).netloc:
            self.faults.append(f"asked elsewhere: {request.url}")

    def _failed(self, request: Request) -> None:
        # A poll that the next page cut off.
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.faults.append(f"failed: {request.method} {request.url} {request.failure}")

    def _answered(self, status: int, request: Request) -> None:
        path = urlsplit(request.url).path
        if status >= 400 and status != 422 and f"{status} {path}" not in self.allowed:
            self.faults.append(f"answered {status}: {request.method} {path}")

    def look(self, window: Window, name: str, *, axe: bool = True) -> None:
        """Look at the page as it stands; whatever is wrong is kept, and told at the end with all the rest."""
        page = window.page
        label = f"{name} ({self.language}, {window.size[0]})"
        self.picture(page, name, window.size)
        wide = page.evaluate(TOO_WIDE)
        if wide > 0:
            self.faults.append(f"{label}: {wide} px wider than the screen")
        for text in foreign_words(page.evaluate(SAID), self.language, frozenset(self.given)):
            self.faults.append(f"{label}: not in this language: {text!r}")
        if axe:
            # Through the debugging channel: the page's own policy would refuse an added script.
            page.evaluate(AXE.read_text(encoding="utf-8"))
            self.faults += [f"{label}: axe {each}" for each in page.evaluate(SERIOUS)]
        self.seen.setdefault(page.url.removeprefix(self.url), window.who)

    def picture(self, page: Page, name: str, size: tuple[int, int]) -> None:
        folder = os.environ.get("WANGGE_PICTURES")
        if not folder:
            return
        for each in (PHONE, TABLET, DESK) if os.environ.get("WANGGE_PICTURES_ALL") else (size,):
            page.set_viewport_size({"width": each[0], "height": each[1]})
            if each != size:
                page.wait_for_timeout(120)
            page.screenshot(path=f"{folder}/{name}-{each[0]}-{self.language[:2]}.png", full_page=False)
        page.set_viewport_size({"width": size[0], "height": size[1]})

    def close(self) -> None:
        for context in self.contexts:
            context.close()


OpenWalk = Callable[[str], Walk]


@pytest.fixture
def open_walk(browser: Browser, live_server, play: Play) -> Iterator[OpenWalk]:
    """Begins a walk in a language; at the end everything seen amiss is told at once."""
    walks: list[Walk] = []

    def begin(language: str) -> Walk:
        walk = Walk(browser, live_server.url, language, play)
        walks.append(walk)
        return walk

    yield begin
    for walk in walks:
        walk.close()
    faults = [fault for walk in walks for fault in dict.fromkeys(walk.faults)]
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)
