// A doubly linked list through hooks inside its members: adding and removing allocate nothing, and
// a member takes itself out in O(1). The list doesn't own; a member leaves it before it dies.
#pragma once

namespace ferry::tunnel {

struct Stream;

// A member of at most one list; which one it is in says who may remove it.
struct ListHook {
  Stream* previous = nullptr;
  Stream* next = nullptr;
  const void* list = nullptr;  // the list that it is in

  bool linked() const { return list != nullptr; }
};

// `HookOf`: a callable type, Stream& -> ListHook&.
template <typename HookOf>
class StreamList {
 public:
  StreamList() = default;
  StreamList(const StreamList&) = delete;
  StreamList& operator=(const StreamList&) = delete;

  bool empty() const { return first_ == nullptr; }
  Stream* front() const { return first_; }
  bool contains(Stream& stream) const { return HookOf()(stream).list == this; }

  void push_back(Stream& stream) {
    ListHook& hook = HookOf()(stream);
    hook = ListHook{last_, nullptr, this};
    if (last_ != nullptr) {
      HookOf()(*last_).next = &stream;
    } else {
      first_ = &stream;
    }
    last_ = &stream;
  }

  // Does nothing if it isn't in this list.
  void remove(Stream& stream) {
    if (!contains(stream)) return;
    const ListHook hook = HookOf()(stream);
    HookOf()(stream) = ListHook{};
    (hook.previous != nullptr ? HookOf()(*hook.previous).next : first_) = hook.next;
    (hook.next != nullptr ? HookOf()(*hook.next).previous : last_) = hook.previous;
  }

 private:
  Stream* first_ = nullptr;
  Stream* last_ = nullptr;
};

}  // namespace ferry::tunnel
