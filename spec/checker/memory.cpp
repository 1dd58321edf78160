// Blocks from the system, and what it has left.
#include "spec/checker/memory.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace dvipa::checker {
namespace {

constexpr std::size_t kHuge = std::size_t{2} << 20;

// Maps `bytes` (a multiple of kHuge) at a multiple of kHuge: maps more and gives the ends back.
void* map_aligned(std::size_t bytes) {
  void* raw = mmap(nullptr, bytes + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::uint8_t*>(raw);
  const std::size_t before = (kHuge - reinterpret_cast<std::uintptr_t>(raw) % kHuge) % kHuge;
  if (before != 0) munmap(begin, before);
  if (before != kHuge) munmap(begin + before + bytes, kHuge - before);
  madvise(begin + before, bytes, MADV_HUGEPAGE);
  return begin + before;
}

std::uint64_t number_in(const char* file) {
  std::ifstream in(file);
  std::uint64_t value = 0;
  return in >> value ? value : 0;
}

}  // namespace

Block::Block(std::size_t bytes) {
  if (bytes >= kHuge) {
    bytes_ = (bytes + kHuge - 1) / kHuge * kHuge;
    data_ = map_aligned(bytes_);
  } else {
    bytes_ = (bytes + 63) / 64 * 64;
    data_ = std::aligned_alloc(64, bytes_);
    if (data_ != nullptr) std::memset(data_, 0, bytes_);
  }
  if (data_ == nullptr) bytes_ = 0;
}

Block::~Block() {
  if (data_ == nullptr) return;
  if (bytes_ >= kHuge) {
    munmap(data_, bytes_);
  } else {
    std::free(data_);
  }
}

std::uint64_t available_memory_bytes() {
  std::uint64_t available = 0;
  std::ifstream in("/proc/meminfo");
  for (std::string word; in >> word;) {
    if (word != "MemAvailable:") continue;
    in >> available;
    available *= 1024;
    break;
  }
  const std::uint64_t limit = number_in("/sys/fs/cgroup/memory.max");  // 0 when it says "max"
  const std::uint64_t used = number_in("/sys/fs/cgroup/memory.current");
  if (limit != 0 && limit > used) available = std::min(available, limit - used);
  return available;
}

}  // namespace dvipa::checker
