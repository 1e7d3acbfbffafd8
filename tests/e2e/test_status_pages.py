"""The pages in a real browser: whole without scripts, live with them, by keyboard, on a phone, in the dark."""

import json
import os
import shutil

import pytest

from test_status import check, signal_of, spec_of, start, state, wait_for, web  # noqa: F401 (fixtures)

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")

PAGE = {
    "format": "qs.page/1", "name": "test", "title": "Test <lab>", "description": "A lab.", "location": "here",
    "site": "twin", "site_title": "one machine", "rules": [{"title": "First", "text": "Do."}],
    "rack": {"units": 4, "slots": [
        {"unit": 4, "height": 1, "label": "panel", "kind": "panel"},
        {"unit": 3, "height": 1, "holds": "sw", "kind": "switch"},
        {"unit": 1, "height": 2, "holds": "n1", "kind": "node"}]},
    "hardware": [{"model": "X1", "vendor": "Maker", "height": 1, "names": ["sw"]}],
    "devices": [{"name": "sw", "title": "The switch", "kind": "switch", "model": "X1", "purpose": "joins", "engine": "twin",
                 "address": "10.0.0.1", "ports": [
                     {"name": "Ethernet1", "mode": "trunk", "allowed": [10, 20], "native": 10, "enabled": True,
                      "peer": {"device": "n1", "port": "nic1"}},
                     {"name": "Ethernet2", "mode": "unused", "enabled": False}]}],
    "nodes": [{"name": "n1", "model": "R1", "purpose": "works", "engine": "twin", "roles": ["worker"], "addresses": [],
               "ports": [{"name": "nic1", "mode": "trunk", "peer": {"device": "sw", "port": "Ethernet1"}}]}],
    "vlans": [{"id": 10, "name": "ten", "purpose": "p", "v4": "10.0.10.0/24", "colour": "#2563eb"},
              {"id": 20, "name": "twenty", "purpose": "q", "v4": "10.0.20.0/24", "colour": "#d97706"}],
    "cables": [{"a": {"device": "sw", "port": "Ethernet1"}, "b": {"device": "n1", "port": "nic1"}, "vlans": [10, 20]}],
    "cluster": {"pods": "10.244.0.0/16", "services": "10.96.0.0/12"},
    "components": [{"number": 1, "name": "parts", "group": "apps", "role": "the parts", "runs": "qs", "adr": "0007"}],
}


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def lab(start, state, web):  # noqa: F811
    answers = {"/": (200, "{}")}
    server = web(lambda path: answers[path])
    (state / "run").mkdir(exist_ok=True)
    (state / "run/page.json").write_text(json.dumps(PAGE))
    (state / "run/adrs.json").write_text(json.dumps({
        "format": "qs.adrs/1", "counters": {"in_force": 3, "dependencies": 2, "revisit": 4, "superseded": 1},
        "adrs": [{"id": "0007", "title": "Use <parts>", "status": "accepted", "date": "2026-01-02", "component": ["parts"],
                  "chosen": "Parts.", "depends_on": [], "supersedes": [],
                  "triggers": [{"kind": "count", "text": "parts > 3", "why": "many", "state": "fired"}]}]}))
    s = start(spec_of([
        signal_of("web", check("page", "http", target=f"http://127.0.0.1:{server.port}/")),
        signal_of("switch", check("reachable", "tcp", target="device:sw", port=server.port)),
        signal_of("later", pending="comes later", group="apps")]))
    wait_for(lambda: s.state_of("web") == s.state_of("switch") == "up")
    s.answers = answers
    return s


def open_page(browser, lab, path, **options):
    context = browser.new_context(**options)
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda m: page.problems.append(m.text) if m.type in ("error", "warning") else None)
    page.on("request", lambda r: None if r.url.startswith(f"http://127.0.0.1:{lab.port}/") else page.problems.append(r.url))
    page.goto(f"http://127.0.0.1:{lab.port}{path}")
    return page


