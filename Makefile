# Menshen: every task. `make help` lists them.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=
JOBS ?= 9
# What was typed, as one word for the shell: `$` and quotation marks reach the command as they are.
typed = '$(subst ','\'',$(value $(1)))'
# The same for what has to be given; $(2) is what is said where it is not.
needed = $(if $(value $(1)),$(call typed,$(1)),$(error $(2)))
# Options by themselves: the shell takes them apart, and make leaves their `$` alone.
OPTIONS = $(value ARGS)
# A board's serial port has no default: what is written there, is gone.
ON_PORT = --port $(if $(filter file,$(origin PORT)),$(error PORT=/dev/ttyUSB0 names the board),$(call typed,PORT))

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
VENV := .venv/bin/python
MENSHEN := .venv/bin/menshen
RUFF := $(VENV) -m ruff

.PHONY: help
help: ## list these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: setup ## run a simulated lock with its page at http://127.0.0.1:8000 (PORT=8000)
	@exec $(MENSHEN) run --port $(call typed,PORT)

.PHONY: house
house: setup ## run a house to try: a broker with TLS, three doors, a file with leases (PORT=8000)
	@exec $(MENSHEN) house --port $(call typed,PORT)

# What Python has compiled is kept, whatever the machine says: nine processes and hundreds of commands load it.
.PHONY: test
test: setup-tests ## run all tests (ARGS="-k door" for pytest, JOBS=9 at a time)
	@PYTHONDONTWRITEBYTECODE= exec $(VENV) -m pytest -n $(JOBS) --dist loadfile $(OPTIONS)

.PHONY: test-fast
test-fast: setup ## run the unit tests and the static checks only
	@exec $(VENV) -m pytest tests/unit tests/static $(OPTIONS)

.PHONY: nightly
nightly: setup-tests ## run all tests with many more generated cases
	@MENSHEN_NIGHTLY=1 exec $(VENV) -m pytest $(OPTIONS)

.PHONY: bench
bench: setup ## measure the running lock against its budgets; writes build/bench.json
	@exec $(MENSHEN) bench

.PHONY: image
image: setup ## build one image of the whole flash (BASE=ESP32_GENERIC-....bin TRUST=release.pub.pem BOARD=s3)
	@exec $(MENSHEN) board image --base $(call needed,BASE,BASE=ESP32_GENERIC-OTA-....bin is the MicroPython to build on) \
		$(if $(value BOARD),--board $(call typed,BOARD)) $(if $(value TRUST),--trust $(call typed,TRUST)) $(OPTIONS)

.PHONY: flash
flash: setup ## write that image to a board, whose old contents are lost (PORT=/dev/ttyUSB0)
	@exec $(MENSHEN) board flash $(ON_PORT) $(OPTIONS)

.PHONY: provision
provision: setup ## make a flashed board a lock, and test it (PORT=, SETTINGS=front.json, AUTHORITY=folder, HOME_CERTIFICATE=, FORCE=1)
	@exec $(MENSHEN) board provision $(ON_PORT) --settings $(call needed,SETTINGS,SETTINGS=front.json has the settings of the lock) \
		$(if $(value AUTHORITY),--authority $(call typed,AUTHORITY)) \
		$(if $(value HOME_CERTIFICATE),--home-certificate $(call typed,HOME_CERTIFICATE)) \
		$(if $(value FORCE),--force) $(OPTIONS)

.PHONY: selftest
selftest: setup ## try each part of a lock, and say which wire to look at (PORT=/dev/ttyUSB0)
	@exec $(MENSHEN) board selftest $(ON_PORT) $(OPTIONS)

.PHONY: release-key
release-key: setup ## make the key that signs releases, under a passphrase (KEY=file.pem)
	@exec $(MENSHEN) release key --key $(call needed,KEY,KEY=file.pem says where the key goes) $(OPTIONS)

.PHONY: release
release: setup ## build and sign a release into build/release (KEY=file.pem, IMAGE=micropython.app-bin)
	@exec $(MENSHEN) release build --key $(call needed,KEY,KEY=file.pem names the release key) \
		$(if $(value IMAGE),--image $(call typed,IMAGE)) $(OPTIONS)

.PHONY: publish
publish: setup ## put a release on a broker (RELEASE=folder BROKER=host:port)
	@exec $(MENSHEN) release publish --release $(call needed,RELEASE,RELEASE=build/release/<version> is the folder of a release) \
		--broker $(call needed,BROKER,BROKER=host:port says where the broker is) $(OPTIONS)

.PHONY: lint
lint: setup ## mend what the linter can mend
	@$(RUFF) check --fix .

.PHONY: lint-check
lint-check: setup ## look for lint and type errors
	@$(RUFF) check .
	@$(VENV) -m pyright

.PHONY: format
format: setup ## format the Python code
	@$(RUFF) format .

.PHONY: format-check
format-check: setup ## look for unformatted code
	@$(RUFF) format --check .

.PHONY: guest
guest: setup ## make a code for a guest (ARGS="--hours 4"; asks for the key)
	@exec $(MENSHEN) guest $(OPTIONS)

.PHONY: phone
phone: setup ## build the resident's page into build/phone, and print its hash (BROKER=wss://... to open from afar)
	@exec $(MENSHEN) phone $(if $(value BROKER),--broker $(call typed,BROKER)) $(OPTIONS)

.PHONY: operator
operator: setup ## run a house or a fleet: locks, leases, staff, lists, health (ARGS="health --watch")
	@exec $(MENSHEN) $(OPTIONS)

.PHONY: setup
setup: ## fetch and install what all of these need (they do it by themselves)
	@command -v $(PYTHON) >/dev/null || { \
		echo "setup: there is no $(PYTHON) on the PATH: install Python 3.11 or later, or set PYTHON." >&2; exit 1; }
	@$(PYTHON) -m tools.setup

.PHONY: setup-tests
setup-tests: setup ## the same, and RabbitMQ, NATS, HAProxy, PostgreSQL and a Chromium for tests
	@$(PYTHON) -m tools.setup tests

.PHONY: clean
clean: ## remove everything that was fetched or built
	rm -rf build .venv lib/umqtt .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
