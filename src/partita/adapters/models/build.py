"""A model from its specification; neither SDK is imported before it is used."""

from typing import assert_never

from partita.adapters.models.anthropic_wire import AnthropicModel
from partita.adapters.models.openai_wire import OpenAIModel
from partita.adapters.models.spec import ModelSpec, Wire

__all__ = ["ModelSpec", "Wire", "build_model"]


def build_model(spec: ModelSpec) -> OpenAIModel | AnthropicModel:
    """The Model of that wire; its `warm()` imports the SDK ahead of the first question."""
    match spec.wire:
        case "openai":
            return OpenAIModel(spec)
        case "anthropic":
            return AnthropicModel(spec)
        case _:
            assert_never(spec.wire)
