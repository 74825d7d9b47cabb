// The C library functions that the compiler may call on its own. With the bulk-memory feature each builtin is one WASM
// instruction, not a call back into the function it stands in.
#include "rondo.h"

extern "C" {
/** The version of the kernel table, checked when the module is loaded. */
__attribute__((export_name("signature"))) int32_t signature() { return RONDO_TABLE_SIGNATURE; }

void* memcpy(void* destination, const void* source, size_t bytes) { return __builtin_memcpy(destination, source, bytes); }
void* memmove(void* destination, const void* source, size_t bytes) {
  return __builtin_memmove(destination, source, bytes);
}
void* memset(void* destination, int value, size_t bytes) { return __builtin_memset(destination, value, bytes); }
}
