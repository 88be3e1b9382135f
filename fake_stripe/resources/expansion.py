"""`expand`: ids replaced by the objects they name. https://docs.stripe.com/expand"""

from fake_stripe.errors import JsonObject, StripeError, parameter_error
from fake_stripe.resources.operations import ANY_KIND, EXPANDABLE, INCLUDABLE
from fake_stripe.work import Work

LEVELS_MAX = 4


def expand(work: Work, answer: JsonObject, paths: list[str]) -> JsonObject:
    """Return the answer with each path expanded. Raises StripeError for a field that can't be."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > LEVELS_MAX:
            raise parameter_error(f"You cannot expand more than {LEVELS_MAX} levels of a property: {path}", "expand")
        _expand_path(work, answer, parts, path)
    return answer


def _expand_path(work: Work, place: JsonObject, parts: list[str], path: str) -> None:
    first, rest = parts[0], parts[1:]
    if place["object"] == "list":
        if first != "data":
            raise _cannot(path, f" You may want to try expanding 'data.{path}' instead.")
        for item in place["data"]:
            if rest:
                _expand_path(work, item, rest, path)
        return
    if len(parts) > 1 and _is_known(place["object"], ".".join(parts[:2])):
        _expand_inside(work, place, parts, path)
        return
    place[first] = _expanded(work, place, first, path)
    if rest and place[first] is not None:
        _expand_path(work, place[first], rest, path)


def _is_known(kind: str, field: str) -> bool:
    return field in EXPANDABLE.get(kind, {}) or field in INCLUDABLE.get(kind, {})


def _expand_inside(work: Work, place: JsonObject, parts: list[str], path: str) -> None:
    """Expand a field of something that is no object of its own, such as `promotion.coupon` or `discounts.coupon`."""
    inner = place[parts[0]]
    for one in inner if isinstance(inner, list) else [inner]:
        fields = {**place, ".".join(parts[:2]): one[parts[1]]} if parts[1] in one else place
        one[parts[1]] = _expanded(work, fields, ".".join(parts[:2]), path)
        if parts[2:] and one[parts[1]] is not None:
            _expand_path(work, one[parts[1]], parts[2:], path)


def _expanded(work: Work, place: JsonObject, field: str, path: str) -> JsonObject | None:
    kind = place["object"]
    if field in INCLUDABLE.get(kind, {}):
        return place[field] if field in place else INCLUDABLE[kind][field](work, place)
    if field not in EXPANDABLE.get(kind, {}):
        raise _cannot(path)
    value = place.get(field)
    if not isinstance(value, str):
        return value
    kind = EXPANDABLE[kind][field]
    stored = work.store.find(value, None if kind == ANY_KIND else kind)
    return stored.body if stored else None


def _cannot(path: str, hint: str = "") -> StripeError:
    return parameter_error(f"This property cannot be expanded ({path}).{hint}", "expand")
