#include "impl/live/bus/outbox.hpp"

#include <algorithm>
#include <utility>

namespace dvipa::bus {

std::vector<std::uint8_t>& Outbox::open_chunk() {
  if (chunks_.empty() || chunks_.back().size() >= chunk_bytes / 2) {
    chunks_.push_back(std::exchange(spare_, {}));
  }
  return chunks_.back();
}

const std::vector<boost::asio::const_buffer>& Outbox::to_write() {
  buffers_.clear();
  std::size_t skipped = written_of_first_;
  for (const std::vector<std::uint8_t>& chunk : chunks_) {
    if (buffers_.size() == chunks_per_write) break;
    buffers_.emplace_back(chunk.data() + skipped, chunk.size() - skipped);
    skipped = 0;
  }
  return buffers_;
}

void Outbox::written(std::size_t count) {
  bytes_ -= count;
  count += written_of_first_;
  while (!chunks_.empty() && count >= chunks_.front().size()) {
    count -= chunks_.front().size();
    if (chunks_.front().capacity() <= 2 * chunk_bytes) spare_ = std::move(chunks_.front());
    spare_.clear();
    chunks_.pop_front();
  }
  written_of_first_ = count;
}

}  // namespace dvipa::bus
