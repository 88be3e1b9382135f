"""A real Chromium in front of the real processes. Without a browser these tests are skipped; in CI they fail."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.guest import Guest
from tests.chromium import ARGUMENTS, find_chromium
from tests.databases import SqliteDatabases
from tests.processes import Stack, running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        reason = "no Chromium or Chrome found (set CHROME_PATH, or install Debian's chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        expect.set_options(timeout=15_000)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, sqlite_databases: SqliteDatabases) -> Iterator[Stack]:
    """payapp and the stand-in, running; the tests of a module share it and sign up people of their own."""
    folder: Path = tmp_path_factory.mktemp("stack")
    with running(Stack(sqlite_databases.create(), folder)) as stack:
        yield stack


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    # No transitions: colors are measured right after the scheme changes.
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def guest(page: Page, stack: Stack) -> Guest:
    """A person in front of the browser. The test fails at the end if the console complained."""
    return Guest(page, stack)


@pytest.fixture
def guest_without_javascript(browser: Browser, stack: Stack) -> Iterator[Guest]:
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(10_000)
    yield Guest(context.new_page(), stack)
    context.close()
