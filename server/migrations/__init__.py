"""Native Tortoise migrations; what the ORM cannot say stands in sql/, one immutable file per migration and direction."""
