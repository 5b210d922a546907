"""`python -m server`: the command line."""

import typer

from server.commands import (
    activity,
    audit,
    bench,
    commission,
    coupon,
    demo,
    dev,
    migrate,
    operator,
    operator_verbs,
    product,
    reconcile,
    seed,
    serve,
    worker,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, help="推三返一商城 Tuisan Mall")

app.command("dev")(dev.verb)
app.command("serve")(serve.verb)
app.command("worker")(worker.verb)
app.command("migrate")(migrate.verb)
app.command("seed")(seed.verb)
app.command("demo")(demo.verb)
app.command("audit")(audit.verb)
app.command("bench")(bench.verb)
app.add_typer(operator_verbs.rule, name="rule")
app.add_typer(operator_verbs.order, name="order")
app.add_typer(operator_verbs.refund, name="refund")
app.add_typer(operator_verbs.withdrawal, name="withdrawal")
app.add_typer(operator_verbs.qualification, name="qualification")
app.add_typer(operator.app, name="operator")
app.add_typer(reconcile.app, name="reconcile")
app.add_typer(product.app, name="product")
app.add_typer(coupon.app, name="coupon")
app.add_typer(activity.app, name="activity")
app.add_typer(commission.app, name="commission")

if __name__ == "__main__":
    app()
