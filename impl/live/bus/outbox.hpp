#pragma once
// What one peer is still to be sent: sealed frames, in chunks that one gather write takes together.
#include <boost/asio/buffer.hpp>
#include <deque>
#include <vector>

#include "impl/wire/seal.hpp"

namespace dvipa::bus {

class Outbox {
 public:
  explicit Outbox(const wire::ClusterKey& send_key) : sealer_(send_key) {}

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

  // One frame; `write_plaintext(out)` appends its plaintext to `out`. Everything before it in `out` is not its own.
  // The plaintext is written where it is sent from, and sealed there. False, and nothing added, when it is longer than
  // `plaintext_bytes_max`.
  template <class WritePlaintext>  // void(std::vector<std::uint8_t>&)
  bool add_frame(std::size_t plaintext_bytes_max, WritePlaintext&& write_plaintext) {
    std::vector<std::uint8_t>& chunk = open_chunk();
    const std::size_t start = chunk.size();
    chunk.resize(start + wire::frame_length_bytes);
    write_plaintext(chunk);
    if (chunk.size() - start - wire::frame_length_bytes > plaintext_bytes_max) {
      chunk.resize(start);
      return false;
    }
    chunk.resize(chunk.size() + wire::frame_tag_bytes);
    sealer_.seal(std::span(chunk).subspan(start));
    bytes_ += chunk.size() - start;
    return true;
  }

  // For one write: at most this many chunks.
  static constexpr std::size_t chunks_per_write = 16;
  const std::vector<boost::asio::const_buffer>& to_write();
  // The first `count` bytes of to_write() have been taken.
  void written(std::size_t count);

 private:
  static constexpr std::size_t chunk_bytes = std::size_t{256} << 10;

  std::vector<std::uint8_t>& open_chunk();

  wire::Sealer sealer_;
  std::deque<std::vector<std::uint8_t>> chunks_;
  std::vector<std::uint8_t> spare_;  // an empty chunk, to be used again
  std::size_t written_of_first_ = 0;
  std::size_t bytes_ = 0;
  std::vector<boost::asio::const_buffer> buffers_;
};

}  // namespace dvipa::bus
