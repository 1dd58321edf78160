#pragma once
// Packet filters: pcap-filter(7) expressions compiled to classic BPF, and their change on a live socket.
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "pcap/port/port.hpp"

namespace dvipa {

// A BPF program for frames without VLAN tags. A value-initialised one matches nothing.
class FilterProgram {
 public:
  // "" matches every frame. Host names in the expression are looked up: use addresses.
  static tl::expected<FilterProgram, PortError> compile(std::string_view expression);
  // Only frames to `mac`, to groups or to everybody, of those that the expression matches: a frame that a switch
  // floods belongs to another host, which has it too.
  static tl::expected<FilterProgram, PortError> compile_for(const MacAddress& mac, std::string_view expression);

  bool matches(std::span<const std::uint8_t> frame) const;
  // As `matches`, for a frame that may have its 802.1Q tag in place.
  bool matches_without_tag(std::span<const std::uint8_t> frame) const;
  // Puts the program into the socket in place of the present one, atomically.
  tl::expected<void, PortError> attach(int socket_fd) const;

 private:
  struct Instruction {          // of struct sock_filter and struct bpf_insn alike
    std::uint16_t code = 0x06;  // ret #0
    std::uint8_t jump_true = 0;
    std::uint8_t jump_false = 0;
    std::uint32_t k = 0;
  };
  std::vector<Instruction> instructions_{Instruction{}};
};

// The filter of a socket with a ring. The kernel filters what arrives; frames that arrived under the old filter still
// wait in the ring after a change, so that they are filtered once more until none of them can be left.
class SocketFilter {
 public:
  tl::expected<void, PortError> replace(int socket_fd, FilterProgram program);
  // Whether a frame from the ring (without tag) is one for the present filter.
  bool admits(std::span<const std::uint8_t> frame) const { return !old_frames_possible_ || program_.matches(frame); }
  // To be called when the ring was found empty.
  void ring_is_empty();

 private:
  FilterProgram program_;
  bool old_frames_possible_ = false;
  std::chrono::steady_clock::time_point replaced_at_;
};

}  // namespace dvipa
