"""The pages of the control panel: what they show of each kind of object."""

import re
import subprocess
import sys
from html import unescape

import pytest
import requests
import stripe

from tests.fake_stripe.conftest import StartStandIn
from tests.fake_stripe.objects import buy, create_customer, create_session, price_data
from tests.fake_stripe.panel_pages import ROOT, Panel
from tests.fake_stripe.processes import PROJECT_ROOT, StandInProcess, free_port, wait_until

LISTS = ("sessions", "payments", "refunds", "disputes", "events")
HOSTILE = "<script>alert(1)</script>'\"&"


@pytest.fixture
def panel(stand_in: StandInProcess) -> Panel:
    return Panel(stand_in)


@pytest.mark.parametrize("path", ["", *(f"/{name}" for name in LISTS), "/webhooks", "/faults", "/requests"])
def test_it_works_when_nothing_has_happened(start_stand_in: StartStandIn, path: str) -> None:
    page = Panel(start_stand_in()).get(path)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script|style=|\son\w+=|https?://(?!127|localhost)", page.text)


def test_the_root_leads_to_it_and_the_payment_page_names_it(client: stripe.StripeClient, panel: Panel) -> None:
    assert requests.get(panel.stand_in.url, timeout=10).url == f"{panel.stand_in.url}{ROOT}"
    payment_page = requests.get(f"{panel.stand_in.url}/c/pay/{create_session(client).id}", timeout=10).text
    assert f'href="{ROOT}"' in payment_page


def test_the_newest_of_everything_is_on_the_first_page(client: stripe.StripeClient, panel: Panel) -> None:
    email = "overview@example.com"
    intent = buy(panel.stand_in, customer=create_customer(client, email).id)
    refund = panel.stand_in.control("POST", "/refunds", {"payment_intent": intent.id, "amount": 900})
    dispute = panel.stand_in.control("POST", "/disputes", {"payment_intent": intent.id})
    page = panel.show()
    for part in (f"payments/{intent.id}", f"#{refund['id']}", f"#{dispute['id']}", email, "$39.00", "$9.00"):
        assert part in page
    assert "Needs response" in page


def test_a_payment_tells_its_story(client: stripe.StripeClient, panel: Panel) -> None:
    intent = buy(panel.stand_in, customer=create_customer(client, "story@example.com").id)
    panel.stand_in.control("POST", "/refunds", {"payment_intent": intent.id, "amount": 900})
    dispute = panel.stand_in.control("POST", "/disputes", {"payment_intent": intent.id, "amount": 3000})
    panel.stand_in.control("POST", f"/disputes/{dispute['id']}/submit")
    panel.stand_in.control("POST", f"/disputes/{dispute['id']}/lose", {"reinstated_amount": 500})
    page = panel.show(f"/payments/{intent.id}")
    told = re.findall(r'class="step-title"><a [^>]*>([^<]+)', page)
    expected = ["Payment begun", "Charged", "Checkout completed", "Refunded", "Disputed", "Money withdrawn"]
    assert told == [*expected, "Evidence submitted", "Dispute lost", "Money reinstated"]
    moved = re.findall(r'class="step-money number">([^<]+)', page)
    assert moved == ["+$39.00", "\N{MINUS SIGN}$9.00", "\N{MINUS SIGN}$30.00", "+$5.00"]
    assert "story@example.com" in page


def test_what_stays_is_the_net_of_the_money_record(panel: Panel) -> None:
    intent = buy(panel.stand_in)
    panel.stand_in.control("POST", "/refunds", {"payment_intent": intent.id, "amount": 700})
    dispute = panel.stand_in.control("POST", "/disputes", {"payment_intent": intent.id, "amount": 1000})
    panel.stand_in.control("POST", f"/disputes/{dispute['id']}/lose", {"reinstated_amount": 300})
    net = panel.stand_in.control("GET", "/money")["payment_intents"][intent.id]["net"]
    assert net == 3900 - 700 - 1000 + 300 - 143 - 1500
    shown = re.search(r"Stays with us</dt><dd[^>]*>([^<]+)", panel.show(f"/payments/{intent.id}"))
    assert shown is not None
    assert shown[1] == f"${net / 100:.2f}"


@pytest.mark.parametrize(
    ("outcome", "card", "word"),
    [
        ("paid", "pm_card_visa", "Paid"),
        ("declined", "pm_card_visa_chargeDeclined", "Declined"),
    ],
)
def test_each_state_of_a_payment_has_its_word(panel: Panel, outcome: str, card: str, word: str) -> None:
    page = panel.show(f"/payments/{buy(panel.stand_in, outcome=outcome, card=card).id}")
    heading = re.search(r"<h1>.*?</h1>", page, re.S)
    assert heading is not None
    assert f">{word}</span>" in heading[0]


