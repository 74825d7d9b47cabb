// The Node-API side of the native backend: picks the instruction set and hands the kernels to JavaScript.
//
// A kernel's arguments come as doubles in one small array that JavaScript fills before the call. Reading them there costs
// a third of asking Node-API for each (measured with 12 arguments: 28-37 ns a call against 83).
#include <node_api.h>

#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <new>

#define RONDO_ARCH rondo_baseline
#include "kernels.h"
#include "pool.h"

#if defined(__x86_64__)
#define RONDO_FOR_EACH_ISA(X) X(avx512) X(avx2) X(sse2)
#elif defined(__aarch64__)
#define RONDO_FOR_EACH_ISA(X) X(neon)
#else
#define RONDO_FOR_EACH_ISA(X) X(generic)
#endif

#define DECLARE(isa)                         \
  namespace rondo_##isa {                    \
  extern const rondo::KernelTable kernelTable; \
  }
RONDO_FOR_EACH_ISA(DECLARE)
#undef DECLARE

namespace {

bool runsHere(const char* isa) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!strcmp(isa, "avx512"))
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (!strcmp(isa, "avx2")) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  (void)isa;
  return true;
}

/** One instruction set, fastest first. */
struct Isa {
  const char* name;
  const rondo::KernelTable* table;
};
#define ENTRY(isa) {#isa, &rondo_##isa::kernelTable},
constexpr Isa isas[] = {RONDO_FOR_EACH_ISA(ENTRY)};
#undef ENTRY

/** One opened backend. A Node environment (the main thread or a worker thread) may open several. */
struct State {
  const Isa* isa = nullptr;
  char* arena = nullptr;
  const double* arguments = nullptr;
  napi_ref argumentsReference = nullptr;
  State* next = nullptr;
};

/** The backends opened in one Node environment. */
struct Environment {
  State* first = nullptr;
};

/** One kernel call under way. */
class Call {
 public:
  Call(napi_env environment, napi_callback_info info) : env(environment) {
    void* data = nullptr;
    napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
    state = static_cast<const State*>(data);
  }
  const rondo::KernelTable& table() const { return *state->isa->table; }
  float number(int i) const { return float(state->arguments[i]); }
  int32_t integer(int i) const { return int32_t(int64_t(state->arguments[i])); }
  template <class T> T* pointer(int i) const {
    const uint64_t offset = uint64_t(int64_t(state->arguments[i]));
    return offset == 0 ? nullptr : reinterpret_cast<T*>(state->arena + offset);
  }
  napi_value result(int32_t value) const {
    napi_value out = nullptr;
    napi_create_int32(env, value, &out);
    return out;
  }

 private:
  napi_env env;
  const State* state;
  rondo::FlushSubnormals flush;
};

#include "glue.inc"

napi_value fail(napi_env env, const char* message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

/** Reads the only argument and the environment's state. */
State* readArgument(napi_env env, napi_callback_info info, napi_value* argument) {
  size_t count = 1;
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, argument, nullptr, &data);
  return static_cast<State*>(data);
}

/**
 * Asks for large pages where the system gives them only on request: recurrent weights and saved gates are read in
 * strides over megabytes, and with small pages each stride needs an address that the processor has forgotten. Training
 * gains 2 to 6 %, weights beyond the second-level cache most.
 */
void preferLargePages(char* memory, size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr uintptr_t page = 4096;
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(memory) + page - 1) / page * page;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(memory) + bytes) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // a wish: failing is fine
#else
  (void)memory, (void)bytes;
#endif
}

/** setArena(buffer: ArrayBuffer): the memory that offsets count from. */
napi_value setArena(napi_env env, napi_callback_info info) {
  napi_value buffer = nullptr;
  State* state = readArgument(env, info, &buffer);
  void* data = nullptr;
  size_t bytes = 0;
  if (napi_get_arraybuffer_info(env, buffer, &data, &bytes) != napi_ok) return fail(env, "setArena needs an ArrayBuffer");
  state->arena = static_cast<char*>(data);
  preferLargePages(state->arena, bytes);
  return nullptr;
}

/** setThreads(count: number): number in use from now on, in the whole process. */
napi_value setThreads(napi_env env, napi_callback_info info) {
  napi_value value = nullptr;
  readArgument(env, info, &value);
  int32_t count = 1;
  if (napi_get_value_int32(env, value, &count) != napi_ok) return fail(env, "setThreads needs a number");
  napi_value out = nullptr;
  napi_create_int32(env, rondo::setThreads(count), &out);
  return out;
}

