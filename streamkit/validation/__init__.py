"""JSON into values or pydantic models, whole or partial.

pydantic is imported where it is used: it costs more than the rest of the library.
"""

from .parse import adapter_of, parse_json, reason_of, validate
from .partial import Partials

__all__ = ["Partials", "adapter_of", "parse_json", "reason_of", "validate"]
