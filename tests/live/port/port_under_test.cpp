// Receiving with a bound.
#include "tests/live/port/port_under_test.hpp"

#include <array>

namespace dvipa::test {
namespace {

bool wait_readable(int fd) {
  pollfd waited{fd, POLLIN, 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait_max).count();
  return ::poll(&waited, 1, static_cast<int>(ms)) > 0;
}

}  // namespace

std::vector<Bytes> PortUnderTest::receive(std::size_t count) {
  std::vector<Bytes> frames;
  std::array<Frame, port_batch_max> batch;
  const auto end = std::chrono::steady_clock::now() + wait_max;
  while (frames.size() < count && std::chrono::steady_clock::now() < end) {
    const auto received = port().receive(std::span(batch).first(std::min(batch.size(), count - frames.size())));
    if (!received) {
      ADD_FAILURE() << received.error().message;
      break;
    }
    for (std::size_t i = 0; i < *received; ++i) {
      EXPECT_FALSE(batch[i].truncated);
      frames.emplace_back(batch[i].bytes.begin(), batch[i].bytes.end());
    }
    if (*received == 0 && !wait_readable(port().fd())) break;
  }
  return frames;
}

std::vector<Bytes> PortUnderTest::receive_present() {
  std::vector<Bytes> frames;
  std::array<Frame, port_batch_max> batch;
  for (;;) {
    const auto received = port().receive(batch);
    if (!received || *received == 0) return frames;
    for (std::size_t i = 0; i < *received; ++i) frames.emplace_back(batch[i].bytes.begin(), batch[i].bytes.end());
  }
}

std::optional<PortError> PortUnderTest::receive_error() {
  std::array<Frame, port_batch_max> batch;
  const auto end = std::chrono::steady_clock::now() + wait_max;
  while (std::chrono::steady_clock::now() < end) {
    const auto received = port().receive(batch);
    if (!received) return received.error();
    if (*received == 0 && !wait_readable(port().fd())) break;
  }
  return std::nullopt;
}

}  // namespace dvipa::test
