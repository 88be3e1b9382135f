"""The client processes: who they are and how many of each. A new kind is a new file and a line here."""

from tests.chaos.clients.buying import Buyer
from tests.chaos.clients.client import Client
from tests.chaos.clients.disturbing import Disturber
from tests.chaos.clients.returning import Returner
from tests.chaos.clients.spending import Spender

CLIENTS: dict[type[Client], int] = {Spender: 2, Buyer: 2, Disturber: 1, Returner: 1}
