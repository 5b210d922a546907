"""Every list of the panel, by its name. A desk declares its lists; screens, files and checks take them from here."""

from server.services import alarm_desk, audit_log, order_desk, shipping_desk
from server.services.listings import Listing

LISTINGS: tuple[Listing, ...] = (
    order_desk.ORDERS,
    order_desk.REFUNDS,
    shipping_desk.TO_SHIP,
    alarm_desk.ALARMS,
    audit_log.LOG,
)

BY_NAME = {listing.name: listing for listing in LISTINGS}
