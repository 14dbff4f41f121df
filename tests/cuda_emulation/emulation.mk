# Builds the CUDA code with g++ for the emulator, once per mode, in $(BUILD)/emulated/MODE:
#   emulator_tests  the emulator's own tests
#   cuda_tests      the tests of the CUDA backend (tests/cuda), with the library
#   astro           the program, with the emulator as --device cuda
# Included by the Makefile, which defines the variables.

EMULATED_MODES := plain asan trace
# Flags for code that contains kernels, for all other code, and for linking. `include` contains the emulator's
# cuda_runtime.h.
KERNEL_FLAGS_plain := -O2
KERNEL_FLAGS_asan  := -O1 -fsanitize=address,undefined -fsanitize-recover=all
# The compiler inserts a call for each memory access. trace.cpp implements it in place of the thread sanitizer.
KERNEL_FLAGS_trace := -O1 -fsanitize=thread,bounds -fsanitize-recover=all -fno-tree-loop-distribute-patterns \
                      -DASTRO_EMULATION_TRACE
HOST_FLAGS_plain   := -O2
HOST_FLAGS_asan    := $(KERNEL_FLAGS_asan)
HOST_FLAGS_trace   := -O2 -DASTRO_EMULATION_TRACE
LINK_FLAGS_plain   :=
LINK_FLAGS_asan    := -fsanitize=address,undefined
LINK_FLAGS_trace   := -fsanitize=undefined

EMULATED_FLAGS := -std=c++17 -g1 -fno-math-errno -fno-trapping-math -ffp-contract=off $(WARNINGS) \
                  -Wno-unknown-pragmas -Itests/cuda_emulation/include -I. -pthread -DASTRO_CUDA_EMULATION -DDOCTEST_CONFIG_SUPER_FAST_ASSERTS
EMULATOR_TESTS := $(sort $(wildcard tests/cuda_emulation/test_*.cpp))
EMULATOR       := $(filter-out $(EMULATOR_TESTS),$(sort $(wildcard tests/cuda_emulation/*.cpp)))
CUDA_TESTS     := $(sort $(wildcard tests/cuda/*.cpp))
# cublas_load.cu loads the real library; the emulator is linked in its place.
EMULATED_CODE  := $(filter-out tensor/cuda/cublas_load.cu,$(CUDA_CODE))
# The ordinary objects of the library, without the CUDA objects built by nvcc.
CPU_OBJS       := $(filter-out $(BUILD)/obj/tensor/cuda/%,$(LIB_OBJS))

# objects of mode $(1) from sources $(2)
emulated = $(patsubst %,$(BUILD)/emulated/$(1)/%.o,$(2))

# mode $(1)
define EMULATED_RULES
$(call emulated,$(1),$(EMULATED_CODE) $(EMULATOR_TESTS)): MODE_FLAGS := $(KERNEL_FLAGS_$(1))
$(call emulated,$(1),$(EMULATOR)): MODE_FLAGS := $(HOST_FLAGS_$(1))
$(call emulated,$(1),$(CUDA_TESTS)): MODE_FLAGS := $(HOST_FLAGS_$(1)) $(TEST_FLAGS)
$(BUILD)/emulated/$(1)/%.o: %
	@mkdir -p $$(@D)
	$$(call say,CXX,"$$< ($(1))")
	$$(Q)$$(CXX) $$(EMULATED_FLAGS) $$(MODE_FLAGS) -MMD -MP -x c++ -c $$< -o $$@

$(BUILD)/emulated/$(1)/emulator_tests: $(call emulated,$(1),$(EMULATOR) $(EMULATOR_TESTS)) $(BUILD)/obj/tests/main.o
	$$(call say,LINK,$$@)
	$$(Q)$$(CXX) $(LINK_FLAGS_$(1)) $$^ -o $$@ -pthread

$(BUILD)/emulated/$(1)/cuda_tests: $(call emulated,$(1),$(EMULATOR) $(EMULATED_CODE) $(CUDA_TESTS)) $(BUILD)/obj/tests/main.o $(CPU_OBJS)
	$$(call say,LINK,$$@)
	$$(Q)$$(CXX) $(LINK_FLAGS_$(1)) $$^ -o $$@ -lz -pthread

$(BUILD)/emulated/$(1)/astro: $(call emulated,$(1),$(EMULATOR) $(EMULATED_CODE)) $(BUILD)/obj/apps/main.o $(CPU_OBJS)
	$$(call say,LINK,$$@)
	$$(Q)$$(CXX) $(LINK_FLAGS_$(1)) $$^ -o $$@ -lz -pthread

-include $(patsubst %.o,%.d,$(call emulated,$(1),$(EMULATOR) $(EMULATOR_TESTS) $(EMULATED_CODE) $(CUDA_TESTS)))
endef
$(foreach mode,$(EMULATED_MODES),$(eval $(call EMULATED_RULES,$(mode))))

EMULATED_PROGRAMS := $(foreach mode,$(EMULATED_MODES),$(BUILD)/emulated/$(mode)/emulator_tests $(BUILD)/emulated/$(mode)/cuda_tests) \
                     $(BUILD)/emulated/plain/astro

test-cuda: $(INSTALLED)
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/astro $(EMULATED_PROGRAMS)
	@BUILD=$(BUILD) CXX="$(CXX)" sh tests/cuda/run.sh

# Do the tests find defects? Plants those of tests/cuda/defects.txt, one at a time.
test-cuda-defects: $(INSTALLED)
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/astro $(EMULATED_PROGRAMS)
	@BUILD=$(BUILD) CXX="$(CXX)" sh tests/cuda/defects.sh

# Builds OUT: the tests of the backend in mode MODE, with CHANGED in place of ORIGINAL (tests/cuda/defects.sh).
defect:
	$(CXX) $(EMULATED_FLAGS) $(KERNEL_FLAGS_$(MODE)) -x c++ -c $(CHANGED) -o $(OUT).o
	$(CXX) $(LINK_FLAGS_$(MODE)) $(call emulated,$(MODE),$(EMULATOR) $(filter-out $(ORIGINAL),$(EMULATED_CODE)) $(CUDA_TESTS)) \
	    $(OUT).o $(BUILD)/obj/tests/main.o $(CPU_OBJS) -o $(OUT) -lz -pthread
