"""The command `sekisho`: joins the sub-commands of the packages, nothing else."""

from __future__ import annotations

from edge.command import app
from edge.command_consignments import consignments_app
from edge.command_desk_card import desk_card
from edge.command_handhelds import handhelds_app
from edge.command_people import people_app
from edge.command_retention import retention_app
from provisioning.calibrate.command import calibrate_app
from provisioning.command import provision_app
from provisioning.demo.command import demo
from provisioning.doctor.command import doctor
from provisioning.enrol import face_app
from provisioning.every_setting import print_settings
from provisioning.release.command import update_app
from provisioning.release.publishing import add_release_command
from provisioning.simulate.command import simulate
from provisioning.training.command import training_app
from sync.command import sync_app
from sync.command_central import central_app
from sync.command_disclose import disclose_app
from sync.command_knowledge import knowledge_app
from sync.command_labels import labels_app
from sync.command_results import audit_app, results_app
from sync.command_retention import add_retention_commands
from sync.command_webhooks import webhooks_app
from sync.publish_command import publish_app

__all__ = ["app", "main"]

app.command()(demo)
app.command()(doctor)
app.command("desk-card")(desk_card)
app.command("settings")(print_settings)
app.command()(simulate)
app.add_typer(calibrate_app, name="calibrate")
app.add_typer(face_app, name="face")
app.add_typer(provision_app, name="provision")
app.add_typer(people_app, name="people")
app.add_typer(handhelds_app, name="handhelds")
app.add_typer(consignments_app, name="consignments")
app.add_typer(retention_app, name="retention")
app.add_typer(training_app, name="training")
app.add_typer(sync_app, name="sync")
app.add_typer(publish_app, name="publish")
add_release_command(publish_app)
app.add_typer(update_app, name="update")
app.add_typer(results_app, name="results")
app.add_typer(audit_app, name="audit")
central_app.add_typer(webhooks_app, name="webhooks")
central_app.registered_commands += labels_app.registered_commands
central_app.registered_commands += knowledge_app.registered_commands
app.add_typer(central_app, name="central")
add_retention_commands(central_app)
app.add_typer(disclose_app, name="disclose")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
