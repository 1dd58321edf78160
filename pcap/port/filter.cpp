// Compiled filters. Programs are compiled without a live handle, so that they are the same for every back-end.
#include "pcap/port/filter.hpp"

#include <fmt/format.h>
#include <linux/filter.h>
#include <pcap/pcap.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "pcap/port/interface.hpp"

namespace dvipa {
namespace {

constexpr int snapshot_bytes = 262144;

// A frame that a CPU was filtering by the old program at the moment of the change is in the ring long before this.
constexpr std::chrono::milliseconds old_frames_ms_max{10};

}  // namespace

tl::expected<FilterProgram, PortError> FilterProgram::compile(std::string_view expression) {
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> handle(pcap_open_dead(DLT_EN10MB, snapshot_bytes), &pcap_close);
  if (!handle) return tl::unexpected(system_error("compiling a filter", ENOMEM));
  const std::string text(expression);
  bpf_program compiled{};
  if (pcap_compile(handle.get(), &compiled, text.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return tl::unexpected(PortError{PortError::Kind::filter_invalid,
                                    fmt::format("filter \"{}\": {}", expression, pcap_geterr(handle.get()))});
  }
  FilterProgram program;
  program.instructions_.clear();
  for (unsigned i = 0; i < compiled.bf_len; ++i) {
    const bpf_insn& each = compiled.bf_insns[i];
    program.instructions_.push_back({each.code, each.jt, each.jf, each.k});
  }
  pcap_freecode(&compiled);
  return program;
}

tl::expected<FilterProgram, PortError> FilterProgram::compile_for(const MacAddress& mac, std::string_view expression) {
  const std::string ours = fmt::format("ether dst {} or ether multicast", to_string(mac));
  if (expression.empty()) return compile(ours);
  // Alone first: an error is about what the caller wrote.
  if (auto alone = compile(expression); !alone) return alone;
  return compile(fmt::format("({}) and ({})", ours, expression));
}

bool FilterProgram::matches(std::span<const std::uint8_t> frame) const {
  static_assert(sizeof(Instruction) == sizeof(bpf_insn) && sizeof(Instruction) == sizeof(sock_filter));
  const auto size = static_cast<unsigned>(frame.size());
  return bpf_filter(reinterpret_cast<const bpf_insn*>(instructions_.data()), frame.data(), size, size) != 0;
}

bool FilterProgram::matches_without_tag(std::span<const std::uint8_t> frame) const {
  if (frame.size() < 18 || frame[12] != 0x81 || frame[13] != 0x00) return matches(frame);
  std::vector<std::uint8_t> untagged(frame.begin(), frame.begin() + 12);
  untagged.insert(untagged.end(), frame.begin() + 16, frame.end());
  return matches(untagged);
}

tl::expected<void, PortError> FilterProgram::attach(int socket_fd) const {
  // Two pointers of different type to one layout; the kernel only reads.
  std::vector<sock_filter> kernel(instructions_.size());
  std::memcpy(kernel.data(), instructions_.data(), instructions_.size() * sizeof(sock_filter));
  if (kernel.size() > BPF_MAXINSNS) {
    return tl::unexpected(PortError{PortError::Kind::filter_invalid,
                                    fmt::format("the filter has {} instructions, more than the kernel's {} (write it "
                                                "shorter, for instance by networks)",
                                                kernel.size(), BPF_MAXINSNS)});
  }
  const sock_fprog program{static_cast<unsigned short>(kernel.size()), kernel.data()};
  if (::setsockopt(socket_fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return tl::unexpected(errno == ENOMEM
                              ? system_error("attaching the filter (net.core.optmem_max limits its length)", errno)
                              : system_error("attaching the filter", errno));
  }
  return {};
}

tl::expected<void, PortError> SocketFilter::replace(int socket_fd, FilterProgram program) {
  if (auto attached = program.attach(socket_fd); !attached) return attached;
  program_ = std::move(program);
  old_frames_possible_ = true;
  replaced_at_ = std::chrono::steady_clock::now();
  return {};
}

void SocketFilter::ring_is_empty() {
  if (old_frames_possible_ && std::chrono::steady_clock::now() - replaced_at_ > old_frames_ms_max) {
    old_frames_possible_ = false;
  }
}

}  // namespace dvipa
