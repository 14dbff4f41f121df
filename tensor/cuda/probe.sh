#!/bin/sh
# Finds out whether CUDA code can be built on this machine, and for which architectures. Prints variables in makefile
# syntax, which CMake reads too.
#
#   sh tensor/cuda/probe.sh NVCC HOST_COMPILER "ARCHITECTURES"
#
# Compiles and links a small program with the static CUDA runtime. Of the requested architectures (80 90 ...), those
# that nvcc supports are built as machine code. The highest is also built as PTX, which newer devices compile
# themselves. On failure, one line on standard error gives the reason, and CUDA_NVCC is empty.
wanted=$3
none() {
    echo "CUDA: not built ($1)" >&2
    echo "CUDA_NVCC :="
    exit 0
}
nvcc=$(command -v "$1")
[ -n "$nvcc" ] || [ "$1" != nvcc ] || nvcc=/usr/local/cuda/bin/nvcc  # default installation path of the toolkit
[ -x "$nvcc" ] || none "$1 not found"
folder=$(mktemp -d) || none "no folder for temporary files can be created"
trap 'rm -rf "$folder"' EXIT
cat >"$folder/probe.cu" <<'CODE'
__global__ void one(float* y) { y[threadIdx.x] = 1; }
int main() {
    one<<<1, 32>>>(nullptr);
    return cudaGraphInstantiateWithFlags(nullptr, nullptr, 0) == cudaGetLastError();  // CUDA 11.4 and later
}
CODE
known=$("$nvcc" --list-gpu-code 2>/dev/null)
flags=""
highest=""
for number in $(echo "$wanted" | tr ' ' '\n' | sort -n); do
    if echo "$known" | grep -qx "sm_$number"; then
        flags="$flags -gencode arch=compute_$number,code=sm_$number"
        highest=$number
    fi
done
[ -n "$highest" ] || none "$nvcc supports none of the architectures $wanted"
flags="$flags -gencode arch=compute_$highest,code=compute_$highest"
"$nvcc" -std=c++17 -ccbin "$2" -gencode "arch=compute_$highest,code=sm_$highest" -cudart static \
    "$folder/probe.cu" -o "$folder/probe" >"$folder/log" 2>&1 || none "$nvcc fails: $(head -n 1 "$folder/log")"
root=$(dirname "$(dirname "$(readlink -f "$nvcc")")")
for library in "$root/lib64" "$root/targets/$(uname -m)-linux/lib" "$root/lib/$(uname -m)-linux-gnu"; do
    [ -e "$library/libcudart_static.a" ] && break
done
[ -e "$library/libcudart_static.a" ] || none "libcudart_static.a not found under $root"
for include in "$root/include" "$root/targets/$(uname -m)-linux/include"; do
    [ -e "$include/cuda_runtime.h" ] && break
done
echo "CUDA_NVCC := $nvcc"
echo "CUDA_GENCODE :=$flags"
echo "CUDA_INCLUDE := $include"
echo "CUDA_LIBRARY := $library/libcudart_static.a"
