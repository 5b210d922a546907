"""Native Tortoise migrations, written in SQL. After the first release a migration never changes: add a new one."""
