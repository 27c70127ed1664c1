"""JSON into values or pydantic models, whole or partial.

pydantic is imported where it is used: it costs more than the rest of the library.
"""

from .parse import parse_json, validate
from .partial import Partials

__all__ = ["Partials", "parse_json", "validate"]
