"""``entrepot robot rotate``."""

from typing import Annotated

import typer

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.expiry import parse_overlap
from entrepot.cli.robot.name import RobotName
from entrepot.cli.token.rotate import Overlap, print_rotated
from entrepot.services.access.robots import FIRST_TOKEN

TokenOption = Annotated[str, typer.Option("--token", metavar="TOKEN", help="Which of its tokens.")]


def rotate(
    name: RobotName,
    overlap: Overlap = "24h",
    token: TokenOption = FIRST_TOKEN,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Replace a robot's token, and print the new one, which is shown this once."""
    seconds = parse_overlap(overlap)
    text = administer(config, defaults, lambda tools: tools.tokens.rotate(name, token, seconds))
    print_rotated(name, token, text, seconds, as_json)
