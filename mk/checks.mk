# Tests with sanitizers and fuzzers. Included by the Makefile.

asan:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan CUDA=0 OPTIMISE="-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -D_GLIBCXX_ASSERTIONS" \
	    LDFLAGS=-fsanitize=address,undefined test

# Threads are used by the thread pool, the samplers and all training steps. The unit tests and a run of all stages cover
# these.
TSAN_RUN  = $(BUILD)/tsan/astro run --preset tiny --collect.episodes 40 --tdr.updates 60 --dynamics.updates 20 --planner.updates 20 \
            --gcbc.updates 20 --value.updates 6 --experiment.learners gcbc,hgcbc,iql,td3bc,cql,gcivl,hiql --evaluate.episodes 1 --threads 4 --chunks 4 \
            --augment.accept_threshold 1000 --augment.plausibility 1000 --data.arrival_steps 1 --selection.selector random \
            --augment.chain random --quiet --run $(BUILD)/tsan/run
tsan:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan CUDA=0 OPTIMISE="-O1 -fsanitize=thread" LDFLAGS=-fsanitize=thread $(BUILD)/tsan/astro $(BUILD)/tsan/astro_tests
	$(BUILD)/tsan/astro_tests
	rm -rf $(BUILD)/tsan/run
	$(TSAN_RUN) > $(BUILD)/tsan/run.txt
	@echo "tsan: clean"

# Each fuzz target is a program that runs for FUZZ_SECONDS. New inputs are stored in $(BUILD)/fuzz.
FUZZ_CXX     ?= clang++
FUZZ_SECONDS ?= 30
FUZZ_TARGETS := npy npz json config command_line
fuzz:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CUDA=0 CXX="$(FUZZ_CXX)" \
	    OPTIMISE="-O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" $(FUZZ_TARGETS:%=$(BUILD)/fuzz/fuzz_%)
	for target in $(FUZZ_TARGETS); do \
	    mkdir -p $(BUILD)/fuzz/found/$$target; \
	    $(BUILD)/fuzz/fuzz_$$target -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -rss_limit_mb=1024 -timeout=10 -verbosity=0 \
	        -artifact_prefix=$(BUILD)/fuzz/found/ $(BUILD)/fuzz/found/$$target tests/fuzz/corpus/$$target || exit 1; \
	done
	@echo "fuzz: nothing found"
