.PHONY: bench bench-cluster chaos chaos-mutants cluster lint run screenshots test

run: ; deploy/run.sh
cluster: ; deploy/cluster.sh
test: ; deploy/test.sh
lint: ; deploy/test.sh lint
bench: ; deploy/bench.sh
bench-cluster: ; deploy/bench-cluster.sh
chaos: ; deploy/chaos.sh run
chaos-mutants: ; deploy/chaos.sh mutants
screenshots: ; deploy/screenshots.sh
