#pragma once
// Memory for large tables, on huge pages where the system gives them: a look-up at random then misses the TLB seldom.
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace dvipa::tables {

template <class T>
struct HugePageAllocator {
  using value_type = T;
  static constexpr std::size_t huge_page_bytes = std::size_t{2} << 20U;

  HugePageAllocator() = default;
  template <class Other>
  explicit HugePageAllocator(const HugePageAllocator<Other>&) {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < huge_page_bytes) return static_cast<T*>(::operator new (bytes, std::align_val_t{alignof(T)}));
    const std::size_t whole_pages = (bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
    void* memory = std::aligned_alloc(huge_page_bytes, whole_pages);
    if (memory == nullptr) throw std::bad_alloc();
    ::madvise(memory, whole_pages, MADV_HUGEPAGE);  // a hint: without it the table is slower, and as right
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) {
    if (count * sizeof(T) < huge_page_bytes) {
      ::operator delete (memory, std::align_val_t{alignof(T)});
    } else {
      std::free(memory);
    }
  }
  bool operator==(const HugePageAllocator&) const = default;
};

}  // namespace dvipa::tables
