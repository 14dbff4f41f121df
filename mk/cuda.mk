# Finds nvcc and builds the CUDA backend with it. Included by the Makefile, before its rules.

# The CUDA backend is built if nvcc works, which tensor/cuda/probe.sh checks once per build folder. Otherwise, or with
# CUDA=0, it is left out. The CUDA runtime is linked statically and cuBLAS is loaded at run time, so that the program
# also starts on machines without them.
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

# The check is repeated if nvcc, the compiler or the architectures change.
CUDA_REQUEST = $(NVCC) $(shell command -v $(NVCC) || ls /usr/local/cuda/bin/nvcc 2>/dev/null) $(lastword $(CXX)) $(CUDA_ARCHS)
$(BUILD)/cuda.request: force
	@mkdir -p $(@D); echo '$(CUDA_REQUEST)' | cmp -s - $@ || echo '$(CUDA_REQUEST)' >$@

$(BUILD)/cuda.mk: tensor/cuda/probe.sh $(BUILD)/cuda.request
	@sh $< "$(NVCC)" "$(lastword $(CXX))" "$(CUDA_ARCHS)" >$@.$$$$ && mv $@.$$$$ $@

ifneq ($(CUDA_NVCC),)
$(BUILD)/obj/tensor/cuda/%.o: CXXFLAGS += -isystem $(CUDA_INCLUDE)
endif

# The output of nvcc and ptxas (warnings, registers, spills) goes to a log next to the object file, which
# tests/cuda/check_nvcc.sh reads.
$(BUILD)/obj/%.cu.o: %.cu $(BUILD)/cuda.mk
	@mkdir -p $(@D)
	$(call say,NVCC,$<)
	$(Q)$(filter ccache,$(CXX)) $(CUDA_NVCC) -std=c++17 -O3 -I. -ccbin $(lastword $(CXX)) $(CUDA_GENCODE) \
	    $(if $(filter -Werror,$(WARNINGS)),-Werror all-warnings) -Xcompiler -Wall,-Wextra,-pthread -Xptxas -v \
	    -MD -MP -MF $(@:.o=.d) -c $< -o $@ >$@.log 2>&1 || { cat $@.log; rm -f $@; exit 1; }
