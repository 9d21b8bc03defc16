"""`partita models`: which models would be used, and what they cost."""

from typing import TYPE_CHECKING, Any

import click

from partita.cli.main import json_option
from partita.cli.output import document, say, table

if TYPE_CHECKING:
    from partita.core.budget import Price


@click.command(epilog="Example: partita models --model openai:gpt-5-mini")
@click.option("--model", multiple=True, metavar="PROVIDER:NAME", help="As for `partita build`.")
@json_option
def command(*, model: tuple[str, ...], as_json: bool) -> None:
    """List the models of each role, in the order in which they are tried, with their prices."""
    import os  # noqa: PLC0415 - start-up of --help

    from partita.cli.running import settings_for  # noqa: PLC0415
    from partita.settings import resolve_routes  # noqa: PLC0415
    from partita.wiring import here, specification  # noqa: PLC0415

    settings = settings_for(here(), {"model": model})
    routes = resolve_routes(settings, os.environ)
    found: list[dict[str, Any]] = []
    for role, route in routes.roles.items():
        for number, one in enumerate(route, 1):
            spec = specification(one, os.environ)
            found.append(
                {
                    "role": role,
                    "order": number,
                    "model": spec.name,
                    "endpoint": spec.url,
                    "local": spec.local,
                    "key": spec.key_env if spec.key_env and not spec.local else "",
                    "max_output": spec.max_output,
                    "price": _figures(spec.price),
                }
            )
    if as_json:
        document({"models": found})
        return
    head = ("role", "order", "model", "endpoint", "in / out per million tokens", "key from")
    rows = [
        (
            f["role"],
            str(f["order"]),
            f["model"],
            f["endpoint"],
            _words(f["price"], local=f["local"]),
            f["key"] or "-",
        )
        for f in found
    ]
    table(head, rows)
    if any(f["price"] is None for f in found):
        say("\na model without a price is refused; set input_price and output_price for it")


def _figures(price: "Price | None") -> dict[str, Any] | None:
    if price is None:
        return None
    return {
        "input": price.input / 1e9,
        "output": price.output / 1e9,
        "source": price.source,
    }


def _words(price: dict[str, Any] | None, *, local: bool) -> str:
    if price is None:
        return "unknown"
    if local and not (price["input"] or price["output"]):
        return "local, free"
    return f"${price['input']:g} / ${price['output']:g} ({price['source']})"
