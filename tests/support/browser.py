"""Debian's Chromium, headless, through Playwright, which downloads no browser of its own."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class Tab:
    """One page; `said` and `requested` are what it wrote to the console and asked for since `open`."""

    page: Page
    said: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    def open(self, file: Path, width: int = 1100, scheme: str = "light") -> None:
        self.said.clear()
        self.requested.clear()
        self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.goto(file.as_uri())
        self.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")

    def value(self, expression: str) -> Any:
        return self.page.evaluate(expression)


@contextmanager
def chromium() -> Iterator[Tab]:
    """A browser with one tab. The pages forbid scripts, and so they would axe-core: it may pass."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=root)
        try:
            tab = Tab(browser.new_page())
            tab.page.on("console", lambda message: tab.said.append(message.text))
            tab.page.on("pageerror", lambda error: tab.said.append(str(error)))
            tab.page.on("dialog", lambda dialog: (tab.said.append(dialog.message), dialog.dismiss()))
            tab.page.on("request", lambda request: tab.requested.append(request.url))
            yield tab
        finally:
            browser.close()
