// The kernels of one instruction set as a table; compiled once per instruction set.
#include "rondo.h"

namespace RONDO_ARCH {
extern const rondo::KernelTable kernelTable;
#define ENTRY(name) name,
const rondo::KernelTable kernelTable = {RONDO_FOR_EACH_KERNEL(ENTRY)};
#undef ENTRY
}  // namespace RONDO_ARCH
