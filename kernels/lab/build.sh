#!/bin/sh
# Builds a lab program for each instruction set into build/lab: kernels/lab/build.sh matmul_check [compiler flags]
# Run in the repository root, after `npm run build` has generated build/generated.
set -e
program=$1
shift
flags="-std=c++17 -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast -Wall -Wextra -Wno-psabi -pthread"
mkdir -p build/lab
compile() {
  name=$1
  shift
  ${CXX:-c++} $flags "$@" -Ikernels -Ikernels/native -Ibuild/generated -DRONDO_ARCH=rondo_$name \
    kernels/lab/$program.cpp kernels/gemm.cpp $sources kernels/native/pool.cpp -o build/lab/$program-$name
}
case $program in
  matmul*) sources=kernels/matmul.cpp ;;
  simd*) sources= ;;
  recurrent*) sources="kernels/recurrent.cpp kernels/cell_forward.cpp kernels/cell_backward.cpp kernels/rnn.cpp kernels/lstm.cpp kernels/gru.cpp" ;;
esac
case $(uname -m) in
  x86_64)
    compile avx512 -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma -mprefer-vector-width=512 "$@"
    compile avx2 -mavx2 -mfma "$@"
    compile sse2 "$@"
    ;;
  *) compile generic "$@" ;;
esac
