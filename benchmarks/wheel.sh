#!/bin/sh
# Builds the wheel, installs it into an environment of its own without the check tools, and runs the demo from there.
set -eu
cd "$(dirname "$0")/.."
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python=${SEKISHO_VENV:-.venv}/bin/python
"$python" -m pip wheel -q --no-deps -w "$place" .
"$python" -m venv "$place/venv"
"$place/venv/bin/pip" install -q --no-compile --require-hashes -r requirements.lock
"$place/venv/bin/pip" install -q --no-deps "$place"/sekisho-*.whl
cd "$place"
ls -l sekisho-*.whl
ORT_DISABLE_TELEMETRY=1 venv/bin/sekisho demo --once --out "$place/demo"
