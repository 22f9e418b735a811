"""The words of Shopee's orders, packages and returns, and what each says."""

from __future__ import annotations

#: what a status says of an order that is not cash on delivery: paid, shipped, delivered, cancelled; None is not said
_Said = tuple[bool | None, bool | None, bool | None, bool | None]
STATUSES: dict[str, _Said] = {
    "UNPAID": (False, None, None, None),
    "PENDING": (None, None, None, None),
    "INVOICE_PENDING": (True, None, None, None),
    "READY_TO_SHIP": (True, None, None, None),
    "PROCESSED": (True, None, None, None),
    "RETRY_SHIP": (True, None, None, None),
    "SHIPPED": (True, True, None, None),
    "TO_CONFIRM_RECEIVE": (True, True, True, None),
    "COMPLETED": (True, True, True, None),
    "TO_RETURN": (True, True, None, None),
    "IN_CANCEL": (None, None, None, None),
    "CANCELLED": (None, None, None, True),
}
#: of a package: whether the carrier has it, and whether the buyer has
PARCELS: dict[str, tuple[bool, bool]] = {
    **dict.fromkeys(
        (
            *("LOGISTICS_NOT_START", "LOGISTICS_NOT_STARTED", "LOGISTICS_READY", "LOGISTICS_REQUEST_CREATED"),
            *(
                "LOGISTICS_PENDING_ARRANGE",
                "LOGISTICS_COD_REJECTED",
                "LOGISTICS_INVALID",
                "LOGISTICS_REQUEST_CANCELED",
            ),
            *("LOGISTICS_PICKUP_RETRY", "LOGISTICS_PICKUP_FAILED"),
        ),
        (False, False),
    ),
    **dict.fromkeys(("LOGISTICS_PICKUP_DONE", "LOGISTICS_DELIVERY_FAILED", "LOGISTICS_LOST"), (True, False)),
    "LOGISTICS_DELIVERY_DONE": (True, True),
}
#: what a return says of its money: True: it is given back
RETURNED: dict[str, bool] = {
    "ACCEPTED": True,
    **dict.fromkeys(("REQUESTED", "CANCELLED", "JUDGING", "CLOSED", "PROCESSING", "SELLER_DISPUTE"), False),
}
