"""What a customer asks for: one payment for one order, checked before the database hears of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_AMOUNT = 10_000_000_000
_ORDER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Invalid(Exception):
    """The request is not a payment; `errors` maps each wrong field to what was wanted."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {wanted}" for field, wanted in errors.items()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Charge:
    """A valid request. `amount` is in the currency's smallest unit (cents), so it is never a fraction."""

    order_id: str
    amount: int
    currency: str
    reference: str | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the meaning of the request: equal for equal payments, however the JSON was written."""
        canonical = json.dumps([self.order_id, self.amount, self.currency, self.reference], separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def is_order_id(text: str) -> bool:
    """True for 1 to 64 letters, digits, dots, dashes and underscores that begin with a letter or digit."""
    return _ORDER_ID.fullmatch(text) is not None


def parse_key(text: str | None) -> str:
    """The Idempotency-Key, or Invalid: it is mandatory, 1 to 255 visible ASCII characters."""
    if text is None:
        raise Invalid({"Idempotency-Key": "the header is missing; send a new random value for each payment"})
    if _KEY.fullmatch(text) is None:
        raise Invalid({"Idempotency-Key": "wanted 1 to 255 visible ASCII characters without spaces"})
    return text


def parse_charge(body: object) -> Charge:
    """The charge in a decoded JSON body; Invalid names every wrong, missing and unknown field at once."""
    if not isinstance(body, dict):
        raise Invalid({"body": "wanted a JSON object with order_id, amount and currency"})
    order_id, amount, currency = body.get("order_id"), body.get("amount"), body.get("currency")
    reference = body.get("reference")
    errors = {str(name): "unknown field" for name in sorted(body.keys() - Charge.__dataclass_fields__.keys())}
    if not isinstance(order_id, str) or not is_order_id(order_id):
        errors["order_id"] = "wanted 1 to 64 letters, digits, dots, dashes or underscores"
    if not isinstance(amount, int) or isinstance(amount, bool) or not 1 <= amount <= MAX_AMOUNT:
        errors["amount"] = f"wanted a whole number of the smallest unit, 1 to {MAX_AMOUNT}"
    if not isinstance(currency, str) or _CURRENCY.fullmatch(currency) is None:
        errors["currency"] = "wanted three capital letters (ISO 4217), for example EUR"
    if reference is not None and not (
        isinstance(reference, str) and 1 <= len(reference) <= 140 and reference.isprintable()
    ):
        errors["reference"] = "wanted 1 to 140 printable characters, or none"
    if errors:
        raise Invalid(errors)
    return Charge(str(order_id), int(str(amount)), str(currency), reference)
