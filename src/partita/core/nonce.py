"""Short marks that a reply's tags must carry, derived so that a replay asks the same."""

import hashlib
import hmac

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def nonce(seed: str, name: str) -> str:
    """Six characters from the run's seed and the question's name."""
    digest = hmac.new(seed.encode(), name.encode(), hashlib.sha256).digest()
    return "".join(ALPHABET[b % len(ALPHABET)] for b in digest[:6])
