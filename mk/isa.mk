# Flags of the CPU kernels. Included by the Makefile.

# The same source is compiled once per instruction set; the program selects one at start. Without -fno-thread-jumps, g++
# turns the two bounds of exp into branches, and the loops around it take two to three times as long.
NO_BRANCHES := $(shell $(CXX) -fno-thread-jumps -x c++ -E /dev/null > /dev/null 2>&1 && echo -fno-thread-jumps)
$(BUILD)/obj/tensor/cpu/kernels_%.o: CXXFLAGS += $(NO_BRANCHES)
ifeq ($(shell uname -m),x86_64)
$(BUILD)/obj/tensor/cpu/kernels_avx2.o:   CXXFLAGS += -mavx2 -mfma -ffp-contract=fast
$(BUILD)/obj/tensor/cpu/kernels_avx512.o: CXXFLAGS += -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma -mprefer-vector-width=512 -ffp-contract=fast
endif
