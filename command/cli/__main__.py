"""`python -m command.cli`, which `./onemap` runs."""

import typer

from command.cli import evidence, incoming, operating, people, running

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
running.add_to(app)
operating.add_to(app)
app.add_typer(incoming.import_app, name="import")
app.add_typer(incoming.roads_app, name="roads")
app.add_typer(incoming.hj212_app, name="hj212")
app.add_typer(evidence.evidence_app, name="evidence")
app.add_typer(people.device_app, name="device")
app.add_typer(people.user_app, name="user")

if __name__ == "__main__":
    app(prog_name="onemap")