def test_a_session_shows_what_is_bought_and_how_it_stands(client: stripe.StripeClient, panel: Panel) -> None:
    made = create_session(client, customer_email="buyer@example.com")
    page = panel.show(f"/sessions/{made.id}")
    assert "1 \N{MULTIPLICATION SIGN} Growth package" in page
    assert "buyer@example.com" in page
    assert ">Open</span>" in page
    panel.stand_in.control("POST", f"/sessions/{made.id}/expire")
    assert ">Expired</span>" in panel.show(f"/sessions/{made.id}")


def test_an_event_shows_what_is_sent_and_each_attempt(forwarding: StandInProcess) -> None:
    create_customer(forwarding.client())
    event = forwarding.client().v1.events.list().data[0].id
    panel = Panel(forwarding)
    wait_until(lambda: panel.show(f"/events/{event}").count(">200</strong>") == 1)
    panel.post(f"{ROOT}/events/{event}/resend", {"times": "2"})
    wait_until(lambda: panel.show(f"/events/{event}").count(">200</strong>") == 3)
    page = panel.show(f"/events/{event}")
    assert page.count("last answer <strong") == 3
    assert '"type": "customer.created"' in unescape(page)


def test_an_attempt_that_failed_says_when_the_next_one_is(start_stand_in: StartStandIn) -> None:
    gone = start_stand_in(webhook_url="http://127.0.0.1:9/x", webhook_secret="whsec_x", retry_base_seconds=600)
    path = f"/payments/{buy(gone).id}"
    wait_until(lambda: "Tries again" in Panel(gone).show(path))
    page = Panel(gone).show(path)
    assert "ConnectionError" in page
    assert re.search(r", next <span", page)


@pytest.mark.parametrize("what", ["sessions/cs_1", "payments/pi_1", "events/evt_1", "nothing", "events?after=evt_1"])
def test_unknown_names_are_not_found(panel: Panel, what: str) -> None:
    page = panel.get(f"/{what}")
    assert page.status_code == 404
    assert "Nothing here by that name" in page.text
    assert 'aria-label="Panel"' in page.text


def test_it_escapes_what_a_shop_and_a_payer_write(client: stripe.StripeClient, panel: Panel) -> None:
    items = [{"price_data": price_data(name=HOSTILE), "quantity": 1}]
    customer = client.v1.customers.create({"email": "a&b'c@example.com", "name": HOSTILE, "metadata": {"<i>": HOSTILE}})
    intent = buy(panel.stand_in, customer=customer.id, line_items=items, metadata={"<u>": HOSTILE})
    session = client.v1.checkout.sessions.list({"payment_intent": intent.id}).data[0].id
    panel.stand_in.api("GET", "/v1/customers", {"email": HOSTILE}, Idempotency_Key=HOSTILE)
    events = client.v1.events.list({"limit": 20}).data
    customer_made = next(event.id for event in events if event.data.object["id"] == customer.id)
    for path in (
        "",
        "/events",
        "/requests",
        f"/payments/{intent.id}",
        f"/sessions/{session}",
        f"/events/{customer_made}",
    ):
        page = panel.show(path)
        assert not re.search(r"<script|<b>|<i>|<u>", page), path
    assert "&lt;script&gt;" in panel.show(f"/sessions/{session}")


def test_the_log_shows_requests_with_their_parameters(client: stripe.StripeClient, panel: Panel) -> None:
    create_customer(client, "logged@example.com")
    page = unescape(panel.show("/requests"))
    assert '"email": "logged@example.com"' in page
    assert "/v1/customers" in page


def test_it_refreshes_by_itself_when_asked(panel: Panel) -> None:
    assert "Refresh" not in panel.get("/payments").headers
    page = panel.get("/payments?live=1")
    assert page.headers["Refresh"] == f"3; url={ROOT}/payments?live=1"
    assert f'<a href="{ROOT}/payments">Stop' in page.text


def test_it_says_where_it_is_when_it_starts() -> None:
    port = free_port()
    program = [sys.executable, "-m", "fake_stripe", f"--port={port}"]
    with subprocess.Popen(program, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        line = started.stdout.readline()
        started.terminate()
    assert f"http://localhost:{port}{ROOT}" in line
