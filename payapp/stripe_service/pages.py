"""Reading long lists of Stripe's page by page, patiently, and never more than one page at a time."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import stripe

from payapp.stripe_service.connection import Connection
from payapp.stripe_types.objects import MalformedObjectError, Page

PAGE_SIZE = 100  # the most that Stripe gives at once: https://docs.stripe.com/api/pagination

Item = TypeVar("Item")


class Lists(Connection):
    """What the parts of the wall that have long lists share."""

    def _read_pages(
        self,
        list_objects: Callable[[Any], stripe.ListObject[Any]],
        read: Callable[[dict[str, Any]], Item],
        since: datetime | None,
        **params: Any,
    ) -> Iterator[Page[Item]]:
        """Yield pages, newest first; the next one is asked for when the last one is done with."""
        params |= {"limit": PAGE_SIZE}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        found = self._ask_patiently(partial(list_objects, params))
        yield _read_page(found, read)
        while found.has_more:
            found = self._ask_patiently(found.next_page)
            yield _read_page(found, read)


def _read_page(found: "stripe.ListObject[Any]", read: Callable[[dict[str, Any]], Item]) -> Page[Item]:
    """An account may be shared, and a stranger's object be odd: it is named, and the others are read."""
    page: Page[Item] = Page([], [])
    for one in found.data:
        try:
            page.items.append(read(one.to_dict()))
        except MalformedObjectError:
            page.unreadable.append(str(one.id))
    return page
