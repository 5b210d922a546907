"""A database from the time when many migrations stood in place of today's initial one."""

from importlib import import_module

import asyncpg

NAMES = (
    "0001_initial",
    "0002_constraints",
    "0003_ledger",
    "0004_orders",
    "0005_lookups",
    "0006_money_out",
    "0007_money_out_constraints",
    "0008_referred_orders",
    "0011_panel",
    "0012_exports",
    "0013_statements",
    "0014_audit_anchor",
    "0015_books",
    "0016_days",
    "0017_people",
    "0018_returns",
    "0019_goods_desk",
    "0020_reconciliation_asks",
    "0021_dashboard",
    "0022_scale",
    "0023_earners",
    "0024_promotions",
    "0025_levels",
    "0026_group_buys",
    "0027_coupons",
    "0028_points",
    "0029_flash_sales",
    "0030_shelf",
    "0031_goods",
    "0032_points_goods",
    "0033_flash_pieces",
)
"""The migrations that its bookkeeping names."""

_BOOKKEEPING = """
CREATE TABLE tortoise_migrations (
    id SERIAL NOT NULL PRIMARY KEY,
    app VARCHAR(255) NOT NULL,
    name VARCHAR(255) NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT uid_tortoise_mi_app_3803a5 UNIQUE (app, name)
)"""


async def make_old(url: str, names: tuple[str, ...] = NAMES) -> None:
    """Create the tables in the empty database at `url`, and record these migrations as applied."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(import_module("server.migrations.0001_initial").UP)
        await connection.execute(_BOOKKEEPING)
        await connection.executemany(
            "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('models', $1, now())",
            [(name,) for name in names],
        )
    finally:
        await connection.close()
