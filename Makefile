.PHONY: bench lint run test

run: ; deploy/run.sh
test: ; deploy/test.sh
lint: ; deploy/test.sh lint
bench: ; deploy/bench.sh
