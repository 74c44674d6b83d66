#!/bin/sh
# Makes .venv with the pinned packages and tnlang itself, editable. Called by make; safe to call again.
set -eu

python=${PYTHON:-python3}
pip=".venv/bin/python -m pip --disable-pip-version-check"

fail() {
    printf 'tnlang: %s\n' "$1" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 || fail "$python was not found; install Python 3.11 or newer, or say make PYTHON=..."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old; install Python 3.11 or newer, or say make PYTHON=python3.12"

# Debian and Ubuntu keep the part of Python that makes environments in a package of its own.
if ! "$python" -c 'import ensurepip' >/dev/null 2>&1; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"
    else
        fail "this Python cannot make virtual environments; as root: apt-get install $package"
    fi
fi

[ -x .venv/bin/python ] && $pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv

# torch comes first and alone, so that its pin is settled before anything else may ask for another build.
$pip install --quiet -c constraints.txt torch==2.13.0
$pip install --quiet -c constraints.txt hatchling editables
$pip install --quiet -c constraints.txt --no-build-isolation -e '.[test]'
# The graphviz engine as a wheel: where there is none the built-in placement does without.
$pip install --quiet -c constraints.txt --only-binary pygraphviz 'pygraphviz>=2.0' ||
    printf 'tnlang: no pygraphviz wheel for this machine; large networks stand in columns\n' >&2
# What the circuits are compared with; without its dependencies, of which it imports few (and torch is there).
$pip install --quiet --no-deps -r tests/circuits/requirements.txt ||
    printf 'tnlang: no TransformerLens; the tests that compare with it are skipped\n' >&2
