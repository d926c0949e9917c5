#!/bin/sh
# ./run.sh           set up if needed, then run the whole product on the embedded sandbox
# ./run.sh --keep    the same, and leave the sandbox up to look at
# ./run.sh test      set up if needed, then run the tests (further words go to pytest)
# ./run.sh lint      set up if needed, then run the lint, type and import checks
# ./run.sh WORD ...  set up if needed, then run `leadscore WORD ...`
set -eu
cd "$(dirname "$0")"

say() { printf '%s\n' "$*" >&2; }

is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
        >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null 2>&1 && is_supported "$candidate"; then
            printf '%s' "$candidate"
            return
        fi
    done
    found=$(python3 --version 2>&1 || printf 'no python3')
    say "Webinar Lead Score needs Python 3.11, 3.12 or 3.13, and found $found."
    say "Install one of them, or name it: PYTHON=/path/to/python3.12 ./run.sh"
    exit 1
}

make_environment() {
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --allow-existing --python "$python" .venv
    elif ! "$python" -m venv .venv; then
        say "Python cannot make a virtual environment. Install its venv module"
        say "(on Debian and Ubuntu: apt-get install python3-venv), then run again."
        exit 1
    fi
}

# uv when it can be had: already here, or by pip; else pip does the same, slower.
install() {
    if command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python .venv/bin/python -c constraints.txt "$@"
    elif .venv/bin/python -m pip install --quiet -c constraints.txt uv 2>/dev/null; then
        .venv/bin/uv pip install --quiet --python .venv/bin/python \
            -c constraints.txt "$@"
    else
        .venv/bin/python -m pip install --quiet -c constraints.txt "$@"
    fi
}

# One stamp a set of extras; it goes stale with what it was made from.
set_up() {
    extras=$1
    stamp=.venv/.ready-$(printf '%s' "$extras" | tr ',' '-')
    wanted=$(cat pyproject.toml constraints.txt | cksum)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] &&
        is_supported .venv/bin/python; then
        return
    fi
    python=$(find_python)
    say "Setting up in .venv (once, about a minute) ..."
    make_environment
    install -e ".[$extras]"
    printf '%s' "$wanted" >"$stamp"
}

lint() {
    ruff check .
    ruff format --check .
    mypy
    lint-imports
    deptry .
    codespell
}

task=${1:-demo}
case $task in
test | lint) set_up run,spark,test,lint ;;
*) set_up run ;;
esac
PATH="$PWD/.venv/bin:$PATH"
VIRTUAL_ENV="$PWD/.venv"
export PATH VIRTUAL_ENV

case $task in
test)
    shift
    exec python -m pytest -n auto "$@"
    ;;
lint) lint ;;
-*) exec leadscore demo "$@" ;;
demo)
    [ $# -eq 0 ] || shift
    exec leadscore demo "$@"
    ;;
*) exec leadscore "$@" ;;
esac