def test_a_change_arrives_without_a_reload(browser, lab):
    page = open_page(browser, lab, "/")
    group = page.locator("#group-network")
    sync_api.expect(group.locator("summary .count")).to_have_text("2/2")
    sync_api.expect(page.locator("#live")).to_have_text("live")
    group.locator("summary").click()
    lab.answers["/"] = (500, "")
    sync_api.expect(group.locator("summary .count")).to_have_text("1/2", timeout=4000)
    sync_api.expect(group.locator("li", has_text="web").locator(".message")).to_contain_text("[STATUS] (500) < 400")
    assert group.get_attribute("open") is not None  # what a person opened stays open
    sync_api.expect(page.locator("#incidents li.open .name")).to_have_text("web")
    assert page.problems == []


def test_facts_are_there_without_scripts(browser, lab):
    page = open_page(browser, lab, "/", java_script_enabled=False)
    text = page.content()
    for fact in ("qs platform status", "0/1", "2/2", "comes later", "Ethernet1", "10 ten"):
        assert fact in text, fact
    page.goto(f"http://127.0.0.1:{lab.port}/#device-sw")
    sync_api.expect(page.locator("#device-sw")).to_be_visible()
    sync_api.expect(page.locator("#device-n1")).to_be_hidden()


def test_the_rack_works_by_keyboard(browser, lab):
    page = open_page(browser, lab, "/")
    page.locator("svg.rack a.slot").first.focus()
    page.keyboard.press("Enter")
    sync_api.expect(page.locator("#device-sw")).to_be_visible()
    sync_api.expect(page.locator("#device-sw")).to_contain_text("trunk 10, 20, native 10")
    page.locator("svg.rack a.slot").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    sync_api.expect(page.locator("#device-n1")).to_be_visible()
    page.locator("#device-n1 table a").click()
    sync_api.expect(page.locator("#device-sw")).to_be_visible()
    page.keyboard.press("Escape")
    sync_api.expect(page.locator("#device-sw")).to_be_hidden()
    assert page.problems == []


def test_a_live_update_leaves_the_chosen_device_open(browser, lab):
    page = open_page(browser, lab, "/")
    page.goto(f"http://127.0.0.1:{lab.port}/#device-sw")
    sync_api.expect(page.locator("#device-sw")).to_be_visible()
    page.evaluate("""async () => {
        const part = document.querySelector("#device-sw").closest("[data-part]");
        part.innerHTML = await (await fetch(`/part/${part.dataset.part}`)).text();
        (await import(document.querySelector("script[src*=panel]").src.replace("panel", "rack"))).watchRack();
    }""")
    sync_api.expect(page.locator("#device-sw")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/lab", "/adrs"])
@pytest.mark.parametrize("width,scheme", [(1360, "light"), (1360, "dark"), (375, "light")])
def test_pages_fit_and_are_quiet(browser, lab, tmp_path, path, width, scheme):
    page = open_page(browser, lab, path, viewport={"width": width, "height": 812}, color_scheme=scheme)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, back[4:-1].split(","))) < 150) == (scheme == "dark")
    assert page.locator("h1").count() == 1 and page.locator("main").count() == 1
    assert page.evaluate("[...document.querySelectorAll('a, button, summary, input, textarea')]"
                         ".every((e) => (e.textContent || e.getAttribute('aria-label') || e.closest('label')))")
    if os.environ.get("QS_SCREENSHOTS"):
        page.screenshot(path=f"{os.environ['QS_SCREENSHOTS']}/{path.strip('/') or 'panel'}-{width}-{scheme}.png", full_page=True)
    assert page.problems == []


def test_decisions_and_the_public_page_say_what_is(browser, lab):
    page = open_page(browser, lab, "/adrs")
    assert page.locator(".counters b").all_inner_texts() == ["3", "2", "4", "1"]
    sync_api.expect(page.locator("#adr-0007 h3")).to_have_text("0007 Use <parts>")
    sync_api.expect(page.locator("#adr-0007 .fired")).to_have_text("fired")
    page.goto(f"http://127.0.0.1:{lab.port}/lab")
    for fact in ("A lab.", "First", "Maker X1", "10.0.20.0/24", "the parts", "decisions in force", "The form feeds the intake"):
        sync_api.expect(page.locator("main")).to_contain_text(fact)
    assert page.locator("#contact button").is_disabled()
