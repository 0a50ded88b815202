"""Both OpenAPI documents, the bench's and the central's, drawn deeply: whatever is sent is answered as they state.

    ./run bench openapi --examples 300

The tests do the same with a few requests an operation; this is the command for a release.
"""

from __future__ import annotations

import argparse
import os
import sys

import pytest

TESTS = ("tests/edge/web/test_openapi.py", "tests/central/test_openapi.py")


def main() -> int:
    """Run the contract tests with as many requests as asked for; the exit status is pytest's."""
    parser = argparse.ArgumentParser(description="Requests drawn from both OpenAPI documents.")
    parser.add_argument("--examples", type=int, default=300, help="requests an operation, inside and outside")
    asked = parser.parse_args()
    os.environ["SEKISHO_OPENAPI_EXAMPLES"] = str(asked.examples)
    return pytest.main(["-q", "-p", "no:xdist", "-o", "timeout=0", "--durations=4", "-k", "allows_or_forbids", *TESTS])


if __name__ == "__main__":
    sys.exit(main())
