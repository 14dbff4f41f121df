# astro: the truth for builds. `make` builds build/astro; `make help` lists the targets.
# Needs g++ (C++17), make and zlib; tests need doctest. `make deps` installs them on Debian.

BUILD    ?= build
CXX      ?= g++
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wpedantic -Werror
OPTIMISE ?= -O3
# No -ffast-math: results must not depend on what the compiler may reassociate. Contraction to fused
# multiply-adds happens only where the instruction-set files below ask for it.
CXXFLAGS += -std=c++17 $(OPTIMISE) -g1 -fno-math-errno -fno-trapping-math -ffp-contract=off $(WARNINGS) -I. -pthread
LDLIBS   := -lz -pthread
GIT_ID   := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

# Folders in layer order: each may include only those before it (tests/structure.sh checks). maze is data/maze.
LAYERS   ?= tensor nn diffusion data astro apps
SOURCES  := $(sort $(wildcard $(addsuffix /*.cpp,$(LAYERS)) $(addsuffix /*/*.cpp,$(LAYERS))))

# CUDA is built where nvcc works (tensor/cuda/probe.sh finds out, once a build folder) and left out with a notice
# elsewhere, or by CUDA=0. cudart is linked into the binary and cuBLAS opened when it runs: it starts everywhere.
CUDA       ?= 1
NVCC       ?= nvcc
CUDA_ARCHS ?= 75 80 90 100 120
CUDA_CODE  := $(filter-out tensor/cuda/none.cpp,$(sort $(wildcard tensor/cuda/*.cpp tensor/cuda/*.cu)))
CUDA_NVCC  :=
ifeq ($(CUDA),1)
ifneq ($(filter-out help deps clean asan,$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/cuda.mk
endif
endif
ifneq ($(CUDA_NVCC),)
SOURCES    := $(filter-out tensor/cuda/none.cpp,$(SOURCES))
CUDA_OBJS  := $(patsubst %.cu,$(BUILD)/obj/%.cu.o,$(filter %.cu,$(CUDA_CODE)))
LDLIBS     += $(CUDA_LIBRARY) -ldl -lrt
else
SOURCES    := $(filter-out $(CUDA_CODE),$(SOURCES))
CUDA_OBJS  :=
endif

LIBRARY  := $(filter-out apps/main.cpp,$(SOURCES))
TESTS    := $(sort $(wildcard tests/*.cpp))
OBJECTS  := $(SOURCES:%.cpp=$(BUILD)/obj/%.o)
LIB_OBJS := $(LIBRARY:%.cpp=$(BUILD)/obj/%.o) $(CUDA_OBJS)
TEST_OBJS:= $(TESTS:%.cpp=$(BUILD)/obj/%.o)

EXAMPLES := $(patsubst examples/%.cpp,$(BUILD)/examples/%,$(sort $(wildcard examples/*.cpp)))

.PHONY: all help deps demo test test-cuda examples asan tsan fuzz bench clean
all: $(BUILD)/astro

help:
	@echo "make          build/astro"
	@echo "make deps     install what is missing (Debian, needs root): g++, zlib, doctest"
	@echo "make demo     the whole chain on a small generated data set, about 2 minutes"
	@echo "make test     every test, closing with 'N passed, N failed'"
	@echo "make test-cuda the CUDA kernels: built by nvcc, executed on an emulator, about 7 minutes"
	@echo "make examples small programs on the libraries (examples/)"
	@echo "make bench    ours beside PyTorch and NumPy, in turns (PYTHON=..., ITEMS=..., see bench/run.py); 15 minutes"
	@echo "make asan     the same under the address and undefined-behaviour sanitizers"
	@echo "make tsan     unit tests and a small run under the thread sanitizer"
	@echo "make fuzz     the readers of files and command lines under clang's libFuzzer, FUZZ_SECONDS=30 each"
	@echo "make clean    remove $(BUILD)"

# Installs only what is missing, so that it also works where everything is there and nothing can be installed.
deps:
	@missing=""; \
	command -v $(CXX) >/dev/null || missing="$$missing g++"; \
	[ -e /usr/include/zlib.h ] || missing="$$missing zlib1g-dev"; \
	[ -e /usr/include/doctest/doctest.h ] || missing="$$missing doctest-dev"; \
	if [ -n "$$missing" ]; then \
	    echo "installing:$$missing"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

# `make deps demo` installs before it builds, under -j too; and it builds on all cores without being told.
INSTALLED := $(filter deps,$(MAKECMDGOALS))
JOBS      ?= $(shell nproc 2>/dev/null || echo 1)

# A goal-conditioned policy that fails on the large maze without stitching and arrives with it.
DEMO_RUN ?= runs/demo
demo: $(INSTALLED)
	$(MAKE) -j$(JOBS) $(BUILD)/astro
	rm -rf $(DEMO_RUN)
	$(BUILD)/astro run --config configs/demo.ini --run $(DEMO_RUN)

test: $(INSTALLED)
	$(MAKE) -j$(JOBS) $(BUILD)/astro $(BUILD)/astro_tests $(BUILD)/fuzz_replay $(EXAMPLES)
	BUILD=$(BUILD) sh tests/run.sh

# Peers are measured where PYTHON has their packages (bench/peers/requirements.txt); ours always.
PYTHON ?= python3
bench: $(INSTALLED)
	$(MAKE) -j$(JOBS) $(BUILD)/astro
	@if command -v $(PYTHON) >/dev/null; then \
	    $(PYTHON) bench/run.py --astro $(BUILD)/astro $(if $(ITEMS),--items $(ITEMS)) --out $(BUILD)/bench.json; \
	else \
	    echo "notice: no $(PYTHON), so ours alone"; $(BUILD)/astro bench; \
	fi

asan:
	$(MAKE) BUILD=$(BUILD)/asan CUDA=0 OPTIMISE="-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -D_GLIBCXX_ASSERTIONS" \
	    LDFLAGS=-fsanitize=address,undefined test

# Threads meet in the pool, the samplers and every training step: the unit tests and a run of each stage see them all.
TSAN_RUN  = $(BUILD)/tsan/astro run --preset tiny --collect.episodes 40 --tdr.updates 60 --dynamics.updates 20 --planner.updates 20 \
            --gcbc.updates 20 --value.updates 6 --experiment.learners gcbc,iql,td3bc,cql --evaluate.episodes 1 --threads 4 --chunks 4 \
            --augment.accept_threshold 1000 --augment.plausibility 1000 --data.arrival_steps 1 --selection.selector random \
            --augment.chain random --quiet --run $(BUILD)/tsan/run
tsan:
	$(MAKE) BUILD=$(BUILD)/tsan CUDA=0 OPTIMISE="-O1 -fsanitize=thread" LDFLAGS=-fsanitize=thread $(BUILD)/tsan/astro $(BUILD)/tsan/astro_tests
	$(BUILD)/tsan/astro_tests
	rm -rf $(BUILD)/tsan/run
	$(TSAN_RUN) > $(BUILD)/tsan/run.txt
	@echo "tsan: clean"

# Each target gets its own program and FUZZ_SECONDS; what it finds beyond the corpus stays under $(BUILD)/fuzz.
FUZZ_CXX     ?= clang++
FUZZ_SECONDS ?= 30
FUZZ_TARGETS := npy npz json config command_line
fuzz:
	$(MAKE) BUILD=$(BUILD)/fuzz CUDA=0 CXX="$(FUZZ_CXX)" \
	    OPTIMISE="-O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" $(FUZZ_TARGETS:%=$(BUILD)/fuzz/fuzz_%)
	for target in $(FUZZ_TARGETS); do \
	    mkdir -p $(BUILD)/fuzz/found/$$target; \
	    $(BUILD)/fuzz/fuzz_$$target -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -rss_limit_mb=1024 -timeout=10 -verbosity=0 \
	        -artifact_prefix=$(BUILD)/fuzz/found/ $(BUILD)/fuzz/found/$$target tests/fuzz/corpus/$$target || exit 1; \
	done
	@echo "fuzz: nothing found"

# The kernels are one source compiled once per instruction set; the program picks one when it starts. g++ otherwise makes
# branches of exp's two bounds, one path each, and the loops around them take two to three times as long.
NO_BRANCHES := $(shell $(CXX) -fno-thread-jumps -x c++ -E /dev/null > /dev/null 2>&1 && echo -fno-thread-jumps)
$(BUILD)/obj/tensor/cpu/kernels_%.o: CXXFLAGS += $(NO_BRANCHES)
ifeq ($(shell uname -m),x86_64)
$(BUILD)/obj/tensor/cpu/kernels_avx2.o:   CXXFLAGS += -mavx2 -mfma -ffp-contract=fast
$(BUILD)/obj/tensor/cpu/kernels_avx512.o: CXXFLAGS += -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma -mprefer-vector-width=512 -ffp-contract=fast
endif
# What a program says about itself must be true: rebuilt whenever the description of the commit changes.
.PHONY: force
$(BUILD)/git_id: force
	@mkdir -p $(@D); echo '$(GIT_ID)' | cmp -s - $@ || echo '$(GIT_ID)' >$@
$(BUILD)/obj/apps/build_info.o: $(BUILD)/git_id
$(BUILD)/obj/apps/build_info.o: CXXFLAGS += -DASTRO_GIT_ID='"$(GIT_ID)"' -DASTRO_FLAGS='"$(OPTIMISE)"'

$(BUILD)/obj/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -MMD -MP -c $< -o $@

# Asked again when what is asked for, or what is there, changes.
CUDA_ASKED = $(NVCC) $(shell command -v $(NVCC) || ls /usr/local/cuda/bin/nvcc 2>/dev/null) $(lastword $(CXX)) $(CUDA_ARCHS)
$(BUILD)/cuda.asked: force
	@mkdir -p $(@D); echo '$(CUDA_ASKED)' | cmp -s - $@ || echo '$(CUDA_ASKED)' >$@

$(BUILD)/cuda.mk: tensor/cuda/probe.sh $(BUILD)/cuda.asked
	@sh $< "$(NVCC)" "$(lastword $(CXX))" "$(CUDA_ARCHS)" >$@.$$$$ && mv $@.$$$$ $@

ifneq ($(CUDA_NVCC),)
$(BUILD)/obj/tensor/cuda/%.o: CXXFLAGS += -isystem $(CUDA_INCLUDE)
endif

# What nvcc and ptxas say (warnings, registers, spills) goes to a log beside the object, which tests/cuda/check_nvcc.sh reads.
$(BUILD)/obj/%.cu.o: %.cu $(BUILD)/cuda.mk
	@mkdir -p $(@D)
	$(filter ccache,$(CXX)) $(CUDA_NVCC) -std=c++17 -O3 -I. -ccbin $(lastword $(CXX)) $(CUDA_GENCODE) \
	    $(if $(filter -Werror,$(WARNINGS)),-Werror all-warnings) -Xcompiler -Wall,-Wextra,-pthread -Xptxas -v \
	    -MD -MP -MF $(@:.o=.d) -c $< -o $@ >$@.log 2>&1 || { cat $@.log; rm -f $@; exit 1; }

# Built with or without CUDA: the library is made anew when that changes.
WITH_CUDA := $(if $(CUDA_NVCC),with,without)
$(BUILD)/cuda.$(WITH_CUDA):
	@mkdir -p $(@D)
	@rm -f $(BUILD)/cuda.with $(BUILD)/cuda.without
	@touch $@

$(BUILD)/libastro.a: $(LIB_OBJS) $(BUILD)/cuda.$(WITH_CUDA)
	@rm -f $@
	ar rcs $@ $(LIB_OBJS)

$(BUILD)/astro: $(BUILD)/obj/apps/main.o $(BUILD)/libastro.a
	$(CXX) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(BUILD)/astro_tests: $(TEST_OBJS) $(BUILD)/libastro.a
	$(CXX) $(LDFLAGS) $^ -o $@ $(LDLIBS)

FUZZ_OBJS := $(BUILD)/obj/tests/fuzz/target_data.o $(BUILD)/obj/tests/fuzz/target_settings.o
$(BUILD)/fuzz_replay: $(BUILD)/obj/tests/fuzz/replay.o $(FUZZ_OBJS) $(BUILD)/libastro.a
	$(CXX) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(BUILD)/fuzz_%: tests/fuzz/fuzzer.cpp $(FUZZ_OBJS) $(BUILD)/libastro.a
	$(CXX) $(CXXFLAGS) -DTARGET=$* -fsanitize=fuzzer,address,undefined $^ -o $@ $(LDLIBS)

examples: $(EXAMPLES)

$(BUILD)/examples/%: $(BUILD)/obj/examples/%.o $(BUILD)/libastro.a
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) $^ -o $@ $(LDLIBS)

clean:
	rm -rf $(BUILD)

# The kernels on the CPU: three builds of the emulator (plain, asan, trace) and their tests.
include tests/cuda_emulation/emulation.mk

-include $(OBJECTS:.o=.d) $(CUDA_OBJS:.o=.d) $(TEST_OBJS:.o=.d) $(wildcard $(BUILD)/obj/examples/*.d $(BUILD)/obj/tests/fuzz/*.d)