/** setIsa(name: string): true when that instruction set was built and runs on this machine. */
napi_value setIsa(napi_env env, napi_callback_info info) {
  napi_value value = nullptr;
  State* state = readArgument(env, info, &value);
  char name[32] = "";
  if (napi_get_value_string_utf8(env, value, name, sizeof name, nullptr) != napi_ok) {
    return fail(env, "setIsa needs a name");
  }
  bool found = false;
  for (const Isa& isa : isas) {
    if (strcmp(isa.name, name) != 0 || !runsHere(name)) continue;
    state->isa = &isa;
    found = true;
  }
  napi_value out = nullptr;
  napi_get_boolean(env, found, &out);
  return out;
}

napi_value text(napi_env env, const char* characters) {
  napi_value out = nullptr;
  napi_create_string_utf8(env, characters, NAPI_AUTO_LENGTH, &out);
  return out;
}

/** info(): { isa, available, compiler, signature }; the last is the version of the kernel table. */
napi_value info(napi_env env, napi_callback_info callback) {
  napi_value none = nullptr;
  const State* state = readArgument(env, callback, &none);
  napi_value out = nullptr, available = nullptr;
  napi_create_object(env, &out);
  napi_create_array(env, &available);
  uint32_t count = 0;
  for (const Isa& isa : isas)
    if (runsHere(isa.name)) napi_set_element(env, available, count++, text(env, isa.name));
  napi_set_named_property(env, out, "isa", text(env, state->isa->name));
  napi_set_named_property(env, out, "available", available);
  napi_value signature = nullptr;
  napi_create_int32(env, RONDO_TABLE_SIGNATURE, &signature);
  napi_set_named_property(env, out, "signature", signature);
#ifdef __clang__
  napi_set_named_property(env, out, "compiler", text(env, __VERSION__));
#else
  napi_set_named_property(env, out, "compiler", text(env, "gcc " __VERSION__));
#endif
  return out;
}

void freeEnvironment(napi_env env, void* data, void*) {
  Environment* environment = static_cast<Environment*>(data);
  for (State* state = environment->first; state;) {
    State* next = state->next;
    if (state->argumentsReference) napi_delete_reference(env, state->argumentsReference);
    delete state;
    state = next;
  }
  delete environment;
}

void define(napi_env env, napi_value object, void* data, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function);
  napi_set_named_property(env, object, name, function);
}

/** open(): { kernels, arguments: ArrayBuffer, setArena, setThreads, setIsa, info }, with an arena of its own. */
napi_value open(napi_env env, napi_callback_info callback) {
  void* data = nullptr;
  napi_get_cb_info(env, callback, nullptr, nullptr, nullptr, &data);
  Environment* environment = static_cast<Environment*>(data);
  State* state = new (std::nothrow) State;
  if (!state) return fail(env, "out of memory");
  state->next = environment->first;
  environment->first = state;
  for (const Isa& isa : isas)
    if (!state->isa && runsHere(isa.name)) state->isa = &isa;

  napi_value out = nullptr, kernels = nullptr, argumentBuffer = nullptr;
  void* arguments = nullptr;
  napi_create_object(env, &out);
  napi_create_arraybuffer(env, maximumArguments * sizeof(double), &arguments, &argumentBuffer);
  napi_create_reference(env, argumentBuffer, 1, &state->argumentsReference);
  state->arguments = static_cast<const double*>(arguments);
  napi_set_named_property(env, out, "arguments", argumentBuffer);

  napi_create_object(env, &kernels);
#define DEFINE(name) define(env, kernels, state, #name, call_##name);
  RONDO_FOR_EACH_KERNEL(DEFINE)
#undef DEFINE
  napi_set_named_property(env, out, "kernels", kernels);

  define(env, out, state, "setArena", setArena);
  define(env, out, state, "setThreads", setThreads);
  define(env, out, state, "setIsa", setIsa);
  define(env, out, state, "info", info);
  return out;
}

}  // namespace

/** Runs once per Node environment; exports { open }. */
NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  Environment* environment = new (std::nothrow) Environment;
  if (!environment) return fail(env, "out of memory");
  napi_set_instance_data(env, environment, freeEnvironment, nullptr);
  define(env, exports, environment, "open", open);
  return exports;
}
