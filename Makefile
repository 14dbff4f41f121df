# The main build file of astro. `make` builds build/astro; `make help` lists the targets.
# Requires g++ (C++17), make and zlib; tests require doctest. `make deps` installs them on Debian.

BUILD    ?= build
CXX      ?= g++
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wpedantic -Werror
OPTIMISE ?= -O3
# No -ffast-math: the compiler must not reassociate, so that results are reproducible. Contraction to fused
# multiply-adds is enabled only for the CPU kernels (mk/isa.mk).
CXXFLAGS += -std=c++17 $(OPTIMISE) -g1 -fno-math-errno -fno-trapping-math -ffp-contract=off $(WARNINGS) -I. -pthread
LDLIBS   := -lz -pthread
GIT_ID   := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

# Folders in the order of the layers (docs/architecture.md).
LAYERS   ?= tensor nn diffusion data astro apps
SOURCES  := $(sort $(wildcard $(addsuffix /*.cpp,$(LAYERS)) $(addsuffix /*/*.cpp,$(LAYERS))))

.DEFAULT_GOAL := all
include mk/cuda.mk

LIBRARY  := $(filter-out apps/main.cpp,$(SOURCES))
TESTS    := $(sort $(wildcard tests/*.cpp))
OBJECTS  := $(SOURCES:%.cpp=$(BUILD)/obj/%.o)
LIB_OBJS := $(LIBRARY:%.cpp=$(BUILD)/obj/%.o) $(CUDA_OBJS)
TEST_OBJS:= $(TESTS:%.cpp=$(BUILD)/obj/%.o)
# Commands, reports and examples do no heavy work of their own. At -O1 they compile in two thirds of the time.
$(BUILD)/obj/apps/%.o $(BUILD)/obj/examples/%.o $(BUILD)/obj/tests/fuzz/%.o: CXXFLAGS += -O1
# Tests only call the library, and most of their compile time is doctest's macros.
TEST_FLAGS := -O0 -DDOCTEST_CONFIG_SUPER_FAST_ASSERTS
$(TEST_OBJS): CXXFLAGS += $(TEST_FLAGS)

# Simulators for --env exec:COMMAND are separate programs that do not use the library (docs/environments.md).
SIMULATORS := $(patsubst examples/exec/%.c,$(BUILD)/examples/%,$(sort $(wildcard examples/exec/*.c)))
# The course (docs/course): one program of several files.
COURSE_OBJS := $(patsubst %.cpp,$(BUILD)/obj/%.o,$(sort $(wildcard examples/course/*.cpp)))
EXAMPLES := $(patsubst examples/%.cpp,$(BUILD)/examples/%,$(sort $(wildcard examples/*.cpp))) $(SIMULATORS) \
            $(BUILD)/examples/course

# Prints one short line per file; V=1 prints the commands.
V ?= 0
ifeq ($(V),1)
Q   :=
say :=
else
Q   := @
say  = @printf '%-5s %s\n' $(1) $(2)
endif

.PHONY: all help deps deps-ogbench deps-convert deps-browser demo course test test-cuda test-cuda-defects examples asan tsan fuzz bench clean
all: $(BUILD)/astro

help:
	@echo "make           build build/astro"
	@echo "make deps      install missing packages (Debian, needs root): g++, zlib, doctest"
	@echo "make deps-ogbench  install OGBench and MuJoCo into $(BUILD)/ogbench-venv (docs/environments.md)"
	@echo "make deps-convert  install h5py, pyarrow, Minari into $(BUILD)/convert-venv (examples/convert)"
	@echo "make deps-browser  install Chromium (Debian, needs root), in which make test then tests reports"
	@echo "make demo      run the whole pipeline on a small generated data set, about 2 minutes"
	@echo "make course    run the pipeline of the course (docs/course), make its figures and its page; 3 minutes"
	@echo "make test      run all tests; the last line is 'N passed, N failed'"
	@echo "make test-cuda build the CUDA kernels with nvcc and run them on an emulator, about 7 minutes"
	@echo "make test-cuda-defects  check that these tests detect planted defects"
	@echo "make examples  build the example programs (examples/)"
	@echo "make bench     compare with PyTorch and NumPy (PYTHON=..., ITEMS=..., see bench/run.py); 15 minutes"
	@echo "make asan      run all tests with the address and undefined-behaviour sanitizers"
	@echo "make tsan      run the unit tests and a small run with the thread sanitizer"
	@echo "make fuzz      fuzz the readers of files and command lines (clang, libFuzzer), FUZZ_SECONDS=30 each"
	@echo "make install   install program, man page, completion and documents; PREFIX=/usr/local, DESTDIR="
	@echo "make deb       build a Debian package in $(BUILD)"
	@echo "make release   build an archive with one static binary in $(BUILD)"
	@echo "make clean     remove $(BUILD)"
	@echo "V=1            print the commands of the build"

# Installs only missing packages, so that it also works without network access if nothing is missing.
deps:
	@missing=""; \
	command -v $(CXX) >/dev/null || missing="$$missing g++"; \
	[ -e /usr/include/zlib.h ] || missing="$$missing zlib1g-dev"; \
	[ -e /usr/include/doctest/doctest.h ] || missing="$$missing doctest-dev"; \
	if [ -n "$$missing" ]; then \
	    echo "installing:$$missing"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

# Packages from PyPI, each group in a folder of its own: OGBench and MuJoCo for examples/ogbench, file formats for
# examples/convert. Their tests use them if they are there.
deps-ogbench: $(BUILD)/ogbench-venv/requirements.txt
deps-convert: $(BUILD)/convert-venv/requirements.txt
$(BUILD)/%-venv/requirements.txt: examples/%/requirements.txt
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $<
	@cp $< $@

# A browser for tests/cli/report_browser.sh.
deps-browser:
	@command -v chromium >/dev/null || { apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; }

# With `make deps demo`, the packages are installed before the build, also with -j. The build uses all cores.
INSTALLED := $(filter deps,$(MAKECMDGOALS))
JOBS      ?= $(shell nproc 2>/dev/null || echo 1)

# Trains goal-conditioned policies on the large maze, with and without stitching.
DEMO_RUN ?= runs/demo
demo: $(INSTALLED)
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/astro
	@rm -rf $(DEMO_RUN)
	$(BUILD)/astro run --config configs/demo.ini --run $(DEMO_RUN)

# Everything in docs/course that a program makes: the run, the figures, the numbers, and all chapters as one page. The
# committed files are those of COURSE=docs/course; the page is not committed.
COURSE_RUN ?= runs/course
COURSE     ?= $(BUILD)/course
course: $(INSTALLED)
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/astro $(BUILD)/examples/course
	@rm -rf $(COURSE_RUN)
	$(BUILD)/astro run --config configs/course.ini --run $(COURSE_RUN)
	$(BUILD)/examples/course figures $(COURSE_RUN) $(COURSE)
	$(BUILD)/examples/course page docs/course $(COURSE) $(BUILD)/course.html
	@sh tests/course_numbers.sh $(COURSE)/results/course.json docs/course/*.md && echo "all numbers of the text are those of this run" || true
	@echo "read $(BUILD)/course.html"

test: $(INSTALLED)
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/astro $(BUILD)/astro_tests $(BUILD)/fuzz_replay $(EXAMPLES)
	@BUILD=$(BUILD) sh tests/run.sh

# Peers are measured only if PYTHON has their packages (bench/peers/requirements.txt).
PYTHON ?= python3
bench: $(INSTALLED)
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/astro
	@if command -v $(PYTHON) >/dev/null; then \
	    $(PYTHON) bench/run.py --astro $(BUILD)/astro $(if $(ITEMS),--items $(ITEMS)) --out $(BUILD)/bench.json; \
	else \
	    echo "notice: $(PYTHON) not found; measuring only astro"; $(BUILD)/astro bench; \
	fi

include mk/isa.mk
include mk/checks.mk
include mk/install.mk

# build_info.cpp is recompiled whenever the description of the commit changes.
.PHONY: force
$(BUILD)/git_id: force
	@mkdir -p $(@D); echo '$(GIT_ID)' | cmp -s - $@ || echo '$(GIT_ID)' >$@
$(BUILD)/obj/apps/run/build_info.o: $(BUILD)/git_id
$(BUILD)/obj/apps/run/build_info.o: CXXFLAGS += -DASTRO_GIT_ID='"$(GIT_ID)"' -DASTRO_FLAGS='"$(OPTIMISE)"'

$(BUILD)/obj/%.o: %.cpp
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) $(CXXFLAGS) -MMD -MP -c $< -o $@

# The library is rebuilt when CUDA is switched on or off.
WITH_CUDA := $(if $(CUDA_NVCC),with,without)
$(BUILD)/cuda.$(WITH_CUDA):
	@mkdir -p $(@D)
	@rm -f $(BUILD)/cuda.with $(BUILD)/cuda.without
	@touch $@

$(BUILD)/libastro.a: $(LIB_OBJS) $(BUILD)/cuda.$(WITH_CUDA)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar rcs $@ $(LIB_OBJS)

$(BUILD)/astro: $(BUILD)/obj/apps/main.o $(BUILD)/libastro.a
	$(call say,LINK,$@)
	$(Q)$(CXX) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(BUILD)/astro_tests: $(TEST_OBJS) $(BUILD)/libastro.a
	$(call say,LINK,$@)
	$(Q)$(CXX) $(LDFLAGS) $^ -o $@ $(LDLIBS)

FUZZ_OBJS := $(BUILD)/obj/tests/fuzz/target_data.o $(BUILD)/obj/tests/fuzz/target_settings.o
$(BUILD)/fuzz_replay: $(BUILD)/obj/tests/fuzz/replay.o $(FUZZ_OBJS) $(BUILD)/libastro.a
	$(call say,LINK,$@)
	$(Q)$(CXX) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(BUILD)/fuzz_%: tests/fuzz/fuzzer.cpp $(FUZZ_OBJS) $(BUILD)/libastro.a
	$(call say,LINK,$@)
	$(Q)$(CXX) $(CXXFLAGS) -DTARGET=$* -fsanitize=fuzzer,address,undefined $^ -o $@ $(LDLIBS)

examples: $(EXAMPLES)

$(BUILD)/examples/%: $(BUILD)/obj/examples/%.o $(BUILD)/libastro.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(BUILD)/examples/course: $(COURSE_OBJS) $(BUILD)/libastro.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(SIMULATORS): $(BUILD)/examples/%: examples/exec/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -std=c11 -O2 $(WARNINGS) $< -o $@

clean:
	rm -rf $(BUILD)

# The CUDA kernels on the CPU: three builds of the emulator (plain, asan, trace) and their tests.
include tests/cuda_emulation/emulation.mk

-include $(OBJECTS:.o=.d) $(CUDA_OBJS:.o=.d) $(TEST_OBJS:.o=.d) $(wildcard $(BUILD)/obj/examples/*.d $(BUILD)/obj/examples/course/*.d $(BUILD)/obj/tests/fuzz/*.d)
