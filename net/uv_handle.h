// How net/ holds libuv's handles, and how libuv's callbacks find their objects. Included by sources
// of net/ only.
#pragma once

#include <uv.h>

#include <memory>

namespace ferry::net {

// Destroying a handle is closing it; its memory goes in the close callback, as libuv demands.
// `Block` is the handle itself or a struct derived from it that also holds what must live as long:
// requests in flight, the bytes that they send. From the closing on no callback finds an owner.
template <typename Native, typename Block>
struct UvCloser {
  void operator()(Block* block) const {
    Native* native = block;
    native->data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(native), [](uv_handle_t* handle) {
      delete static_cast<Block*>(reinterpret_cast<Native*>(handle));
    });
  }
};

template <typename Native, typename Block = Native>
using UvHandle = std::unique_ptr<Block, UvCloser<Native, Block>>;

// Makes a handle by `init(Native*)`, which is one of the uv_*_init() calls; null where that fails,
// with libuv's code in `error`.
template <typename Native, typename Block = Native, typename Init>
UvHandle<Native, Block> make_uv_handle(Init&& init, int* error = nullptr) {
  auto block = std::make_unique<Block>();
  const int rc = init(block.get());
  if (error != nullptr) *error = rc;
  return UvHandle<Native, Block>(rc == 0 ? block.release() : nullptr);
}

// The one place where a void* becomes an object again: `uv_callback<&Owner::method>` converts to
// any libuv callback whose arguments after the first are the method's. The owner stands in the
// handle's `data`, for a request in that of its handle; without an owner the call is dropped.
template <auto Method>
class UvCallback {
  template <typename Owner, typename... Args>
  static Owner* owner_type(void (Owner::*)(Args...));

  template <typename Handle>
  static void* data_of(Handle* handle) {
    if constexpr (requires { handle->handle; }) {
      return handle->handle->data;
    } else {
      return handle->data;
    }
  }

  template <typename Handle, typename... Args>
  static void call(Handle* handle, Args... args) {
    using OwnerPtr = decltype(owner_type(Method));
    if (auto* owner = static_cast<OwnerPtr>(data_of(handle))) (owner->*Method)(args...);
  }

  template <typename Handle, typename... Args>
  using Function = void (*)(Handle*, Args...);

 public:
  template <typename Handle, typename... Args>
  constexpr operator Function<Handle, Args...>() const {  // NOLINT: converts on purpose
    return &call<Handle, Args...>;
  }
};

template <auto Method>
inline constexpr UvCallback<Method> uv_callback{};

}  // namespace ferry::net
