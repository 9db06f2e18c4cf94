# Two targets matter: `make up` and `make test`. The rest is for those who work on it.
SHELL := /bin/bash
export CARGO_TARGET_DIR ?= $(HOME)/.cache/palisade/target
export PALISADE_HOME ?= /var/lib/palisade
BIN := $(CARGO_TARGET_DIR)/debug/palisade
SENSOR_TARGET := x86_64-unknown-linux-gnu
SENSOR := $(CARGO_TARGET_DIR)/$(SENSOR_TARGET)/debug/palisade-sensor

.PHONY: up down test console-test fuzz build web sensor setup setup-test fmt lint demo demo-estate clean-instance

## Build everything, start the whole product on this machine, print the console's address.
up: build
	@$(BIN) up --sensor $(SENSOR)

## End it: no process, BPF program, pin, mount or nftables table stays behind.
down:
	@[ -x $(BIN) ] && $(BIN) down || true

setup:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

build: setup web
	cargo build --workspace
	@$(MAKE) --no-print-directory sensor

## The static sensor: its own target folder, because crt-static must not reach proc-macros.
sensor:
	cargo build -p palisade-sensor --target $(SENSOR_TARGET) --config 'target.$(SENSOR_TARGET).rustflags=["-Ctarget-feature=+crt-static"]'

## The console, rebuilt when one of its sources is newer than the last build.
web:
	@scripts/web.sh

## Every test tier; what cannot run here is skipped with a line that says so, and counted.
test: setup-test web
	@scripts/test.sh

## The console alone, in a real browser against the real server and sensor.
console-test: setup-test build
	cargo nextest run --workspace -E 'package(palisade-e2e) & test(console)' --no-capture

## Each fuzz target for a minute.
fuzz:
	@scripts/fuzz.sh 60

fmt:
	cargo fmt --all

lint:
	@scripts/lint.sh

## 20 harmless commands as two users, and the proof that each was recorded.
demo:
	@$(BIN) demo

## Hosts of their own, connected, broken, mended and moved. KEEP=1 leaves them running until Enter, HOUR=1
## waits for the next full hour to show where usage splits.
demo-estate: setup-test build
	@$(CARGO_TARGET_DIR)/debug/palisade-demo-estate $(if $(KEEP),--keep) $(if $(HOUR),--whole-hour)

clean-instance: down
	rm -rf $(PALISADE_HOME)
